//! Logins at registries: with what an image is pulled.

use super::{Build, Declare};
use crate::blueprint::CredentialType;
use crate::diagnostic::{Diagnostic, Place, code};
use crate::platform::{ImageLogin, Login, Part, PublicText, Text};

/// What Docker and Kubernetes call the registry of names without a host.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

impl Declare<'_> {
    /// The login that the service's image names. One that is unknown or of another type is reported.
    pub fn image_login(&mut self) -> Option<Login> {
        let credential = self.service.image.as_ref()?.credential.as_ref()?;
        self.login(credential, self.at.key("image").key("credential"), &[CredentialType::Registry])
    }
}

impl Build<'_> {
    /// Notes that an image is pulled with the service's login, if it has one.
    pub(super) fn pulled_with_login(&mut self, image: &PublicText) {
        let Some(login) = self.image_login.clone() else { return };
        let Some(registry) = registry_of(image) else {
            let place = Place::Key(self.at.key("image").key("credential"));
            let fault = Diagnostic::new(&code::BAD_VALUE, place, "the name of the image does not say where its registry ends");
            self.diagnostics.push(fault.help("write the registry as one value before the first `/`: `repository: ${env.REGISTRY}/NAME`"));
            return;
        };
        let password = Text::secret(&login.variable);
        self.image_logins.push(ImageLogin { image: image.clone(), registry, login, password });
    }
}

/// What stands before the first `/` of an image's name, if it is a host; it can also be one value of the deployer.
fn registry_of(image: &PublicText) -> Option<PublicText> {
    match image.text().parts() {
        [Part::Literal(name), rest @ ..] => match name.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => Some(host.into()),
            None if !rest.is_empty() && !name.contains(':') => None,
            _ => Some(DOCKER_HUB.into()),
        },
        [Part::Setting { variable, default, .. }, Part::Literal(rest), ..] if rest.starts_with('/') => {
            PublicText::try_from(Text::setting(variable, default.clone())).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_the_host_before_the_first_slash() {
        let of = |text: Text| registry_of(&PublicText::try_from(text).expect("no secret")).map(|host| host.text().clone());
        let setting = || Text::setting("X", None);
        for (image, host) in [
            ("registry.example/a/b:1", "registry.example"),
            ("localhost:5000/a:1", "localhost:5000"),
            ("localhost/a:1", "localhost"),
            ("apache/airflow:3.0.2", DOCKER_HUB),
            ("redis:7", DOCKER_HUB),
        ] {
            assert_eq!(of(image.into()), Some(host.into()), "{image}");
        }
        assert_eq!(of(setting().then("/dags:").then(setting())), Some(setting()));
        assert_eq!(of(Text::literal("redis:").then(setting())), Some(DOCKER_HUB.into()));
        assert_eq!(of(setting().then(".example/dags:1")), None);
        assert_eq!(of(Text::literal("eu-").then(setting()).then("/dags:1")), None);
        assert_eq!(of(setting()), None);
    }
}
