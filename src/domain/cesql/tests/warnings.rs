//! What authors are warned of.

use super::*;

fn warnings(text: &str) -> Vec<(usize, String)> {
    let expression = Expression::parse(text).unwrap();
    expression.warnings().iter().map(|warning| (warning.column, warning.detail.clone())).collect()
}

#[test]
fn mixed_logic_is_warned_of_once_for_each_chain() {
    for (text, column, detail) in [
        ("flag OR word AND id", 14, "this is `(flag OR word) AND …`"),
        ("flag AND id = 'ü' OR word", 19, "this is `(flag AND id = 'ü') OR …`"),
        ("flag AND id OR word XOR id", 13, "`(flag AND id) OR …`"),
        ("flag AND (flag XOR id OR word)", 23, "`(flag XOR id) OR …`"),
    ] {
        let found = warnings(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].0, column, "{text}");
        assert!(found[0].1.contains(detail), "{text}: {found:?}");
    }
}

#[test]
fn not_before_a_comparison_is_warned_of() {
    for (text, column, detail) in [
        ("NOT id = 'a'", 8, "`(NOT id) = …`"),
        ("NOT id LIKE 'a'", 8, "`(NOT id) LIKE …`"),
        ("NOT id NOT IN ('a')", 8, "`(NOT id) NOT IN …`"),
        ("flag AND NOT LENGTH(id) < 5", 25, "`(NOT LENGTH(id)) < …`"),
        ("NOT number + 1 = 2", 12, "`(NOT number) + …`"),
    ] {
        let found = warnings(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].0, column, "{text}");
        assert!(found[0].1.contains(detail), "{text}: {found:?}");
    }
}

#[test]
fn what_says_the_same_for_every_event_is_warned_of() {
    for (text, detail) in [
        ("EXISTS id", "true for every event"),
        ("1 = 2", "false for every event"),
        ("1 / 0 = 1", "fails for every event (math)"),
        ("LENGTH(id)", "gives a number"),
        ("CONCAT(id, 'a')", "gives a text"),
        ("'true'", "gives a text"),
        ("EXISTS data", "`data` is no attribute"),
    ] {
        let found = warnings(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].1.contains(detail), "{text}: {found:?}");
    }
}

#[test]
fn what_leaves_no_doubt_is_not_warned_of() {
    for text in [
        "flag AND word AND id",
        "(flag AND word) OR id",
        "flag OR (word AND id)",
        "NOT (id = 'a')",
        "(NOT id) = 'a'",
        "NOT EXISTS time",
        "NOT flag AND NOT word",
        "id NOT LIKE 'a'",
        "flag",
        "NOT flag",
        "flag = (word = id)",
    ] {
        assert_eq!(warnings(text), [], "{text}");
    }
}
