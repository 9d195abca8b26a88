//! Sizes, names and habits of files.

use std::path::Path;

use super::{files_below, none, read, root};

/// The longest a hand-written file may be, in lines.
const MAX_LINES: usize = 500;

/// Names that say nothing.
const EMPTY_NAMES: [&str; 10] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "service", "services", "misc"];

/// The part of a Rust file before its inline tests.
fn without_inline_tests(text: &str) -> &str {
    text.split_once("#[cfg(test)]\nmod tests {").map_or(text, |(code, _)| code)
}

fn rust_files() -> Vec<String> {
    ["src", "tests", "benches", "fuzz"]
        .iter()
        .flat_map(|folder| files_below(folder, &[".rs"]))
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    let hand_written = [".rs", ".sh", ".py", ".js", ".mjs", ".ts", ".svelte", ".css", "Makefile"];
    let offenders: Vec<String> = files_below("", &hand_written)
        .iter()
        .filter(|path| !path.to_string_lossy().ends_with(".d.ts"))
        .map(|path| (path.display(), read(path).lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    none(&offenders, "a file that is too long is two files");
}

#[test]
fn every_module_says_what_it_is_for() {
    let offenders: Vec<String> = rust_files()
        .into_iter()
        .filter(|path| !path.ends_with("/tests.rs"))
        .filter(|path| !read(path).trim_start().starts_with("//!"))
        .collect();
    none(&offenders, "a module opens with `//!`: what it is for, what it must never do");
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let offenders: Vec<String> = rust_files()
        .into_iter()
        .filter(|path| Path::new(path).iter().any(|part| EMPTY_NAMES.contains(&part.to_string_lossy().trim_end_matches(".rs"))))
        .collect();
    none(&offenders, "name a module by what it does, in the domain's words");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> Vec<String> {
        files_below(folder, &[".sql"]).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    let sqlite = names("migrations/sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("migrations/postgres"), "migrations come in pairs of one name");
}

#[test]
fn tasks_are_owned_and_not_spawned_into_the_void() {
    let offenders: Vec<String> = files_below("src", &[".rs"])
        .iter()
        .flat_map(|path| {
            let text = read(path);
            let found: Vec<String> = text
                .lines()
                .enumerate()
                .filter(|(_, line)| !line.trim_start().starts_with("//"))
                .filter(|(_, line)| {
                    line.contains("tokio::spawn(") || line.contains("task::spawn(") || line.contains("thread::spawn(")
                })
                .map(|(number, _)| format!("{}:{}", path.display(), number + 1))
                .collect();
            found
        })
        .collect();
    none(&offenders, "a component owns its tasks in a `JoinSet` (and its threads by a handle) and drains them");
}

#[test]
fn nothing_in_the_product_is_left_to_do() {
    let marks = ["todo!(", "unimplemented!(", "FIXME", "XXX"];
    let offenders: Vec<String> = files_below("src", &[".rs"])
        .iter()
        .flat_map(|path| {
            let text = read(path);
            let found: Vec<String> = text
                .lines()
                .enumerate()
                .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)))
                .map(|(number, line)| format!("{}:{}: {}", path.display(), number + 1, line.trim()))
                .collect();
            found
        })
        .collect();
    none(&offenders, "what is not built is an issue, not a mark in the code");
}

#[test]
fn no_test_waits_for_time_to_pass() {
    let offenders: Vec<String> = rust_files()
        .into_iter()
        .filter(|path| path.starts_with("src/"))
        .filter(|path| {
            let text = read(path);
            let tests = &text[without_inline_tests(&text).len()..];
            let tests = if path.ends_with("/tests.rs") { text.as_str() } else { tests };
            tests.contains("sleep(")
        })
        .collect();
    none(&offenders, "a unit test steps a `ManualClock`");
}

#[test]
fn tree_has_what_a_visitor_looks_for() {
    let wanted =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "deny.toml", ".ci/run"];
    let offenders: Vec<String> =
        wanted.iter().filter(|path| !root().join(path).exists()).map(|path| (*path).to_owned()).collect();
    none(&offenders, "missing at the root");
}
