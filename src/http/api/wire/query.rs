//! Query strings whose every fault names its parameter.

use std::collections::HashSet;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::http::problem::{Problem, Result};

/// The query string read into `T`; unknown and bad parameters are 400 with their name.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        read(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let mut names = HashSet::new();
    if let Some((name, _)) = pairs.clone().find(|(name, _)| !names.insert(name.clone())) {
        return Err(refusal(name, "is given more than once"));
    }
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let parameter = match error.path().iter().next() {
            Some(Segment::Map { key } | Segment::Enum { variant: key }) => key.clone(),
            _ => String::new(),
        };
        // Serde speaks of fields where a caller thinks of parameters.
        let detail = error.inner().to_string().replace(" field `", " parameter `");
        refusal(parameter, detail)
    })
}

fn refusal(parameter: impl Into<String>, detail: impl Into<String>) -> Problem {
    Problem::invalid_request("The query string is not as expected.").at_parameter(parameter, detail)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::super::{Cursor, Limit};
    use super::*;
    use crate::domain::clock::Timestamp;
    use crate::domain::id::{DeliveryId, EventId};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Search {
        after: Option<Timestamp>,
        #[serde(default)]
        limit: Limit,
        cursor: Option<Cursor<EventId>>,
    }

    fn fault(query: &str) -> (String, String) {
        let flaw = read::<Search>(query).expect_err("the query is refused").into_document().errors.remove(0);
        (flaw.parameter.unwrap(), flaw.detail)
    }

    #[test]
    fn absent_parameters_take_their_defaults() {
        let search = read::<Search>("").unwrap();
        assert_eq!((search.limit.get(), search.after, search.cursor.is_none()), (50, None, true));
    }

    #[test]
    fn unknown_repeated_and_bad_parameters_are_named() {
        for (query, parameter) in [
            ("limits=3", "limits"),
            ("limit=0", "limit"),
            ("limit=251", "limit"),
            ("limit=ten", "limit"),
            ("limit=3&limit=4", "limit"),
            ("after=yesterday", "after"),
            ("cursor=abc", "cursor"),
            ("cursor=", "cursor"),
        ] {
            assert_eq!(fault(query).0, parameter, "{query}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let uuid = uuid::Uuid::from_u128(7);
        let own = Cursor::<EventId>::new(uuid).to_string();
        let other = Cursor::<DeliveryId>::new(uuid).to_string();
        assert_eq!(read::<Search>(&format!("cursor={own}")).unwrap().cursor.unwrap().uuid(), uuid);
        assert_eq!(fault(&format!("cursor={other}")).0, "cursor");
    }
}
