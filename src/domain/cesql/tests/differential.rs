//! Generated expressions: the same answer folded and not, whole and fail-fast, with every parenthesis and with the fewest.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;

/// An expression as it is generated.
#[derive(Debug, Clone)]
enum Tree {
    Leaf(String),
    Before(&'static str, Box<Tree>),
    Between(Box<Tree>, &'static str, Box<Tree>),
    Like(Box<Tree>, &'static str, String),
    In(Box<Tree>, &'static str, Vec<Tree>),
    Call(&'static str, Vec<Tree>),
}

/// How tightly it binds: CESQL 3.6, tightest last.
fn level(tree: &Tree) -> u8 {
    match tree {
        Tree::Between(_, "AND" | "OR" | "XOR", _) => 1,
        Tree::Between(_, "=" | "!=" | "<>" | "<" | "<=" | ">" | ">=", _) => 2,
        Tree::Between(_, "+" | "-", _) => 3,
        Tree::Between(..) => 4,
        Tree::In(..) => 5,
        Tree::Like(..) => 6,
        Tree::Leaf(_) | Tree::Before(..) | Tree::Call(..) => 7,
    }
}

/// The text, with parentheses around all operands or only where precedence asks for them.
fn text(tree: &Tree, is_full: bool) -> String {
    let operand = |operand: &Tree, least: u8| {
        let is_leaf = matches!(operand, Tree::Leaf(_));
        let inside = text(operand, is_full);
        if level(operand) < least || is_full && !is_leaf { format!("({inside})") } else { inside }
    };
    let list = |elements: &[Tree]| elements.iter().map(|element| text(element, is_full)).collect::<Vec<_>>().join(", ");
    match tree {
        Tree::Leaf(text) => text.clone(),
        Tree::Before(operator, inside) => format!("{operator} {}", operand(inside, 7)),
        Tree::Between(left, operator, right) => {
            format!("{} {operator} {}", operand(left, level(tree)), operand(right, level(tree) + 1))
        }
        Tree::Like(left, operator, pattern) => format!("{} {operator} {pattern}", operand(left, 6)),
        Tree::In(left, operator, elements) => format!("{} {operator} ({})", operand(left, 5), list(elements)),
        Tree::Call(name, arguments) => format!("{name}({})", list(arguments)),
    }
}

const TEXTS: [&str; 14] =
    ["", "true", "FALSE", "yes", "0", "5", "-7", "+7", "2147483648", "Grün", "a%b", " x ", "com.example.created", "/orders/eu"];

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(TEXTS.to_vec()).prop_map(|text| format!("'{text}'")),
        prop::sample::select(vec![0, 1, 2, 5, -1, -7, i32::MAX, i32::MIN]).prop_map(|number| number.to_string()),
        prop::sample::select(vec!["TRUE", "false"]).prop_map(str::to_owned),
    ]
}

fn leaf() -> impl Strategy<Value = Tree> {
    let names = ["id", "source", "type", "subject", "sequence", "word", "number", "flag", "ghost"];
    let name = prop::sample::select(names.to_vec());
    prop_oneof![
        4 => literal(),
        4 => name.clone().prop_map(str::to_owned),
        1 => name.prop_map(|name| format!("EXISTS {name}")),
    ]
    .prop_map(Tree::Leaf)
}

fn pattern() -> impl Strategy<Value = String> {
    let pieces = ["%", "_", "a", "e", "u", "\u{fc}", "true", "5", "com.", r"\%", r"\_", r"\x", "-"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..6).prop_map(|pieces| format!("'{}'", pieces.concat()))
}

/// Any expression: well typed only by chance, so that casts and their failures are as frequent as successes.
fn tree() -> impl Strategy<Value = Tree> {
    let between = ["AND", "OR", "XOR", "=", "!=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"];
    let fixed = [
        ("LENGTH", 1),
        ("LOWER", 1),
        ("UPPER", 1),
        ("TRIM", 1),
        ("ABS", 1),
        ("INT", 1),
        ("BOOL", 1),
        ("STRING", 1),
        ("LEFT", 2),
        ("RIGHT", 2),
        ("SUBSTRING", 2),
        ("SUBSTRING", 3),
        ("NOSUCH", 1),
        ("LENGTH", 2),
    ];
    leaf().prop_recursive(8, 48, 5, move |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let many = |least: usize| prop::collection::vec(inner.clone(), least..5);
        prop_oneof![
            2 => (prop::sample::select(vec!["NOT", "-"]), boxed()).prop_map(|(operator, inside)| Tree::Before(operator, inside)),
            6 => (boxed(), prop::sample::select(between.to_vec()), boxed())
                .prop_map(|(left, operator, right)| Tree::Between(left, operator, right)),
            2 => (boxed(), prop::sample::select(vec!["LIKE", "NOT LIKE"]), pattern())
                .prop_map(|(left, operator, pattern)| Tree::Like(left, operator, pattern)),
            2 => (boxed(), prop::sample::select(vec!["IN", "NOT IN"]), many(1))
                .prop_map(|(left, operator, elements)| Tree::In(left, operator, elements)),
            1 => (boxed(), prop::sample::select(vec!["IN", "NOT IN"]), prop::collection::vec(literal().prop_map(Tree::Leaf), 1..6))
                .prop_map(|(left, operator, elements)| Tree::In(left, operator, elements)),
            2 => (prop::sample::select(fixed.to_vec()), prop::collection::vec(inner.clone(), 3))
                .prop_map(|((name, count), mut arguments)| { arguments.truncate(count); Tree::Call(name, arguments) }),
            1 => (prop::sample::select(vec!["CONCAT", "CONCAT_WS"]), many(0)).prop_map(|(name, arguments)| Tree::Call(name, arguments)),
        ]
    })
}

/// Events that lack some attributes and have others of any value.
fn event() -> impl Strategy<Value = Sample> {
    let value = prop_oneof![
        prop::sample::select(TEXTS.to_vec()).prop_map(|text| (text.to_owned(), Kind::String)),
        any::<i32>().prop_map(|number| (number.to_string(), Kind::Integer)),
        any::<bool>().prop_map(|truth| (truth.to_string(), Kind::Boolean)),
    ];
    let names = prop::sample::select(vec!["subject", "sequence", "word", "number", "flag", "ghost"]);
    (prop::collection::btree_map(names, value, 0..6), any::<bool>()).prop_map(|(changed, is_whole)| {
        let mut event = sample();
        if !is_whole {
            event.0.retain(|name, _| matches!(*name, "specversion" | "id" | "source" | "type"));
        }
        event.0.extend(changed);
        event
    })
}

fn check(tree: &Tree, event: &Sample) -> Result<Outcome<'static>, TestCaseError> {
    let (full, short) = (text(tree, true), text(tree, false));
    let written = Expression::parse_literally(&full).unwrap();
    prop_assert_eq!(&written.root, &Expression::parse_literally(&short).unwrap().root, "{} and {}", full, short);

    let folded = Expression::parse(&full).unwrap();
    let (expected, actual) = (written.evaluate(event), folded.evaluate(event));
    prop_assert_eq!(&expected, &actual, "{}", &full);
    let passes = if expected.errors.is_empty() { Ok(expected.value == Value::Boolean(true)) } else { Err(()) };
    prop_assert_eq!(written.passes(event).map_err(drop), passes, "not folded: {}", &full);
    prop_assert_eq!(folded.passes(event).map_err(drop), passes, "folded: {}", &full);
    Ok(Outcome { value: expected.value.into_owned(), errors: expected.errors })
}

/// Thousands of expressions, and as a check of the generator itself: every kind of error and every type came up, and enough went
/// without an error.
#[test]
fn folding_and_failing_fast_change_no_value_and_no_error() {
    let (fine, kinds, types) = (Cell::new(0), Cell::new(Errors::NONE), Cell::new([0; 3]));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(5000));
    runner
        .run(&(tree(), event()), |(tree, event)| {
            let outcome = check(&tree, &event)?;
            fine.set(fine.get() + i32::from(outcome.errors.is_empty()));
            kinds.set(kinds.get().and(outcome.errors));
            let mut seen = types.get();
            seen[outcome.value.kind() as usize] += 1;
            types.set(seen);
            Ok(())
        })
        .unwrap();
    assert!(fine.get() > 500, "{} of 5000 went without an error", fine.get());
    assert_eq!(kinds.get().iter().count(), ErrorKind::ALL.len(), "{:?}", kinds.get());
    assert!(types.get().iter().all(|count| *count > 100), "{:?}", types.get());
}
