//! The generated guide: what it must say, and that no text of a blueprint can break its form.

mod compose_demo;

use pipegen::formats::Layout;
use pipegen::platform::{Pipeline, Platform, Step};
use pipegen::targets::compose;

/// In every text position this must reach the real reader unchanged.
const NASTY: &str = "$(A)${B}$${C}{{ D }}%(e)s'\"|`<b>\n# x";

fn readme(platform: &Platform) -> String {
    let layout = Layout { blueprint: "../../../blueprints/demo.yml".into(), base: "../../../blueprints".into(), parameters: Vec::new() };
    let rendered = compose::TARGET.render(platform, &layout).expect("rendered");
    assert_eq!(rendered.diagnostics, [], "nothing to report");
    rendered.files.get("README.md").expect("a guide").text.clone()
}

/// The cells of a table row, as GitHub counts them.
fn cells(row: &str) -> usize {
    row.replace(r"\|", "").matches('|').count()
}

fn assert_tables_are_whole(text: &str) {
    let mut header = None;
    for line in text.lines() {
        header = line.starts_with('|').then(|| *header.get_or_insert(cells(line)));
        assert!(header.is_none_or(|header| header == cells(line)), "{line}");
    }
}

#[test]
fn it_says_how_to_start_where_things_are_and_who_may_talk_to_whom() {
    let text = readme(&compose_demo::platform(8080));
    for line in [
        "pipegen secrets init ../../../blueprints/demo.yml --out ../..   # writes .env with fresh passwords, keeps what is there",
        "./up.sh   # with --profile app or tools: that, too",
        "| `web` | <http://localhost:8080> | user `admin`, password in `WEB_PASSWORD` |",
        "| web | `db/main` | `db:2` | back | uses |",
        "| `back` | `demo_back` | yes | `demo-data` | `db`, `db-init`, `web` |",
        "Services find each other by name, and only if they share a network. These are on more than one, and so are the only doors between them: `web`.",
        "docker compose -p demo-web exec web try main_db",
        "docker compose -p demo-web exec web getent hosts db",
        "  n1 --> n0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert_tables_are_whole(&text);
    assert!(!text.contains("\n\n\n") && !text.contains(" \n"), "{text}");
}

#[test]
fn what_is_not_there_is_not_mentioned() {
    let mut platform = compose_demo::platform(8080);
    platform.edges.clear();
    platform.secrets.clear();
    for service in &mut platform.services {
        service.connections = None;
    }
    for workload in &mut platform.workloads {
        workload.endpoints.clear();
        workload.profiles.clear();
        workload.environment.clear();
    }
    let text = readme(&platform);
    for absent in ["## Connections", "## Pipelines", "mermaid", "setup-connections", "--profile", "Variable"] {
        assert!(!text.contains(absent), "{absent}\n{text}");
    }
    assert!(text.contains("Nothing is published on this machine."));
    assert!(!text.contains("\n\n\n"), "{text}");
}

#[test]
fn any_text_stays_in_its_place() {
    let mut platform = compose_demo::platform(8080);
    let nasty = || NASTY.to_owned();
    platform.description = Some(nasty());
    platform.stacks[0].description = Some(nasty());
    platform.networks[0].description = Some(nasty());
    platform.secrets[0].note = nasty();
    let step = Step {
        name: nasty(),
        on: "web".into(),
        program: Some(nasty()),
        schedule: Some(nasty()),
        starts: Some(nasty()),
        reads: vec![nasty()],
        writes: Vec::new(),
    };
    platform.pipelines = vec![Pipeline { name: nasty(), description: Some(nasty()), steps: vec![step] }];
    let text = readme(&platform);
    assert_tables_are_whole(&text);
    assert!(!text.contains("\n# x") && !text.contains("<b>"), "{text}");
}
