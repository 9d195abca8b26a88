//! The seeds of the fuzz targets, and all their beginnings, through the functions that the targets call; and that the targets still build
//! against what the program is made of.

#[path = "../../fuzz/checks.rs"]
mod checks;

use std::path::{Path, PathBuf};

/// What a target does with an input.
type Check = fn(&[u8]);

/// The targets by their names.
const TARGETS: [(&str, Check); 3] = [("cesql", checks::cesql), ("event", checks::event), ("header", checks::header)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn seeds_of_all_fuzz_targets_and_their_beginnings_are_survived() {
    for (name, check) in TARGETS {
        let seeds: Vec<_> =
            std::fs::read_dir(folder().join("seeds").join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for path in seeds {
            let seed = std::fs::read(&path).unwrap();
            (0..=seed.len()).for_each(|end| check(&seed[..end]));
        }
    }
}

#[test]
fn every_fuzz_target_is_tried_here_and_has_seeds() {
    let here = TARGETS.map(|(name, _)| name.to_owned());
    assert_eq!(names_in(&folder().join("fuzz_targets")), here);
    assert_eq!(names_in(&folder().join("seeds")), here);
}

/// The fuzz crate compiles the domain by itself: a dependency that is not the program's own would fuzz something else, and one that is
/// missing would stop it from being built.
#[test]
fn fuzz_targets_depend_on_what_the_domain_depends_on() {
    let read = |path: &Path| -> toml::Table { std::fs::read_to_string(path).unwrap().parse().unwrap() };
    let program = read(&folder().join("../Cargo.toml"));
    let fuzz = read(&folder().join("Cargo.toml"));
    let mut domain = String::new();
    let mut waiting = vec![folder().join("../src/domain")];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            domain.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    let is_named = |name: &str| {
        // The SDK's crate is not called as its package is.
        let path = format!("{}::", name.replace('-', "_").replace("_sdk", ""));
        domain
            .match_indices(&path)
            .any(|(at, _)| !domain[..at].ends_with(|before: char| before.is_alphanumeric() || "_:".contains(before)))
    };
    let mut wanted = program["dependencies"].as_table().unwrap().clone();
    wanted.retain(|name, _| is_named(name));
    let mut given = fuzz["dependencies"].as_table().unwrap().clone();
    given.remove("libfuzzer-sys");
    assert_eq!(given, wanted, "left: fuzz/Cargo.toml; right: what of the program's dependencies src/domain names");
}
