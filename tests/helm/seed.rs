//! The defects of a real installation of the same system, scripted by hand around the same chart. Each is named, with what
//! makes it impossible here.

use super::support::rendered::Rendered;
use super::{VALUES, capstone, small, value};

fn values() -> serde_json::Value {
    capstone().yaml(VALUES)
}

/// A migration that was run by hand knew nothing of the auth manager: no table for sessions, and pods that waited for its
/// migrations for ever. Here the chart's own job runs, with the chart's configuration, and everything waits for it.
#[test]
fn the_database_is_migrated_by_the_job_of_the_chart() {
    let values = values();
    assert_ne!(values.pointer("/migrateDatabaseJob/enabled"), Some(&false.into()));
    for role in ["apiServer", "scheduler", "dagProcessor", "triggerer", "workers"] {
        assert_eq!(values.pointer(&format!("/{role}/waitForMigrations/enabled")), None, "{role} waits, as the chart has it");
    }
    assert_eq!(values.pointer("/config/fab/session_backend"), None, "sessions are in the database, as Airflow has it");
}

/// As hooks, both jobs start after everything is ready, which waits for them.
#[test]
fn the_jobs_are_no_hooks() {
    for job in ["migrateDatabaseJob", "createUserJob"] {
        assert_eq!(value(&values(), &format!("/{job}/useHelmHooks")), false);
    }
}

/// The job that makes the administrator ran against a database without tables, until it gave up.
#[test]
fn the_administrator_is_made_after_the_migration() {
    let args = value(&values(), "/createUserJob/args");
    let words: Vec<&str> = args.as_array().expect("words").iter().filter_map(serde_json::Value::as_str).collect();
    assert_eq!(words[..2], ["python", "-c"]);
    assert_eq!(words[3..], ["airflow", "db", "check-migrations", "--migration-wait-timeout=600"]);
}

/// `admin`/`admin` and `postgres`/`postgres` were what anyone could log in with.
#[test]
fn no_password_is_known() {
    let rendered = capstone();
    assert_eq!(value(&values(), "/webserver/defaultUser/password"), "");
    let reference = value(&values(), "/createUserJob/env/1/valueFrom/secretKeyRef");
    assert_eq!(reference, serde_json::json!({ "name": "airflow-admin", "key": "password" }));
    assert!(!rendered.read(VALUES).contains("--password"), "not as an argument either, which anyone on the machine can list");
    assert_eq!(value(&values(), "/postgresql/enabled"), false);
}

/// Half of the chart's keys in the values were ignored: `cleanUpPods`, `config.kubernetes.*`, `config.webserver.expose_config`.
#[test]
fn every_value_is_one_that_is_read() {
    // Rendering fails otherwise (`a_key_that_no_template_reads_is_an_error`).
    let values = values();
    for dead in ["/cleanUpPods", "/config/kubernetes", "/config/webserver", "/scheduler/logCleanup"] {
        assert_eq!(values.pointer(dead), None, "{dead}");
    }
}

/// The keys of tokens and sessions changed with every upgrade, because the chart makes new ones when it is given none.
#[test]
fn keys_stay_the_same_over_upgrades() {
    for path in ["/fernetKeySecretName", "/jwtSecretName", "/apiSecretKeySecretName"] {
        assert_eq!(value(&values(), path), "airflow-keys");
    }
}

/// The tag was written into the values by a pattern that met the database's tag as well, or not at all.
#[test]
fn an_upgrade_sets_the_tag_of_this_image_alone() {
    let script = capstone().read("releases.sh");
    let set: Vec<&str> = script.lines().filter(|line| line.contains("\"$tag\"") && line.contains("--set-string")).collect();
    assert_eq!(set, ["  set -- \"$@\" --set-string images.airflow.tag=\"$(printf '%s' \"$tag\" | escaped)\""]);
}

/// Claims of 100Gi for each triggerer, for logs that nothing else could read.
#[test]
fn all_roles_keep_their_logs_in_one_claim() {
    let values = values();
    assert_eq!(value(&values, "/logs/persistence/existingClaim"), "airflow-logs");
    for role in ["triggerer", "workers"] {
        assert_eq!(value(&values, &format!("/{role}/persistence/enabled")), false);
    }
}

/// The version of Airflow decides the templates' branches, and was another one than the image's.
#[test]
fn the_version_is_that_of_the_image() {
    assert_eq!(value(&values(), "/airflowVersion"), "3.0.4");
    let series = Rendered::text_to("helm", &small(""), &[]).yaml("airflow.values.yaml");
    assert_eq!(value(&series, "/airflowVersion"), value(&series, "/images/airflow/tag"));
}

/// The clean-up removed every image and volume of the machine, and the settings of Helm.
#[test]
fn uninstalling_touches_only_what_was_installed() {
    let script = capstone().read("uninstall.sh");
    assert!(script.contains("helm uninstall airflow --namespace capstone-airflow"), "{script}");
    for word in ["prune", "helm repo", "docker", "rm -"] {
        assert!(!script.contains(word), "{word}");
    }
}
