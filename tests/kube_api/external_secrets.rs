//! ExternalSecrets on an API server that knows their kind.

use crate::support::kube_api::KubeApi;
use crate::support::rendered::Rendered;
use crate::{definitions, faults_of_applying};

const BLUEPRINT: &str = r#"
blueprint: v1
name: shop
secrets: { store: external-secrets, key: data/shop }
credentials: { registry: { type: registry, username: robot }, api: { type: token } }
services:
  cache: { component: redis }
  web:
    component: container
    image: { repository: "${env.REGISTRY}/web", tag: "1", credential: registry }
    environment: { TOKEN: "${credentials.api.token}" }
    files: { /etc/web.json: { json: { token: "${credentials.api.token}", host: "${env.HOST}" } } }
"#;

#[test]
fn external_secrets_are_taken_kept_and_not_changed_the_second_time() {
    let Some(api) = KubeApi::start() else {
        return;
    };
    definitions::install(&api);
    let rendered = Rendered::text_to("kubernetes", BLUEPRINT, &[]);
    api.apply(&rendered.read("namespaces.yaml")).unwrap_or_else(|error| panic!("{error}"));
    let objects = rendered.read("external-secrets.yaml");
    assert_eq!(objects.matches("kind: ExternalSecret").count(), 5, "{objects}");
    assert_eq!(faults_of_applying(&api, &objects), [""; 0]);
    let refused = faults_of_applying(&api, &objects.replacen("kind: ClusterSecretStore", "kind: Store", 1)).concat();
    assert!(refused.contains("Unsupported value: \"Store\""), "{refused}");
    let refused = faults_of_applying(&api, &objects.replacen("templateFrom:", "templatesFrom:", 1)).concat();
    assert!(refused.contains("field not declared in schema"), "{refused}");
}
