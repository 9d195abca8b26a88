//! Lists on the wire.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{Cursor, Listed};
use crate::domain::page::Page;

/// One page of a list.
///
/// Its schema is named after what is listed and refers to it; a derived one would repeat it. In `utoipa::path` it goes by an alias
/// without parameters, or the macro makes a name of its own.
#[derive(Debug, Serialize)]
pub(crate) struct List<T> {
    /// The rows, newest first.
    pub(crate) data: Vec<T>,
    /// The `cursor` of the next page; `null` on the last one.
    pub(crate) next: Option<String>,
}

impl<T> List<T> {
    /// A list that is complete.
    pub(crate) const fn whole(data: Vec<T>) -> Self {
        Self { data, next: None }
    }

    /// A page of rows, each as `view` shows it.
    pub(crate) fn page<Item: Listed, Row>(page: Page<Row>, view: impl FnMut(Row) -> T) -> Self {
        let next = page.next.map(|uuid| Cursor::<Item>::new(uuid).to_string());
        Self { data: page.rows.into_iter().map(view).collect(), next }
    }
}

impl<T: ToSchema> PartialSchema for List<T> {
    fn schema() -> RefOr<Schema> {
        let rows = ArrayBuilder::new().items(Ref::from_schema_name(T::name())).description(Some("The rows, newest first."));
        let next = ObjectBuilder::new()
            .schema_type([Type::String, Type::Null].into_iter().collect::<utoipa::openapi::schema::SchemaType>())
            .description(Some("The `cursor` of the next page; `null` on the last one."));
        ObjectBuilder::new().property("data", rows).required("data").property("next", next).required("next").into()
    }
}

impl<T: ToSchema> ToSchema for List<T> {
    fn name() -> Cow<'static, str> {
        format!("{}List", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
