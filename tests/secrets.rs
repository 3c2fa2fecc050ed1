//! A secret that somebody wrote into a blueprint by mistake appears in no message; those of `secrets init` appear nowhere
//! but in `.env`, which git does not take.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::rendered::{Rendered, pipegen};

const CANARY: &str = "CANARY-hunter2-S3CR3T";

/// A blueprint around the fields of its only service.
fn service(fields: &str) -> String {
    format!("blueprint: v1\nname: leak\nservices:\n  app:\n    component: container\n    image: \"debian:12.5\"\n    {fields}\n")
}

/// Each place where a user could put a secret by mistake, in a blueprint without another fault.
fn leaks() -> Vec<(&'static str, String)> {
    let section = |section: &str| service("user: \"1000\"") + section;
    let in_service = [
        ("environment", "environment: { DB_PASSWORD: CANARY }"),
        ("environment, quoted", "environment: { DB_PASSWORD: \"CANARY\" }"),
        ("environment, block scalar", "environment:\n      API_TOKEN: |-\n        CANARY\n        CANARY"),
        ("URL", "environment: { DATABASE_URL: \"postgresql://app:CANARY@db:5432/app\" }"),
        ("URL of Redis", "environment: { BROKER: \"redis://:CANARY@redis:6379/0\" }"),
        ("query of a URL", "environment: { JDBC: \"jdbc:postgresql://db/app?user=app&password=CANARY\" }"),
        ("connection string", "environment: { DSN: \"host=db user=app password=CANARY\" }"),
        ("connection string, quoted", "environment: { DSN: \"host=db password='CANARY word' user=app\" }"),
        ("default", "environment: { PASS: \"${env.DB_PASSWORD:-CANARY}\" }"),
        ("default under a secret key", "environment: { DB_PASSWORD: \"${env.SOMETHING:-CANARY}\" }"),
        ("command", "command: [run, --password=CANARY]"),
        ("command, two words", "command: [run, --password, CANARY]"),
        ("command, variable", "command: [sh, -c, \"PGPASSWORD=CANARY psql\"]"),
        ("entry point", "entrypoint: [run, \"--api-key=CANARY\"]"),
        ("health command", "health: { command: [redis-cli, --password, CANARY, ping] }"),
        ("header", "health: { command: [curl, -H, \"Authorization: Bearer CANARY\", \"http://localhost\"] }"),
        ("label", "labels: { example.token: CANARY }"),
        ("YAML file", "files: { /etc/app.yml: { yaml: { database: { password: CANARY } } } }"),
        ("JSON file", "files: { /etc/app.json: { json: { users: [ { api_key: CANARY } ] } } }"),
        ("properties file", "files: { /etc/app.properties: { properties: { \"database.password\": CANARY } } }"),
        ("text file", "files: { /etc/app.conf: { text: \"listen 80\\nrequirepass CANARY\\n\" } }"),
        ("text file, assignment", "files: { /etc/app.ini: { text: \"[db]\\npassword = CANARY\\n\" } }"),
        ("text file, YAML in it", "files: { /etc/app.yml: { text: \"db:\\n  password: CANARY\\n\" } }"),
        ("private key", "files: { /etc/key: { text: \"-----BEGIN PRIVATE KEY-----\\nCANARY\\n-----END PRIVATE KEY-----\\n\" } }"),
        ("override", "overrides: { compose: { environment: { DB_PASSWORD: CANARY } } }"),
        ("override, list form", "overrides: { compose: { environment: [\"DB_PASSWORD=CANARY\"] } }"),
    ];
    let mut all: Vec<(&str, String)> = in_service.into_iter().map(|(place, fields)| (place, service(fields))).collect();
    let build =
        "blueprint: v1\nname: leak\nservices:\n  app:\n    component: container\n    build: { context: ., args: { PIP_TOKEN: CANARY } }\n";
    all.push(("build argument", build.to_owned()));
    all.push(("default of a parameter", section("parameters: { db_password: { default: CANARY } }\n")));
    all.push((
        "environment of the blueprint",
        section("environments: { prod: { services: { app: { environment: { API_TOKEN: CANARY } } } } }\n"),
    ));
    all.push(("description", section("description: \"log in at https://app:CANARY@example.org\"\n")));
    for (_, text) in &mut all {
        *text = text.replace("CANARY", CANARY);
    }
    all
}

/// Faults that the file with the leak may have beside it.
fn broken(text: &str) -> Vec<(&'static str, String)> {
    let on_the_line = |from: &str, to: &str| text.replacen(from, to, 1);
    vec![
        ("another fault", format!("{text}expect: [ {{ from: nobody, reaches: app }} ]\n")),
        ("misspelt keys around it", text.replace("environment:", "enviroment:").replace("command:", "comand:").replace("files:", "flies:")),
        ("misspelt section", on_the_line("services:", "servces:")),
        ("unknown component", on_the_line("component: container", "component: contianer")),
        ("wrong type", text.replace("{ ", "[ ").replace(" }", " ]")),
        ("duplicate key", format!("{text}name: again # password: {CANARY}\n")),
        ("not YAML", format!("{text}  : ]{{\n")),
        ("unclosed quote", text.replacen(&format!("{CANARY}\""), CANARY, 1)),
        ("tab", text.replacen("    component", "\tcomponent", 1)),
        ("unknown tag", text.replacen(CANARY, &format!("!secret {CANARY}"), 1)),
        ("second document", format!("{text}---\npassword: {CANARY}\n")),
    ]
}

/// Files whose secret is itself what is wrong.
fn wrong_in_itself() -> Vec<(&'static str, String)> {
    let postgres = |field: &str| format!("blueprint: v1\nname: leak\nservices:\n  db:\n    component: postgres\n    {field}\n");
    let all = [
        ("unknown key", postgres("password: CANARY")),
        ("key of a credential", "blueprint: v1\nname: leak\ncredentials: { db: { password: CANARY } }\nservices: {}\n".to_owned()),
        ("credential as text", postgres("credential: \"CANARY\"").replace("credential:", "admin_password:")),
        ("list of variables", service("environment: [\"DB_PASSWORD=CANARY\"]")),
        ("list of maps", service("environment: [{ DB_PASSWORD: CANARY }]")),
        ("variable without a value", service("environment: \"DB_PASSWORD=CANARY\"")),
        ("ambiguous scalar", service("environment: { DB_PASSWORD: 0123CANARY }").replace("CANARY", "") + "# CANARY\n"),
        ("map under a variable", service("environment: { DB_PASSWORD: { value: CANARY } }")),
        ("hole that does not close", service("environment: { DB_PASSWORD: \"CANARY${oops\" }")),
        ("part of a text", service("environment: { DB_PASSWORD: \"CANARY${env.SUFFIX}\" }\n    nothing: \"\"")),
        ("hole with no name", service("environment: { DB_PASSWORD: \"${CANARY}\" }")),
        ("build argument", service("build: { context: ., args: [\"TOKEN=CANARY\"] }")),
        ("anchor", service("environment: { DB_PASSWORD: &secret CANARY, OTHER: *secret }")),
        (
            "login before a host",
            "blueprint: v1\nname: leak\nservices:\n  erp:\n    component: external\n    host: \"user:CANARY@erp.example\"\n".to_owned(),
        ),
        ("login before a managed host", postgres("managed: { host: \"bob:CANARY@db\" }")),
        ("key and value in one", service("environment: { \"DB_PASSWORD=CANARY\": \"\" }")),
    ];
    all.into_iter().map(|(place, text)| (place, text.replace("CANARY", CANARY))).collect()
}

fn all_output(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The commands that read a blueprint.
const COMMANDS: [&[&str]; 5] =
    [&["check"], &["check", "--format", "json"], &["render"], &["render", "--format", "json"], &["secrets", "init"]];

/// What commands say about a blueprint.
fn messages(folder: &Path, text: &str, commands: &[&[&str]], set: &[&str]) -> Vec<String> {
    let file = folder.join("blueprint.yml");
    fs::write(&file, text).expect("written");
    fs::write(folder.join("Dockerfile"), "FROM scratch\nARG PIP_TOKEN\n").expect("written");
    let out = folder.join("out");
    let said = commands.iter().map(|words| {
        let mut command = pipegen();
        command.args(*words).arg(&file).args(set).current_dir(folder);
        if words[0] != "check" {
            command.arg("--out").arg(&out);
        }
        all_output(&command.output().expect("it runs"))
    });
    said.collect()
}

fn leaking(folder: &Path, text: &str, commands: &[&[&str]]) -> Option<String> {
    messages(folder, text, commands, &[]).into_iter().find(|said| said.contains("hunter2"))
}

fn codes(folder: &Path) -> Vec<String> {
    let checked = pipegen().args(["check", "--format", "json"]).arg(folder.join("blueprint.yml")).output().expect("it runs");
    let lines = String::from_utf8(checked.stdout).expect("UTF-8");
    lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn a_secret_in_a_blueprint_is_reported_and_shown_by_no_message() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut faults = Vec::new();
    for (place, text) in leaks() {
        faults.extend(leaking(folder.path(), &text, &COMMANDS).map(|said| format!("{place}: shown:\n{said}")));
        let codes = codes(folder.path());
        if codes != ["literal-secret"] && codes != ["literal-secret", "override-used"] && codes != ["override-used", "literal-secret"] {
            faults.push(format!("{place}: {codes:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_message_about_another_fault_of_the_file_shows_the_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut files = Vec::new();
    for (place, text) in leaks() {
        for (fault, broken) in broken(&text).into_iter().filter(|(_, broken)| *broken != text) {
            let file = format!("{place}, {fault}.yml");
            fs::write(folder.path().join(&file), broken).expect("written");
            files.push(file);
        }
    }
    assert!(files.len() > 200, "{}", files.len());
    for format in ["plain", "json"] {
        let checked = pipegen().args(["check", "--format", format]).args(&files).current_dir(folder.path()).output().expect("it runs");
        assert_eq!(checked.status.code(), Some(1), "{}", all_output(&checked));
        for message in all_output(&checked).split("\nerror[") {
            assert!(!message.contains("hunter2"), "error[{message}");
        }
    }
}

#[test]
fn a_secret_that_is_itself_the_fault_is_not_shown_either() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut faults = Vec::new();
    for (place, text) in wrong_in_itself() {
        faults.extend(leaking(folder.path(), &text, &COMMANDS).map(|said| format!("{place}:\n{said}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_value_of_a_parameter_is_never_repeated() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let parameter = |rule: &str, field: &str| service(field) + "parameters: { given: { " + rule + " } }\n";
    let blueprints = [
        parameter("default: x", "environment: { GIVEN: \"${parameters.given}\" }"),
        parameter("pattern: \"^[0-9]+$\"", "environment: { GIVEN: \"${parameters.given}\" }"),
        parameter("default: 1", "working_dir: \"${parameters.given}\""),
        parameter("default: \"1\"", "volumes: [{ path: \"${parameters.given}\", mount: \"${parameters.given}\" }]"),
        parameter("default: \"1\"", "command: [\"${nobody.host}\", \"${parameters.given}\"]"),
        service(""),
    ];
    for text in blueprints {
        for set in [
            &["--set", "given=CANARY"][..],
            &["--set", "gvien=CANARY"],
            &["--set", "CANARY"],
            &["--set", "given=CANARY", "--set", "given=CANARY"],
        ] {
            let set: Vec<String> = set.iter().map(|word| word.replace("CANARY", CANARY)).collect();
            let set: Vec<&str> = set.iter().map(String::as_str).collect();
            for said in messages(folder.path(), &text, &COMMANDS, &set) {
                assert!(!said.contains("hunter2"), "{set:?}: {said}\n{text}");
            }
        }
    }
}

// --- secrets init ---

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = support::command("git".as_ref());
    command.args(["-c", "init.defaultBranch=main"]).args(arguments).current_dir(folder).env("HOME", folder);
    support::run(&mut command).unwrap_or_else(|error| panic!("git {arguments:?}: {error}"))
}

/// The capstone, rendered in a git repository.
fn in_git() -> Rendered {
    let rendered = Rendered::of("blueprints/capstone.yml");
    git(rendered.home.path(), &["init", "--quiet"]);
    rendered
}

#[test]
fn git_takes_no_env_file() {
    let rendered = in_git();
    assert!(rendered.secrets_init().status.success());
    assert!(rendered.folder.join(".env").is_file());
    git(rendered.home.path(), &["add", "-A"]);
    let staged = git(rendered.home.path(), &["diff", "--cached", "--name-only"]);
    let names: Vec<&str> = staged.lines().filter_map(|path| path.rsplit('/').next()).collect();
    assert!(names.contains(&".env.example") && names.contains(&".gitignore"), "{names:?}");
    assert!(!names.contains(&".env"), "{names:?}");
}

#[test]
fn secrets_init_refuses_an_env_file_that_git_tracks() {
    let rendered = in_git();
    let file = rendered.folder.join(".env");
    fs::write(&file, format!("REDIS_PASSWORD={CANARY}\n")).expect("written");
    git(&rendered.folder, &["add", "--force", ".env"]);
    let refused = rendered.secrets_init();
    assert_eq!(refused.status.code(), Some(4), "{}", all_output(&refused));
    assert!(all_output(&refused).contains("git rm --cached"), "{}", all_output(&refused));
    assert_eq!(fs::read_to_string(&file).expect("read"), format!("REDIS_PASSWORD={CANARY}\n"));
}

#[test]
fn secrets_init_keeps_what_is_there_and_prints_no_value() {
    let rendered = Rendered::of("blueprints/capstone.yml");
    let theirs = format!("# mine\nOTHER='nobody else knows'\nREDIS_PASSWORD={CANARY} # mine, too\nMETADATA_DB_PASSWORD=\n");
    fs::write(rendered.folder.join(".env"), &theirs).expect("written");
    let said = rendered.secrets_init();
    assert!(said.status.success());
    let text = rendered.read(".env");
    for line in theirs.lines().take(3) {
        assert!(text.lines().any(|kept| kept == line), "{line}");
    }
    let env = pipegen::dotenv::Env::parse(&text).expect("an .env");
    assert!(env.entries.len() > 10 && env.entries.iter().all(|entry| !entry.value.reveal().is_empty()));
    let said = all_output(&said);
    for entry in &env.entries {
        assert!(!said.contains(entry.value.reveal()), "{} is shown", entry.name);
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_env_file_and_a_second_run_changes_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let rendered = Rendered::of("blueprints/capstone.yml");
    assert!(rendered.secrets_init().status.success());
    let first = rendered.read(".env");
    let mode = fs::metadata(rendered.folder.join(".env")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(rendered.secrets_init().status.success());
    assert_eq!(rendered.read(".env"), first);
}

#[test]
fn secrets_init_says_nothing_of_a_broken_env_file_but_the_line() {
    let rendered = Rendered::of("blueprints/capstone.yml");
    let broken = format!("A=1\nREDIS_PASSWORD=\"{CANARY}\n");
    fs::write(rendered.folder.join(".env"), &broken).expect("written");
    let refused = rendered.secrets_init();
    let said = all_output(&refused);
    assert_eq!(refused.status.code(), Some(4), "{said}");
    assert!(said.contains("line 2") && !said.contains("hunter2"), "{said}");
    assert_eq!(rendered.read(".env"), broken);
}

#[test]
fn what_a_target_that_nobody_rendered_cannot_express_is_no_fault() {
    // Two namespaces cannot share storage, two Compose projects can.
    let service = |name: &str, stack: &str| {
        format!(
            "  {name}: {{ component: redis, stack: {stack}, networks: [net] }}\n  {name}-app: {{ component: container, image: \"app:1\", stack: {stack}, networks: [net], volumes: [{{ volume: data, mount: /data }}] }}\n"
        )
    };
    let services = service("one", "a") + &service("two", "b");
    let blueprint = format!(
        "blueprint: v1\nname: shared\nnetworks: {{ net: {{}} }}\nstacks: {{ a: {{}}, b: {{}} }}\nvolumes: {{ data: {{}} }}\nservices:\n{services}"
    );
    let made = Rendered::text(&blueprint, &[]).secrets_init();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn the_command_that_an_artifact_names_can_be_run_once_the_values_are_in() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join("my $HOME");
    fs::create_dir(&folder).expect("a folder");
    let text = service("environment: { GREETING: \"${parameters.greeting}\", DB: \"${credentials.db.password}\" }")
        + "parameters: { greeting: { pattern: \"^[a-z]+$\" } }\ncredentials: { db: {} }\n";
    fs::write(folder.join("it's.yml"), text).expect("written");
    let out = home.path().join("out");
    let mut render = pipegen();
    let rendered =
        render.args(["render", "--target", "compose", "--set", "greeting=hello", "--out"]).arg(&out).arg(folder.join("it's.yml"));
    assert!(rendered.output().expect("it runs").status.success());
    let artifacts = out.join("leak/compose");
    let readme = fs::read_to_string(artifacts.join("README.md")).expect("the guide");
    let command = readme.lines().find(|line| line.starts_with("pipegen secrets init ")).expect("the command");
    assert!(command.contains(" --set greeting=... ") && !readme.contains("hello"), "{command}");

    let program = format!("'{}'", env!("CARGO_BIN_EXE_pipegen"));
    let command = command.replacen("pipegen", &program, 1).replace("greeting=...", "greeting=hello");
    support::run(support::command("sh".as_ref()).args(["-c", &command]).current_dir(&artifacts)).expect("it runs");
    assert!(artifacts.join(".env").is_file());
}

#[test]
fn a_changed_default_arrives_without_another_secrets_init() {
    let blueprint = |default: &str| {
        service(&format!(
            "files: {{ /etc/app.json: {{ json: {{ level: \"${{env.LEVEL:-{default}}}\", where: \"${{env.REGION:-eu}}\" }} }} }}"
        ))
    };
    let changed = |target: &str| {
        let rendered = Rendered::text_to(target, &blueprint("info"), &[]);
        fs::write(rendered.folder.join(".env"), "REGION=us\n").expect("written");
        assert!(rendered.secrets_init().status.success());
        let env = pipegen::dotenv::Env::parse(&rendered.read(".env")).expect("an .env");
        assert_eq!(env.get("LEVEL_JSON").map(|value| value.reveal()), Some(""), "{target}");
        let file = rendered.home.path().join("blueprint.yml");
        fs::write(&file, blueprint("debug")).expect("written");
        let out = rendered.home.path().join("out");
        support::run(pipegen().args(["render", "--target", target, "--out"]).arg(out).arg(file)).expect("it renders");
        rendered
    };
    let compose = changed("compose").yaml("docker-compose.yml");
    let configs = compose["configs"].as_object().expect("configs");
    let file = configs.values().find_map(|config| config["content"].as_str()).expect("the file");
    assert!(file.contains("${LEVEL_JSON:-\"debug\"}") && file.contains("${REGION_JSON:-\"eu\"}"), "{file}");
    let objects = support::secrets_script::made_by_script(&changed("kubernetes"));
    let file = objects.values().flat_map(|keys| keys.values()).find(|text| text.contains("level")).expect("the file");
    assert!(file.contains("\"debug\"") && file.contains("\"us\""), "{file}");
}
