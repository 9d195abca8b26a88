//! What a filter looks like, for the OpenAPI document: one alternative per dialect, so that exactly one can fit.
//!
//! The published document of the Subscriptions API can't tell filters apart (SPECS 1.F, known defects).

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{Filter, data};
use crate::domain::cesql::MAX_LENGTH;

impl ToSchema for Filter {
    fn schemas(_schemas: &mut Vec<(String, RefOr<Schema>)>) {}
}

impl PartialSchema for Filter {
    fn schema() -> RefOr<Schema> {
        let itself = || Ref::from_schema_name(Self::name());
        let several = || ArrayBuilder::new().items(itself()).min_items(Some(1));
        OneOfBuilder::new()
            .description(Some("One filter expression: an object with exactly one dialect as its key."))
            .item(dialect("exact", "Every attribute named equals its value.", wanted()))
            .item(dialect("prefix", "Every attribute named begins with its value.", wanted()))
            .item(dialect("suffix", "Every attribute named ends with its value.", wanted()))
            .item(dialect("sql", "The CESQL 1.0.0 expression is true and brings no error (docs/cesql.md).", expression()))
            .item(dialect("cesql", "Another name for `sql`, as Knative has it; shown as `sql`.", expression()))
            .item(dialect("all", "Every expression matches.", several()))
            .item(dialect("any", "At least one expression matches.", several()))
            .item(dialect("not", "The expression does not match.", itself()))
            .item(dialect("data", "What lies in the event's JSON data is as it says.", data::schema()))
            .into()
    }
}

fn dialect(name: &str, description: &str, value: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some(description))
        .property(name, value)
        .required(name)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

fn expression() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(MAX_LENGTH))
}

/// An object of attribute names and the strings they are compared with.
fn wanted() -> ObjectBuilder {
    let name = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9]+$"));
    let value = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    ObjectBuilder::new()
        .property_names(Some(name))
        .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
        .min_properties(Some(1))
}
