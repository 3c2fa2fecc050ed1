//! Container: the user's own image, or one built here.

use schemars::JsonSchema;
use serde::Deserialize;

use super::checks::curl;
use super::{Build, Built, Component, Declare, Instance, Surface};
use crate::blueprint::{EndpointKey, Health as HealthSpec, HealthTool};
use crate::diagnostic::{Diagnostic, Place, code, unknown_name};
use crate::platform::{
    Check, Endpoint, EndpointRef, Health, Protocol, PublicText, Published, Readiness, RemoteCheck, Text, Vantage, WorkloadKind,
};
use crate::value::{Duration, Map, ParametricText, Port, TextSource, User, variable_of};

/// The catalog entry.
pub static COMPONENT: Component = Component {
    name: "container",
    summary: "Your own image, or one that is built here",
    doc: DOC,
    versions: &[],
    runs: true,
    holds: &["object", "table", "topic"],
    schema: Spec::json_schema,
    declare,
};

const DOC: &str = r#"## What it makes

One workload from `image` or `build`; what is built is called `<blueprint>/<service>:local` unless `image` says otherwise. It runs
until it is stopped, or with `once: true` until it has ended. The image needs a fixed tag; nothing is mounted or checked unless it is written here.

- `ports` names what it listens on. The first is what others connect to; one that is called `http`, or that the health check
  asks over HTTP, speaks HTTP. Several ports are published by name: `publish: { http: 8080 }`.
- `health` asks in one way: `http` (a path), `tcp` (a port's name) or `command`. The program that asks, `with`, must be in the
  image. Without `health` nobody can wait for the container to be ready: they write `ready: started` or `ready: none`.
- `command` and `entrypoint` hold no secrets, since anyone who lists processes reads them: those go into `environment` or `files`.

## What others get

With `ports`, `uses: [api]` gives `API_HOST` and `API_PORT`, and `API_URL` if the first port speaks HTTP: the prefix is the
service's name in capitals, or `as: X`. References read `${api.host}`, `${api.port}` and `${api.url}`. Without `ports` it offers nothing.

## Example

```yaml
blueprint: v1
name: shop
services:
  api:
    component: container
    image: python:3.12-slim
    command: [python, -m, http.server, "8000"]
    ports: { http: 8000 }
    health: { http: /, with: python }
    publish: 8000
  smoke-test:
    component: container
    image: python:3.12-slim
    command: [python, -c, "import os, urllib.request; urllib.request.urlopen(os.environ['API_URL'])"]
    once: true
    uses: [api]
```
"#;

#[derive(Debug, Deserialize, JsonSchema)]
struct Spec {
    /// The command instead of the image's.
    #[serde(default)]
    command: Vec<TextSource>,
    /// The entry point instead of the image's.
    #[serde(default)]
    entrypoint: Vec<TextSource>,
    /// The user that it runs as, by number: `UID` or `UID:GID`, quoted.
    #[serde(default)]
    user: Option<User>,
    /// The working directory instead of the image's.
    #[serde(default)]
    working_dir: Option<ParametricText>,
    /// The ports that it listens on, by name; the first is what others connect to.
    #[serde(default)]
    ports: Map<EndpointKey, Port>,
    /// It does its work once and ends, instead of running until it is stopped.
    #[serde(default)]
    once: bool,
    /// The path of its Prometheus metrics.
    #[serde(default)]
    #[allow(dead_code, reason = "read by the rule not-rendered-yet until Prometheus is in the catalog")]
    metrics: Option<ParametricText>,
    /// How it shows that it can do its work.
    #[serde(default)]
    health: Option<HealthSpec>,
}

struct Container {
    surface: Surface,
    spec: Spec,
    published: Vec<Option<Published>>,
}

/// Reports a port that has two names: what is found under the one is found under the other.
fn one_name_a_port(cx: &mut Declare<'_>, spec: &Spec) {
    let mut known: Vec<(u16, &str)> = Vec::new();
    for (name, port) in spec.ports.iter() {
        if let Some((_, first)) = known.iter().find(|(number, _)| *number == port.0) {
            let message = format!("the port {} is called `{first}` already", port.0);
            cx.diagnostics.push(
                Diagnostic::new(&code::BAD_VALUE, Place::Value(cx.at.key("ports").key(name.as_str())), message)
                    .help("remove one of the two names"),
            );
        }
        known.push((port.0, name.as_str()));
    }
}

fn declare(cx: &mut Declare<'_>) -> Option<Box<dyn Instance>> {
    let spec: Spec = cx.spec()?;
    let names: Vec<&str> = spec.ports.keys().map(EndpointKey::as_str).collect();
    let published = cx.published(&names);
    one_name_a_port(cx, &spec);
    let endpoint = names.first().map(|name| EndpointRef::new(cx.name, *name));
    let mut variables = Vec::new();
    let mut properties = Vec::new();
    let mut http = false;
    if let Some(endpoint) = &endpoint {
        let address = [("HOST", "host", Text::host(endpoint)), ("PORT", "port", Text::port(endpoint))];
        http = protocol(&spec, names[0]) == Protocol::Http;
        let url = http.then(|| ("URL", "url", Text::literal("http://").then(Text::host_and_port(endpoint, Vantage::Here))));
        for (variable, property, text) in address.into_iter().chain(url) {
            variables.push((variable, text.clone()));
            properties.push((property, text));
        }
    }
    // What runs once is ready when it has ended.
    let ready = match (spec.once, &spec.health) {
        (true, _) => vec![(cx.name.to_owned(), Readiness::Completed)],
        (false, Some(_)) => vec![(cx.name.to_owned(), Readiness::Ready)],
        (false, None) => Vec::new(),
    };
    let surface = Surface {
        workloads: vec![(cx.name.to_owned(), None)],
        endpoints: endpoint.into_iter().collect(),
        ready,
        prefix: variable_of(cx.name),
        variables,
        properties,
        scheme: http.then_some("http"),
        ..Surface::default()
    };
    Some(Box::new(Container { surface, spec, published }))
}

/// A port named `http`, or one that the health check asks over HTTP, speaks HTTP.
fn protocol(spec: &Spec, name: &str) -> Protocol {
    let asked = spec.health.as_ref().is_some_and(|health| {
        health.http.is_some() && health.endpoint.as_ref().map_or(spec.ports.len() == 1, |endpoint| endpoint.as_str() == name)
    });
    if name == "http" || asked { Protocol::Http } else { Protocol::Tcp }
}

impl Instance for Container {
    fn surface(&self) -> &Surface {
        &self.surface
    }

    fn build(&self, cx: &mut Build<'_>) -> Built {
        let Some(image) = cx.image(None) else { return Built::default() };
        let name = cx.name.to_owned();
        let mut server = cx.server(&name, None, image);
        if self.spec.once {
            server.kind = WorkloadKind::Job { evidence: None };
        }
        server.entrypoint = words(cx, "entrypoint", &self.spec.entrypoint);
        server.command = words(cx, "command", &self.spec.command);
        server.user = self.spec.user.as_ref().map(User::to_string);
        server.working_dir = self.spec.working_dir.as_ref().map(|path| path.0.clone());
        // Most application images have no process that reaps orphans and passes signals on.
        server.reaper = true;
        server.endpoints = self
            .spec
            .ports
            .iter()
            .zip(&self.published)
            .map(|((name, port), published)| {
                Endpoint::new(name.as_str(), port.0, protocol(&self.spec, name.as_str())).published(published.clone())
            })
            .collect();
        server.health = self.spec.health.as_ref().and_then(|health| self.health(cx, health));
        cx.finish(&mut server);
        Built { workloads: vec![server], ..Built::default() }
    }
}

fn words(cx: &mut Build<'_>, key: &str, words: &[TextSource]) -> Option<Vec<PublicText>> {
    let words = words_of(cx, words, &cx.at.key(key));
    (!words.is_empty()).then_some(words)
}

impl Container {
    fn health(&self, cx: &mut Build<'_>, spec: &HealthSpec) -> Option<Health> {
        let HealthSpec { http, tcp, command, endpoint, with, interval, timeout, retries, start_period } = spec;
        let at = cx.at.key("health");
        for (key, duration) in [("interval", interval), ("timeout", timeout)] {
            if duration.is_some_and(|duration| duration.as_milliseconds() == 0) {
                let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(at.key(key)), "nothing can be asked in no time");
                cx.diagnostics.push(fault.help("write for example `10s`"));
            }
        }
        let (check, remote) = match (http, tcp, command) {
            (Some(path), None, None) if !path.0.starts_with('/') => {
                let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(at.key("http")), "expected the path of an URL");
                cx.diagnostics.push(fault.help("write a path that begins with `/`"));
                return None;
            }
            (Some(path), None, None) => {
                let port = self.port(cx, endpoint.as_ref(), &at)?;
                let ask = |host: PublicText| asking(with.unwrap_or(HealthTool::Curl), host, port, Some(&path.0));
                (ask("127.0.0.1".into()), Some(ask(self.host(port)?)))
            }
            (None, Some(endpoint), None) => {
                let port = self.port(cx, Some(endpoint), &at.key("tcp"))?;
                let ask = |host: PublicText| asking(with.unwrap_or(HealthTool::Bash), host, port, None);
                (ask("127.0.0.1".into()), Some(ask(self.host(port)?)))
            }
            (None, None, Some(words)) if words.is_empty() => {
                let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(at.key("command")), "a command without a program");
                cx.diagnostics.push(fault.help("write `[PROGRAM, ...]`"));
                return None;
            }
            (None, None, Some(words)) => {
                let words = words_of(cx, words, &at.key("command"));
                (Check::Exec(words), None)
            }
            _ => {
                let fault =
                    Diagnostic::new(&code::BAD_VALUE, Place::Key(at.clone()), "a health check asks in exactly one way").depends_on(at);
                cx.diagnostics.push(fault.help("write one of `http: /PATH`, `tcp: PORT-NAME` and `command: [PROGRAM, ...]`"));
                return None;
            }
        };
        let usual = Health::new(check, remote.map(RemoteCheck::from));
        Some(Health {
            interval: interval.unwrap_or(usual.interval),
            timeout: timeout.unwrap_or(usual.timeout),
            retries: retries.unwrap_or(usual.retries),
            start_period: start_period.unwrap_or(Duration::seconds(20)),
            ..usual
        })
    }

    fn host(&self, port: u16) -> Option<PublicText> {
        let (name, _) = self.spec.ports.iter().find(|(_, known)| known.0 == port)?;
        let workload = self.surface.workloads.first()?.0.clone();
        Some(PublicText::host(&EndpointRef::new(workload, name.to_string())))
    }

    fn port(&self, cx: &mut Build<'_>, endpoint: Option<&EndpointKey>, at: &crate::source::Pointer) -> Option<u16> {
        let ports = &self.spec.ports;
        let fault = match endpoint {
            Some(name) => match ports.get(name.as_str()) {
                Some(port) => return Some(port.0),
                None => {
                    let at = if at.last().as_deref() == Some("tcp") { at.clone() } else { at.key("endpoint") };
                    unknown_name("port", name.as_str(), ports.keys().map(EndpointKey::as_str), &cx.at.key("ports"), at)
                }
            },
            None => match ports.iter().collect::<Vec<_>>().as_slice() {
                [(_, port)] => return Some(port.0),
                [] => Diagnostic::new(&code::MISSING_KEY, Place::Key(at.key("http")), "the health check has no port to ask")
                    .help("declare one: `ports: { http: 8000 }`"),
                [(first, _), ..] => Diagnostic::new(
                    &code::AMBIGUOUS_REFERENCE,
                    Place::Key(at.key("http")),
                    "several ports, and the health check names none",
                )
                .help(format!("add `endpoint: {first}`")),
            },
        };
        cx.diagnostics.push(fault);
        None
    }
}

fn words_of(cx: &mut Build<'_>, words: &[TextSource], at: &crate::source::Pointer) -> Vec<PublicText> {
    words.iter().enumerate().filter_map(|(index, word)| cx.public(&word.0, &at.index(index))).collect()
}

/// The question in the words of a program that the image has.
fn asking(tool: HealthTool, host: PublicText, port: u16, path: Option<&str>) -> Check {
    let address = |scheme: &str| PublicText::from(scheme).then(host.clone()).then(format!(":{port}{}", path.unwrap_or_default()));
    let exec = |words: &[&str], last: Vec<PublicText>| Check::Exec(words.iter().map(|word| PublicText::from(*word)).chain(last).collect());
    match (tool, path) {
        (HealthTool::Curl, Some(_)) => curl(address("http://")),
        (HealthTool::Curl, None) => exec(&["curl", "--silent", "--connect-timeout", "4", "--max-time", "4"], vec![address("telnet://")]),
        (HealthTool::Wget, Some(_)) => exec(&["wget", "-q", "-O", "/dev/null"], vec![address("http://")]),
        (HealthTool::Wget, None) => exec(&["sh", "-c"], vec![PublicText::from("nc -z -w 4 ").then(host.clone()).then(format!(" {port}"))]),
        (HealthTool::Python, Some(_)) => {
            exec(&["python3", "-c", "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=4)"], vec![address("http://")])
        }
        (HealthTool::Python, None) => {
            let program = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 4)";
            exec(&["python3", "-c", program], vec![host.clone(), port.to_string().into()])
        }
        (HealthTool::Bash, _) => {
            let open = PublicText::from("exec 3<>/dev/tcp/").then(host.clone()).then(format!("/{port}"));
            let line = match path {
                // No quoting is needed: the path is an argument, not part of the program.
                Some(_) => open.then(" && printf 'GET %s HTTP/1.0\\r\\n\\r\\n' \"$1\" >&3 && head -n 1 <&3 | grep -q ' [23]..'"),
                None => open,
            };
            exec(&["bash", "-c"], vec![line, "health".into(), path.unwrap_or_default().into()])
        }
    }
}
