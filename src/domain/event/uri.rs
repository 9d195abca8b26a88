//! URI syntax (RFC 3986), checked and never changed.
//!
//! The `url` crate rewrites what it reads and can't hold relative references, so a `source` would not go out as it came in
//! (SPECS FW-4).

/// Whether `text` is a URI-reference (section 4.1). The empty text is one.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    match scheme(text) {
        Some((_, rest)) => is_hierarchy(rest),
        None => is_relative(text),
    }
}

/// Whether `text` is a URI with a scheme; a fragment is let pass (SPECS CE-5).
#[must_use]
pub fn is_absolute(text: &str) -> bool {
    scheme(text).is_some_and(|(_, rest)| is_hierarchy(rest))
}

/// Splits off a scheme and its colon.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

/// A relative reference: a colon in its first segment would read as a scheme (section 4.2).
fn is_relative(text: &str) -> bool {
    let first_segment = text.split(['/', '?', '#']).next().unwrap_or_default();
    !first_segment.contains(':') && is_hierarchy(text)
}

/// What may follow a scheme's colon: authority, path, query and fragment.
fn is_hierarchy(text: &str) -> bool {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let (authority, path) = match text.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", text),
    };
    is_authority(authority)
        && consists_of(path, is_path_byte)
        && [query, fragment].into_iter().all(|part| consists_of(part, |byte| is_path_byte(byte) || byte == b'?'))
}

/// `userinfo@host:port`, each part but the host optional (section 3.2).
fn is_authority(text: &str) -> bool {
    let (userinfo, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host.strip_prefix('[') {
        Some(literal) => match literal.split_once(']') {
            Some((address, port)) if is_literal(address) => ("", port),
            _ => return false,
        },
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    is_port
        && consists_of(userinfo, |byte| is_unreserved(byte) || is_sub_delimiter(byte) || byte == b':')
        && consists_of(host, |byte| is_unreserved(byte) || is_sub_delimiter(byte))
}

/// An IPv6 address, or an address of a version to come.
fn is_literal(address: &str) -> bool {
    let is_future = address.starts_with(['v', 'V'])
        && address.bytes().all(|byte| is_unreserved(byte) || is_sub_delimiter(byte) || byte == b':');
    is_future || address.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Whether `text` is made of bytes that `allowed` allows, and of percent triplets.
fn consists_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => allowed(byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

const fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte) || is_sub_delimiter(byte) || matches!(byte, b':' | b'@' | b'/')
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn is_sub_delimiter(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_every_form_pass() {
        for text in [
            "https://cloudevents.io",
            "#fragment",
            "/orders",
            "//authority/path",
            "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
            "mailto:cncf-wg-serverless@lists.cncf.io",
            "1-555-123-4567",
            "./a:b",
            "?a=b?c",
            "http://user:pass@host:8080/a%20b;c=d?x=/#y?z",
            "http://[2001:db8::1]:80/",
            "http://[v1.fe80::a+en1]/",
            "http:",
            "http://host:/",
            "",
        ] {
            assert!(is_reference(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "a b",
            "/caf\u{e9}",
            "100%",
            "%zz",
            "%4",
            "1a:b",
            ":x",
            "http://[::1",
            "http://[zz]/",
            "http://[::1]x/",
            "http://h:8a/",
            "a[b]",
            "a#b#c",
            "a\\b",
            "<a>",
            "a|b",
            "http://a@b@c/",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }

    #[test]
    fn only_what_has_a_scheme_is_absolute() {
        assert!(is_absolute("https://cloudevents.io/dataschema#here"));
        assert!(is_absolute("urn:x"));
        for text in ["/relative", "", "//host/x", "1a:b", "a b:c"] {
            assert!(!is_absolute(text), "{text}");
        }
    }
}
