//! Documents: their links lead somewhere, and what they say about the code is so.

use std::path::Path;

use waypost::domain::delivery::DeliveryState;
use waypost::domain::delivery::state::Transition;

use super::{files_below, none, read, root};

/// The documents a person reads.
fn documents() -> Vec<String> {
    let mut found: Vec<String> = files_below("docs", &[".md"]).iter().map(|path| path.to_string_lossy().into_owned()).collect();
    found.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned));
    found
}

/// The text without its code blocks.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The targets of Markdown links and images.
fn targets(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (position, _) in text.match_indices("](") {
        let rest = &text[position + 2..];
        if let Some(end) = rest.find(')') {
            found.push(rest[..end].split_whitespace().next().unwrap_or(""));
        }
    }
    found
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
        .collect::<String>()
        .replace(' ', "-")
}

fn has_anchor(path: &Path, wanted: &str) -> bool {
    prose(&read(path)).lines().filter(|line| line.starts_with('#')).any(|heading| anchor(heading) == wanted)
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut offenders = Vec::new();
    for document in documents() {
        let text = prose(&read(&document));
        for target in targets(&text) {
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() {
                Path::new(&document).to_path_buf()
            } else {
                Path::new(&document).parent().unwrap().join(file)
            };
            if !root().join(&path).exists() || (!fragment.is_empty() && !has_anchor(&path, fragment)) {
                offenders.push(format!("{document}: {target}"));
            }
        }
    }
    none(&offenders, "links that lead nowhere");
}

#[test]
fn tests_named_in_architecture_exist() {
    let text = read("ARCHITECTURE.md");
    let sources: String =
        ["tests", "src"].iter().flat_map(|folder| files_below(folder, &[".rs"])).map(|path| read(&path)).collect();
    let offenders: Vec<String> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| {
            name.matches('_').count() >= 2 && name.chars().all(|letter| letter == '_' || letter.is_ascii_alphanumeric())
        })
        .filter(|name| name.chars().all(|letter| !letter.is_ascii_uppercase()))
        .filter(|name| !sources.contains(*name))
        .map(str::to_owned)
        .collect();
    none(&offenders, "ARCHITECTURE.md names tests that are not there");
}

/// The rows of the first table under `heading`, each as its cells without backticks.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    text.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .filter(|line| !line.starts_with("|-") && !line.starts_with("| -"))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

#[test]
fn documented_transitions_are_those_of_the_code() {
    let rows = table(&read("docs/deliveries.md"), "## Transitions");
    assert_eq!(rows.len(), Transition::ALL.len() + 1, "one row per transition, and the heading");
    let states: Vec<DeliveryState> = rows[0][1..].iter().map(|name| DeliveryState::parse(name).expect("a state")).collect();
    assert_eq!(states, DeliveryState::ALL, "one column per state, in order");
    for (row, transition) in rows[1..].iter().zip(Transition::ALL) {
        assert_eq!(row[0], transition.as_str(), "rows are in the order of the code");
        for (cell, state) in row[1..].iter().zip(DeliveryState::ALL) {
            let after = state.after(transition).map_or("–", DeliveryState::as_str);
            assert_eq!(cell, after, "{} from {}", row[0], state.as_str());
        }
    }
}

#[test]
fn configuration_document_shows_the_defaults_as_they_are() {
    let text = read("docs/configuration.md");
    let (_, rest) = text.split_once("<!-- begin: default.toml -->\n```toml\n").expect("the marker");
    let (shown, _) = rest.split_once("```\n<!-- end: default.toml -->").expect("the marker");
    assert_eq!(shown, read("src/config/default.toml"), "run `make generate`");
}

#[test]
fn decisions_are_listed_where_they_are_looked_for() {
    let index = read("ARCHITECTURE.md");
    let offenders: Vec<String> = files_below("docs/adr", &[".md"])
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .filter(|path| !index.contains(path.as_str()))
        .collect();
    none(&offenders, "decisions that ARCHITECTURE.md does not name");
}
