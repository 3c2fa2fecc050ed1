//! The generated scripts: what they check, in which order they call Docker, and how they end. Docker is a stand-in that
//! writes down what it is asked.

mod compose_demo;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use compose_demo::{Demo, write};

#[test]
fn the_scripts_are_clean() {
    let demo = Demo::new();
    let scripts = ["up.sh", "down.sh", "setup-connections.sh", "verify-network.sh", "verify-network-probe.sh"];
    for script in scripts {
        assert!(Command::new("sh").args(["-n", script]).current_dir(demo.path()).status().expect("sh").success(), "{script}");
        assert_eq!(demo.path().join(script).metadata().expect(script).permissions().mode() & 0o777, 0o755);
    }
    let Ok(found) = Command::new("shellcheck").args(scripts).current_dir(demo.path()).output() else {
        assert!(std::env::var_os("PIPEGEN_REQUIRE_TOOLS").is_none(), "shellcheck is not installed");
        return;
    };
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stdout));
}

#[test]
fn up_starts_the_stacks_in_order_and_names_no_job() {
    let demo = Demo::new();
    let run = demo.run("up.sh", &[]);
    assert!(run.ok, "{}", run.text);
    let ups: Vec<&str> = run.calls.iter().map(String::as_str).filter(|call| call.contains(" up ")).collect();
    assert_eq!(
        ups,
        [
            "[] compose --env-file .env -f data-docker-compose.yml -p demo-data up --detach --remove-orphans",
            "[] compose --env-file .env -f data-docker-compose.yml -p demo-data up --detach --no-build --no-deps --no-recreate --wait --wait-timeout 900 db",
            "[] compose --env-file .env -f web-docker-compose.yml -p demo-web up --detach --remove-orphans",
            "[] compose --env-file .env -f web-docker-compose.yml -p demo-web up --detach --no-build --no-deps --no-recreate --wait --wait-timeout 900 web",
        ]
    );
    assert!(run.text.contains(&format!("http://localhost:{}  (user admin, password: WEB_PASSWORD in .env)", demo.port())), "{}", run.text);
}

#[test]
fn up_starts_a_profile_only_when_asked() {
    let demo = Demo::new();
    let run = demo.run("up.sh", &["--profile", "app", "--profile", "tools"]);
    assert!(run.ok, "{}", run.text);
    let ups: Vec<&String> = run.calls.iter().filter(|call| call.contains(" up ")).collect();
    assert!(ups.iter().all(|call| call.starts_with("[app,tools] ")), "{ups:?}");
    let run = demo.run("up.sh", &["--profile", "nope"]);
    assert!(!run.ok && run.text.contains("there is no such profile; there are: app, tools"), "{}", run.text);
    assert_eq!(run.calls, Vec::<String>::new());
}

#[test]
fn up_goes_on_after_a_stack_of_which_nothing_is_selected() {
    let demo = Demo::new();
    let run = demo.run_with("up.sh", &[], &[("FAKE_IDLE", "demo-data")]);
    assert!(run.ok && run.text.contains("== demo-data\nnothing to start"), "{}", run.text);
    let ups: Vec<&String> = run.calls.iter().filter(|call| call.contains(" up ")).collect();
    assert!(!ups.is_empty() && ups.iter().all(|call| call.contains("-p demo-web ")), "{ups:?}");
}

/// The scripts that hand the values of `.env` on.
const READERS: [&str; 2] = ["up.sh", "setup-connections.sh"];

/// Whether a call of Docker starts something.
fn starts(call: &str) -> bool {
    call.contains(" up ") || call.contains(" run ")
}

#[test]
fn a_missing_or_stale_env_is_refused() {
    for script in READERS {
        let demo = Demo::new();
        let env = demo.path().join(".env");
        let text = std::fs::read_to_string(&env).expect(".env");
        std::fs::remove_file(&env).expect("removed");
        let run = demo.run(script, &[]);
        assert!(!run.ok && run.text.contains("run: pipegen secrets init ../../../blueprints/demo.yml"), "{}", run.text);
        write(&env, &text.replace("WEB_PASSWORD=\"", "WEB_PASSWORD=\"x"), 0o600);
        let run = demo.run(script, &[]);
        assert!(!run.ok && run.text.contains(".env was changed"), "{}", run.text);
        assert!(!run.calls.iter().any(|call| starts(call)), "{:?}", run.calls);
    }
}

#[test]
fn a_variable_that_the_shell_sets_differently_is_refused() {
    let demo = Demo::new();
    for script in READERS {
        let run = demo.run_with(script, &[], &[("WEB_PASSWORD", "canary")]);
        assert!(!run.ok && run.text.contains("the shell sets WEB_PASSWORD"), "{}", run.text);
        assert!(!run.text.contains("canary"), "a value is shown");
        assert!(!run.calls.iter().any(|call| starts(call)), "{:?}", run.calls);
        // The stand-in for Compose fills in what the shell says, else `same`, as if that stood in .env.
        assert!(demo.run_with(script, &[], &[("WEB_PASSWORD", "same")]).ok);
        let elsewhere = [("COMPOSE_PROFILES", "app"), ("COMPOSE_FILE", "x.yml")];
        assert!(demo.run_with(script, &[], &elsewhere).calls.iter().all(|call| !call.starts_with("[app]")));
    }
}

#[test]
fn without_a_variable_up_says_too_that_there_is_no_env() {
    let demo = Demo::without_secrets();
    assert!(demo.run("up.sh", &[]).ok);
    std::fs::remove_file(demo.path().join(".env")).expect("removed");
    let run = demo.run("up.sh", &[]);
    assert!(!run.ok && run.text.contains("there is no .env; run: pipegen secrets init"), "{}", run.text);
}

#[test]
fn up_shows_the_log_of_a_failed_job_and_goes_no_further() {
    let demo = Demo::new();
    for (state, message) in [("exited 3", "db-init failed (exited 3)"), ("created 0", "db-init was not started")] {
        let run = demo.run_with("up.sh", &[], &[("FAKE_STATE", state)]);
        assert!(!run.ok && run.text.contains(message), "{}", run.text);
        assert_eq!(run.text.contains("the log of db-init"), state.starts_with("exited"), "{}", run.text);
        assert!(run.calls.iter().all(|call| !call.contains("demo-web up")), "{:?}", run.calls);
    }
}

#[test]
fn up_fails_when_compose_does() {
    let demo = Demo::new();
    let run = demo.run_with("up.sh", &[], &[("FAKE_UP", "7")]);
    assert!(!run.ok && run.text.contains("demo-data did not start"), "{}", run.text);
}

#[test]
fn down_goes_backwards_and_needs_no_files() {
    let demo = Demo::new();
    std::fs::remove_file(demo.path().join(".env")).expect("removed");
    let run = demo.run("down.sh", &[]);
    assert!(run.ok, "{}", run.text);
    assert_eq!(run.calls, ["[] compose -p demo-web down", "[] compose -p demo-data down"]);
    let run = demo.run("down.sh", &["--volumes"]);
    assert!(!run.ok && run.calls.is_empty() && run.text.contains("nothing was done"), "{}", run.text);
    let run = demo.run("down.sh", &["--volumes", "--yes"]);
    assert!(run.calls.last().is_some_and(|call| call.ends_with("-p demo-data down --volumes")), "{:?}", run.calls);
}

#[test]
fn connections_are_set_up_by_their_job_alone() {
    let demo = Demo::new();
    let run = demo.run("setup-connections.sh", &[]);
    assert!(run.ok, "{}", run.text);
    assert_eq!(run.calls, ["[] compose --env-file .env -f web-docker-compose.yml -p demo-web run --rm --no-deps -T web-connections"]);
    assert!(run.text.contains("main_db -> db/main"), "{}", run.text);
}

#[test]
fn verify_says_what_must_and_what_must_not_connect() {
    let demo = Demo::new();
    let run = demo.run("verify-network.sh", &[]);
    for line in [
        "ok    allow  web -> db:2",
        "ok    deny   cache -> db:2",
        "ok    deny   host -> db:2",
        "skip         worker (is not running)",
        &format!("ok    allow  host -> web:80 (127.0.0.1:{})", demo.port()),
    ] {
        assert!(run.text.lines().any(|found| found == line), "{line}\n{}", run.text);
    }
    assert!(run.ok, "{}", run.text);
}

#[test]
fn verify_names_every_wrong_connection() {
    let demo = Demo::new();
    for (answer, line) in [
        ("allow db no no", "FAIL  allow  web -> db:2 (the name is not known)"),
        ("allow db yes no", "FAIL  allow  web -> db:2 (no connection)"),
        ("deny db no yes", "FAIL  deny   cache -> db:2 (it connects)"),
        ("deny db yes no", "FAIL  deny   cache -> db:2 (the name is known)"),
    ] {
        let run = demo.run_with("verify-network.sh", &[], &[("FAKE_ANSWER", answer)]);
        assert!(!run.ok && run.text.lines().any(|found| found == line), "{line}\n{}", run.text);
    }
    let run = demo.run_with("verify-network.sh", &[], &[("FAKE_BOUND", "bound db 2/tcp 0.0.0.0 2")]);
    assert!(!run.ok && run.text.contains("FAIL  deny   host -> db:2 (bound to 0.0.0.0:2)"), "{}", run.text);
    let run = demo.run_with("verify-network.sh", &[], &[("FAKE_ANSWER", "deny db unknown unknown")]);
    assert!(run.ok && run.text.contains("skip  deny   cache -> db:2"), "{}", run.text);
}

#[test]
fn verify_wants_an_address_and_a_port_for_the_internet() {
    let demo = Demo::new();
    for good in ["1.1.1.1:443", "2606:4700::1111:443"] {
        assert!(demo.run("verify-network.sh", &["--internet", good]).ok, "{good}");
    }
    for bad in [&["--internet"][..], &["--internet", "1.1.1.1"], &["--internet", ":443"], &["--internet", "1.1.1.1:4x"]] {
        let run = demo.run("verify-network.sh", bad);
        assert!(!run.ok && run.text.contains("--internet needs an address and a port") && run.calls.is_empty(), "{bad:?}: {}", run.text);
    }
}

#[test]
fn the_probe_finds_a_listener_and_its_absence() {
    let demo = Demo::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let open = listener.local_addr().expect("an address").port();
    let closed = {
        let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        other.local_addr().expect("an address").port()
    };
    let input =
        format!("allow localhost {open} 127.0.0.1\ndeny localhost {closed} 127.0.0.1\ndeny no-such-name.invalid {open} 127.0.0.1\n");
    write(&demo.path().join("probes"), &input, 0o644);
    let output = Command::new("sh").args(["-c", "sh verify-network-probe.sh < probes"]).current_dir(demo.path()).output().expect("sh");
    let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    let mut expected = vec![
        format!("allow localhost {open} yes yes"),
        format!("deny localhost {closed} yes no"),
        format!("deny no-such-name.invalid {open} no yes"),
    ];
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn every_script_has_help_that_does_nothing() {
    let demo = Demo::new();
    for script in ["up.sh", "down.sh", "setup-connections.sh", "verify-network.sh"] {
        let run = demo.run(script, &["--help"]);
        assert!(run.ok && run.text.starts_with(&format!("Usage: ./{script}")) && run.calls.is_empty(), "{script}: {}", run.text);
        assert!(!demo.run(script, &["--nonsense"]).ok);
    }
}
