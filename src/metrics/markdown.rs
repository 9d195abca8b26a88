//! The tables of `docs/metrics.md`, generated from what is registered.

use std::fmt::Write as _;

use super::catalog::{Definition, Label, Values};

/// One table per section, in the order of registration.
#[must_use]
pub fn tables(definitions: &[Definition]) -> String {
    let mut page = String::new();
    for section in definitions.chunk_by(|one, next| one.section == next.section) {
        // Writing to a string can't fail.
        let _ = write!(page, "### {}\n\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n", section[0].section);
        for Definition { name, kind, labels, help, .. } in section {
            let labels = labels.iter().map(label).collect::<Vec<_>>().join("<br>");
            let _ = writeln!(page, "| `{name}` | {} | {labels} | {help} |", kind.as_str());
        }
        page.push('\n');
    }
    page
}

fn label(label: &Label) -> String {
    let values = match &label.values {
        Values::Listed(values) => values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", "),
        Values::Described(values) => (*values).to_owned(),
    };
    format!("`{}`: {values}", label.name)
}
