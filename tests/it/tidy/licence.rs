//! Licence expressions: enough of SPDX to say whether a list of licences satisfies one.

/// Whether `expression` is satisfied by licences from `allowed`. `A/B`, as old manifests write it, means `A OR B`.
pub(super) fn is_satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut position = 0;
    let satisfied = either(&words, &mut position, allowed);
    satisfied && position == words.len()
}

fn either(words: &[&str], position: &mut usize, allowed: &[String]) -> bool {
    let mut satisfied = both(words, position, allowed);
    while words.get(*position) == Some(&"OR") {
        *position += 1;
        satisfied |= both(words, position, allowed);
    }
    satisfied
}

fn both(words: &[&str], position: &mut usize, allowed: &[String]) -> bool {
    let mut satisfied = single(words, position, allowed);
    while words.get(*position) == Some(&"AND") {
        *position += 1;
        satisfied &= single(words, position, allowed);
    }
    satisfied
}

fn single(words: &[&str], position: &mut usize, allowed: &[String]) -> bool {
    let Some(word) = words.get(*position) else { return false };
    *position += 1;
    if *word == "(" {
        let satisfied = either(words, position, allowed);
        *position += 1;
        return satisfied;
    }
    let mut name = (*word).to_owned();
    if words.get(*position) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*position + 1).unwrap_or(&""));
        *position += 2;
    }
    allowed.contains(&name)
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for expression in ["MIT", "GPL-3.0 OR MIT", "Apache-2.0/MIT", "Apache-2.0 WITH LLVM-exception OR X", "MIT AND (X OR Zlib)"] {
        assert!(is_satisfied(expression, &allowed), "{expression}");
    }
    for expression in ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "(MIT OR X) AND Y", "MIT Zlib"] {
        assert!(!is_satisfied(expression, &allowed), "{expression}");
    }
}
