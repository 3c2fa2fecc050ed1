//! Blueprints of any size, for both benchmarks. The same number gives the same text, on every machine.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fmt::Write;
use std::path::Path;

/// The sizes that are measured, in services. The fields between them show whether the cost grows with the size alone.
pub const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

/// Services in a team: a database, and applications that use it and each other.
const TEAM: usize = 10;
/// Networks; the teams share them. A network more or less does not make a blueprint larger.
const ZONES: usize = 8;
/// The first published port: there is room for 10,000 of them.
const FIRST_PORT: usize = 20_000;

/// The blueprint that the acceptance is about.
pub fn capstone() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/blueprints/capstone.yml"))
}

/// A sound blueprint of `services` services, a multiple of ten. All of what people write often is in it: networks,
/// credentials, volumes, files, texts with references, health checks, published ports, expectations; and one chain of
/// `uses` from the last application to the first.
pub fn generated(services: usize) -> String {
    let teams = services / TEAM;
    let mut text = String::from("blueprint: v1\nname: generated\n\nnetworks:\n");
    write_all(&mut text, 0..ZONES, |zone| format!("  zone-{zone}: {{}}\n"));
    text.push_str("\ncredentials:\n");
    write_all(&mut text, 0..teams, |team| format!("  team-{team}: {{ username: team }}\n"));
    text.push_str("\nvolumes:\n");
    write_all(&mut text, 0..teams, |team| format!("  data-{team}: {{ mount: /data }}\n"));
    text.push_str("\nservices:\n");
    for number in 0..services {
        let service = if number % TEAM == 0 { database(number / TEAM) } else { application(number) };
        text.push_str(&service);
    }
    text.push_str("\nexpect:\n");
    write_all(&mut text, 0..teams, |team| format!("  - {{ from: app-{}, reaches: db-{team} }}\n", team * TEAM + 1));
    text
}

fn write_all(text: &mut String, numbers: std::ops::Range<usize>, line: impl Fn(usize) -> String) {
    text.extend(numbers.map(line));
}

fn database(team: usize) -> String {
    format!(
        "  db-{team}:\n    component: postgres\n    version: \"17\"\n    networks: [zone-{}]\n    credential: team-{team}\n    databases: [orders]\n",
        team % ZONES
    )
}

fn application(number: usize) -> String {
    let team = number / TEAM;
    let zone = team % ZONES;
    let mut text = format!("  app-{number}:\n    component: container\n    image: python:3.12-slim\n");
    // The first of a team uses the last of the team before it, so it is in that one's network as well.
    let (networks, before) = match number % TEAM {
        1 if team > 0 => (format!("zone-{zone}, zone-{}", (team - 1) % ZONES), Some(number - 2)),
        1 => (format!("zone-{zone}"), None),
        _ => (format!("zone-{zone}"), Some(number - 1)),
    };
    let before = before.map(|before| format!("app-{before}: {{ ready: started }}, ")).unwrap_or_default();
    let _ = write!(text, "    networks: [{networks}]\n    uses: {{ {before}db-{team}: {{}} }}\n    ports: {{ http: 8000 }}\n");
    if matches!(number % TEAM, 2 | 7) {
        text.push_str(&at_length(number, team));
    }
    if number % TEAM == 2 {
        let _ = write!(
            text,
            "    volumes: [data-{team}]
    files:
      /etc/app/settings.yml: {{ yaml: {{ number: {number}, database: \"${{db-{team}.host}}\", levels: [1, 2, 3] }} }}
"
        );
    }
    text
}

/// What two of a team's applications say beyond what all say.
fn at_length(number: usize, team: usize) -> String {
    format!(
        "    command: [python, -m, http.server, \"8000\"]
    publish: {}
    health: {{ http: /, with: python }}
    environment:
      LOG_LEVEL: ${{env.LOG_LEVEL:-info}}
      DATABASE_URL: ${{db-{team}.url}}
",
        FIRST_PORT + number
    )
}
