//! From where serde stumbled to a JSON Pointer.

use serde_path_to_error::{Path, Segment};

/// The JSON Pointer (RFC 6901) of the member at fault. For a member that is missing, it is where that should be.
pub(super) fn pointer(path: &Path, message: &str) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            // A variant is a member's name in JSON: `{"exact": {…}}`.
            Segment::Map { key } | Segment::Enum { variant: key } => push(&mut pointer, key),
            Segment::Unknown => {}
        }
    }
    if let Some(missing) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        push(&mut pointer, missing);
    }
    pointer
}

fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
}
