//! Resolves what texts and references read: properties, credentials, volumes, the deployer's variables.

use std::collections::BTreeMap;

use crate::blueprint::{Blueprint, Volume};
use crate::components::{Resolved, Resource, Scope, SettingRead, Surface};
use crate::diagnostic::{Diagnostic, Faults, Place, code, near, unknown_name, write_instead};
use crate::platform::{Mount, MountSource, PathRef, Text};
use crate::source::Pointer;
use crate::value::{Reference, ResourceRef, TextPart, parse_text};

use super::declare::{Declared, Services};
use super::pending::Pending;

/// Faults beyond so many are said without the name that may be meant.
const MOST_PROPOSALS: usize = 100;

/// The whole blueprint, as one service's texts see it.
pub(super) struct World<'a> {
    pub blueprint: &'a Blueprint,
    pub services: &'a Services<'a>,
    pub faults: &'a Faults,
    pub found: Vec<Diagnostic>,
    /// Edges that texts make.
    pub edges: Vec<Pending>,
    /// Where each of the deployer's variables is read.
    pub settings: BTreeMap<String, Vec<SettingRead>>,
}

/// What `service` or `service/resource` means.
pub(super) enum Target<'a> {
    /// It is declared.
    Found(&'a Declared<'a>, Option<&'a Resource>),
    /// A fault was reported for it, now or before.
    Broken,
}

impl<'a> World<'a> {
    /// Finds a service; an unknown one is reported.
    pub fn service(&mut self, name: &str, at: &Pointer) -> Option<&'a str> {
        find_service(self.services, self.faults, name, at, &mut self.found)
    }

    /// Finds a service and a resource of it.
    pub fn target(&mut self, target: &ResourceRef, at: &Pointer) -> Target<'a> {
        let Some(name) = self.service(target.service(), at) else { return Target::Broken };
        let Some(declared) = self.services.get(name) else { return Target::Broken };
        let surface = declared.instance.surface();
        self.resource(surface, name, target.resource(), at).map_or(Target::Broken, |resource| Target::Found(declared, resource))
    }

    /// The resource of a service that a reference means, with or without naming it; nothing if a fault was reported for it.
    fn resource<'s>(&mut self, surface: &'s Surface, service: &str, named: Option<&str>, at: &Pointer) -> Option<Option<&'s Resource>> {
        match named {
            Some(name) => find_resource(surface, service, name, at, self.faults, &mut self.found).map(Some),
            None => Some(default_resource(surface)),
        }
    }

    /// One hole of a text; its faults point at the hole, not at the text as a whole.
    fn hole(&mut self, service: &str, reference: &Reference, at: &Pointer) -> Option<Text> {
        let before = self.found.len();
        let text = self.part(service, reference, at);
        for fault in &mut self.found[before..] {
            fault.place = Place::Part(at.clone(), reference.to_string());
        }
        text
    }

    fn part(&mut self, service: &str, reference: &Reference, at: &Pointer) -> Option<Text> {
        match reference {
            // Parameters were replaced before; one that is left had no value, and that was reported.
            Reference::Parameter(_) => None,
            Reference::Env { name, default } => {
                let read = SettingRead { at: at.clone(), default: default.clone() };
                self.settings.entry(name.clone()).or_default().push(read);
                Some(Text::setting(name.clone(), default.clone()))
            }
            Reference::Credential { name, field } => self.credential(name, field, at),
            Reference::Volume { name, property } => self.volume(name, property, at),
            Reference::Property { service: target, resource, property } => {
                self.property(service, target, resource.as_deref(), property, at)
            }
        }
    }

    fn credential(&mut self, name: &str, field: &str, at: &Pointer) -> Option<Text> {
        let section = Pointer::root().key("credentials");
        let credential = match self.blueprint.credentials.get(name) {
            Some(credential) => credential,
            None if self.faults.touches(&section.key(name)) => return None,
            None => {
                self.found.push(unknown_name(
                    "credential",
                    name,
                    self.blueprint.credentials.keys().map(|name| name.as_str()),
                    &section,
                    at.clone(),
                ));
                return None;
            }
        };
        if field == "username" && credential.kind.has_username() {
            return Some(Text::literal(credential.username_of(name)));
        }
        let fields = credential.kind.secret_fields();
        if fields.contains(&field) {
            return Some(Text::secret(credential.variable(name, field)));
        }
        let known: Vec<&str> = fields.iter().copied().chain(credential.kind.has_username().then_some("username")).collect();
        self.unknown_property(&format!("the credential `{name}`"), field, &known, at, Some(section.key(name)));
        None
    }

    fn volume(&mut self, name: &str, property: &str, at: &Pointer) -> Option<Text> {
        let (name, volume) = find_volume(self.blueprint, self.faults, name, at, &mut self.found)?;
        if property == "mount"
            && let Some(mount) = &volume.mount
        {
            return Some(Text::literal(mount.as_str()));
        }
        let known: Vec<&str> = volume.mount.iter().map(|_| "mount").collect();
        let declared = Pointer::root().key("volumes").key(name);
        self.unknown_property(&format!("the volume `{name}`"), property, &known, at, Some(declared));
        None
    }

    fn property(&mut self, from: &str, target: &str, resource: Option<&str>, property: &str, at: &Pointer) -> Option<Text> {
        let name = self.service(target, at)?;
        let surface = self.services.surface(name)?;
        let resource = self.resource(surface, name, resource, at)?;
        let text = surface
            .properties
            .iter()
            .chain(resource.into_iter().flat_map(|resource| &resource.properties))
            .find(|(known, _)| *known == property)
            .map(|(_, text)| text.clone());
        if let Some(text) = text {
            if from != name {
                let reference = resource.map_or_else(|| name.to_owned(), |resource| format!("{name}/{}", resource.name));
                self.edges.extend(Pending::from_text(from, &reference, at));
            }
            return Some(text);
        }
        let of_resources = surface.resources.first().map(|resource| resource.properties.as_slice()).unwrap_or_default();
        if resource.is_none() && of_resources.iter().any(|(known, _)| *known == property) {
            self.found.push(ambiguous(name, surface, at));
            return None;
        }
        let known: Vec<&str> = surface
            .properties
            .iter()
            .chain(resource.into_iter().flat_map(|resource| &resource.properties))
            .map(|(name, _)| *name)
            .collect();
        let section = Pointer::root().key("services").key(name);
        self.unknown_property(&format!("`{name}`"), property, &known, at, Some(section));
        None
    }

    fn unknown_property(&mut self, what: &str, property: &str, known: &[&str], at: &Pointer, depends: Option<Pointer>) {
        let fault = Diagnostic::new(&code::UNKNOWN_PROPERTY, Place::Value(at.clone()), format!("{what} has no property `{property}`"));
        let fault = fault.help(if known.is_empty() { "it has none".to_owned() } else { write_instead(property, known.iter().copied()) });
        self.found.push(match depends {
            Some(pointer) => fault.depends_on(pointer),
            None => fault,
        });
    }
}

/// The resource that a service without a written resource means: the only one, or the component's default.
pub(super) fn default_resource(surface: &Surface) -> Option<&Resource> {
    match (&surface.default_resource, surface.resources.as_slice()) {
        (Some(name), resources) => resources.iter().find(|resource| resource.name == *name),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// Several resources, and none was named.
pub(super) fn ambiguous(name: &str, surface: &Surface, at: &Pointer) -> Diagnostic {
    let list = surface.resources.iter().map(|resource| format!("`{name}/{}`", resource.name)).collect::<Vec<_>>().join(", ");
    let count = surface.resources.len();
    let message = if count == 0 {
        format!("`{name}` has no {}", surface.resource_kind)
    } else {
        format!("`{name}` has {count} {}s; which one is meant?", surface.resource_kind)
    };
    let help = if count == 0 { format!("declare one: `{}s: [NAME]`", surface.resource_kind) } else { format!("write one of {list}") };
    Diagnostic::new(&code::AMBIGUOUS_REFERENCE, Place::Name(at.clone()), message)
        .help(help)
        .depends_on(Pointer::root().key("services").key(name))
}

/// Finds a service by name; an unknown one is reported. What it may mean is said, but not used: all that could be found
/// out about a guess would be as uncertain as the guess.
pub(super) fn find_service<'a>(
    services: &Services<'a>,
    faults: &Faults,
    name: &str,
    at: &Pointer,
    found: &mut Vec<Diagnostic>,
) -> Option<&'a str> {
    if let Some(known) = services.name(name) {
        return Some(known);
    }
    let section = Pointer::root().key("services");
    if faults.touches(&section.key(name)) {
        return None;
    }
    // Nobody connects to itself.
    let mut around = at.segments();
    let asking = around.nth(1).filter(|_| around.next().is_some_and(|key| key == "uses"));
    let names = services.names().filter(|known| asking.as_deref() != Some(known));
    // To look for a near name takes as long as there are names, and nobody reads so many proposals.
    let names = (found.len() < MOST_PROPOSALS).then_some(names).into_iter().flatten();
    found.push(unknown_name("service", name, names, &section, at.clone()));
    None
}

/// The service of this name, or else the near one.
fn service_meant<'a>(services: &Services<'a>, name: &str) -> Option<&'a str> {
    services.name(name).or_else(|| near(name, services.names()).and_then(|near| services.name(near)))
}

/// Finds a volume; an unknown one is reported.
pub(super) fn find_volume<'b>(
    blueprint: &'b Blueprint,
    faults: &Faults,
    name: &str,
    at: &Pointer,
    found: &mut Vec<Diagnostic>,
) -> Option<(&'b str, &'b Volume)> {
    let section = Pointer::root().key("volumes");
    let volume = volume_meant(blueprint, name).filter(|(known, _)| *known == name);
    if volume.is_none() && !faults.touches(&section.key(name)) {
        found.push(unknown_name("volume", name, blueprint.volumes.keys().map(|name| name.as_str()), &section, at.clone()));
    }
    volume
}

/// The volume of this name, or else the near one.
pub(super) fn volume_meant<'b>(blueprint: &'b Blueprint, name: &str) -> Option<(&'b str, &'b Volume)> {
    let volumes = &blueprint.volumes;
    let known = volumes.keys().map(|known| known.as_str()).find(|known| *known == name);
    let meant = known.or_else(|| near(name, volumes.keys().map(|known| known.as_str())))?;
    volumes.get(meant).map(|volume| (meant, volume))
}

/// Finds a resource of a service; an unknown one is reported and stands for the near one.
pub(super) fn find_resource<'s>(
    surface: &'s Surface,
    service: &str,
    name: &str,
    at: &Pointer,
    faults: &Faults,
    found: &mut Vec<Diagnostic>,
) -> Option<&'s Resource> {
    let meant = resource_meant(surface, name);
    if meant.is_some_and(|resource| resource.name == name) {
        return meant;
    }
    if faults.touches(&Pointer::root().key("services").key(service)) {
        return None;
    }
    let kind = if surface.resource_kind.is_empty() { "resource" } else { surface.resource_kind };
    let fault = Diagnostic::new(&code::UNKNOWN_NAME, Place::Name(at.clone()), format!("`{service}` has no {kind} `{name}`"));
    found.push(match meant {
        Some(resource) => {
            fault.help(format!("write `{service}/{}`", resource.name)).related(Place::Value(resource.origin.clone()), "the near name")
        }
        None if surface.resources.is_empty() => fault.help(format!("write `{service}`")),
        None => {
            let list =
                surface.resources.iter().take(20).map(|resource| format!("`{service}/{}`", resource.name)).collect::<Vec<_>>().join(", ");
            fault.help(format!("declare it, or write one of {list}"))
        }
    });
    meant
}

/// The resource of this name, or else the near one.
fn resource_meant<'s>(surface: &'s Surface, name: &str) -> Option<&'s Resource> {
    let find = |wanted: &str| surface.resources.iter().find(|resource| resource.name == wanted);
    find(name).or_else(|| near(name, surface.resources.iter().map(|resource| resource.name.as_str())).and_then(find))
}

impl Scope for World<'_> {
    fn text(&mut self, service: &str, source: &str, at: &Pointer) -> Option<Text> {
        let parts = match parse_text(source) {
            Ok(parts) => parts,
            Err(error) => {
                self.found.push(
                    Diagnostic::new(&code::BAD_REFERENCE, Place::Part(at.clone(), error.hole), "a reference that cannot be read")
                        .help(error.help),
                );
                return None;
            }
        };
        let mut text = Some(Text::default());
        for part in &parts {
            // Also behind a faulty hole, so that every fault of the text is found.
            let read = match part {
                TextPart::Literal(literal) => Some(Text::literal(literal.as_str())),
                TextPart::Reference(reference) => self.hole(service, reference, at),
            };
            text = text.zip(read).map(|(text, read)| text.then(read));
        }
        text
    }

    fn resolve(&self, target: &ResourceRef) -> Option<Resolved> {
        let services = self.services;
        let name = service_meant(services, target.service())?;
        let surface = services.surface(name)?;
        let resource = match target.resource() {
            Some(name) => Some(resource_meant(surface, name)?),
            None => default_resource(surface),
        };
        let mut properties: BTreeMap<&'static str, Text> = surface.properties.iter().map(|(name, text)| (*name, text.clone())).collect();
        properties.extend(resource.into_iter().flat_map(|resource| &resource.properties).map(|(name, text)| (*name, text.clone())));
        Some(Resolved { service: name.to_owned(), properties, scheme: surface.scheme })
    }

    fn has_way_out(&self, networks: &[String]) -> bool {
        networks.iter().any(|name| !self.blueprint.networks.get(name).is_some_and(|network| network.internal))
    }

    fn mounts(&mut self, service: &str) -> (Vec<Mount>, Vec<u32>) {
        let Some(declared) = self.services.blueprint(service) else { return Default::default() };
        let at = Pointer::root().key("services").key(service).key("volumes");
        let mut mounts = Vec::new();
        let mut groups = Vec::new();
        for (index, mount) in declared.volumes.iter().enumerate() {
            let at = at.index(index);
            let (source, target) = match (&mount.volume, &mount.path) {
                (Some(name), None) => {
                    let Some((name, volume)) = find_volume(self.blueprint, self.faults, name.as_str(), &at.key("volume"), &mut self.found)
                    else {
                        continue;
                    };
                    groups.extend(volume.group);
                    (MountSource::Volume(name.to_owned()), mount.mount.as_ref().or(volume.mount.as_ref()))
                }
                (None, Some(path)) => (MountSource::Path(PathRef { path: path.0.clone(), origin: at.key("path") }), mount.mount.as_ref()),
                (Some(_), Some(_)) => {
                    let fault =
                        Diagnostic::new(&code::BAD_VALUE, Place::Key(at.key("path")), "`path` beside `volume`: one of them is mounted");
                    self.found.push(fault.help("remove one of the two"));
                    continue;
                }
                (None, None) => {
                    let fault = Diagnostic::new(&code::MISSING_KEY, Place::Value(at), "what is mounted is not said");
                    self.found.push(fault.help("write `volume: NAME` or `path: FOLDER`"));
                    continue;
                }
            };
            match target {
                Some(target) if target.as_str().starts_with('/') => {
                    mounts.push(Mount { source, target: target.0.clone(), read_only: mount.read_only, origin: at });
                }
                Some(_) => {
                    let at = match (&mount.mount, &source) {
                        (None, MountSource::Volume(name)) => Pointer::root().key("volumes").key(name).key("mount"),
                        _ => at.key("mount"),
                    };
                    let fault = Diagnostic::new(&code::BAD_VALUE, Place::Value(at), "expected an absolute path");
                    self.found.push(fault.help("write a path that begins with `/`"));
                }
                None => {
                    let fault = Diagnostic::new(&code::MISSING_KEY, Place::Value(at), "where it is mounted is not said");
                    self.found.push(fault.help("add `mount: /PATH`, here or at the volume"));
                }
            }
        }
        (mounts, groups)
    }
}
