"""The CloudEvents Protobuf format by Google's own library, from the published schema and without its compiler.

The `cloudevents` SDK has no Protobuf; this stands in for it, so that what Waypost reads and writes by hand is held against somebody
else's encoder and decoder.
"""

import json
from datetime import datetime, timezone

from cloudevents.core.v1.event import CloudEvent
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

CONTENT_TYPE = "application/cloudevents+protobuf"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+protobuf"

Field = descriptor_pb2.FieldDescriptorProto
REQUIRED = {"id": "id", "source": "source", "spec_version": "specversion", "type": "type"}


def _schema():
    """`cloudevents.proto` as a descriptor."""
    file = descriptor_pb2.FileDescriptorProto(name="cloudevents.proto", package="io.cloudevents.v1", syntax="proto3")
    file.dependency.extend(["google/protobuf/any.proto", "google/protobuf/timestamp.proto"])
    event = file.message_type.add(name="CloudEvent")
    for number, name in enumerate(REQUIRED, start=1):
        event.field.add(name=name, number=number, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)

    value = event.nested_type.add(name="CloudEventAttributeValue")
    value.oneof_decl.add(name="attr")
    for number, (name, kind) in enumerate(
        [
            ("ce_boolean", Field.TYPE_BOOL),
            ("ce_integer", Field.TYPE_INT32),
            ("ce_string", Field.TYPE_STRING),
            ("ce_bytes", Field.TYPE_BYTES),
            ("ce_uri", Field.TYPE_STRING),
            ("ce_uri_ref", Field.TYPE_STRING),
            ("ce_timestamp", Field.TYPE_MESSAGE),
        ],
        start=1,
    ):
        field = value.field.add(name=name, number=number, type=kind, label=Field.LABEL_OPTIONAL, oneof_index=0)
        if kind == Field.TYPE_MESSAGE:
            field.type_name = ".google.protobuf.Timestamp"

    entry = event.nested_type.add(name="AttributesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
    value_name = ".io.cloudevents.v1.CloudEvent.CloudEventAttributeValue"
    entry.field.add(name="value", number=2, type=Field.TYPE_MESSAGE, label=Field.LABEL_OPTIONAL, type_name=value_name)
    entry_name = ".io.cloudevents.v1.CloudEvent.AttributesEntry"
    event.field.add(name="attributes", number=5, type=Field.TYPE_MESSAGE, label=Field.LABEL_REPEATED, type_name=entry_name)

    event.oneof_decl.add(name="data")
    event.field.add(name="binary_data", number=6, type=Field.TYPE_BYTES, label=Field.LABEL_OPTIONAL, oneof_index=0)
    event.field.add(name="text_data", number=7, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL, oneof_index=0)
    any_name = ".google.protobuf.Any"
    event.field.add(
        name="proto_data", number=8, type=Field.TYPE_MESSAGE, label=Field.LABEL_OPTIONAL, oneof_index=0, type_name=any_name
    )
    batch = file.message_type.add(name="CloudEventBatch")
    event_name = ".io.cloudevents.v1.CloudEvent"
    batch.field.add(name="events", number=1, type=Field.TYPE_MESSAGE, label=Field.LABEL_REPEATED, type_name=event_name)
    return file


_pool = descriptor_pool.DescriptorPool()
for _module in (any_pb2, timestamp_pb2):
    _pool.AddSerializedFile(_module.DESCRIPTOR.serialized_pb)
_pool.Add(_schema())
Message, Batch = (
    message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"io.cloudevents.v1.{name}"))
    for name in ("CloudEvent", "CloudEventBatch")
)


def _is_json(content_type):
    subtype = (content_type or "").split(";")[0].strip().lower().rpartition("/")[2]
    return subtype == "json" or subtype.endswith("+json")


def to_message(event):
    """An event of the SDK as a message."""
    attributes = event.get_attributes()
    message = Message(**{field: attributes[name] for field, name in REQUIRED.items()})
    for name, value in attributes.items():
        if name in REQUIRED.values():
            continue
        held = message.attributes[name]
        if isinstance(value, bool):
            held.ce_boolean = value
        elif isinstance(value, int):
            held.ce_integer = value
        elif isinstance(value, datetime):
            held.ce_timestamp.FromDatetime(value)
        elif isinstance(value, bytes):
            held.ce_bytes = value
        elif name == "dataschema":
            held.ce_uri = value
        else:
            held.ce_string = value
    data = event.get_data()
    if isinstance(data, bytes):
        message.binary_data = data
    elif data is not None:
        message.text_data = json.dumps(data) if _is_json(attributes.get("datacontenttype")) else data
    return message


def to_event(body):
    """The event that a message is."""
    message = Message.FromString(body)
    attributes = {name: getattr(message, field) for field, name in REQUIRED.items()}
    for name, held in message.attributes.items():
        value = getattr(held, held.WhichOneof("attr"))
        attributes[name] = value.ToDatetime(timezone.utc) if held.HasField("ce_timestamp") else value
    kind = message.WhichOneof("data")
    data = getattr(message, kind) if kind else None
    if kind == "text_data" and _is_json(attributes.get("datacontenttype")):
        data = json.loads(data)
    return CloudEvent(attributes, data)


def every_type(identifier, event_type):
    """A message with an attribute of each type, and a message as its data."""
    message = Message(id=identifier, source="/sdk/protobuf", spec_version="1.0", type=event_type)
    message.attributes["abool"].ce_boolean = False
    message.attributes["anint"].ce_integer = -2147483648
    message.attributes["astring"].ce_string = "Grüße, 世界 😀"
    message.attributes["somebytes"].ce_bytes = bytes(range(256))
    message.attributes["auri"].ce_uri = "HTTP://Example.com:80/a/../b"
    message.attributes["areference"].ce_uri_ref = "../b?c"
    message.attributes["atime"].ce_timestamp.FromNanoseconds(1_522_949_460_123_456_789)
    message.proto_data.Pack(timestamp_pb2.Timestamp(seconds=5))
    return message
