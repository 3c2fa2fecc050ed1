use super::*;
use proptest::prelude::*;
use std::process::Command;

fn wanted(name: &str, format: SecretFormat, encodings: &[Encoding]) -> Wanted {
    let encodings = encodings.iter().copied().collect();
    Wanted { name: name.into(), format, note: format!("{} of someone", name.to_lowercase()), encodings }
}

fn setting(name: &str, default: Option<&str>, encodings: &[Encoding]) -> Setting {
    let encodings = encodings.iter().copied().collect();
    Setting { name: name.into(), default: default.map(str::to_owned), note: "where it runs".into(), encodings }
}

fn secrets() -> Vec<Wanted> {
    vec![
        wanted("DB_PASSWORD", SecretFormat::Password, &[Encoding::Raw, Encoding::Uri, Encoding::Json]),
        wanted("FERNET_KEY", SecretFormat::Fernet, &[Encoding::Raw]),
        wanted("TOKEN", SecretFormat::Supplied { hint: "from the vendor's page" }, &[Encoding::Json]),
    ]
}

fn settings() -> Vec<Setting> {
    vec![setting("EXTERNAL_HOST", None, &[]), setting("REGION", Some("eu/1"), &[Encoding::Uri])]
}

fn zeros(buffer: &mut [u8]) -> Result<(), getrandom::Error> {
    buffer.fill(0);
    Ok(())
}

fn run(existing: Option<&str>) -> (String, Vec<(String, Status)>) {
    let outcome = init(existing, &secrets(), &settings(), &mut zeros).expect("accepted");
    (outcome.text.reveal().to_owned(), outcome.report)
}

fn status(report: &[(String, Status)], name: &str) -> Status {
    report.iter().find(|(reported, _)| reported == name).expect("reported").1
}

const FRESH: &str = "\
# Made by `pipegen secrets init`; the values are yours to change: run it again afterwards.
# Never commit this file.

# db_password of someone
# made by `pipegen secrets init`
DB_PASSWORD=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"

# fernet_key of someone
# made by `pipegen secrets init`
FERNET_KEY=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"

# token of someone
# yours to fill in: from the vendor's page
TOKEN=\"\"

# where it runs
# yours to fill in
EXTERNAL_HOST=\"\"

# where it runs
# optional, instead of \"eu/1\"
REGION=\"\"

";

#[test]
fn a_fresh_file_has_every_variable_and_ends_with_the_derived_ones() {
    let (text, report) = run(None);
    let derived = format!(
        "{MARKER}\n{}{}{}{}{FINGERPRINT}=\"{}\"\n",
        "DB_PASSWORD_URI=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n",
        "DB_PASSWORD_JSON=\"\\\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\\\"\"\n",
        "TOKEN_JSON=\"\"\n",
        "REGION_URI=\"\"\n",
        generate::sha256_hex(FRESH.as_bytes()),
    );
    assert_eq!(text, format!("{FRESH}{derived}"));
    let expected = [
        ("DB_PASSWORD", Status::Made),
        ("FERNET_KEY", Status::Made),
        ("TOKEN", Status::ToFill),
        ("EXTERNAL_HOST", Status::ToFill),
        ("REGION", Status::Default),
        ("DB_PASSWORD_URI", Status::Derived),
        ("DB_PASSWORD_JSON", Status::Derived),
        ("TOKEN_JSON", Status::Derived),
        ("REGION_URI", Status::Derived),
    ];
    assert_eq!(report, expected.map(|(name, status)| (name.to_owned(), status)));
}

#[test]
fn the_example_names_every_variable_and_gives_none_a_value() {
    let text = example("two\nlines", &secrets(), &settings(), true);
    assert!(text.starts_with("# two\n# lines\n\n# db_password of someone\n"), "{text}");
    assert!(text.ends_with(
        "\n# derived: do not write, `pipegen secrets init` computes them\n\
         # DB_PASSWORD_URI=\n# DB_PASSWORD_JSON=\n# TOKEN_JSON=\n# REGION_URI=\n# PIPEGEN_ENV_SHA256=\n"
    ));
    let env = Env::parse(&text).expect("readable");
    let names: Vec<&str> = env.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["DB_PASSWORD", "FERNET_KEY", "TOKEN", "EXTERNAL_HOST", "REGION"]);
    assert!(env.entries.iter().all(|entry| entry.value.reveal().is_empty()));
}

#[test]
fn a_filled_in_copy_of_the_example_is_all_that_is_needed() {
    let copy = example("capstone", &secrets(), &settings(), true).replace("TOKEN=\"\"", "TOKEN=\"t\"");
    let (text, report) = run(Some(&copy));
    assert!(text.contains("\nDB_PASSWORD=\"AAAA"), "{text}");
    assert!(text.contains("\nTOKEN_JSON=\"\\\"t\\\"\"\n"), "{text}");
    assert_eq!(status(&report, "DB_PASSWORD"), Status::Made);
    assert_eq!(status(&report, "TOKEN"), Status::Kept);
}

#[test]
fn what_the_user_wrote_stays_byte_for_byte() {
    let user = "\u{feff}# mine\r\nexport OTHER = 'x' # why\r\n\r\nDB_PASSWORD=p@ss # secret\r\n\nLAST=\"a\nb\"";
    let (text, report) = run(Some(user));
    assert!(text.starts_with(&format!("{user}\n\n# fernet_key of someone\n")), "{text}");
    assert!(text.contains("\nDB_PASSWORD_URI=\"p%40ss\"\n"), "{text}");
    assert_eq!(status(&report, "DB_PASSWORD"), Status::Kept);
}

#[test]
fn an_empty_value_is_filled_in_place_and_keeps_its_comment() {
    for (before, after) in [
        ("DB_PASSWORD=\"\" # mine\nB=1\n", "DB_PASSWORD=\"@\" # mine\nB=1\n"),
        ("export DB_PASSWORD=''\r\nB=1\n", "export DB_PASSWORD=\"@\"\r\nB=1\n"),
        ("DB_PASSWORD=", "DB_PASSWORD=\"@\"\n"),
    ] {
        let (text, report) = run(Some(before));
        let expected = after.replace('@', &"A".repeat(32));
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(status(&report, "DB_PASSWORD"), Status::Made);
    }
}

#[test]
fn derived_lines_are_computed_anew_wherever_they_stand() {
    let (text, _) = run(Some("DB_PASSWORD=\"a b\"\n"));
    let edited = text.replace("DB_PASSWORD_URI=\"a%20b\"", "DB_PASSWORD_URI=\"mine\"");
    assert_ne!(text, edited);
    assert_eq!(run(Some(&edited)).0, text);
    assert_eq!(run(Some(&format!("REGION_URI=x\n{}", text.replace("REGION_URI=\"\"\n", "")))).0, text);
}

#[test]
fn a_copy_that_nothing_reads_any_more_is_dropped() {
    let (text, _) = run(Some("OTHER_URI=\"mine\"\n"));
    let raw = [wanted("DB_PASSWORD", SecretFormat::Password, &[Encoding::Raw]), wanted("TOKEN", SecretFormat::Password, &[])];
    let outcome = init(Some(&format!("{text}ADDED_URI=\"mine, too\"\n")), &raw, &[], &mut zeros).expect("accepted");
    let env = Env::parse(outcome.text.reveal()).expect("readable");
    assert_eq!((env.get("DB_PASSWORD_URI"), env.get("DB_PASSWORD_JSON"), env.get("REGION_URI")), (None, None, None));
    assert!(["OTHER_URI", "ADDED_URI", "DB_PASSWORD", "REGION"].iter().all(|name| env.get(name).is_some()), "{env:?}");
}

#[test]
fn what_is_appended_below_the_marker_moves_above_it() {
    let (text, _) = run(None);
    let (moved, _) = run(Some(&format!("{text}# mine\nOTHER=1\n")));
    let (user, derived) = moved.split_once(MARKER).expect("a marker");
    assert_eq!(user, format!("{FRESH}# mine\nOTHER=1\n"));
    assert!(!derived.contains("OTHER"));
}

#[test]
fn an_empty_secret_stays_empty_in_every_encoding() {
    let (text, _) = run(None);
    let env = Env::parse(&text).expect("readable");
    assert_eq!(env.get("TOKEN_JSON").map(Secret::reveal), Some(""));
}

#[test]
fn a_setting_is_encoded_only_once_somebody_has_set_it() {
    let region = |text: &str| Env::parse(text).expect("readable").get("REGION_URI").map(|value| value.reveal().to_owned());
    let (text, _) = run(None);
    assert_eq!(region(&text).as_deref(), Some(""), "the default is written where it is read");
    assert_eq!(region(&run(Some("REGION=us/2\n")).0).as_deref(), Some("us%2F2"));
}

#[test]
fn a_name_with_two_meanings_is_refused() {
    let clash = |wanted: &[Wanted], settings: &[Setting]| match init(None, wanted, settings, &mut zeros) {
        Err(InitError::Clash(name)) => name,
        other => panic!("no clash: {other:?}"),
    };
    let password = |name: &str, encodings: &[Encoding]| wanted(name, SecretFormat::Password, encodings);
    assert_eq!(clash(&[password("A", &[]), password("A", &[])], &[]), "A");
    assert_eq!(clash(&[password("A", &[])], &[setting("A", None, &[])]), "A");
    assert_eq!(clash(&[password("A_URI", &[]), password("A", &[Encoding::Uri])], &[]), "A_URI");
    assert_eq!(clash(&[password(FINGERPRINT, &[])], &[]), FINGERPRINT);
}

#[test]
fn nothing_that_can_be_printed_holds_a_value() {
    let outcome = init(Some("DB_PASSWORD=hunter2\n"), &secrets(), &settings(), &mut zeros);
    assert!(!format!("{outcome:?}").contains("hunter2"));
    let refused = init(Some("DB_PASSWORD=\"hunter2\n"), &secrets(), &settings(), &mut zeros).expect_err("refused");
    assert_eq!(refused.to_string(), "line 1: the quote that opens the value of `DB_PASSWORD` is never closed");
    let mut broken = |_: &mut [u8]| Err(getrandom::Error::UNSUPPORTED);
    assert!(matches!(init(None, &secrets(), &[], &mut broken), Err(InitError::Random(_))));
}

#[test]
fn no_note_becomes_a_variable() {
    let mut nasty = wanted("A", SecretFormat::Password, &[]);
    nasty.note = "one\nB=\"2\"".into();
    let outcome = init(None, &[nasty], &[setting("C", Some("x\nD=\"3\""), &[])], &mut zeros).expect("accepted");
    let env = Env::parse(outcome.text.reveal()).expect("readable");
    let names: Vec<&str> = env.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["A", "C", FINGERPRINT]);
}

/// What the shell function says about a file with this text.
fn shell_says_current(shell: &str, text: &str) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("a=b.env");
    fs_err::write(&file, text).expect("written");
    let script = format!("set -eu\n{CHECK_SH}\npipegen_env_is_current \"$1\"");
    let output = Command::new(shell).args(["-c", &script, "sh"]).arg(&file).output().expect("the shell runs");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    output.status.success()
}

#[test]
fn the_shell_function_agrees_with_us_and_sees_every_edit() {
    assert!(CHECK_SH.contains(&format!("'{MARKER}'")) && CHECK_SH.contains(FINGERPRINT));
    let nasty = format!("DB_PASSWORD=\"a\\\\n\\$\n{MARKER}\n{FINGERPRINT}=é\"\nB='\n'\n");
    for shell in ["sh", "bash"] {
        for user in [None, Some(nasty.as_str()), Some("A=1\r\n\r\n")] {
            let (text, _) = run(user);
            assert!(shell_says_current(shell, &text), "{shell}");
            for edited in [
                format!("#\n{text}"),
                format!("{text}DB_PASSWORD=x\n"),
                text.replacen('\n', "\r\n", 1),
                text.replace(MARKER, ""),
                text.replacen("TOKEN=\"\"", "TOKEN=\"x\"", 1),
                String::new(),
            ] {
                assert!(!shell_says_current(shell, &edited), "{shell} misses an edit");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_second_run_changes_nothing(
        lines in prop::collection::vec(
            prop_oneof![
                Just(MARKER.to_owned()), Just("DB_PASSWORD=''".to_owned()), Just("TOKEN=\"a\nb\" # c".to_owned()),
                Just("REGION_URI=x".to_owned()), Just("# c\r".to_owned()), Just(String::new()), "[A-F]='[^'\\\\\0]{0,9}'",
            ], 0..8),
        end in "\n?",
    ) {
        let existing = lines.join("\n") + &end;
        if let Ok(first) = init(Some(&existing), &secrets(), &settings(), &mut zeros) {
            let second = init(Some(first.text.reveal()), &secrets(), &settings(), &mut zeros).expect("accepted");
            prop_assert_eq!(first.text.reveal(), second.text.reveal());
            let (before, after) = (Env::parse(&existing).expect("readable"), Env::parse(first.text.reveal()).expect("readable"));
            for entry in before.entries.iter().filter(|entry| entry.name != "REGION_URI" && !entry.value.reveal().is_empty()) {
                prop_assert_eq!(after.get(&entry.name), Some(&entry.value));
            }
        }
    }
}
