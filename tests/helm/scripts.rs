//! `releases.sh` and `upgrade.sh`, run with a `helm` and a `kubectl` that write down how they are called.

use std::path::Path;
use std::process::Command;

use super::support;
use super::support::rendered::Rendered;
use super::{capstone, small};

/// Writes its own name and its arguments to a file, and succeeds. Words end in NUL, calls in an empty word.
const STUB: &str = "#!/bin/sh\nprintf '%s\\0' \"${0##*/}\" \"$@\" '' >> \"$CALLS\"\n";

/// The calls of a script in a rendered folder: the words of each.
fn calls(rendered: &Rendered, script: &str, arguments: &[&str]) -> Vec<Vec<String>> {
    let (printed, calls) = run(rendered, script, arguments);
    printed.unwrap_or_else(|error| panic!("{error}"));
    calls
}

/// What a script says or why it fails, and its calls.
fn run(rendered: &Rendered, script: &str, arguments: &[&str]) -> (Result<String, String>, Vec<Vec<String>>) {
    let bin = rendered.home.path().join("bin");
    std::fs::create_dir_all(&bin).expect("writable");
    for name in ["helm", "kubectl"] {
        crate::support::program::write(&bin.join(name), STUB);
    }
    let list = rendered.home.path().join("calls");
    let _ = std::fs::remove_file(&list);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    let mut command: Command = support::command(Path::new("sh"));
    command.env("PATH", path).env("CALLS", &list).current_dir(&rendered.folder).arg(script).args(arguments);
    let printed = support::run(&mut command);
    let text = std::fs::read_to_string(&list).unwrap_or_default();
    let words: Vec<String> = text.split('\0').map(str::to_owned).collect();
    (printed, words.split(String::is_empty).filter(|call| !call.is_empty()).map(<[String]>::to_vec).collect())
}

fn upgrade(calls: &[Vec<String>]) -> &[String] {
    calls.iter().find(|words| words[..2] == ["helm", "upgrade"]).expect("a call of `helm upgrade`")
}

/// The words that follow each `--set-string`.
fn strings(words: &[String]) -> Vec<&str> {
    words.windows(2).filter(|pair| pair[0] == "--set-string").map(|pair| pair[1].as_str()).collect()
}

#[test]
fn a_release_is_installed_and_waited_for() {
    let rendered = capstone().with_secrets(&Default::default());
    let calls = calls(&rendered, "releases.sh", &["--timeout", "90"]);
    let words = upgrade(&calls).join(" ");
    let fixed = "helm upgrade --install airflow airflow --repo https://airflow.apache.org --version 1.18.0 --namespace capstone-airflow \
                 --values airflow/airflow.values.yaml";
    assert!(words.starts_with(fixed), "{words}");
    assert!(words.ends_with("--wait --wait-for-jobs --timeout 90s"), "{words}");
    let before: Vec<String> = calls.iter().take_while(|call| call[..2] != ["helm", "upgrade"]).map(|call| call.join(" ")).collect();
    let removed = "kubectl delete jobs --namespace capstone-airflow --selector tier=airflow,component=create-user-job,release=airflow";
    assert!(before.iter().any(|call| call.starts_with(removed)), "{before:?}");
}

#[test]
fn what_changes_in_env_makes_new_pods() {
    let rendered = capstone().with_secrets(&Default::default());
    let of = |rendered: &Rendered| {
        let calls = calls(rendered, "releases.sh", &[]);
        strings(upgrade(&calls)).iter().find_map(|set| set.strip_prefix("airflowPodAnnotations.pipegen\\.io/env=").map(str::to_owned))
    };
    let first = of(&rendered).expect("the hash of .env");
    assert_eq!(first.len(), 64, "{first}");
    let values = [("METADATA_DB_PASSWORD".to_owned(), "another".to_owned())].into();
    assert_ne!(Some(first), of(&rendered.with_secrets(&values)));
}

/// A chart that shows the values that it got, as JSON.
fn mirror(home: &Path) -> std::path::PathBuf {
    let chart = home.join("mirror");
    std::fs::create_dir_all(chart.join("templates")).expect("writable");
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: mirror\nversion: 1.0.0\n").expect("writable");
    std::fs::write(chart.join("templates/values.yaml"), "values: {{ .Values | toJson | quote }}\n").expect("writable");
    chart
}

#[test]
fn values_of_the_deployer_reach_helm_as_they_are() {
    let Some(helm) = support::tool("helm") else { return };
    let nasty = "{a b},c=d\\{e}$(f)`g`'h\"\n# i.j[0]";
    let image = "    image: { repository: \"${env.REGISTRY}/da,gs\", tag: \"v${env.TAG}\" }\n";
    let values = [("REGISTRY".to_owned(), nasty.to_owned()), ("TAG".to_owned(), "7".to_owned())].into();
    let rendered = Rendered::text_to("helm", &small(image), &[]).with_secrets(&values);
    let calls = calls(&rendered, "releases.sh", &[]);
    let mut template = support::command(&helm);
    template.env("HOME", rendered.home.path()).arg("template").arg(mirror(rendered.home.path()));
    for set in strings(upgrade(&calls)) {
        template.args(["--set-string", set]);
    }
    let printed = support::run(&mut template).unwrap_or_else(|error| panic!("{error}"));
    let shown: serde_json::Value = serde_yaml::from_str(&printed).expect("YAML");
    let got: serde_json::Value = serde_json::from_str(shown["values"].as_str().expect("text")).expect("JSON");
    assert_eq!(got["images"]["airflow"]["repository"], format!("{nasty}/da,gs"));
    assert_eq!(got["images"]["airflow"]["tag"], "v7");
    assert_eq!(got["airflowPodAnnotations"]["pipegen.io/env"].as_str().map(str::len), Some(64));
}

#[test]
fn an_upgrade_brings_the_tag_that_was_asked_for() {
    let rendered = capstone().with_secrets(&Default::default());
    let calls = calls(&rendered, "upgrade.sh", &["20260106092458"]);
    assert_eq!(strings(upgrade(&calls)).last(), Some(&"images.airflow.tag=20260106092458"));
}

#[test]
fn an_image_by_digest_is_not_upgraded_by_tag() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let image = format!("    executor: kubernetes\n    image: apache/airflow@{digest}\n");
    let rendered = Rendered::text_to("helm", &small(&image), &[]).with_secrets(&Default::default());
    let values = rendered.yaml("airflow.values.yaml");
    assert_eq!(super::value(&values, "/images/airflow"), serde_json::json!({ "repository": "apache/airflow", "digest": digest }));
    let (printed, calls) = run(&rendered, "upgrade.sh", &["20260106092458"]);
    let error = printed.expect_err("there is no tag");
    assert!(error.contains("airflow has its image by a digest, which no tag replaces: write the new one into the blueprint"), "{error}");
    assert_eq!(calls, [[""; 0]; 0], "nothing is done");
    let Some(tools) = super::chart::tools() else { return };
    let release = super::chart::Release::of(&tools, &rendered, "airflow.values.yaml", "small");
    let whole = format!("apache/airflow@{digest}");
    let pods = release.pods();
    assert!(pods.iter().all(|(_, pod)| pod["spec"]["containers"][0]["image"] == whole.as_str()), "{pods:?}");
    assert_eq!(super::chart::task_pod(&release)["spec"]["containers"][0]["image"], whole.as_str());
}
