//! The first step of a component: what others may see of a service.

use serde::Deserialize;

use crate::blueprint::{Blueprint, Publish, Service};
use crate::diagnostic::{Code, Diagnostic, Faults, Place, code, near, quoted, write_instead};
use crate::platform::{EndpointRef, External, Login, PublicText, Published, Readiness, SecretFormat, Text, Vantage};
use crate::source::Pointer;
use crate::value::{Deployable, Reference as HoleReference, ResourceRef, TextPart, parse_text, variable_of};
use crate::yaml::Node;

/// What a component reads when it declares a service.
pub struct Declare<'a> {
    /// The service's name.
    pub name: &'a str,
    /// Where the service stands.
    pub at: Pointer,
    /// The fields that all components share.
    pub service: &'a Service,
    /// The service as it was written, for the component's own fields.
    pub node: &'a Node,
    /// The whole blueprint.
    pub blueprint: &'a Blueprint,
    /// Where faults were reported already.
    pub faults: &'a Faults,
    /// The topics that datasets put into this service.
    pub topics: Vec<Topic>,
    /// The secrets that the component makes or reads.
    pub secrets: Vec<SecretDeclaration>,
    /// The deployer's variables that the component reads.
    pub settings: Vec<(String, SettingRead)>,
    /// Faults.
    pub diagnostics: Vec<Diagnostic>,
}

/// A place where one of the deployer's variables is read.
#[derive(Debug, Clone)]
pub struct SettingRead {
    /// The place.
    pub at: Pointer,
    /// What holds there when the variable is unset or empty.
    pub default: Option<String>,
}

/// A secret that a component or a credential declares; only those that something reads are kept.
#[derive(Debug, Clone)]
pub struct SecretDeclaration {
    /// The variable.
    pub variable: String,
    /// How one is made.
    pub format: SecretFormat,
    /// Whose it is, for people.
    pub note: String,
    /// Where it comes from in the blueprint.
    pub origin: Pointer,
}

/// A topic to make.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: u16,
    /// How many copies, and where that stands; without it as many as the service thinks right.
    pub replicas: Option<(u16, Pointer)>,
    /// How long messages are kept, in milliseconds.
    pub retention_ms: Option<u64>,
    /// Where it stands in the blueprint.
    pub origin: Pointer,
}

/// A service that one of the component's own keys names.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The key, for people: `database`.
    pub key: &'static str,
    /// What it names.
    pub target: ResourceRef,
    /// Where it stands.
    pub at: Pointer,
    /// The components that can be meant; empty: any.
    pub accepts: &'static [&'static str],
    /// The workloads that connect; `None`: all that share a network with the provider.
    pub workloads: Option<Vec<String>>,
    /// What is waited for, and by which of those workloads; `None`: nothing.
    pub waits: Option<(Readiness, Vec<String>)>,
}

/// What others may see of a service.
#[derive(Debug, Clone, Default)]
pub struct Surface {
    /// Its workloads: name and role. The first one is the one that people mean.
    pub workloads: Vec<(String, Option<&'static str>)>,
    /// The endpoints that consumers connect to.
    pub endpoints: Vec<EndpointRef>,
    /// What there is to wait for until it is ready. Empty: readiness cannot be known.
    pub ready: Vec<(String, Readiness)>,
    /// The usual prefix of the variables that it offers.
    pub prefix: String,
    /// The variables that it offers: suffix and value.
    pub variables: Vec<(&'static str, Text)>,
    /// What `${service.property}` can read.
    pub properties: Vec<(&'static str, Text)>,
    /// What a resource is called: `database`.
    pub resource_kind: &'static str,
    /// What `service/resource` can name.
    pub resources: Vec<Resource>,
    /// The resource that is meant when none is named although several are there.
    pub default_resource: Option<String>,
    /// How connections to it are usually called: `postgres`, `redis`, `kafka`, `http`.
    pub scheme: Option<&'static str>,
    /// Where a person logs in.
    pub login: Option<Login>,
    /// Where it is, if nothing of it runs here.
    pub external: Option<External>,
    /// What its own workloads connect to elsewhere.
    pub upstream: Option<External>,
}

impl Surface {
    /// A service of one workload that answers over HTTP at one endpoint.
    pub fn web(endpoint: EndpointRef, prefix: &str) -> Self {
        let url = Text::literal("http://").then(Text::host_and_port(&endpoint, Vantage::Here));
        Self {
            workloads: vec![(endpoint.workload.clone(), None)],
            ready: vec![(endpoint.workload.clone(), Readiness::Ready)],
            prefix: prefix.to_owned(),
            variables: vec![("URL", url.clone())],
            properties: vec![("host", Text::host(&endpoint)), ("port", Text::port(&endpoint)), ("url", url)],
            scheme: Some("http"),
            endpoints: vec![endpoint],
            ..Self::default()
        }
    }
}

/// Something inside a service that a reference can name.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub origin: Pointer,
    /// The variables that it offers beside the service's: suffix and value.
    pub variables: Vec<(&'static str, Text)>,
    /// What `${service/resource.property}` can read.
    pub properties: Vec<(&'static str, Text)>,
}

impl<'a> Declare<'a> {
    /// The component's own fields. The schema has accepted them, so a failure is reported as a plain type error.
    pub fn spec<T: Deserialize<'a>>(&mut self) -> Option<T> {
        match T::deserialize(self.node) {
            Ok(spec) => Some(spec),
            Err(error) => {
                self.diagnostics.push(Diagnostic::new(
                    &code::WRONG_TYPE,
                    error.span.map_or_else(|| Place::Value(self.at.clone()), Place::Span),
                    error.to_string(),
                ));
                None
            }
        }
    }

    /// Reports a fault at one of the service's keys.
    pub fn fault(&mut self, code: &'static Code, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(code, Place::Value(self.at.key(key)), message).help(help));
    }

    /// The image tag for a version: the series' own tag, or a full version of a known series as it is.
    /// `series` are the component's versions; without a version the first is taken.
    pub fn tag(&mut self, series: &[(&str, &str)], suffix: &str, version: Option<&str>) -> Option<String> {
        let Some(version) = version else { return series.first().map(|(_, tag)| (*tag).to_owned()) };
        let known =
            series.iter().find(|(name, _)| version == *name || version.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
        match known {
            Some((name, tag)) if version == *name => Some((*tag).to_owned()),
            Some(_) => Some(format!("{version}{suffix}")),
            None => {
                let list = series.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
                let at = self.at.key("version");
                self.diagnostics.push(
                    Diagnostic::new(
                        &code::UNSUPPORTED_VERSION,
                        Place::Value(at),
                        format!("{} has no version `{version}` here", self.service.component),
                    )
                    .help(format!("write one of {list}, or a full version of one of these")),
                );
                None
            }
        }
    }

    /// Where the endpoints are published: for each of `keys` (the first being what a bare port means), the host port.
    pub fn published(&mut self, keys: &[&str]) -> Vec<Option<Published>> {
        let mut found = vec![None; keys.len()];
        let at = self.at.key("publish");
        match &self.service.publish {
            None => {}
            Some(Publish::Main(published)) => match keys {
                [] => self.fault(&code::BAD_VALUE, "publish", "this service listens on no port", "remove `publish`, or declare `ports`"),
                [_] => found[0] = Some(host_port(published, at)),
                [_, ..] if self.service.component == "container" => {
                    let list = quoted(keys.iter().copied());
                    self.fault(
                        &code::AMBIGUOUS_REFERENCE,
                        "publish",
                        "a port alone does not say which endpoint is meant",
                        format!("name one of {list}: `publish: {{ {}: {} }}`", keys[0], published.port),
                    );
                }
                _ => found[0] = Some(host_port(published, at)),
            },
            Some(Publish::Endpoints(entries)) => {
                for (key, published) in entries.iter() {
                    let place = at.key(key.as_str());
                    match keys.iter().position(|name| *name == key.as_str()) {
                        Some(index) => found[index] = Some(host_port(published, place)),
                        None => self.unknown_endpoint(key.as_str(), keys, place),
                    }
                }
            }
        }
        found
    }

    fn unknown_endpoint(&mut self, name: &str, keys: &[&str], place: Pointer) {
        let message = format!("`{}` has no endpoint `{name}`", self.name);
        let mut fault = Diagnostic::new(&code::UNKNOWN_NAME, Place::Key(place), message).help(write_instead(name, keys.iter().copied()));
        if let Some(near) = near(name, keys.iter().copied()).filter(|_| self.service.component == "container") {
            fault = fault.related(Place::Key(self.at.key("ports").key(near)), "the near name");
        }
        self.diagnostics.push(fault);
    }

    /// The name or address of a host elsewhere; a URL is reported.
    pub fn host(&mut self, source: &Deployable, at: &Pointer) -> Option<PublicText> {
        let host = self.deployable(source, at)?;
        if host.text().as_literal().is_some_and(|host| host.is_empty() || host.contains(['/', '@', ' '])) {
            let fault = Diagnostic::new(
                &code::BAD_VALUE,
                Place::Value(at.clone()),
                "a host is a name or an address, without scheme, login and path",
            );
            self.diagnostics.push(fault.help("write only the host, such as `erp.example.com`"));
            return None;
        }
        Some(host)
    }

    /// A string that may read the deployer's variables.
    pub fn deployable(&mut self, source: &Deployable, at: &Pointer) -> Option<PublicText> {
        let parts = match parse_text(&source.0) {
            Ok(parts) => parts,
            Err(error) => {
                let place = Place::Part(at.clone(), error.hole);
                self.diagnostics.push(Diagnostic::new(&code::BAD_REFERENCE, place, "a reference that cannot be read").help(error.help));
                return None;
            }
        };
        let mut text = Text::default();
        for part in parts {
            text = match part {
                TextPart::Literal(literal) => text.then(literal),
                TextPart::Reference(HoleReference::Env { name, default }) => {
                    self.settings.push((name.clone(), SettingRead { at: at.clone(), default: default.clone() }));
                    text.then(Text::setting(name, default))
                }
                // The schema has refused every other reference.
                TextPart::Reference(_) => return None,
            };
        }
        PublicText::try_from(text).ok()
    }

    /// Declares a secret of the service's own and returns its variable, `<SERVICE>_<SUFFIX>`.
    pub fn own_secret(&mut self, suffix: &str, format: SecretFormat, note: impl Into<String>) -> String {
        let variable = variable_of(&format!("{}_{suffix}", self.name));
        self.secrets.push(SecretDeclaration { variable: variable.clone(), format, note: note.into(), origin: self.at.clone() });
        variable
    }
}

fn host_port(published: &crate::blueprint::Published, origin: Pointer) -> Published {
    let address = published.address.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    Published { port: published.port.0, address, origin }
}
