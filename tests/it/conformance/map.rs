//! The pages that say which test shows which line of the specifications: the tests are there, and no line is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::folder;

const PAGES: [&str; 2] = ["docs/conformance.md", "docs/interoperability.md"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// The tests that a page names: words in backticks that are paths of modules.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let is_path = |word: &&str| {
        word.contains("::")
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_:".contains(letter))
    };
    text.split('`').skip(1).step_by(2).filter(is_path)
}

/// The files in which the module of a test may be: `a::b::tests` is `a/b/tests.rs`, `a/b/tests/mod.rs` or at the end of `a/b.rs`.
fn candidates(module: &str) -> Vec<PathBuf> {
    let inner = module.strip_suffix("::tests").unwrap_or(module);
    let places = |module: &str| {
        let path = module.replace("::", "/");
        ["src", "tests/it"].map(|base| [format!("{base}/{path}.rs"), format!("{base}/{path}/mod.rs")]).concat()
    };
    [places(module), places(inner)].concat().into_iter().map(PathBuf::from).collect()
}

/// Whether a source declares a test of that name, by itself or through one of the macros that run it on both databases.
fn declares(source: &str, name: &str) -> bool {
    let ends = |rest: &str| rest.strip_prefix(name).is_some_and(|after| after.starts_with(['(', ',']));
    let by_macro = |line: &str| line.split_once("databases!(").is_some_and(|(_, rest)| ends(rest));
    let is_function = |line: &str| line.trim_start().trim_start_matches("async ").strip_prefix("fn ").is_some_and(ends);
    // The macros' first argument may stand in a line of its own.
    let begun = |before: &str, line: &str| before.ends_with("databases!(") && ends(line.trim_start());
    let lines: Vec<&str> = source.lines().collect();
    lines.iter().any(|line| by_macro(line) || is_function(line)) || lines.windows(2).any(|pair| begun(pair[0], pair[1]))
}

fn exists(test: &str) -> bool {
    let (module, name) = test.rsplit_once("::").unwrap();
    candidates(module).iter().any(|path| std::fs::read_to_string(root().join(path)).is_ok_and(|source| declares(&source, name)))
}

#[test]
fn tests_that_the_pages_name_exist() {
    let missing: Vec<String> = PAGES
        .iter()
        .flat_map(|page| {
            named(&read(page)).filter(|test| !exists(test)).map(|test| format!("{page}: {test}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(missing.is_empty(), "tests that are not there:\n{}", missing.join("\n"));
    assert!(PAGES.iter().all(|page| named(&read(page)).count() > 10), "a page that names no tests");
    // The check itself can fail.
    assert!(!exists("conformance::map::tests_that_nobody_wrote") && !exists("no::such::module::tests_that_the_pages_name_exist"));
}

/// The first cells of a page's tables and what stands beside them.
fn rows(page: &str) -> BTreeMap<String, Vec<String>> {
    let text = read(page);
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = text.lines().filter(|line| line.starts_with("| ")).map(cells);
    rows.map(|mut row| (row.remove(0), row)).collect()
}

/// The lines of the checklist in these sections, by their names.
fn lines(specs: &str, from: &str, to: &str, prefixes: &[&str]) -> BTreeSet<String> {
    let section = specs.split_once(from).unwrap().1.split_once(to).unwrap().0;
    let words = section.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
    let is_name = |word: &&str| {
        word.split_once('-').is_some_and(|(prefix, number)| {
            prefixes.contains(&prefix) && !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
        })
    };
    words.filter(is_name).map(str::to_owned).collect()
}

/// The checklist, beside the test data; `None` where that is not there.
fn specs() -> Option<String> {
    let path = folder()?.join("../SPECS.md");
    if !path.is_file() {
        eprintln!("skipped: no checklist at {}", path.display());
        return None;
    }
    Some(std::fs::read_to_string(path).unwrap())
}

#[test]
fn every_line_of_the_specifications_has_its_row() {
    let Some(specs) = specs() else { return };
    let prefixes = ["CE", "HR", "FW", "HS", "WS", "WA", "WR", "SU"];
    let wanted = lines(&specs, "## 1.A", "## 1.G", &prefixes);
    assert!(wanted.len() > 90, "{wanted:?}");
    let rows = rows(PAGES[0]);
    let missing: Vec<&String> = wanted.iter().filter(|line| !rows.contains_key(*line)).collect();
    assert!(missing.is_empty(), "lines without a row in {}: {missing:?}", PAGES[0]);
    for line in &wanted {
        let (tests, result) = (&rows[line][1], &rows[line][2]);
        let is_shown = result.starts_with("met") && named(tests).next().is_some();
        assert!(is_shown || result.starts_with("not met: "), "{line} is neither shown nor said not to be met: {tests}: {result}");
    }
}

#[test]
fn every_trap_has_its_decision_and_a_test() {
    let Some(specs) = specs() else { return };
    let wanted = lines(&specs, "# Part 6", "T-15", &["T"]);
    assert_eq!(wanted.len(), 14);
    let rows = rows(PAGES[1]);
    for trap in wanted.iter().map(String::as_str).chain(["T-15"]) {
        let row = rows.get(trap).unwrap_or_else(|| panic!("{trap} has no row in {}", PAGES[1]));
        assert!(!row[1].is_empty() && named(&row[2]).next().is_some(), "{trap}: {row:?}");
    }
}
