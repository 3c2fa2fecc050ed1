use super::*;
use crate::value::escape;
use proptest::prelude::*;

fn read(text: &str) -> Vec<(String, String, usize)> {
    let env = Env::parse(text).expect("accepted");
    env.entries.into_iter().map(|entry| (entry.name, entry.value.reveal().to_owned(), entry.line)).collect()
}

fn value(text: &str) -> String {
    read(text).remove(0).1
}

fn refusal(text: &str) -> String {
    Env::parse(text).expect_err("refused").to_string()
}

#[test]
fn values_are_read_as_compose_reads_them() {
    for (text, expected) in [
        ("A=b", "b"),
        ("A = b c \t", "b c"),
        ("A: b", "b"),
        ("export A=b", "b"),
        ("A=b # c", "b"),
        ("A=b#c", "b#c"),
        ("A=b\t# c", "b\t# c"),
        ("A= # c", "# c"),
        ("A=", ""),
        ("A=b\r\n", "b"),
        (r"A=a\nb", r"a\nb"),
        ("A=$$x$1$", "$x$1$"),
        ("A='a\\'b\\\\c$x\n${'  # c", "a'b\\\\c$x\n${"),
        ("A=\"a\\\"b\\\\c\\$x\n #'\" # c", "a\"b\\c$x\n #'"),
        (r#"A="\n\t\c\x\0101\01\0\0400\0351""#, "\n\t\\c\\xA\\1\\\\400é"),
        ("\u{feff}A=b", "b"),
    ] {
        assert_eq!(value(text), expected, "{text:?}");
    }
}

#[test]
fn names_and_lines_are_kept_in_order() {
    let text = "# one\n\nA=\"x\ny\"\r\n  export B='z' # two\nC=\n";
    let expected = [("A", "x\ny", 3), ("B", "z", 5), ("C", "", 6)];
    assert_eq!(read(text), expected.map(|(name, value, line)| (name.to_owned(), value.to_owned(), line)));
}

#[test]
fn ranges_cover_the_value_and_its_lines() {
    let text = "# one\n  A = \"x\ny\" # two\nB=z # three";
    let env = Env::parse(text).expect("accepted");
    assert_eq!(&text[env.entries[0].value_at.clone()], "\"x\ny\"");
    assert_eq!(&text[env.entries[0].lines_at.clone()], "  A = \"x\ny\" # two\n");
    assert_eq!(&text[env.entries[1].value_at.clone()], "z");
    assert_eq!(&text[env.entries[1].lines_at.clone()], "B=z # three");
}

#[test]
fn what_compose_would_replace_is_refused_with_name_and_line() {
    for text in ["\nPW=a$hunter2", "\nPW=\"a$hunter2\"", "\nPW=a${hunter2", "\nPW=\"\\\\$hunter2\"", "\nPW=$$$hunter2"] {
        let message = refusal(text);
        assert!(message.starts_with("line 2: the value of `PW` holds a `$`"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn what_nobody_can_have_meant_is_refused_without_showing_it() {
    for (text, expected) in [
        ("A=1\nhunter2", "line 2: this line is neither"),
        ("export\nA=1", "line 1: this line is neither"),
        ("hunter2 x=1", "line 1: a name is made of"),
        ("=hunter2", "line 1: a name is made of"),
        ("A=\"hunter2", "line 1: the quote that opens the value of `A` is never closed"),
        ("A='hunter2\\'", "line 1: the quote that opens the value of `A` is never closed"),
        ("A=\"x\n\"hunter2", "line 2: text after the closing quote of `A`"),
        ("A=\"x\" HUNTER2=\"y\"", "line 1: text after the closing quote of `A`"),
        ("A=1\nB=2\nA=hunter2", "line 3: `A` is already defined on line 1"),
        ("A=\"hunter2\\0000\"", "line 1: the value of `A` holds a NUL"),
        ("A=hunter2\0", "line 1: the value of `A` holds a NUL"),
    ] {
        let message = refusal(text);
        assert!(message.starts_with(expected), "{message}");
        assert!(!message.to_lowercase().contains("hunter2"), "{message}");
    }
}

#[test]
fn no_output_shows_a_value() {
    let env = Env::parse("A=hunter2").expect("accepted");
    assert_eq!(format!("{} {:?}", env.entries[0].value, env.entries[0].value), "••• •••");
    assert!(!format!("{env:?}").contains("hunter2"));
    assert_eq!(env.get("A").map(Secret::reveal), Some("hunter2"));
    assert_eq!(env.get("B"), None);
}

proptest! {
    #[test]
    fn what_we_write_we_read(text in "[^\0]{0,40}|[\\\\\"$'\n #a]{0,20}") {
        prop_assert_eq!(value(&format!("A={}\n", escape::dotenv(&text))), text);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), nasty in "[A=\"'\\\\$\n #\r:\u{feff}0é]{0,40}") {
        let _ = Env::parse(&text);
        if let Ok(env) = Env::parse(&nasty) {
            for entry in env.entries {
                prop_assert!(nasty[entry.lines_at].contains(&nasty[entry.value_at]));
            }
        }
    }
}
