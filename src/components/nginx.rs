//! nginx: a reverse proxy that finds services by name.

use schemars::JsonSchema;
use serde::Deserialize;

use super::checks::curl;
use super::{Build, Built, Component, Declare, Instance, Reference, Resolved, Surface};
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{Body, Endpoint, EndpointRef, File, Health, Protocol, PublicText, Published, Text};
use crate::source::Pointer;
use crate::value::{Map, ParametricText, ResourceRef};

/// The stable series; the tag without a suffix is Debian's, which has curl.
const TAGS: &[(&str, &str)] = &[("1.30", "1.30.4")];
const PORT: u16 = 80;
/// Answered by nginx itself, so that the proxy's own health does not depend on what is behind it.
const HEALTH_PATH: &str = "/nginx-health";

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "nginx",
    summary: "nginx: a reverse proxy that finds services by name",
    doc: DOC,
    versions: TAGS,
    runs: true,
    holds: &[],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

One server without a volume: a reverse proxy. `uses: [api]` is enough for one service, which then answers everything; with
`routes` each path goes to a service of its own. The longest path that fits wins, and the path is handed on as it came. The
network's name server is asked again and again, so a service that was made anew is found without a restart; web sockets pass.
nginx itself answers `/nginx-health`. `publish` is the host port of the endpoint `http`.

## What others get

`uses: [web]` gives `NGINX_URL`, with `as: X` it is `X_URL`. References read `${web.host}`, `${web.port}` and `${web.url}`.

## Example

```yaml
blueprint: v1
name: shop
services:
  web:
    component: nginx
    routes: { /: pages, /api/: api }
    publish: 8080
  pages: { component: container, image: "nginx:1.30.4", ports: { http: 80 } }
  api: { component: container, image: "python:3.12-slim", command: [python, -m, http.server, "8000"], ports: { http: 8000 } }
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// The version, quoted: a series of the catalog or a full version of one; without this key the first series.
    #[serde(default)]
    #[schemars(with = "Option<super::Version>")]
    version: Option<String>,
    /// Which service answers which path; without it the one service of `uses` answers all.
    #[serde(default)]
    routes: Map<ParametricText, ResourceRef>,
}

struct Nginx {
    surface: Surface,
    image: String,
    at: Pointer,
    routes: Vec<(String, ResourceRef)>,
    written: bool,
    published: Option<Published>,
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let tag = cx.tag(TAGS, "", spec.version.as_deref())?;
    let published = cx.published(&["http"]).remove(0);
    let written = !spec.routes.is_empty();
    let routes = routes(cx, spec)?;
    let surface = Surface::web(EndpointRef::new(cx.name, "http"), "NGINX");
    Some(Box::new(Nginx { surface, image: format!("nginx:{tag}"), at: cx.at.clone(), routes, written, published }))
}

/// The routes as written, or everything to the one service of `uses`.
fn routes(cx: &mut Declare<'_>, spec: Spec) -> Option<Vec<(String, ResourceRef)>> {
    let at = cx.at.key("routes");
    let mut sound = true;
    for (path, _) in spec.routes.iter() {
        // What nginx would read as the end of a word, of a block or as a variable.
        let plain = path.0.starts_with('/') && path.0.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.~%".contains(c));
        if !plain {
            let fault = Diagnostic::new(&code::BAD_VALUE, Place::Key(at.key(&path.0)), "a route is a path that begins with `/`");
            cx.diagnostics.push(fault.help("write it percent-encoded, such as `/api/`"));
            sound = false;
        }
    }
    if !spec.routes.is_empty() {
        return sound.then(|| spec.routes.iter().map(|(path, target)| (path.0.clone(), target.clone())).collect());
    }
    if let [(target, _)] = cx.service.uses.entries.iter().collect::<Vec<_>>().as_slice() {
        return Some(vec![("/".to_owned(), (*target).clone())]);
    }
    if !cx.faults.touches(&cx.at.key("uses")) && !cx.faults.touches(&at) {
        let fault = Diagnostic::new(&code::MISSING_KEY, Place::Key(cx.at.clone()), "nginx does not know which service answers which path");
        cx.diagnostics.push(fault.help("write `uses: [SERVICE]` for one service, or `routes: { /: SERVICE, /api/: OTHER }`"));
    }
    None
}

impl Instance for Nginx {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn references(&self) -> Vec<Reference> {
        let at = self.at.key("routes");
        let routes = self.routes.iter().filter(|_| self.written);
        routes
            .map(|(path, target)| Reference {
                key: "routes",
                target: target.clone(),
                at: at.key(path),
                accepts: &[],
                workloads: None,
                waits: None,
            })
            .collect()
    }

    fn takes_variables(&self) -> bool {
        false
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let Some(image) = cx.image(Some(&self.image)) else { return Built::default() };
        let Some(config) = self.config(cx) else { return Built::default() };
        let name = cx.name.to_owned();
        let mut server = cx.server(&name, None, image);
        // Makes the image's entry point put the container's name servers into the template.
        server.environment = vec![("NGINX_ENTRYPOINT_LOCAL_RESOLVERS".to_owned(), "1".into())];
        server.files.push(File::new("/etc/nginx/templates/default.conf.template", Body::Text(config), cx.at.clone()));
        server.endpoints = vec![Endpoint::new("http", PORT, Protocol::Http).published(self.published.clone())];
        server.health = Some(health(&server.endpoint_ref("http")));
        cx.finish(&mut server);
        Built { workloads: vec![server], ..Built::default() }
    }
}

impl Nginx {
    /// An address in a variable is looked up for every request (and remembered for the time that `resolver` says); one
    /// written into `proxy_pass` itself would be looked up once, at the start.
    fn config(&self, cx: &mut Build<'_>) -> Option<Text> {
        let mut config = Text::literal(
            "# Written by pipegen; the blueprint says what goes where.\nmap $http_upgrade $connection_upgrade {\n  default upgrade;\n  '' close;\n}\n\nserver {\n  listen 80;\n  resolver ${NGINX_LOCAL_RESOLVERS} valid=10s;\n\n  \
             proxy_http_version 1.1;\n  proxy_set_header Host $host;\n  proxy_set_header X-Real-IP $remote_addr;\n  \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n  proxy_set_header X-Forwarded-Proto $scheme;\n  \
             proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection $connection_upgrade;\n",
        );
        config = config.then(format!("\n  location = {HEALTH_PATH} {{\n    access_log off;\n    return 204;\n  }}\n"));
        let mut sound = true;
        for (path, target) in &self.routes {
            let provider = cx.scope.resolve(target)?;
            match url(&provider, self.place(cx, path, target)) {
                Ok(url) => {
                    config = config
                        .then(format!("\n  location {path} {{\n    set $target "))
                        .then(url.looked_up())
                        .then(";\n    proxy_pass $target;\n  }\n");
                }
                Err(fault) => {
                    sound = false;
                    // Of a service that is only a guess nothing is said.
                    if provider.service == target.service() {
                        cx.diagnostics.push(fault);
                    }
                }
            }
        }
        sound.then(|| config.then("}\n"))
    }

    /// Where a route names its service.
    fn place(&self, cx: &Build<'_>, path: &str, target: &ResourceRef) -> Place {
        match (self.written, cx.service.uses.short) {
            (true, _) => Place::Value(self.at.key("routes").key(path)),
            (false, true) => Place::Value(self.at.key("uses").index(0)),
            (false, false) => Place::Key(self.at.key("uses").key(target.as_str())),
        }
    }
}

/// Where a service answers over HTTP.
fn url(provider: &Resolved, place: Place) -> Result<Text, Diagnostic> {
    let name = &provider.service;
    let declared = Place::Key(Pointer::root().key("services").key(name));
    let fault = |code, message: String| Diagnostic::new(code, place, message).related(declared, "declared here");
    if !matches!(provider.scheme, None | Some("http" | "https")) {
        let fault = fault(&code::WRONG_COMPONENT, format!("`{name}` does not speak HTTP, and nginx hands on nothing else"));
        return Err(fault.help("name a service that does, or remove it"));
    }
    let address = || Some(Text::literal("http://").then(provider.get("host")?).then(":").then(provider.get("port")?));
    provider.get("url").or_else(address).ok_or_else(|| {
        let fault = fault(&code::BAD_VALUE, format!("`{name}` listens on no port, so nothing can be handed on to it"));
        fault.help(format!("give `{name}` one (`ports: {{ http: 8000 }}`), or remove it"))
    })
}

fn health(endpoint: &EndpointRef) -> Health {
    let ask = |address: PublicText| curl(PublicText::from("http://").then(address).then(HEALTH_PATH));
    Health::new(ask("127.0.0.1".into()), Some(ask(PublicText::host_and_port(endpoint)).into()))
}
