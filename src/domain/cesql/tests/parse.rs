//! How texts are read, and what is said of those that can not be.

use super::*;

/// Expressions and how they are grouped.
#[test]
fn operators_bind_as_the_text_of_the_specification_says() {
    for (text, grouped) in [
        ("NOT word LIKE 'a'", "(NOT word) LIKE 'a'"),
        ("NOT flag = flag", "(NOT flag) = flag"),
        ("NOT -number = 1", "(NOT (-number)) = 1"),
        ("-number LIKE '7'", "(-number) LIKE '7'"),
        ("NOT EXISTS ghost", "NOT (EXISTS ghost)"),
        ("EXISTS id IN (true)", "(EXISTS id) IN (true)"),
        ("number + sequence IN (5)", "number + (sequence IN (5))"),
        ("number IN (1) LIKE 'f%'", "(number IN (1)) LIKE 'f%'"),
        ("number NOT IN (1, 2) = true", "(number NOT IN (1, 2)) = true"),
        ("number = sequence NOT LIKE 'x'", "number = (sequence NOT LIKE 'x')"),
        ("1 + number * 3 - 4 / sequence", "(1 + (number * 3)) - (4 / sequence)"),
        ("number - 1 - 2", "(number - 1) - 2"),
        ("number / 2 % 3 * 4", "((number / 2) % 3) * 4"),
        ("1 < number = flag", "(1 < number) = flag"),
        ("flag = 1 + 1 AND flag", "(flag = (1 + 1)) AND flag"),
        ("flag OR ghost AND word", "(flag OR ghost) AND word"),
        ("flag AND ghost OR word", "(flag AND ghost) OR word"),
        ("flag XOR ghost OR word AND id", "((flag XOR ghost) OR word) AND id"),
        ("flag AND NOT word XOR id", "(flag AND (NOT word)) XOR id"),
    ] {
        let read = |text| Expression::parse_literally(text).unwrap().root;
        assert_eq!(read(text), read(grouped), "{text}");
    }
}

/// SPECS T-4: the grammar of the reference would give the other answers.
#[test]
fn logic_is_read_from_left_to_right() {
    assert_eq!(give("true OR false AND false"), "false");
    assert_eq!(give("false AND false OR true"), "true");
}

#[test]
fn keywords_names_and_functions_are_read_in_any_case() {
    for text in
        ["exists SOURCE", "TrUe aNd Flag", "SubJect lIkE 'G%'", "lEnGtH(id) = 1", "nUMBER nOt iN (1)", "concat_ws('', id)='1'"]
    {
        assert_eq!(give(text), "true", "{text}");
    }
}

#[test]
fn signs_belong_to_numbers_where_a_value_is_expected() {
    for (text, value) in [
        ("4-1", "3"),
        ("4 -1", "3"),
        ("4+1", "5"),
        ("4 - -1", "5"),
        ("4+-1", "3"),
        ("--10", "10"),
        ("- 10", "-10"),
        ("+10", "10"),
        ("-2147483648", "-2147483648"),
        ("-2147483648 + 1", "-2147483647"),
        ("number-1", "-8"),
        ("-number", "7"),
    ] {
        assert_eq!(give(text), value, "{text}");
    }
}

#[test]
fn only_the_own_quote_is_unescaped() {
    for (text, value) in [
        (r"'a\'b'", "'a'b'"),
        (r#"'a\"b'"#, r#"'a\"b'"#),
        (r#""a\"b'c""#, r#"'a"b'c'"#),
        (r"'a\\b'", r"'a\\b'"),
        (r"'a\\'", r"'a\\'"),
        (r"'\ä\n'", r"'\ä\n'"),
        ("''", "''"),
    ] {
        assert_eq!(give(text), value, "{text}");
    }
}

#[test]
fn what_can_not_be_read_is_refused_where_that_shows() {
    for (text, column, detail) in [
        ("", 1, "expected a value (an attribute, a number"),
        ("  ", 3, "found the end"),
        ("ABC(", 5, "found the end"),
        ("(type = 'a'", 12, "expected an operator or `)`, found the end"),
        ("type = 'a')", 11, "no parenthesis is open"),
        ("type = ", 8, "expected a value"),
        ("type == 'a'", 7, "expected a value"),
        ("type = 'ä' 'b'", 12, "expected an operator or the end, found a text"),
        ("'a''b'", 4, "expected an operator or the end, found a text"),
        ("type = 'abc", 8, "never closed: expected another '"),
        ("type = \"abc\\\"", 8, "never closed: expected another \""),
        ("type LIKE subject", 11, "expected a pattern in quotes after `LIKE`, found `subject`"),
        ("type LIKE 5", 11, "expected a pattern in quotes"),
        ("type NOT 'a'", 6, "expected `NOT LIKE` or `NOT IN`"),
        ("type NOT = 'a'", 6, "expected `NOT LIKE` or `NOT IN`"),
        ("type IN 'a'", 9, "expected `(` and the list"),
        ("type IN ()", 10, "at least one value"),
        ("type IN ('a',)", 14, "expected a value"),
        ("EXISTS 'a'", 8, "expected the name of an attribute, found a text"),
        ("EXISTS not", 8, "expected the name of an attribute, found the keyword NOT"),
        ("EXISTS 5", 8, "expected the name of an attribute, found `5`"),
        ("my_ext = 1", 1, "only letters and digits"),
        ("F1(id)", 1, "names of functions"),
        ("_F(id)", 1, "names of functions"),
        ("LENGTH(id", 10, "expected an operator, `,` or `)`, found the end"),
        ("LENGTH(,)", 8, "expected a value"),
        ("2147483648", 1, "no integer of 32 bits"),
        ("-2147483649 = 1", 1, "-2147483649 is no integer of 32 bits"),
        ("1 + + id", 5, "digits right behind the `+`"),
        ("id ! 'a'", 4, "did you mean `!=`"),
        ("id && type", 4, "write `AND`"),
        ("id = ‘a’", 6, "texts stand in"),
        ("ünter = 1", 1, "'ü' has no meaning"),
        ("AND id", 1, "found the keyword AND"),
        ("id AND", 7, "found the end"),
    ] {
        let error = Expression::parse(text).unwrap_err();
        assert!(error.detail.contains(detail), "{text}: {error}");
        assert_eq!(error.column, column, "{text}: {error}");
        assert_eq!(text.chars().count() - text[error.offset..].chars().count(), column - 1, "{text}: {error}");
    }
}

#[test]
fn expression_shows_itself_as_it_was_written() {
    let text = " TYPE  = 'a' AND 1+1=2 ";
    let expression = Expression::parse(text).unwrap();
    assert_eq!((expression.text(), expression.to_string().as_str()), (text, text));
    assert_eq!(serde_json::to_value(&expression).unwrap(), text);
    assert_eq!(format!("{expression:?}"), format!("Expression({text:?})"));
    assert_eq!(expression, Expression::parse_literally(text).unwrap());
}

#[test]
fn attributes_are_named_once_and_in_lower_case() {
    let text = "Subject LIKE 'a%' OR EXISTS time AND LENGTH(subject) IN (myext, 1) OR -n = 1 AND NOT flag";
    assert_eq!(Expression::parse(text).unwrap().attributes(), ["subject", "time", "myext", "n", "flag"]);
}
