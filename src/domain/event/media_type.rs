//! Media types as far as events need them: their syntax, whether they mean JSON or text, and their charset (RFC 9110 8.3,
//! SPECS CE-6, CE-10, HR-25).

/// A media type, taken apart but not changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct MediaType<'a> {
    main: &'a str,
    sub: &'a str,
    parameters: &'a str,
}

impl<'a> MediaType<'a> {
    /// Takes `text` apart; `None` if it is no media type.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (essence, parameters) = text.split_at(text.find(';').unwrap_or(text.len()));
        let (main, sub) = essence.trim_matches([' ', '\t']).split_once('/')?;
        let parsed = Self { main, sub, parameters };
        (is_token(main) && is_token(sub) && parsed.parameters().all(|parameter| parameter.is_some())).then_some(parsed)
    }

    /// Whether content of this type is JSON, whatever its main type and parameters.
    pub(super) fn is_json(self) -> bool {
        is_or_ends_with(self.sub, "json", "+json")
    }

    /// Whether content of this type is a text in the charset it names.
    pub(super) fn is_text(self) -> bool {
        self.main.eq_ignore_ascii_case("text") || is_or_ends_with(self.sub, "xml", "+xml")
    }

    /// The charset it names, quotes removed.
    pub(super) fn charset(self) -> Option<&'a str> {
        let value = self.parameters().flatten().find(|(name, _)| name.eq_ignore_ascii_case("charset"))?.1;
        Some(value.trim_matches('"'))
    }

    /// Whether the charset is UTF-8 or part of it, or is not named.
    pub(super) fn is_utf8(self) -> bool {
        self.charset().is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii"))
    }

    /// The parameters, each `None` if it is malformed; empty ones are left out, as RFC 9110 5.6.6 has it.
    fn parameters(self) -> impl Iterator<Item = Option<(&'a str, &'a str)>> {
        let mut rest = self.parameters;
        std::iter::from_fn(move || {
            loop {
                let text = rest.strip_prefix(';')?.trim_start_matches([' ', '\t']);
                let end = parameter_end(text);
                rest = &text[end..];
                let parameter = text[..end].trim_end_matches([' ', '\t']);
                if !parameter.is_empty() {
                    return Some(parameter.split_once('=').filter(|(name, value)| is_token(name) && is_value(value)));
                }
            }
        })
    }
}

/// Where the parameter that `text` begins with ends: at a semicolon outside of quotes.
fn parameter_end(text: &str) -> usize {
    let mut is_quoted = false;
    let mut is_escape = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escape => is_escape = false,
            b'\\' if is_quoted => is_escape = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_or_ends_with(sub: &str, whole: &str, suffix: &str) -> bool {
    let ending = sub.len().checked_sub(suffix.len()).and_then(|at| sub.get(at..));
    sub.eq_ignore_ascii_case(whole) || ending.is_some_and(|ending| ending.eq_ignore_ascii_case(suffix))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A token or a quoted string of printable ASCII.
fn is_value(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('"') else { return is_token(text) };
    let mut bytes = inside.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return bytes.next().is_none(),
            b'\\' if !bytes.next().is_some_and(|escaped| matches!(escaped, b' '..=b'~')) => return false,
            b' '..=b'~' => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_of_every_form_pass() {
        for text in [
            "text/plain",
            "application/vnd.apache.thrift.binary",
            "application/json; charset=utf-8",
            "multipart/mixed;boundary=\"a;b\\\"c\" ; x=y",
            "text/plain;",
            "*/*",
        ] {
            assert!(MediaType::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in [
            "",
            "xyz",
            "a/",
            "/b",
            "a/b/c",
            "a /b",
            "a/b; c",
            "a/b; c=",
            "a/b; c=\"d",
            "a/b; c=\"d\"e",
            "t\u{e9}xt/plain",
            "a/b c",
        ] {
            assert!(MediaType::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn json_is_known_by_its_subtype_alone() {
        for text in
            ["application/json", "Application/JSON", "image/json", "application/vnd.x+JSON; charset=utf-8", "text/json;a=b"]
        {
            assert!(MediaType::parse(text).unwrap().is_json(), "{text}");
        }
        for text in ["application/jsonx", "json/x", "application/x-json", "text/plain; x=json"] {
            assert!(!MediaType::parse(text).unwrap().is_json(), "{text}");
        }
    }

    #[test]
    fn charset_is_read_through_quotes_and_case() {
        assert_eq!(MediaType::parse("text/plain; a=b; CHARSET=\"UTF-8\"").unwrap().charset(), Some("UTF-8"));
        assert!(MediaType::parse("text/plain; charset=US-ASCII").unwrap().is_utf8());
        assert!(!MediaType::parse("text/plain; charset=latin1").unwrap().is_utf8());
        assert!(MediaType::parse("text/plain").unwrap().is_utf8());
    }
}
