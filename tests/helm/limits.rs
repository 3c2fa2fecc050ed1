//! What the chart cannot do is said at the line that asks for it.

use super::overrides::errors;
use super::small;

/// The chart fetches in the pods of the DAG processor, and labels them like all others.
#[test]
fn dags_from_git_need_a_home_with_a_way_out() {
    let blueprint = |networks: &str| {
        format!(
            "blueprint: v1
name: small
networks: {{ inner: {{ internal: true }}, outer: {{}} }}
services:
  postgres: {{ component: postgres, databases: [airflow], networks: [inner, outer] }}
  airflow:
    component: airflow
    version: \"3.0\"
    database: postgres/airflow
    networks: [{networks}]
    dags:
      git: https://github.com/example/dags.git
"
        )
    };
    let message = "the chart of Airflow fetches DAGs in the pods of `airflow-dag-processor`, which are only on an internal network";
    let help = "write a network that is not internal first in `networks` of `airflow`";
    assert_eq!(errors(&blueprint("inner, outer")), [(message.to_owned(), 12, help.to_owned())]);
    assert_eq!(errors(&blueprint("outer, inner")), []);
}

/// Manifests make no pods of tasks.
#[test]
fn the_target_kubernetes_is_offered_where_it_has_the_executor() {
    let help = |executor: &str| {
        let errors = errors(&small(&format!("    executor: {executor}\n    profiles: [batch]\n")));
        let [(message, line, help)] = errors.as_slice() else { panic!("one error in {errors:?}") };
        assert_eq!((message.as_str(), *line), ("a Helm release has no profiles", 10));
        help.clone()
    };
    assert_eq!(help("local"), "leave `profiles` out, or use the target `kubernetes`, which needs no chart");
    assert_eq!(help("kubernetes"), "leave `profiles` out");
}
