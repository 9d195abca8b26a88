//! Bounds, and what happens at them; and that no text at all does harm.

use proptest::prelude::*;

use super::*;

/// Well below what a thread of the server has.
const STACK: usize = 1024 * 1024;

fn refusal(text: &str) -> String {
    Expression::parse(text).unwrap_err().detail
}

#[test]
fn length_is_bounded() {
    let text = |length: usize| format!("id = '{}'", "x".repeat(length - 7));
    assert!(Expression::parse(&text(MAX_LENGTH)).is_ok());
    assert!(refusal(&text(MAX_LENGTH + 1)).contains("at most 4096 bytes"));
    // Cut in the middle of a character.
    assert!(refusal(&format!("'{}'", "ä".repeat(MAX_LENGTH))).contains("at most 4096 bytes"));
}

#[test]
fn depth_is_bounded() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}id{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("(", ")"), ("NOT ", ""), ("- ", ""), ("LENGTH(", ")"), ("id IN (", ")"), ("1 + (", ")")] {
        assert!(Expression::parse(&nested(open, close, MAX_DEPTH)).is_ok(), "{open}");
        let most = MAX_LENGTH / (open.len() + close.len()) - 1;
        for depth in [MAX_DEPTH + 1, most] {
            assert!(refusal(&nested(open, close, depth)).contains("nested more than 32 deep"), "{open}");
        }
    }
}

#[test]
fn nodes_are_bounded_and_literals_are_free() {
    let chain = |count: usize| vec!["id"; count].join(" OR ");
    assert_eq!(Expression::parse(&chain(128)).unwrap().nodes(), 255);
    assert!(refusal(&chain(129)).contains("at most 256 operators"));
    assert_eq!(Expression::parse(&format!("id IN ({})", vec!["'a'"; 1000].join(","))).unwrap().nodes(), 2);
    assert!(refusal(&vec!["1"; 300].join("+")).contains("at most 256 operators"));
}

/// The deepest trees there can be are read, evaluated and dropped on a small stack.
#[test]
fn deepest_trees_fit_a_small_stack() {
    let worst = [
        vec!["1"; MAX_NODES].join("+"),
        vec!["id"; MAX_NODES / 2].join("+"),
        format!("{}id{}", "1 = 1 + 1 * (".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)),
        format!("{}id{}", "1 OR 1 = 1 + 1 * CONCAT(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH)),
        format!("{} {}", "NOT ".repeat(MAX_DEPTH), vec!["id"; 100].join("=")),
    ];
    let work = move || {
        for text in &worst {
            for expression in [Expression::parse(text).unwrap(), Expression::parse_literally(text).unwrap()] {
                let event = sample();
                assert_eq!(expression.passes(&event).is_err(), !expression.evaluate(&event).errors.is_empty());
                assert_eq!(expression.attributes().len(), expression.clone().attributes().len());
            }
        }
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

#[test]
fn joined_texts_are_bounded() {
    let mut event = sample();
    event.0.insert("long", ("x".repeat(MAX_TEXT / 4), Kind::String));
    let length = |text: &str| Expression::parse(text).unwrap().evaluate(&event).errors;
    assert_eq!(length("LENGTH(CONCAT(long, long, long, long))"), Errors::NONE);
    for text in [
        "CONCAT(long, long, long, long, 'x')",
        "CONCAT_WS('x', long, long, long, long)",
        "CONCAT_WS(long, '', '', '', '', '', 'x')",
    ] {
        assert_eq!(length(text), Errors::of(ErrorKind::FunctionEvaluation), "{text}");
    }
}

/// A matcher that tries beginnings one by one would need 10^11 steps for these.
#[test]
fn patterns_take_linear_time() {
    let long = "a".repeat(4 * 1024 * 1024);
    let mut event = sample();
    event.0.insert("long", (long, Kind::String));
    let wild = format!("{}_b", "a".repeat(62));
    for pattern in
        [format!("%{}%", vec![wild.as_str(); 60].join("%")), "%a".repeat(2000) + "%b%", format!("%{}b%", "a".repeat(4000))]
    {
        let expression = Expression::parse(&format!("long LIKE '{pattern}'")).unwrap();
        assert_eq!(expression.passes(&event), Ok(false));
    }
    let text = format!("long LIKE '%{}_b%'", "a".repeat(63));
    assert!(refusal(&text).contains("at most 64 characters"));
    // At an end no beginning is looked for.
    assert!(Expression::parse(&format!("long LIKE '{}_%_{}'", "a".repeat(99), "a".repeat(99))).unwrap().passes(&event).unwrap());
}

/// Pieces of expressions, put together as they come.
fn soup() -> impl Strategy<Value = String> {
    let pieces = [
        "AND",
        "OR",
        "XOR",
        "NOT",
        "LIKE",
        "IN",
        "EXISTS",
        "TRUE",
        "false",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<>",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "'a%_'",
        "\"ä\\\"\"",
        "''",
        "1",
        "-2147483648",
        "2147483647",
        "id",
        "number",
        "ghost",
        "LENGTH(",
        "CONCAT(",
        "SUBSTRING(",
        "LEFT(",
        "'",
        "\"",
        "\\",
        "_",
        "\u{e9}",
        " ",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.join(" "))
}

fn survives(text: &str) {
    match Expression::parse(text) {
        Ok(expression) => {
            let event = sample();
            let errors = expression.evaluate(&event).errors;
            assert_eq!(expression.passes(&event).is_err(), !errors.is_empty(), "{text}");
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.offset), "{text}: {error}");
            assert!(error.column <= text.chars().count() + 1, "{text}: {error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        survives(&text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_pieces_are_read_or_refused(text in soup()) {
        survives(&text);
    }
}
