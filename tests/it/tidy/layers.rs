//! Layers look down only.

use super::{files_below, none, read};

/// Each layer with the layers it may name. `ARCHITECTURE.md` shows the same table.
const LAYERS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("metrics", &["domain"]),
    ("config", &["domain"]),
    ("telemetry", &["config", "domain"]),
    ("store", &["domain", "config", "metrics"]),
    ("routing", &["domain", "config", "metrics", "store"]),
    ("dispatch", &["domain", "config", "metrics", "store"]),
    ("jobs", &["domain", "config", "metrics", "store"]),
    ("retention", &["domain", "config", "metrics", "store"]),
    ("http", &["domain", "config", "metrics", "store", "routing", "dispatch", "jobs"]),
    ("app", &["domain", "config", "metrics", "telemetry", "store", "routing", "dispatch", "jobs", "retention", "http"]),
    ("cli", &["domain", "config", "metrics", "telemetry", "store", "routing", "dispatch", "jobs", "retention", "http", "app"]),
];

/// The layer a file of `src` belongs to.
fn layer_of(path: &str) -> &str {
    let inside = path.trim_start_matches("src/");
    inside.split_once('/').map_or_else(|| inside.trim_end_matches(".rs"), |(layer, _)| layer)
}

/// Every layer that `text` names through `crate::`: in paths, and in `use crate::{a::…, b::…}`.
fn named_layers(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut named = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        let before = code[..position].chars().next_back();
        if before.is_some_and(|letter| letter == '_' || letter == '$' || letter.is_alphanumeric()) {
            continue;
        }
        let rest = &code[position + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => named.extend(heads_of_group(group)),
            None => named.push(identifier(rest)),
        }
    }
    named
}

/// The identifier that `text` begins with.
fn identifier(text: &str) -> String {
    text.chars().take_while(|letter| *letter == '_' || letter.is_alphanumeric()).collect()
}

/// The first identifier of each entry of a `use` group, up to its closing brace.
fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut entry_begins = true;
    for (position, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => entry_begins = true,
            _ if letter.is_whitespace() => {}
            _ if entry_begins => {
                heads.push(identifier(&group[position..]));
                entry_begins = false;
            }
            _ => {}
        }
    }
    heads
}

#[test]
fn layers_look_down_only() {
    let mut offenders = Vec::new();
    for path in files_below("src", &[".rs"]) {
        let path = path.to_string_lossy().into_owned();
        let layer = layer_of(&path);
        if matches!(layer, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            offenders.push(format!("{path}: `{layer}` is no layer of the table"));
            continue;
        };
        for named in named_layers(&read(&path)) {
            let is_layer = LAYERS.iter().any(|(name, _)| *name == named);
            if is_layer && named != layer && !allowed.contains(&named.as_str()) {
                offenders.push(format!("{path}: `{layer}` may not use `{named}`"));
            }
        }
    }
    none(&offenders, "layers look down only");
}

#[test]
fn architecture_shows_the_same_layers() {
    let text = read("ARCHITECTURE.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let mut offenders = Vec::new();
    for (layer, allowed) in LAYERS {
        let Some(row) = rows.iter().find(|row| row.starts_with(&format!("| `{layer}` |"))) else {
            offenders.push(format!("no row for `{layer}`"));
            continue;
        };
        let cell = row.split('|').nth(2).unwrap_or("");
        let shown: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        if shown != allowed {
            offenders.push(format!("`{layer}` may use {allowed:?}, but the table says {shown:?}"));
        }
    }
    none(&offenders, "the layers table of ARCHITECTURE.md is that of tests/it/tidy/layers.rs");
}

#[test]
fn reader_of_paths_sees_groups_and_qualified_names() {
    let text =
        "use crate::{http::Problem, store::{Lease, sql::Pool}};\nlet a = crate::app::run(); // crate::cli\n// crate::routing";
    assert_eq!(named_layers(text), ["http", "store", "app", "cli"]);
    assert_eq!(named_layers("//! see crate::http\n/// crate::http\n$crate::http; my_crate::http"), Vec::<String>::new());
}
