//! Events of every wire form come back from the store as they went in.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use prost::Message;
use waypost::domain::event::{Accepted, Event, Format, read};

use super::fixture::{accept, accepting, claim, lane, living_node, queued};
use crate::support::database::{TestStore, both_databases};
use crate::support::protobuf::{Attr, CloudEvent, Content};

/// Events of one wire form each, in turn.
const COUNT: usize = 48;

fn structured(subject: &str, data: &[u8]) -> Event {
    let members =
        serde_json::json!({ "specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": subject, "data": data });
    read::structured(members.to_string().into(), read::Limits::default()).unwrap()
}

fn binary(subject: &str, data: &[u8]) -> Event {
    let mut headers = HeaderMap::new();
    for (name, value) in [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")] {
        headers.append(name, HeaderValue::from_static(value));
    }
    headers.append("ce-subject", HeaderValue::from_bytes(subject.as_bytes()).unwrap());
    read::binary(&headers, data.to_vec().into(), read::HeaderDecoding::Lenient, read::Limits::default()).unwrap()
}

fn protobuf(subject: &str, data: &[u8]) -> Event {
    let attributes = [("subject", Attr::CeString(subject.into())), ("raw", Attr::CeBytes(data.to_vec()))];
    let message = CloudEvent {
        id: "1".into(),
        source: "/s".into(),
        spec_version: "1.0".into(),
        r#type: "t".into(),
        attributes: attributes.into_iter().map(|(name, attr)| (name.to_owned(), attr.into())).collect(),
        data: Some(Content::BinaryData(data.to_vec())),
    };
    read::protobuf(Bytes::from(message.encode_to_vec()), read::Limits::default()).unwrap()
}

both_databases!(events_of_every_wire_form_come_back_byte_for_byte, async |store: TestStore| {
    let (node, lane) = (living_node(&store).await, lane(&store));
    let mut runner = TestRunner::deterministic();
    let strategy = ("[^\\p{C}%\"\\\\]{1,30}", any::<Vec<u8>>());
    let makers = [structured, binary, protobuf];
    let posted: Vec<_> = (0..COUNT)
        .map(|number| {
            let (subject, data) = strategy.new_tree(&mut runner).unwrap().current();
            let mut one = accepting(&store, &format!("w-{number}"), vec![queued(&store, lane, store.now())]);
            let event = makers[number % makers.len()](&subject, &data);
            one.accepted = Arc::new(Accepted { event, ..(*one.accepted).clone() });
            one
        })
        .collect();
    let mut expected: Vec<_> = posted.iter().map(|one| (one.accepted.id, one.accepted.event.clone())).collect();
    accept(&store, node, posted).await;

    let mut found: Vec<_> = claim(&store, node, &[(lane, 100)]).await.into_iter().map(|leased| leased.event).collect();
    assert_eq!(found.len(), COUNT);
    expected.sort_by_key(|(id, _)| *id);
    found.sort_by_key(|event| event.id);
    for ((id, sent), found) in expected.iter().zip(&found) {
        let back = &found.event;
        assert_eq!((back.body(), back.wire(), back.data()), (sent.body(), sent.wire(), sent.data()));
        assert_eq!(back.attributes().collect::<Vec<_>>(), sent.attributes().collect::<Vec<_>>());
        let read = store.event(&found.tenant, *id).await.unwrap().accepted.event;
        for format in [Format::Json, Format::Protobuf] {
            assert_eq!(read.formatted(format), sent.formatted(format));
        }
    }
});
