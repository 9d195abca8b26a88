//! What is built in: licences, sources and banned crates, by the lists of `deny.toml`.
//!
//! `cargo deny` says more where it is installed; this needs nothing but cargo. Only what is really compiled in counts, so the
//! list comes from `cargo tree`: `Cargo.lock` also names crates that no feature activates.

use std::collections::BTreeSet;
use std::process::Command;

use super::licence::is_satisfied;
use super::{none, read, root};

/// A crate that is compiled in.
struct Crate {
    name: String,
    version: String,
    licence: String,
}

/// Every crate that is compiled into the program or its build.
fn compiled() -> Vec<Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: BTreeSet<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    lines
        .iter()
        .filter_map(|line| {
            let (package, licence) = line.split_once('|')?;
            let mut words = package.split_whitespace();
            let name = words.next()?.to_owned();
            let version = words.next()?.trim_start_matches('v').to_owned();
            Some(Crate { name, version, licence: licence.trim_end_matches(" (*)").to_owned() })
        })
        .collect()
}

fn deny() -> toml::Table {
    read("deny.toml").parse().unwrap()
}

/// The strings at `key` of each table, or the strings themselves, in the array at `section.list`.
fn listed(section: &str, list: &str, key: &str) -> Vec<String> {
    let table = deny();
    let entries = table[section][list].as_array().cloned().unwrap_or_default();
    entries.iter().filter_map(|entry| entry.as_str().or_else(|| entry.get(key)?.as_str())).map(str::to_owned).collect()
}

#[test]
fn licences_are_among_those_we_allow() {
    let allowed = listed("licenses", "allow", "");
    let clarified = listed("licenses", "clarify", "crate");
    let crates = compiled();
    assert!(crates.len() > 100, "cargo tree lists the crates");
    let offenders: Vec<String> = crates
        .iter()
        .filter(|found| !clarified.contains(&found.name))
        .filter(|found| !is_satisfied(&found.licence, &allowed))
        .map(|found| format!("{} {}: {:?}", found.name, found.version, found.licence))
        .collect();
    none(&offenders, "a licence that deny.toml does not allow");
}

#[test]
fn banned_crates_are_not_compiled_in() {
    let banned = listed("bans", "deny", "crate");
    assert!(banned.iter().any(|name| name == "openssl-sys"));
    let offenders: Vec<String> = compiled()
        .iter()
        .filter(|found| banned.contains(&found.name))
        .map(|found| format!("{} {}", found.name, found.version))
        .collect();
    none(&offenders, "deny.toml bans these, and says why");
}

#[test]
fn crates_compiled_in_twice_are_accounted_for() {
    let accounted: BTreeSet<String> =
        listed("bans", "skip", "crate").iter().map(|entry| entry.split('@').next().unwrap_or(entry).to_owned()).collect();
    let crates = compiled();
    let mut seen = BTreeSet::new();
    let versions: BTreeSet<(&str, &str)> = crates.iter().map(|found| (found.name.as_str(), found.version.as_str())).collect();
    let offenders: Vec<String> = versions
        .iter()
        .filter(|(name, _)| !seen.insert(*name) && !accounted.contains(*name))
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    none(&offenders, "two versions of one crate: unify them, or say in deny.toml why not");
}

#[test]
fn everything_comes_from_the_registry() {
    let lock: toml::Table = read("Cargo.lock").parse().unwrap();
    let offenders: Vec<String> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| {
            package.get("source").and_then(toml::Value::as_str).is_some_and(|source| !source.starts_with("registry+"))
        })
        .map(|package| package["name"].to_string())
        .collect();
    none(&offenders, "crates from elsewhere");
}
