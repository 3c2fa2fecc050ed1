//! The help texts, as a user reads them.

use std::path::Path;

use super::pipegen;

const COMMANDS: [&str; 10] = ["", "render", "check", "schema", "explain", "components", "init", "secrets", "secrets init", "completions"];

#[test]
fn every_help_text_is_as_agreed() {
    for command in COMMANDS {
        let help = |option: &str| {
            let run = pipegen(Path::new("."), command.split_whitespace().chain([option]));
            assert_eq!((run.status, run.err.as_str()), (0, ""), "{command} {option}");
            run.out
        };
        let (short, long) = (help("-h"), help("--help"));
        let both = if short == long { short } else { format!("{short}\n======== --help ========\n\n{long}") };
        assert!(both.lines().all(|line| line.chars().count() <= 100), "{command}: a line is wider than 100 columns:\n{both}");
        insta::assert_snapshot!(format!("help {command}").trim().replace(' ', "_"), both);
    }
}

#[test]
fn every_command_has_its_help_text_held() {
    let run = pipegen(Path::new("."), ["--help"]);
    let listed = run.out.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in listed.filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help") {
        assert!(COMMANDS.contains(&command), "add `{command}` to COMMANDS in tests/cli/help.rs");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let run = pipegen(Path::new("."), ["--version"]);
    assert_eq!((run.status, run.out.as_str()), (0, concat!("pipegen ", env!("CARGO_PKG_VERSION"), "\n")));
}
