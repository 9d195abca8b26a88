//! What an expression looks like, for the OpenAPI document.

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};

use super::{MAX_LIST, MAX_POINTER_BYTES, MAX_POINTERS, MAX_TEXT_BYTES};

/// An object of JSON Pointers, each with a value or an object of conditions.
pub(in crate::domain::filter) fn schema() -> ObjectBuilder {
    let pointer =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^(/([^~/]|~[01])*)*$")).max_length(Some(MAX_POINTER_BYTES));
    let wanted = OneOfBuilder::new().item(scalar("Short for `eq`.")).item(conditions());
    ObjectBuilder::new()
        .description(Some(
            "JSON Pointers (RFC 6901) into the event's data, `*` standing for every element of an array, each with what must be so \
             there: a value, or conditions that must all hold for one value that the pointer leads to.",
        ))
        .property_names(Some(pointer))
        .additional_properties(Some(AdditionalProperties::RefOr(wanted.into())))
        .min_properties(Some(1))
        .max_properties(Some(MAX_POINTERS))
}

fn conditions() -> ObjectBuilder {
    let networks = OneOfBuilder::new().item(text()).item(list(text()));
    ObjectBuilder::new()
        .property("eq", scalar("The value is this."))
        .property("ne", scalar("The value is another."))
        .property("in", list(scalar("The value is one of these.")))
        .property("gt", bound("The value is of the same type and after this."))
        .property("gte", bound("The value is of the same type and not before this."))
        .property("lt", bound("The value is of the same type and before this."))
        .property("lte", bound("The value is of the same type and not after this."))
        .property("prefix", text().min_length(Some(1)).description(Some("The value is a string that begins with this.")))
        .property("suffix", text().min_length(Some(1)).description(Some("The value is a string that ends with this.")))
        .property("contains", scalar("The value is a string with this in it, or an array with this element."))
        .property("exists", flag("`true`: there is a value. `false`: there is none; no other condition may be beside it."))
        .property("like", text().description(Some("The value is a string like this: `%` is any run of characters, `_` any one.")))
        .property("cidr", networks.description(Some("The value is a string that is an address in one of these networks.")))
        .min_properties(Some(1))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_TEXT_BYTES))
}

fn flag(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description))
}

fn bound(description: &str) -> ObjectBuilder {
    let types = SchemaType::from_iter([Type::Number, Type::String]);
    ObjectBuilder::new().schema_type(types).max_length(Some(MAX_TEXT_BYTES)).description(Some(description))
}

fn scalar(description: &str) -> ObjectBuilder {
    let types = SchemaType::from_iter([Type::String, Type::Number, Type::Boolean, Type::Null]);
    ObjectBuilder::new().schema_type(types).max_length(Some(MAX_TEXT_BYTES)).description(Some(description))
}

fn list(items: ObjectBuilder) -> ArrayBuilder {
    ArrayBuilder::new().items(items).min_items(Some(1)).max_items(Some(MAX_LIST))
}
