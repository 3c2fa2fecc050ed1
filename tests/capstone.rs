//! The two Compose files of the capstone hold every fact of the document that they replace (a student's description of
//! a Kafka stack and an Airflow stack with one network between them), and none of the defects that its files had.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};
use support::rendered::{Rendered, keys, strings};

static CAPSTONE: LazyLock<Rendered> = LazyLock::new(|| Rendered::of("blueprints/capstone.yml"));
static KAFKA: LazyLock<Value> = LazyLock::new(|| CAPSTONE.yaml("kafka-docker-compose.yml"));
static AIRFLOW: LazyLock<Value> = LazyLock::new(|| CAPSTONE.yaml("airflow-docker-compose.yml"));

/// The roles that run the user's code, and so need the data.
const RUN_TASKS: [&str; 2] = ["airflow-triggerer", "airflow-worker"];

/// Every service of both files by name.
fn services() -> BTreeMap<String, &'static Value> {
    let all = [&*KAFKA, &*AIRFLOW].into_iter().flat_map(|file| file["services"].as_object().expect("services"));
    all.map(|(name, service)| (name.clone(), service)).collect()
}

/// The Airflow services that the document lists, as it names them.
fn airflow_roles() -> BTreeMap<String, &'static Value> {
    services().into_iter().filter(|(_, service)| service["image"] == "capstone/airflow:local").collect()
}

/// The servers on a network: jobs, which end, are not what the document lists.
fn servers_on(network: &str) -> BTreeSet<String> {
    let on = |service: &Value| strings(&service["networks"]).contains(&network) && service["restart"] != "no";
    services().into_iter().filter(|(_, service)| on(service)).map(|(name, _)| name).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The lines of the guide's `sh` blocks below a heading, comments left out.
fn commands(heading: &str) -> Vec<String> {
    let guide = CAPSTONE.read("README.md");
    let section = guide.split("\n## ").find(|section| section.starts_with(heading)).expect("the guide has the section");
    let blocks = section.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(str::lines).map(|line| line.split("   #").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn has_command(commands: &[String], words: &str) {
    assert!(commands.iter().any(|command| command.starts_with(words)), "no `{words}` in {commands:#?}");
}

// --- the facts of the document, in its order ---

#[test]
fn kafka_network_holds_the_kafka_services() {
    let mut expected = set(&["kafka-postgres", "kafka", "kafdrop", "producer", "consumer"]);
    expected.extend(set(&RUN_TASKS));
    assert_eq!(servers_on("kafka_network"), expected);
}

#[test]
fn airflow_network_holds_the_airflow_services() {
    let expected = [
        "airflow-postgres",
        "redis",
        "airflow-scheduler",
        "airflow-worker",
        "airflow-apiserver",
        "airflow-triggerer",
        "airflow-dag-processor",
    ];
    assert_eq!(servers_on("airflow_network"), set(&expected));
}

#[test]
fn producer_and_consumer_belong_to_the_profile_app_and_nothing_else_does() {
    for (name, service) in services() {
        let profiles = strings(&service["profiles"]);
        assert_eq!(profiles, if ["producer", "consumer"].contains(&name.as_str()) { vec!["app"] } else { vec![] }, "{name}");
    }
}

#[test]
fn each_service_is_what_the_document_says() {
    let images = [
        ("kafka-postgres", "postgres:17."),
        ("kafka", "apache/kafka:4.3."),
        ("kafdrop", "obsidiandynamics/kafdrop:"),
        ("airflow-postgres", "postgres:17."),
        ("redis", "redis:7.2."),
    ];
    for (name, image) in images {
        let found = services()[name]["image"].as_str().expect("an image");
        assert!(found.starts_with(image), "{name}: {found}");
    }
    for (name, dockerfile) in
        [("producer", "Dockerfile.producer"), ("consumer", "Dockerfile.consumer"), ("airflow-worker", "Dockerfile.airflow")]
    {
        assert_eq!(services()[name]["build"]["dockerfile"], dockerfile, "{name}");
    }
    let roles = [
        ("airflow-apiserver", json!(["api-server"])),
        ("airflow-scheduler", json!(["scheduler"])),
        ("airflow-dag-processor", json!(["dag-processor"])),
        ("airflow-triggerer", json!(["triggerer"])),
        ("airflow-worker", json!(["celery", "worker"])),
    ];
    for (name, command) in roles {
        assert_eq!(services()[name]["command"], command, "{name}");
        assert_eq!(services()[name]["environment"]["AIRFLOW__CORE__EXECUTOR"], "CeleryExecutor", "{name}");
    }
}

#[test]
fn only_the_airflow_services_that_run_tasks_are_on_both_networks() {
    let both = &servers_on("airflow_network") & &servers_on("kafka_network");
    assert_eq!(both, set(&RUN_TASKS));
    for (name, service) in services() {
        let expected = if both.contains(&name) {
            vec!["airflow_network", "kafka_network"] // the primary one first
        } else if keys(&KAFKA["services"]).contains(&name.as_str()) {
            vec!["kafka_network"]
        } else {
            vec!["airflow_network"]
        };
        assert_eq!(strings(&service["networks"]), expected, "{name}");
    }
}

#[test]
fn the_kafka_stack_owns_kafka_network_and_the_airflow_stack_borrows_it() {
    assert_eq!(KAFKA["networks"], json!({ "kafka_network": { "name": "capstone_kafka_network" } }));
    let borrowed = json!({ "name": "capstone_kafka_network", "external": true });
    assert_eq!(AIRFLOW["networks"], json!({ "airflow_network": { "name": "capstone_airflow_network" }, "kafka_network": borrowed }));
}

#[test]
fn the_connection_leads_to_the_kafka_database() {
    let content = AIRFLOW["configs"]["airflow.connections.json"]["content"].as_str().expect("deploy-time content");
    let password = Regex::new(r"\$\{TRANSACTIONS_DB_PASSWORD_JSON:\?[^}]*\}").expect("a pattern");
    let file: Value = serde_json::from_str(&password.replace(content, "\"the password\"")).expect("JSON");
    let expected = json!({
        "conn_type": "postgres", "host": "kafka-postgres", "port": "5432", "schema": "DB_T0", "login": "capstone",
        "password": "the password",
    });
    assert_eq!(file, json!({ "postgres_kafka_default": expected }));
    assert_eq!(services()["kafka-postgres-init"]["environment"]["PGHOST"], "kafka-postgres", "where the login and the database are made");
}

#[test]
fn the_metadata_database_is_internal_and_the_kafka_database_is_on_loopback() {
    assert_eq!(services()["airflow-postgres"]["ports"], Value::Null);
    assert_eq!(services()["airflow-postgres"]["networks"], json!(["airflow_network"]));
    assert_eq!(services()["redis"]["ports"], Value::Null);
    assert_eq!(services()["kafka-postgres"]["ports"], json!(["127.0.0.1:5433:5432"]));
}

#[test]
fn containers_meet_by_service_name_without_addresses_or_host_networking() {
    let address = Regex::new(r"\b\d{1,3}(\.\d{1,3}){3}\b").expect("a pattern");
    for (name, service) in services() {
        for key in ["network_mode", "container_name", "extra_hosts", "links"] {
            assert_eq!(service[key], Value::Null, "{name}");
        }
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            assert!(!address.is_match(value.as_str().expect("a string")), "{name}: {variable}");
        }
    }
    assert_eq!(services()["kafdrop"]["environment"]["KAFKA_BROKERCONNECT"], "kafka:9092");
    for name in ["producer", "consumer"] {
        assert_eq!(services()[name]["environment"]["KAFKA_BOOTSTRAP_SERVERS"], "kafka:9092", "{name}");
        assert_eq!(services()[name]["environment"]["POSTGRES_HOST"], "kafka-postgres", "{name}");
        assert_eq!(services()[name]["environment"]["POSTGRES_PORT"], "5432", "{name}");
        assert_eq!(services()[name]["environment"]["POSTGRES_DB"], "DB_T0", "{name}");
    }
}

#[test]
fn no_kafka_service_sees_the_airflow_metadata() {
    for name in keys(&KAFKA["services"]) {
        assert_eq!(services()[name]["networks"], json!(["kafka_network"]), "{name}");
    }
    for name in servers_on("kafka_network").difference(&set(&RUN_TASKS)) {
        assert_eq!(services()[name]["environment"]["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"], Value::Null, "{name}");
    }
}

#[test]
fn the_guide_sets_everything_up_with_three_commands() {
    let start = commands("Start");
    let names: Vec<&str> = start.iter().filter_map(|command| command.split(' ').next()).collect();
    assert_eq!(names, ["pipegen", "./up.sh", "./setup-connections.sh", "./verify-network.sh"]);
    for script in &names[1..] {
        assert!(CAPSTONE.folder.join(script).is_file(), "{script}");
    }
}

#[test]
fn the_guide_verifies_the_networks_and_the_connection() {
    let look = commands("Look closer");
    has_command(&look, "docker network ls --filter name=capstone_");
    has_command(&look, "docker network inspect capstone_kafka_network ");
    has_command(&look, "docker network inspect capstone_airflow_network ");
    let test = look.iter().find(|command| command.ends_with(" airflow connections test postgres_kafka_default")).expect("the test");
    assert!(test.starts_with("docker compose -p capstone-airflow exec "), "{test}");
}

#[test]
fn the_guide_debugs_containers_names_and_logs() {
    let look = commands("Look closer");
    has_command(&look, "docker compose -p capstone-kafka ps ");
    has_command(&look, "docker compose -p capstone-airflow ps ");
    has_command(&look, "docker compose -p capstone-kafka logs --tail 100 kafka-postgres");
    has_command(&look, "docker compose -p capstone-airflow exec airflow-apiserver getent hosts airflow-postgres");
}

#[test]
fn the_guide_knows_the_common_troubles() {
    let guide = CAPSTONE.read("README.md");
    let section = guide.split("\n## ").find(|section| section.starts_with("When something does not work")).expect("the section");
    let troubles: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("- **")?.split(".**").next()).collect();
    for trouble in ["Connection refused", "A network is declared as external, but could not be found", "A name is not known"] {
        assert!(troubles.contains(&trouble), "{trouble}: {troubles:?}");
    }
}

#[test]
fn the_guide_leads_to_both_user_interfaces_by_the_name_of_the_password() {
    assert_eq!(services()["kafdrop"]["ports"], json!(["127.0.0.1:9000:9000"]));
    assert_eq!(services()["airflow-apiserver"]["ports"], json!(["127.0.0.1:8080:8080"]));
    let guide = CAPSTONE.read("README.md");
    let rows: Vec<Vec<&str>> = guide.lines().map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
    assert!(rows.contains(&vec!["`kafdrop`", "<http://localhost:9000>"]));
    assert!(rows.contains(&vec!["`airflow-apiserver`", "<http://localhost:8080>", "user `admin`, password in `AIRFLOW_ADMIN_PASSWORD`"]));
}

#[test]
fn every_server_of_the_catalog_has_a_health_check() {
    for (name, service) in services() {
        let own = ["producer", "consumer"].contains(&name.as_str());
        if service["restart"] != "no" && !own {
            assert!(!strings(&service["healthcheck"]["test"]).is_empty(), "{name}");
        }
    }
}

/// More than one makes a supervisor that kills whoever starts slowly: seen on a busy machine with Airflow 3.0.4.
#[test]
fn the_api_server_is_one_process() {
    assert_eq!(services()["airflow-apiserver"]["environment"]["AIRFLOW__API__WORKERS"], "1");
}

// --- the defects of the files that the document describes ---

/// A host port, its address and the port in the container.
fn published(service: &Value) -> Vec<(String, u16, u16)> {
    let one = |port: &str| {
        let parts: Vec<&str> = port.rsplitn(3, ':').collect();
        let [target, host, address] = parts[..] else { panic!("`{port}` lacks an address or a port") };
        (address.to_owned(), host.parse().expect("a host port"), target.parse().expect("a port"))
    };
    strings(&service["ports"]).into_iter().map(one).collect()
}

/// The texts that a container gets as arguments or runs as a check.
fn argv(service: &Value) -> Vec<&str> {
    [&service["command"], &service["entrypoint"], &service["healthcheck"]["test"]].into_iter().flat_map(strings).collect()
}

/// Runs a rendered script with a `docker` that writes down its arguments, one line a call, and knows of one service.
fn recorded(rendered: &Rendered, script: &str) -> String {
    let bin = rendered.home.path().join("bin");
    let log = rendered.home.path().join("log");
    fs::create_dir_all(&bin).expect("the folder is writable");
    let answer = "case $* in *' config --services') echo one ;; esac";
    fs::write(bin.join("docker"), format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\n{answer}\n", log.display())).expect("written");
    support::run(support::command("chmod".as_ref()).arg("+x").arg(bin.join("docker"))).expect("a program");
    let _ = fs::remove_file(&log);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    support::run(support::command("sh".as_ref()).arg(rendered.folder.join(script)).env("PATH", path)).expect("the script ends well");
    fs::read_to_string(log).expect("docker was called")
}

/// The capstone with this value for each password.
fn with_passwords(value: &str) -> Rendered {
    let rendered = Rendered::of("blueprints/capstone.yml");
    let passwords = rendered.variables().into_iter().filter(|name| name.ends_with("_PASSWORD"));
    let values = passwords.map(|name| (name, value.to_owned())).collect();
    rendered.with_secrets(&values)
}

#[test]
fn defect_01_the_shared_network_is_not_named_after_the_checkout() {
    for file in [&*KAFKA, &*AIRFLOW] {
        assert!(file["name"].is_string(), "the project is not named after the folder either");
        for network in file["networks"].as_object().expect("networks").values() {
            assert!(network["name"].is_string(), "{network}");
        }
    }
    assert_eq!(KAFKA["networks"]["kafka_network"]["name"], AIRFLOW["networks"]["kafka_network"]["name"]);
}

#[test]
fn defect_02_no_stack_starts_before_the_owner_of_its_networks() {
    let rendered = with_passwords("secret");
    let order = |script: &str, verb: &str| -> Vec<&'static str> {
        let log = recorded(&rendered, script);
        let calls = log.lines().filter(|line| line.split(' ').any(|word| word == verb));
        let mut stacks: Vec<_> = calls.map(|line| if line.contains(" capstone-kafka ") { "kafka" } else { "airflow" }).collect();
        stacks.dedup();
        stacks
    };
    assert_eq!(order("up.sh", "up"), ["kafka", "airflow"]);
    assert_eq!(order("down.sh", "down"), ["airflow", "kafka"]);
}

#[test]
fn defect_03_no_host_port_is_left_to_chance() {
    let mut taken = BTreeSet::new();
    for (name, service) in services() {
        for (address, host, _) in published(service) {
            assert_eq!(address, "127.0.0.1", "{name}");
            assert!(taken.insert(host), "{name}: {host} is published twice");
        }
    }
    assert_eq!(taken, BTreeSet::from([5433, 8080, 9000, 9092]));
}

#[test]
fn defect_04_every_published_kafka_port_is_listened_on_and_advertised() {
    let kafka = services()["kafka"];
    let listeners = |variable: &str| -> BTreeMap<String, String> {
        let text = kafka["environment"][variable].as_str().expect("listeners");
        text.split(',').filter_map(|one| one.split_once("://")).map(|(name, address)| (name.to_owned(), address.to_owned())).collect()
    };
    let (bound, advertised) = (listeners("KAFKA_LISTENERS"), listeners("KAFKA_ADVERTISED_LISTENERS"));
    let ports = published(kafka);
    assert!(!ports.is_empty());
    for (_, host, target) in ports {
        let (listener, _) = bound.iter().find(|(_, address)| address.ends_with(&format!(":{target}"))).expect("someone listens");
        assert_eq!(advertised[listener], format!("localhost:{host}"), "what a client of this machine is told to connect to");
    }
    assert_eq!(kafka["environment"]["KAFKA_JMX_PORT"], Value::Null);
}

#[test]
fn defect_05_the_fernet_key_is_never_empty_and_shared_by_all_roles() {
    for (name, role) in airflow_roles() {
        assert_eq!(role["environment"]["AIRFLOW__CORE__FERNET_KEY"], "${AIRFLOW_FERNET_KEY:?run pipegen secrets init}", "{name}");
    }
    let rendered = with_passwords("secret");
    let env = pipegen::dotenv::Env::parse(&rendered.read(".env")).expect("a .env");
    let key = env.get("AIRFLOW_FERNET_KEY").expect("the key").reveal();
    assert!(Regex::new("^[A-Za-z0-9_-]{43}=$").expect("a pattern").is_match(key), "32 bytes in URL-safe base64");
}

#[test]
fn defect_07_no_file_needs_a_variable_that_nobody_sets() {
    let variable = Regex::new(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)(:\?[^}]*\})?").expect("a pattern");
    let rendered = with_passwords("secret");
    let env = pipegen::dotenv::Env::parse(&rendered.read(".env")).expect("a .env");
    for file in ["kafka-docker-compose.yml", "airflow-docker-compose.yml"] {
        let text = rendered.read(file).replace("$$", "");
        let found: Vec<_> = variable.captures_iter(&text).collect();
        assert!(!found.is_empty());
        for captures in found {
            assert!(captures.get(2).is_some(), "{file}: `{}` may be empty", &captures[0]);
            assert!(env.get(&captures[1]).is_some_and(|value| !value.reveal().is_empty()), "{file}: {} is not set", &captures[1]);
        }
    }
    for (name, role) in airflow_roles() {
        assert_eq!(role["user"], Value::Null, "{name}: the image's own user, so nothing has to be chowned");
    }
}

#[test]
fn defect_08_the_connection_test_of_the_guide_is_allowed_and_can_reach_the_database() {
    let look = commands("Look closer");
    let test = look.iter().find(|command| command.contains(" airflow connections test ")).expect("the command");
    let words: Vec<&str> = test.split(' ').collect();
    let role = words[words.iter().position(|word| *word == "exec").expect("it runs in a container") + 1];
    assert!(RUN_TASKS.contains(&role), "{role} does not share a network with the database");
    assert!(words.contains(&"'AIRFLOW__CORE__TEST_CONNECTION=Enabled'"), "Airflow refuses it otherwise: {test}");
}

#[test]
fn defect_10_no_password_on_a_command_line_and_no_env_file_run_as_a_program() {
    let password = "p $(touch pwned) `touch pwned` \"' $HOME";
    let rendered = with_passwords(password);
    for script in ["up.sh", "setup-connections.sh", "down.sh"] {
        let calls = recorded(&rendered, script);
        assert!(!calls.contains("touch"), "{script}: {calls}");
    }
    for folder in [rendered.home.path(), &rendered.folder] {
        assert!(!folder.join("pwned").exists());
    }
    let secret = Regex::new(r"\$\{?[A-Z_]*(PASSWORD|SECRET|KEY)").expect("a pattern");
    for (name, service) in services() {
        for word in argv(service) {
            assert!(!secret.is_match(&word.replace("$$", "$")), "{name}: {word}");
        }
    }
}

#[test]
fn defect_12_no_image_floats_and_kafdrop_has_room() {
    let tag = Regex::new(r"^[a-z0-9./-]+:([A-Za-z0-9._-]+)$").expect("a pattern");
    for (name, service) in services() {
        let image = service["image"].as_str().expect("an image");
        let captures = tag.captures(image).unwrap_or_else(|| panic!("{name}: `{image}` has no tag"));
        assert!(&captures[1] == "local" && service["build"].is_object() || captures[1].contains('.'), "{name}: `{image}` floats");
    }
    let options = services()["kafdrop"]["environment"]["JVM_OPTS"].as_str().expect("options");
    let heap = Regex::new(r"-Xmx(\d+)M").expect("a pattern").captures(options).expect("a limit")[1].parse::<u32>();
    assert!(heap.expect("a number") >= 256, "{options}");
}

// --- the defects that lay in the user's files: blueprints/capstone/ is free of them ---

fn user_files() -> BTreeMap<String, String> {
    let folder = support::repository().join("blueprints/capstone");
    let name = |path: &std::path::Path| path.strip_prefix(&folder).expect("below").display().to_string();
    // A run of Python may have left its own beside them, which git ignores.
    let sources = support::files_below(&folder).into_iter().filter(|path| !path.components().any(|part| part.as_os_str() == "__pycache__"));
    sources.map(|path| (name(&path), fs::read_to_string(&path).expect("text"))).collect()
}

#[test]
fn defect_06_no_secret_is_committed_and_all_roles_share_one() {
    let literal = Regex::new(r#"(?i)(fernet_key|jwt_secret|secret_key|password|token)["']?\s*[=:]\s*["']?[A-Za-z0-9+/_-]{6,}["']?\s*$"#);
    let literal = literal.expect("a pattern");
    for (name, text) in user_files() {
        assert!(!name.ends_with(".cfg") && !name.ends_with(".env"), "{name}");
        assert_eq!(text.lines().find(|line| literal.is_match(line)), None, "{name}");
    }
    for variable in ["AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY"] {
        let values: BTreeSet<&str> = airflow_roles().values().map(|role| role["environment"][variable].as_str().expect("set")).collect();
        assert_eq!(values.len(), 1, "{variable}");
    }
}

#[test]
fn defect_09_the_consumer_deletes_nothing_and_the_producer_needs_no_file() {
    let destroys = Regex::new(r"(?i)\b(delete\s+from|truncate|drop\s+table)\b").expect("a pattern");
    let opens = Regex::new(r"\b(open|read_csv|Path)\(").expect("a pattern");
    let files = user_files();
    for name in ["consumer.py", "producer.py", "dags/batch_data_ingestion_dag.py"] {
        assert!(!destroys.is_match(&files[name]), "{name}");
        assert!(!opens.is_match(&files[name]), "{name} reads a file that its image may lack");
    }
    for name in ["producer", "consumer"] {
        assert!(files[&format!("Dockerfile.{name}")].contains(&format!("\nCOPY {name}.py ")), "{name}");
    }
}

#[test]
fn defect_11_no_requirement_moves_airflow() {
    let files = user_files();
    let install = Regex::new(r#"(?s)pip install [^&]*"apache-airflow==\$\{AIRFLOW_VERSION\}".*pip check"#).expect("a pattern");
    assert!(install.is_match(&files["Dockerfile.airflow"]));
    for (name, text) in files.iter().filter(|(name, _)| name.starts_with("requirements-")) {
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            assert!(line.contains("=="), "{name}: `{line}` floats");
        }
    }
}
