//! What the author of filters should look at again.

use super::Filter;

/// The warnings about all filters of a subscription: JSON Pointers within the array, and sentences.
#[must_use]
pub fn warnings(filters: &[Filter]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    below(filters, "", &mut found);
    found
}

fn below(filters: &[Filter], pointer: &str, found: &mut Vec<(String, String)>) {
    for (index, filter) in filters.iter().enumerate() {
        of(filter, &format!("{pointer}/{index}"), found);
    }
}

fn of(filter: &Filter, pointer: &str, found: &mut Vec<(String, String)>) {
    match filter {
        Filter::Exact(_) | Filter::Prefix(_) | Filter::Suffix(_) | Filter::Data(_) => {}
        Filter::Sql(expression) => found.extend(expression.warnings().iter().map(|warning| {
            let place = if warning.offset == 0 { String::new() } else { format!("character {}: ", warning.column) };
            (format!("{pointer}/sql"), format!("{place}{}", warning.detail))
        })),
        Filter::All(filters) => below(filters, &format!("{pointer}/all"), found),
        Filter::Any(filters) => below(filters, &format!("{pointer}/any"), found),
        Filter::Not(filter) => of(filter, &format!("{pointer}/not"), found),
    }
}
