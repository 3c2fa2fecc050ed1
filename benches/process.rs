//! Whole processes: CPU time (user and system) and peak memory of `pipegen`, and beside it in the same run those of
//! `docker-compose config` on the files that were rendered. Nothing is asserted: the numbers are for people.
//!
//! Docker Compose is `PIPEGEN_COMPOSE`, or where `.ci/tools.sh` installs it, or the one in `PATH`; without it only
//! pipegen is measured.

mod support;

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The argument with which this program measures one process.
const MEASURE: &str = "measure-one-process";
/// For how long the programs take turns on one blueprint, and how often at least and at most.
const TIME: Duration = Duration::from_secs(12);
const ROUNDS: std::ops::RangeInclusive<usize> = 3..=40;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.split_first() {
        Some((first, command)) if first == MEASURE => measured(command),
        _ => {
            let compose = compose();
            say("blueprint    process                            CPU (median)   peak memory   CPU against Compose\n");
            subject("capstone", support::capstone(), compose.as_deref())?;
            for services in support::SIZES {
                let folder = tempfile::tempdir()?;
                let blueprint = folder.path().join("generated.yml");
                std::fs::write(&blueprint, support::generated(services))?;
                subject(&services.to_string(), &blueprint, compose.as_deref())?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What one run of one or more processes took.
#[derive(Clone, Copy, Default)]
struct Cost {
    cpu: Duration,
    /// Of the largest process, in KiB.
    memory: u64,
}

/// A line of the table: commands that do one thing together, and what each round of them took.
struct Line {
    name: String,
    commands: Vec<Vec<OsString>>,
    /// Whether it failed: Compose refuses files that are too large.
    refused: bool,
    costs: Vec<Cost>,
}

/// Renders a blueprint, then lets the programs take turns, so that what else the machine does falls on all of them.
fn subject(name: &str, blueprint: &Path, compose: Option<&Path>) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mut lines = lines(blueprint, folder.path(), compose)?;
    let start = Instant::now();
    for round in 1..=*ROUNDS.end() {
        for line in &mut lines {
            let (cost, sound) = run(&line.commands)?;
            line.costs.push(cost);
            line.refused |= !sound;
        }
        if round >= *ROUNDS.start() && start.elapsed() > TIME {
            break;
        }
    }
    report(name, &lines);
    Ok(())
}

fn lines(blueprint: &Path, out: &Path, compose: Option<&Path>) -> Outcome<Vec<Line>> {
    let pipegen = |arguments: &[&str]| -> Vec<OsString> {
        let words = [OsStr::new(env!("CARGO_BIN_EXE_pipegen"))].into_iter().chain(arguments.iter().map(OsStr::new));
        words.map(OsStr::to_owned).chain([blueprint.into()]).collect()
    };
    let writing = |arguments: &[&str]| -> Vec<OsString> { pipegen(arguments).into_iter().chain(["--out".into(), out.into()]).collect() };
    for preparation in [writing(&["render"]), writing(&["secrets", "init"])] {
        let status = Command::new(&preparation[0]).args(&preparation[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if !status.success() {
            return Err(format!("{preparation:?} ended with {status}").into());
        }
    }
    let line = |name: &str, commands| Line { name: name.to_owned(), commands, refused: false, costs: Vec::new() };
    let mut lines = vec![
        line("pipegen check", vec![pipegen(&["check"])]),
        line("pipegen render --stdout", vec![writing(&["render", "--stdout"])]),
        line("pipegen render, nothing to do", vec![writing(&["render"])]),
    ];
    if let Some(compose) = compose {
        let files = compose_files(out)?;
        let config =
            |file: &PathBuf| -> Vec<OsString> { vec![compose.into(), "-f".into(), file.into(), "config".into(), "--quiet".into()] };
        lines.push(line(&format!("docker-compose config, {} file(s)", files.len()), files.iter().map(config).collect()));
    }
    Ok(lines)
}

/// The rendered Compose files: `<out>/<blueprint>/compose/*docker-compose.yml`.
fn compose_files(out: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for platform in std::fs::read_dir(out)? {
        for file in std::fs::read_dir(platform?.path().join("compose"))? {
            let file = file?.path();
            if file.to_string_lossy().ends_with("docker-compose.yml") {
                files.push(file);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Runs commands one after the other, each under a process of its own that measures it: the system counts the CPU time
/// of all ended children together, and its peak memory is that of the largest of them.
fn run(commands: &[Vec<OsString>]) -> Outcome<(Cost, bool)> {
    let (mut total, mut sound) = (Cost::default(), true);
    for command in commands {
        let output = Command::new(std::env::current_exe()?).arg(MEASURE).args(command).output()?;
        let text = String::from_utf8(output.stdout)?;
        let mut numbers = text.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next().ok_or_else(|| format!("{command:?} could not be measured"));
        total.cpu += Duration::from_micros(next()??);
        total.memory = total.memory.max(next()??);
        sound &= output.status.success();
    }
    Ok((total, sound))
}

/// Runs one command; prints its CPU time in microseconds and its peak memory in KiB.
fn measured(command: &[OsString]) -> Outcome<ExitCode> {
    let (program, arguments) = command.split_first().ok_or("no program")?;
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    say(&format!("{} {}\n", time.tv_sec() * 1_000_000 + time.tv_usec(), usage.max_rss()));
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(name: &str, lines: &[Line]) {
    let compose = lines.iter().find(|line| line.name.starts_with("docker-compose") && !line.refused).map(cpu);
    for line in lines {
        let cpu = cpu(line);
        let ratio = match compose {
            _ if line.refused => "refused".to_owned(),
            Some(compose) => format!("1/{:.1}", compose.as_secs_f64() / cpu.as_secs_f64()),
            None => String::new(),
        };
        let memory = line.costs.iter().map(|cost| cost.memory).max().unwrap_or_default() as f64 / 1024.0;
        let milliseconds = cpu.as_secs_f64() * 1000.0;
        say(&format!("{name:<12} {:<34} {milliseconds:>9.2} ms {memory:>9.1} MiB   {ratio:>19}\n", line.name));
    }
}

/// The median CPU time.
fn cpu(line: &Line) -> Duration {
    let mut times: Vec<Duration> = line.costs.iter().map(|cost| cost.cpu).collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn compose() -> Option<PathBuf> {
    let named = std::env::var_os("PIPEGEN_COMPOSE").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let installed = cache.map(|cache| cache.join("pipegen-tools/bin/docker-compose"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).map(|folder| folder.join("docker-compose"));
    named.into_iter().chain(installed).chain(in_path).find(|program| program.is_file())
}

fn say(text: &str) {
    // A closed pipe is the reader's choice.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
