//! JSON Pointers (RFC 6901), and `*` for every element of an array.

use std::fmt;

/// Tokens of a pointer, at most.
pub const MAX_TOKENS: usize = 16;

/// Bytes of a pointer, at most.
pub const MAX_POINTER_BYTES: usize = 512;

/// A JSON Pointer. A token that is `*` stands for every element where it meets an array; where it meets an object it is the name
/// of a member, as in any pointer.
#[derive(Clone, PartialEq, Eq)]
pub struct Pointer {
    text: Box<str>,
    tokens: Box<[Box<str>]>,
}

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_POINTER_BYTES {
            return Err(format!("a JSON Pointer may have at most {MAX_POINTER_BYTES} bytes"));
        }
        let Some(inside) = text.strip_prefix('/') else {
            return match text {
                "" => Ok(Self { text: text.into(), tokens: Box::default() }),
                _ => Err(format!("the JSON Pointer `{text}` must begin with `/` (RFC 6901), or be empty for all of the data")),
            };
        };
        let tokens = inside.split('/').map(unescape).collect::<Option<Box<[_]>>>();
        let tokens =
            tokens.ok_or_else(|| format!("in the JSON Pointer `{text}`, `~` must be followed by `0` or `1` (RFC 6901)"))?;
        if tokens.len() > MAX_TOKENS {
            return Err(format!("the JSON Pointer `{text}` has more than {MAX_TOKENS} tokens"));
        }
        Ok(Self { text: text.into(), tokens })
    }

    /// The pointer as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its tokens, escapes resolved.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(AsRef::as_ref)
    }
}

impl fmt::Debug for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(formatter)
    }
}

fn unescape(token: &str) -> Option<Box<str>> {
    let is_right = token.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    is_right.then(|| token.replace("~1", "/").replace("~0", "~").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_read_as_rfc_6901_has_them() {
        for (text, tokens) in [
            ("", &[][..]),
            ("/", &[""]),
            ("/a/b", &["a", "b"]),
            ("/a~1b/m~0n", &["a/b", "m~n"]),
            ("/~01", &["~1"]),
            ("/items/*/sku", &["items", "*", "sku"]),
            ("//", &["", ""]),
        ] {
            let pointer = Pointer::parse(text).unwrap();
            assert_eq!(pointer.tokens().collect::<Vec<_>>(), tokens, "{text}");
            assert_eq!(pointer.as_str(), text);
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["a", "order/total", "#/a", "/a~", "/a~2", "/~"] {
            assert!(Pointer::parse(text).is_err(), "{text}");
        }
        assert!(Pointer::parse(&"/a".repeat(MAX_TOKENS)).is_ok());
        assert!(Pointer::parse(&"/a".repeat(MAX_TOKENS + 1)).is_err());
        assert!(Pointer::parse(&format!("/{}", "a".repeat(MAX_POINTER_BYTES))).is_err());
    }
}
