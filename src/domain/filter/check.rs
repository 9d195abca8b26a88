//! Bounds of the filters of one subscription.

use super::Filter;

/// Expressions inside each other, at most.
pub const MAX_DEPTH: usize = 16;

/// Expressions in all filters of a subscription together, at most; each attribute of an `exact`, `prefix` or `suffix` counts as
/// one, since each costs a comparison, and so does each operator, function call and attribute of a CESQL expression and each
/// condition of a `data`.
pub const MAX_NODES: usize = 256;

/// Checks the bounds of all filters of a subscription.
///
/// # Errors
/// The JSON Pointer of the filter at fault within the array, and a sentence.
pub fn check(filters: &[Filter]) -> Result<(), (String, String)> {
    let mut nodes = 0;
    for (index, filter) in filters.iter().enumerate() {
        if depth(filter) > MAX_DEPTH {
            return Err((format!("/{index}"), format!("filters may not be nested more than {MAX_DEPTH} deep")));
        }
        nodes += count(filter);
        if nodes > MAX_NODES {
            return Err((format!("/{index}"), format!("filters may have at most {MAX_NODES} expressions and attributes in all")));
        }
    }
    Ok(())
}

fn depth(filter: &Filter) -> usize {
    let below = match filter {
        Filter::Exact(_) | Filter::Prefix(_) | Filter::Suffix(_) | Filter::Sql(_) | Filter::Data(_) => 0,
        Filter::All(expressions) | Filter::Any(expressions) => expressions.iter().map(depth).max().unwrap_or(0),
        Filter::Not(expression) => depth(expression),
    };
    1 + below
}

fn count(filter: &Filter) -> usize {
    match filter {
        Filter::Exact(wanted) | Filter::Prefix(wanted) | Filter::Suffix(wanted) => wanted.len().max(1),
        Filter::Sql(expression) => expression.nodes().max(1),
        Filter::All(expressions) | Filter::Any(expressions) => 1 + expressions.iter().map(count).sum::<usize>(),
        Filter::Not(expression) => 1 + count(expression),
        Filter::Data(expression) => expression.condition_count(),
    }
}
