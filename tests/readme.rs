//! The documentation is true: what it shows is what the program prints, and what is generated in it is up to date.

mod support;

use std::path::Path;
use std::process::Output;

use pipegen::diagnostic::CODES;
use support::{command, files_below, repository};

const BINARY: &str = env!("CARGO_BIN_EXE_pipegen");

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of a language, without their fences.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let open = format!("\n```{language}\n");
    page.split(&open).skip(1).map(|rest| rest.split("\n```").next().unwrap_or(rest).to_owned() + "\n").collect()
}

fn pipegen(folder: &Path, arguments: &[&str]) -> Output {
    command(Path::new(BINARY)).current_dir(folder).args(arguments).output().expect("the program starts")
}

/// What `pipegen check` says of a blueprint, and whether it accepts it.
fn check(blueprint: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("blueprint.yml"), blueprint).expect("the folder is writable");
    let output = pipegen(folder.path(), &["check", "blueprint.yml"]);
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn generated_sections_are_up_to_date() {
    let docs = files_below(&repository().join("docs"));
    assert!(docs.len() >= 4, "{docs:?}");
    for page in docs.into_iter().chain([repository().join("README.md")]) {
        let text = std::fs::read_to_string(&page).expect("the page can be read");
        let filled = pipegen::reference::fill(&text).unwrap_or_else(|fault| panic!("{}: {fault}", page.display()));
        assert!(filled == text, "{} is out of date: run .ci/generate and commit", page.display());
    }
}

#[test]
fn whole_blueprints_in_the_documentation_have_no_faults() {
    let mut count = 0;
    for page in ["README.md", "docs/language.md", "docs/components.md", "docs/targets.md"] {
        for blueprint in blocks(&read(page), "yaml").iter().filter(|block| block.starts_with("blueprint: v1")) {
            let (accepted, said) = check(blueprint);
            assert!(accepted && said.ends_with("no faults\n"), "{page}:\n{blueprint}\n{said}");
            count += 1;
        }
    }
    assert!(count > pipegen::components::COMPONENTS.len(), "each component shows one, and the language at least one: {count}");
}

#[test]
fn the_tour_prints_what_the_readme_shows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shown = blocks(&read("README.md"), "console");
    assert_eq!(shown.len(), 2, "the tour, and the broken expectation");
    run_as_shown(folder.path(), &shown[0]);
    let file = folder.path().join("blueprint.yml");
    let starter = std::fs::read_to_string(&file).expect("the tour wrote it");
    let broken = starter.replace("{ from: host, never_reaches: worker }", "{ from: host, never_reaches: postgres }");
    assert_ne!(broken, starter, "the last expectation of the starter");
    std::fs::write(&file, broken).expect("the folder is writable");
    run_as_shown(folder.path(), &shown[1]);
}

/// Runs the lines that begin with `$ ` and compares what they print with what is shown below them.
fn run_as_shown(folder: &Path, session: &str) {
    for step in session.split("$ pipegen ").skip(1) {
        let (line, shown) = step.split_once('\n').expect("a command and what it prints");
        let output = pipegen(folder, &line.split(' ').collect::<Vec<_>>());
        let printed = [output.stdout, output.stderr].concat();
        assert_eq!(String::from_utf8_lossy(&printed).trim_end(), shown.trim_end(), "pipegen {line}");
    }
}

#[test]
fn excerpts_in_the_readme_are_in_the_files() {
    let blocks = blocks(&read("README.md"), "yaml");
    for (file, block) in ["blueprints/capstone.yml", "golden/capstone/compose/kafka-docker-compose.yml"].into_iter().zip(&blocks) {
        assert!(read(file).contains(block.as_str()), "{file} does not have:\n{block}");
    }
    assert_eq!(blocks.len(), 2);
}

#[test]
fn links_lead_to_files() {
    let link = regex::Regex::new(r"\]\(([^)#:]+)(?:#[^)]*)?\)").expect("a pattern");
    for page in ["README.md", "CONTRIBUTING.md", "docs/language.md", "docs/components.md"] {
        let folder = Path::new(page).parent().unwrap_or(Path::new(""));
        for found in link.captures_iter(&read(page)) {
            assert!(repository().join(folder).join(&found[1]).exists(), "{page}: {}", &found[1]);
        }
    }
}

#[test]
fn contributing_lists_every_step_of_ci() {
    let (script, table) = (read(".ci/run"), read("CONTRIBUTING.md"));
    let step = regex::Regex::new(r"(?m)^(?:RUSTDOCFLAGS=\S+ \S+ )?step (\S+) ").expect("a pattern");
    let steps: Vec<String> = step.captures_iter(&script).map(|found| found[1].to_owned()).collect();
    assert!(steps.len() > 6, "{steps:?}");
    for step in steps {
        assert!(table.contains(&format!("| {step} |")), "CONTRIBUTING.md lacks the step `{step}`");
    }
}

#[test]
fn texts_of_codes_show_the_fault_and_its_repair() {
    for code in CODES {
        let (before, after) = code.doc.split_once("## Write instead").expect("every text has it");
        for blueprint in blocks(before, "yaml").iter().filter(|block| block.starts_with("blueprint: v1")) {
            let (_, said) = check(blueprint);
            assert!(said.contains(&format!("[{}]", code.name)), "the example of {}:\n{said}", code.name);
        }
        for blueprint in blocks(after, "yaml").iter().filter(|block| block.starts_with("blueprint: v1")) {
            let (_, said) = check(blueprint);
            assert!(!said.contains(&format!("[{}]", code.name)), "the repair of {}:\n{said}", code.name);
        }
    }
}

/// The variables that a service gets through `uses: { TARGET: { as: X } }`.
fn variables(target: &str, provider: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let consumer = format!("  consumer: {{ component: container, image: 'a:1', uses: {{ {target}: {{ as: X }} }} }}\n");
    let blueprint = format!("blueprint: v1\nname: a\nservices:\n{provider}{consumer}");
    std::fs::write(folder.path().join("blueprint.yml"), blueprint).expect("the folder is writable");
    let output = pipegen(folder.path(), &["render", "blueprint.yml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = folder.path().join("generated/a/compose/docker-compose.yml");
    let text = std::fs::read_to_string(file).expect("the Compose file");
    let rendered: serde_yaml::Value = serde_yaml::from_str(&text).expect("Compose files are YAML");
    let environment = rendered["services"]["consumer"]["environment"].as_mapping().expect("variables");
    environment.keys().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

#[test]
fn texts_of_components_name_the_variables_that_others_get() {
    let postgres = "  postgres: { component: postgres, databases: [shop, airflow] }\n";
    let kafka = "  kafka: { component: kafka }\n";
    let providers = [
        ("airflow", "airflow", format!("{postgres}  airflow: {{ component: airflow, database: postgres/airflow }}\n")),
        ("kafdrop", "kafdrop", format!("{kafka}  kafdrop: {{ component: kafdrop, uses: [kafka] }}\n")),
        ("kafka", "kafka", kafka.to_owned()),
        ("postgres", "postgres/shop", postgres.to_owned()),
        ("redis", "redis/3", "  redis: { component: redis }\n".to_owned()),
    ];
    let named = regex::Regex::new("`(X_[A-Z_]+)`").expect("a pattern");
    for (name, target, provider) in providers {
        let doc = pipegen::components::component(name).expect("in the catalog").doc;
        let mut said: Vec<String> = named.captures_iter(doc).map(|found| found[1].to_owned()).collect();
        let mut given = variables(target, &provider);
        said.sort();
        given.sort();
        assert_eq!(said, given, "{name}");
    }
}
