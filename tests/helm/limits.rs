//! What the chart cannot do is said at the line that asks for it.

use super::overrides::errors;

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
