//! What a user writes over the values is held against the chart.

use super::support::rendered::{Rendered, pipegen};
use super::{small, value};

#[test]
fn overrides_of_the_service_and_of_a_role_land_where_they_belong() {
    let blueprint = small(
        "    overrides: { helm: { triggerer: { enabled: false }, cleanup: { enabled: true } } }
    roles: { scheduler: { overrides: { helm: { safeToEvict: false } } } }\n",
    );
    let values = Rendered::text_to("helm", &blueprint, &[]).yaml("airflow.values.yaml");
    assert_eq!(value(&values, "/triggerer/enabled"), false);
    assert_eq!(value(&values, "/triggerer/replicas"), 1, "the rest of the section stays");
    assert_eq!(value(&values, "/cleanup/enabled"), true);
    assert_eq!(value(&values, "/scheduler/safeToEvict"), false);
}

/// What is said of a blueprint with these overrides: message, line, help.
fn refused(overrides: &str) -> (String, u64, String) {
    let errors = errors(&small(&format!("    overrides:\n      helm:\n{overrides}")));
    let [error] = errors.as_slice() else { panic!("one error in {errors:?}") };
    error.clone()
}

/// The errors of a blueprint in the target: message, line, help of each.
pub fn errors(blueprint: &str) -> Vec<(String, u64, String)> {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("blueprint.yml");
    std::fs::write(&file, blueprint).expect("the folder is writable");
    let mut command = pipegen();
    command.args(["render", "--target", "helm", "--format", "json", "--out"]).arg(home.path().join("out")).arg(file);
    let printed = command.output().expect("it runs").stdout;
    let said = String::from_utf8(printed).expect("UTF-8");
    let all = said.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let errors: Vec<serde_json::Value> = all.filter(|one: &serde_json::Value| one["severity"] == "error").collect();
    let error = |error: &serde_json::Value| {
        assert_eq!(error["code"], "target-limit");
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        (text("message"), error["line"].as_u64().unwrap_or_default(), text("help"))
    };
    errors.iter().map(error).collect()
}

#[test]
fn a_key_that_no_template_reads_is_an_error() {
    let (message, line, help) = refused("        schedular: { replicas: 2 }\n");
    assert_eq!((message.as_str(), line), ("the chart airflow 1.18.0 reads no value `schedular`", 11));
    assert_eq!(help, "write `scheduler`");
    let (_, line, _) = refused("        schedular:\n          2\n");
    assert_eq!(line, 11, "the key, and not its value");
    // The schema of the chart has it, but its templates read `containers`.
    let (message, ..) = refused("        securityContexts: { container: { privileged: false } }\n");
    assert_eq!(message, "the chart airflow 1.18.0 reads no value `securityContexts.container`");
}

#[test]
fn a_value_of_the_wrong_type_is_an_error() {
    let (message, line, _) = refused("        scheduler:\n          replicas: \"2\"\n");
    assert_eq!((message.as_str(), line), ("the chart takes integer at `scheduler.replicas`", 12));
}

#[test]
fn a_secret_cannot_be_written_into_the_values() {
    let (message, _, help) = refused("        data: { metadataConnection: { pass: \"${postgres/sales.password}\" } }\n");
    assert_eq!(message, "the value of `POSTGRES_PASSWORD` would stand in a file that anyone can read");
    assert_eq!(help, "give it to the service as an environment variable");
}

#[test]
fn an_option_that_airflow_no_longer_reads_is_an_error() {
    let (message, line, help) = refused("        config:\n          webserver: { expose_config: true }\n");
    assert_eq!((message.as_str(), line), ("what the chart runs no longer reads `config.webserver.expose_config`", 12));
    assert_eq!(help, "write `config.api.expose_config`");
    let (.., help) = refused("        config:\n          kubernetes: { delete_worker_pods: false }\n");
    assert_eq!(help, "write `config.kubernetes_executor.*`");
    let (.., help) = refused("        config:\n          core: { check_slas: true }\n");
    assert_eq!(help, "leave it out");
}
