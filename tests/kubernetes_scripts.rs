//! The generated scripts of a cluster: what they ask it, and how they end. `kubectl` is a stand-in that writes down how it
//! is called; the real one and a real API server are in `tests/kube_api`.

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::rendered::Rendered;

const FAKE_KUBECTL: &str = include_str!("kubernetes_scripts/kubectl.sh");

/// `web` uses `db` and is published, `cache` must not reach `db`, `vault` is closed to the internet, `worker` has a profile.
fn blueprint(published: u16) -> String {
    let image = "component: container, image: \"python:3.12-slim\"";
    format!(
        "blueprint: v1
name: shop
networks: {{ front: {{}}, back: {{ internal: true }} }}
services:
  db: {{ {image}, networks: [back], ports: {{ sql: 2 }} }}
  web: {{ {image}, networks: [front, back], ports: {{ http: 80 }}, publish: {published}, uses: {{ db: {{ ready: started }} }} }}
  cache: {{ {image}, networks: [front], ports: {{ cache: 3 }} }}
  worker: {{ {image}, networks: [front], profiles: [app] }}
"
    )
}

/// What became of a script.
struct Run {
    ok: bool,
    /// What it said, on both streams.
    text: String,
    /// How it called `kubectl`, and what it asked inside.
    calls: Vec<String>,
}

impl Run {
    fn says(&self, line: &str) {
        assert!(self.text.lines().any(|found| found == line), "no line `{line}` in\n{}", self.text);
    }

    fn asks(&self, part: &str) {
        assert!(self.calls.iter().any(|call| call.contains(part)), "no call with `{part}` in {:#?}", self.calls);
    }
}

struct Demo {
    rendered: Rendered,
}

impl Demo {
    fn new(target: &str, published: u16) -> Self {
        let rendered = Rendered::text_to(target, &blueprint(published), &[]);
        std::fs::create_dir(rendered.home.path().join("bin")).expect("a folder");
        support::program::write(&rendered.home.path().join("bin/kubectl"), FAKE_KUBECTL);
        Self { rendered }
    }

    fn log(&self) -> PathBuf {
        self.rendered.home.path().join("calls")
    }

    fn command(&self, script: &str) -> Command {
        std::fs::write(self.log(), "").expect("the folder is writable");
        let mut command = support::command(&self.rendered.folder.join(script));
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.rendered.home.path().join("bin").display()));
        command.env("FAKE_LOG", self.log()).current_dir("/").stdin(Stdio::null());
        command
    }

    fn verify(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let output = self.command("verify-network.sh").args(arguments).envs(variables.iter().copied()).output().expect("it runs");
        let text = [output.stdout, output.stderr].concat();
        let calls = std::fs::read_to_string(self.log()).expect("calls");
        Run {
            ok: output.status.success(),
            text: String::from_utf8_lossy(&text).into_owned(),
            calls: calls.lines().map(str::to_owned).collect(),
        }
    }
}

#[test]
fn verify_asks_by_the_names_of_services_and_by_the_addresses_of_pods() {
    let run = Demo::new("kubernetes", 1).verify(&[], &[]);
    run.says("ok    allow  web -> db.shop:2");
    run.says("ok    deny   cache -> db:2");
    run.says("ok    deny   db -> cache:3");
    run.says("skip         worker (is not running)");
    run.says("skip  deny   db -> internet:443 (nothing here reaches the internet)");
    run.asks("get pods --namespace shop --selector app.kubernetes.io/name=db,app.kubernetes.io/part-of=shop ");
    run.asks("exec --stdin --namespace shop web-1 -- sh -c");
    run.asks("  allow db.shop 2 10.244.0.5");
    run.asks("  deny db 2 10.244.0.5");
    assert!(run.ok && !run.text.contains("host"), "{}", run.text);
}

#[test]
fn verify_names_every_wrong_connection() {
    let demo = Demo::new("kubernetes", 1);
    for (answer, line) in [
        ("allow db.shop no no", "FAIL  allow  web -> db.shop:2 (the name is not known)"),
        ("allow db.shop yes no", "FAIL  allow  web -> db.shop:2 (no connection)"),
        ("deny db yes yes", "FAIL  deny   cache -> db:2 (it connects)"),
    ] {
        let run = demo.verify(&[], &[("FAKE_ANSWER", answer)]);
        run.says(line);
        assert!(!run.ok && !run.text.contains("Nothing was stopped"), "{}", run.text);
    }
    let run = demo.verify(&[], &[("FAKE_DOWN", "1")]);
    assert!(!run.ok && run.text.contains("kubectl reaches no cluster"), "{}", run.text);
}

#[test]
fn verify_says_when_nothing_enforces_the_policies() {
    let demo = Demo::new("kubernetes", 1);
    let run = demo.verify(&[], &[("FAKE_DENY", "yes")]);
    run.says("Nothing was stopped: no network plugin of this cluster seems to enforce NetworkPolicies. --allow-only probes the rest.");
    assert!(!run.ok, "{}", run.text);
    let run = demo.verify(&["--allow-only"], &[("FAKE_DENY", "yes")]);
    run.says("What must not connect is left out (--allow-only): only a network plugin that enforces NetworkPolicies stops it.");
    run.says("1 ok, 0 failed, 1 skipped");
    assert!(run.ok && !run.text.contains("deny"), "{}", run.text);
}

#[test]
fn verify_asks_from_this_machine_where_the_node_has_ports() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let demo = Demo::new("kind", port);
    let run = demo.verify(&[], &[]);
    run.says(&format!("ok    allow  host -> web:80 (127.0.0.1:{port})"));
    run.says("ok    deny   host -> db:2");
    assert!(run.ok, "{}", run.text);
    let run = demo.verify(&[], &[("FAKE_PORTS", "db 2 7 30001 30002")]);
    run.says("FAIL  deny   host -> db:2 (bound to node:30001)");
    drop(listener);
    let run = demo.verify(&[], &[]);
    run.says(&format!("FAIL  allow  host -> web:80 (127.0.0.1:{port})"));
    assert!(!run.ok, "{}", run.text);
}

#[test]
fn verify_finds_the_pods_of_a_chart_by_its_labels() {
    let facts = Rendered::to("helm", "blueprints/capstone.yml").read("verify-network.sh");
    for fact in [
        "pods airflow-scheduler capstone-airflow tier=airflow,component=scheduler,release=airflow",
        "pods redis capstone-airflow app.kubernetes.io/name=redis,app.kubernetes.io/part-of=capstone",
        "service airflow-apiserver 8080 airflow-api-server.capstone-airflow 8080",
        "uses airflow-scheduler redis 6379",
    ] {
        assert!(facts.lines().any(|line| line == fact), "{fact}");
    }
    assert!(!facts.contains("airflow-init"), "a job is not there to be asked");
}

#[test]
fn verify_has_help_that_does_nothing() {
    let demo = Demo::new("kubernetes", 1);
    let run = demo.verify(&["--help"], &[]);
    assert!(run.ok && run.calls.is_empty(), "{}", run.text);
    assert!(run.text.starts_with("Usage: ./verify-network.sh [--internet ADDRESS:PORT] [--allow-only]\n"), "{}", run.text);
    assert!(!demo.verify(&["--nonsense"], &[]).ok);
}

/// A folder of programs: `kubectl` writes down how it was called and what it was given, and fails for what `fails` says;
/// `kind` and `docker` only write down that they were called.
fn programs(rendered: &Rendered, fails: &str) -> PathBuf {
    let folder = rendered.home.path().join("programs");
    std::fs::create_dir_all(&folder).expect("writable");
    let kubectl = format!(
        "#!/bin/sh\nprintf 'kubectl %s\\n' \"$*\" >> \"$FAKE_LOG\"\ncase $* in\n  {fails}) exit 1 ;;\n  \
         kustomize*) cat \"$2\"/*.yaml; exit ;;\n  'get job '*) echo Complete ;;\n  *'-f -') cat >> \"$FAKE_LOG\" ;;\nesac\n"
    );
    support::program::write(&folder.join("kubectl"), &kubectl);
    for name in ["kind", "docker"] {
        support::program::write(&folder.join(name), &format!("#!/bin/sh\nprintf '{name} %s\\n' \"$*\" >> \"$FAKE_LOG\"\n"));
    }
    folder
}

/// Runs a script: whether it ended well, what it said, and what it called and gave.
fn run(rendered: &Rendered, script: &str, fails: &str) -> (bool, String, String) {
    let log = rendered.home.path().join("calls");
    std::fs::write(&log, "").expect("writable");
    let path = format!("{}:{}", programs(rendered, fails).display(), std::env::var("PATH").unwrap_or_default());
    let output = support::command(&rendered.folder.join(script)).env("PATH", path).env("FAKE_LOG", &log).output().expect("it runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    (output.status.success(), said, std::fs::read_to_string(&log).expect("it is there"))
}

#[test]
fn a_value_whose_default_is_empty_may_be_empty() {
    let blueprint = "blueprint: v1\nname: shop\nservices:\n  web: { component: container, image: \"example/web:1\", \
                     environment: { A: \"${env.A:-}\", B: \"${env.B:-b}\" } }\n";
    let rendered = Rendered::text_to("kubernetes", blueprint, &[]).with_secrets(&BTreeMap::new());
    let (ok, said, calls) = run(&rendered, "secrets.sh", "nothing");
    assert!(ok, "{said}");
    let made = calls.lines().find(|call| call.contains("create configmap")).expect("a call");
    assert!(made.ends_with(" --from-literal=A= --from-literal=B=b"), "{made}");
}

/// `on`, `true` and `n` are booleans to the YAML 1.1 reader of `kubectl`.
#[test]
fn a_secret_of_a_platform_that_is_called_like_a_boolean_keeps_its_names() {
    let blueprint = "blueprint: v1\nname: \"on\"\ncredentials: { c: {} }\nservices:\n  web: { component: container, \
                     image: \"example/web:1\", environment: { A: \"${credentials.c.password}\" } }\n";
    let rendered = Rendered::text_to("kubernetes", blueprint, &[]).with_secrets(&BTreeMap::new());
    let (ok, said, calls) = run(&rendered, "secrets.sh", "nothing");
    assert!(ok && calls.contains("namespace: \"on\"\n") && calls.contains("part-of: \"on\","), "{said}{calls}");
}

/// The objects that `install.sh` applies.
fn applied(rendered: &Rendered) -> String {
    let (ok, said, calls) = run(rendered, "install.sh", "nothing");
    assert!(ok, "{said}");
    calls
}

/// The values of a key in some text.
fn values<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(key)?.strip_prefix(": ")).collect()
}

#[test]
fn install_fills_in_images_and_nothing_that_is_a_users() {
    let blueprint = "blueprint: v1\nname: shop\nservices:\n  web:\n    component: container\n    \
                     image: { repository: example/web, tag: \"${env.TAG}\" }\n    \
                     files: { /etc/compose.yml: { text: \"image: other:$${TAG}\" } }\n";
    let values_of = BTreeMap::from([("TAG".to_owned(), "1.2".to_owned())]);
    let applied = applied(&Rendered::text_to("kubernetes", blueprint, &[]).with_secrets(&values_of));
    assert_eq!(values(&applied, "image"), ["example/web:1.2"]);
    assert!(applied.contains("image: other:${TAG}"), "{applied}");
}

/// Only the config map changed, and a pod does not see that of a file that is mounted alone.
#[test]
fn a_changed_file_makes_new_pods_and_new_runs_of_jobs() {
    let service = "component: container, image: \"example/web:1\", files: { /etc/app.yml: { path: app.yml } }";
    let blueprint = format!("blueprint: v1\nname: shop\nservices:\n  web: {{ {service} }}\n  job: {{ {service}, once: true }}\n");
    let rendered = Rendered::text_to("kubernetes", &blueprint, &[("app.yml", "a: 1")]).with_secrets(&BTreeMap::new());
    let sums = |text: &str| values(text, "pipegen.io/files").into_iter().map(str::to_owned).collect::<Vec<_>>();
    let before = sums(&applied(&rendered));
    assert!(before.len() == 2 && !before.iter().any(|sum| sum.contains('$')), "{before:?}");
    assert_eq!(sums(&applied(&rendered)), before);
    std::fs::write(rendered.home.path().join("app.yml"), "a: 2").expect("writable");
    let after = sums(&applied(&rendered));
    assert!(after.iter().zip(&before).all(|(after, before)| after != before), "{after:?}");
}

#[test]
fn install_wants_the_values_before_it_makes_anything() {
    let rendered = Rendered::text_to("kind", &blueprint(20_000), &[]);
    let (ok, said, calls) = run(&rendered, "install.sh", "nothing");
    assert!(!ok && said.starts_with("install.sh: there is no .env; run: pipegen secrets init "), "{said}");
    assert_eq!(calls, "", "nothing was made");
}

#[test]
fn uninstall_does_without_the_operator_of_external_secrets() {
    let blueprint = "blueprint: v1\nname: shop\nsecrets: { store: external-secrets }\ncredentials: { c: {} }\nservices:\n  \
                     web: { component: container, image: \"example/web:1\", environment: { A: \"${credentials.c.password}\" } }\n";
    let rendered = Rendered::text_to("kubernetes", blueprint, &[]);
    let (ok, said, calls) = run(&rendered, "uninstall.sh", "'get customresourcedefinition '* | *externalsecrets*");
    assert!(ok && calls.contains("kubectl delete deployments,"), "{said}{calls}");
    let (ok, _, calls) = run(&rendered, "uninstall.sh", "nothing");
    assert!(ok && calls.contains("kubectl delete externalsecrets "), "{calls}");
}

/// On a real cluster a forwarding that nobody ended went on holding its port, so the next `forward.sh` failed.
#[test]
fn forward_ends_what_it_started() {
    let demo = Demo::new("kubernetes", 1);
    let mut script = demo.command("forward.sh").stdout(Stdio::null()).spawn().expect("it runs");
    let started = demo.log().with_extension("forwards");
    wait("kubectl was started", || std::fs::read_to_string(&started).is_ok_and(|text| text.ends_with('\n')));
    let forward = std::fs::read_to_string(&started).expect("a number").trim().to_owned();
    terminate(&mut script);
    wait("kubectl has ended", || !Path::new("/proc").join(&forward).exists());
}

fn terminate(process: &mut Child) {
    let killed = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().expect("it runs");
    assert!(killed.success());
    process.wait().expect("it ends");
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
