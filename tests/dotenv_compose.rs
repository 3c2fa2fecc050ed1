//! Holds our reader and writer of `.env` against Docker Compose itself.
//!
//! Compose is the program that `PIPEGEN_COMPOSE` names, else `docker compose`. `config` needs no engine.
//! Without any, the tests say so and pass, unless `PIPEGEN_REQUIRE_TOOLS=1`.

use pipegen::dotenv::Env;
use pipegen::platform::SecretFormat;
use pipegen::secrets::{self, FINGERPRINT, MARKER, Wanted};
use pipegen::value::escape::{self, Encoding};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::process::Command;

/// Values that some form of quoting loses.
const NASTY: [&str; 40] = [
    "p@/:%#?\"'$\\ é",
    "$(A)${B}$${C}{{ D }}%(e)s'\"\n",
    "",
    " ",
    " leading",
    "trailing ",
    "\ttab\t",
    "two\nlines",
    "\nfirst is empty",
    "last is empty\n",
    "\n\n",
    "carriage\rreturn\r\n",
    "#",
    "a #b",
    "a#b",
    "# comment\nA=b",
    "'",
    "\"",
    "'single'",
    "\"double\"",
    "it's",
    "\\",
    "\\\\",
    "ends with \\",
    "\\n",
    "\\\\n",
    "\\\"",
    "\\'",
    "\\$",
    "\\$A",
    "\\0101 \\x41 \\u0041",
    "$",
    "$$",
    "$$$A",
    "${A:-b}",
    "${A:?no}",
    "$A_$1$ſ$(id)`id`",
    "a=b:c,d;e&f|g<h>i!j~k*l",
    "🦀 漢字 \u{85}\u{a0}\u{2028}\u{feff}",
    "\u{1}\u{7}\u{8}\u{b}\u{c}\u{1b}\u{7f}",
];

/// Spellings of one variable `@` that our reader accepts.
const SPELLINGS: [&str; 34] = [
    "@=b",
    "@ = b c \t",
    "@: b",
    "@:b",
    "  @=b",
    "export @=b",
    "export \t@='b'",
    "# c\n\n@=b",
    "@=b # c",
    "@=b #c",
    "@=b#c",
    "@=b\t# c",
    "@= # c",
    "@=",
    "@=\r",
    "@=b\r",
    "@=\"b\"\r",
    "@=\"b\" # c",
    "@=\"b\"# c",
    "@='b'#c \"",
    "@=b'c\"d'",
    "@=a\\nb\\\\",
    "@=$$x$1$",
    "@='a\\'b\\\\c\\n$x ${y}\n#'",
    "@=\"a\\\"b\\\\c\\$x$$y\n #'\"",
    "@=\"\\a\\b\\f\\n\\r\\t\\v\"",
    "@=\"\\c\\d\\x41\\u0041\\'\"",
    "@=\"\\0101\\0351\\0377\"",
    "@=\"\\0\\01\\012\\0400\\0189\\00011\"",
    "@=\"\\\\\\\"\\\\\\$\"",
    "@=\"$\\$\"",
    "@=\u{a0}b\u{a0}",
    "@=\"\"",
    "@=''",
];

/// Files that our reader refuses, and what Compose makes of `A` in them (`None`: it fails as well).
const REFUSED: [(&str, Option<&str>); 12] = [
    ("A=a$b", Some("a")),
    ("A=\"a$b c\"", Some("a c")),
    ("A=a${b}c", Some("ac")),
    ("A=\"\\\\$b\"", Some("\\")),
    ("A=a$\u{17f}", Some("a")),
    ("A=a$\u{212a}", Some("a")),
    ("A=1\nA=2", Some("2")),
    ("A=\"a\"b=c", Some("a")),
    ("A=a${b", None),
    ("A=\"a", None),
    ("A='a\\'", None),
    ("a b=1\nA=a", None),
];

struct Compose(Vec<String>);

impl Compose {
    fn find() -> Option<Self> {
        if let Ok(program) = env::var("PIPEGEN_COMPOSE") {
            return Some(Self(vec![program]));
        }
        let version = Command::new("docker").args(["compose", "version"]).output();
        if version.is_ok_and(|output| output.status.success()) {
            return Some(Self(vec!["docker".to_owned(), "compose".to_owned()]));
        }
        let required = env::var("PIPEGEN_REQUIRE_TOOLS").is_ok_and(|required| required == "1");
        assert!(!required, "no Docker Compose: set PIPEGEN_COMPOSE to the program");
        #[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
        {
            eprintln!("skipped: no Docker Compose (PIPEGEN_COMPOSE names none)");
        }
        None
    }

    /// The values of `names` as Compose sees them with `dotenv` as its `.env`.
    fn read(&self, dotenv: &str, names: &[String]) -> Result<BTreeMap<String, String>, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("docker-compose.yml");
        let environment: String = names.iter().map(|name| format!("      {name}: ${{{name}}}\n")).collect();
        let text = format!("services:\n  reader:\n    image: none\n    environment:\n{environment}");
        fs_err::write(&file, text).expect("written");
        fs_err::write(folder.path().join(".env"), dotenv).expect("written");

        let output = Command::new(&self.0[0])
            .args(&self.0[1..])
            .args(["-f", "docker-compose.yml", "config", "--format", "json"])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .output()
            .expect("Compose runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let config: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let environment = config["services"]["reader"]["environment"].as_object().expect("a map");
        // `config` writes a Compose file, in which a dollar is doubled.
        let literal = |value: &serde_json::Value| value.as_str().expect("a string").replace("$$", "$");
        Ok(environment.iter().map(|(name, value)| (name.clone(), literal(value))).collect())
    }
}

fn named(values: impl IntoIterator<Item = impl Into<String>>) -> BTreeMap<String, String> {
    values.into_iter().enumerate().map(|(at, value)| (format!("V{at:03}"), value.into())).collect()
}

fn assert_same(compose: &BTreeMap<String, String>, ours: &BTreeMap<String, String>) {
    for (name, value) in ours {
        assert_eq!(compose.get(name), Some(value), "{name}");
    }
}

/// Writes each spelling with a name of its own, and checks that Compose and we read the same file the same way.
fn assert_read_alike(compose: &Compose, spellings: &BTreeMap<String, String>) {
    let text: String = spellings.iter().map(|(name, spelling)| spelling.replace('@', name) + "\n").collect();
    let env = Env::parse(&text).expect("accepted");
    let ours = env.entries.into_iter().map(|entry| (entry.name, entry.value.reveal().to_owned())).collect();
    let names: Vec<String> = spellings.keys().cloned().collect();
    let theirs = compose.read(&text, &names).expect("what we accept, Compose accepts");
    assert_eq!(theirs.len(), spellings.len());
    assert_same(&theirs, &ours);
}

#[test]
fn compose_reads_every_value_that_we_write() {
    let Some(compose) = Compose::find() else {
        return;
    };
    let values = named(NASTY);
    let text: String = values.iter().map(|(name, value)| format!("{name}={}\n", escape::dotenv(value))).collect();
    let names: Vec<String> = values.keys().cloned().collect();
    assert_same(&compose.read(&text, &names).expect("accepted"), &values);
}

#[test]
fn compose_reads_every_spelling_as_we_do() {
    let Some(compose) = Compose::find() else {
        return;
    };
    assert_read_alike(&compose, &named(SPELLINGS));
}

#[test]
fn compose_reads_random_spellings_as_we_do() {
    let Some(compose) = Compose::find() else {
        return;
    };
    let mut runner = TestRunner::deterministic();
    let soup = "[\"'\\\\$ #\n\r\t0178nabc{}:=é\u{85}\u{a0}]{0,14}";
    let quoted = "\"([\\\\$ #\n'0178nabc{}é]|\\\\[\\\\\"$]|\\\\0[0-9]{0,4}){0,8}\"";
    let strategy = proptest::prop_oneof![soup, quoted].prop_map(|value| format!("@={value}"));
    let one = |spelling: &String| Env::parse(&spelling.replace('@', "A")).is_ok_and(|env| env.entries.len() == 1);
    let spellings = (0..2000).map(|_| strategy.new_tree(&mut runner).expect("a tree").current());
    let accepted = named(spellings.filter(one));
    assert!(accepted.len() > 500, "too few of them mean anything: {}", accepted.len());
    assert_read_alike(&compose, &accepted);
}

#[test]
fn what_we_refuse_compose_refuses_or_changes() {
    let Some(compose) = Compose::find() else {
        return;
    };
    for (text, expected) in REFUSED {
        assert!(Env::parse(text).is_err(), "{text:?}");
        let theirs = compose.read(text, &["A".to_owned()]);
        assert_eq!(theirs.ok().map(|values| values["A"].clone()).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn compose_reads_the_whole_file_of_secrets_init() {
    let Some(compose) = Compose::find() else {
        return;
    };
    for (at, value) in NASTY.iter().copied().enumerate().filter(|(_, value)| !value.is_empty()).step_by(4) {
        let value = format!("{value}\n{MARKER}\n{at}");
        let existing = format!("A={}\n", escape::dotenv(&value));
        let encodings = BTreeSet::from([Encoding::Raw, Encoding::Uri, Encoding::Json]);
        let wanted = |name: &str| Wanted {
            name: name.to_owned(),
            format: SecretFormat::Password,
            note: name.to_owned(),
            encodings: encodings.clone(),
        };
        let outcome = secrets::init(Some(&existing), &[wanted("A"), wanted("B")], &[], &mut secrets::os_random).expect("accepted");

        let names = ["A", "A_URI", "A_JSON", "B", "B_URI", FINGERPRINT].map(str::to_owned);
        let read = compose.read(outcome.text.reveal(), &names).expect("accepted");
        assert_eq!(read["A"], value);
        assert_eq!(read["A_URI"], escape::uri(&value));
        assert_eq!(serde_json::from_str::<String>(&read["A_JSON"]).expect("JSON"), value);
        assert_eq!((read["B"].len(), &read["B"]), (32, &read["B_URI"]));
        assert_eq!(read[FINGERPRINT].len(), 64);
    }
}
