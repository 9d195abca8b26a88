//! What comes in one mode goes out in the other as what it was (SPECS FW-1 to FW-4, HR-24 to HR-29, HS-6).

use serde_json::Value;

use super::{Relay, binary, structured};
use crate::support::server::on_both_databases;
use crate::support::sink::Received;

const STRUCTURED: Option<&str> = Some("application/cloudevents+json; charset=utf-8");

fn text(request: &Received) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

fn json(request: &Received) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

// FW-1, FW-2, FW-4: nothing here survives a date type, a URL type or a JSON tree.
on_both_databases!(spellings_of_times_uris_and_numbers_are_kept_in_every_direction, async |server| {
    let relay = Relay::start(server).await;
    let data = r#"{"z":1.0, "a":12345678901234567890123,"m":1e2,"s":"\u00e9\/"}"#;
    let spelled = [
        ("time", "2018-04-05T19:31:00.123456789012+02:00"),
        ("dataschema", "HTTP://EXAMPLE.com:80/a/../b#c"),
        ("subject", "Grüße, 100% \"quoted\""),
        ("unknownextension", "1e0"),
    ];
    let members = spelled.map(|(name, value)| format!(r#", "{name}" : {}"#, Value::from(value))).concat();
    let (whole, split) = relay.relay_json("1", &format!(r#"{members},"n":-5,"b":true, "data": {data} "#)).await;
    assert_eq!(text(&whole), structured("1", &format!(r#"{members},"n":-5,"b":true, "data": {data} "#)));
    assert_eq!(text(&split), data);
    for (name, value) in [
        ("ce-time", spelled[0].1),
        ("ce-dataschema", spelled[1].1),
        ("ce-unknownextension", "1e0"),
        ("ce-n", "-5"),
        ("ce-b", "true"),
    ] {
        assert_eq!(split.header(name), Some(value), "{name}");
    }
    assert_eq!(split.header("ce-subject"), Some("Gr%C3%BC%C3%9Fe,%20100%25%20%22quoted%22"));

    let posted: Vec<(String, String)> = split
        .headers
        .iter()
        .filter(|(name, _)| (name.starts_with("ce-") && name != "ce-id") || name == "content-type")
        .cloned()
        .collect();
    let mut headers: Vec<(&str, &[u8])> = posted.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
    headers.push(("ce-id", b"2"));
    let (whole, again) = relay.relay(&headers, data).await;
    assert_eq!(again.body, split.body);
    let event = json(&whole);
    for (name, value) in spelled {
        assert_eq!(event[name], value, "{name}");
    }
    assert!(text(&whole).contains(&format!("\"data\":{data}")), "{}", text(&whole));
});

// HR-21, HR-24, HR-29, HS-6
on_both_databases!(no_data_null_data_and_empty_data_are_told_apart, async |server| {
    let relay = Relay::start(server).await;
    for (id, members, body) in [
        ("none", "", None),
        ("typed-none", r#","datacontenttype":"text/plain""#, None),
        ("null", r#","data":null"#, Some("null")),
        ("empty-string", r#","data":"""#, Some("\"\"")),
        ("empty-text", r#","datacontenttype":"text/plain","data":"""#, None),
        ("empty-bytes", r#","datacontenttype":"image/png","data_base64":"""#, None),
        ("null-bytes", r#","data_base64":null"#, None),
        ("data-and-null-bytes", r#","data":1,"data_base64":null"#, Some("1")),
        ("null-attribute", r#","subject":null,"ext":null,"data":1"#, Some("1")),
    ] {
        let (whole, split) = relay.relay_json(id, members).await;
        assert_eq!(text(&whole), structured(id, members));
        match body {
            Some(body) => {
                assert_eq!((text(&split), split.header("content-type")), (body, Some("application/json")), "{id}");
                assert_eq!((split.header("ce-subject"), split.header("ce-ext")), (None, None));
            }
            // A delivery must have a payload and a content type, so it goes whole.
            None => assert_eq!((split.header("content-type"), &split.body), (STRUCTURED, &whole.body), "{id}"),
        }
    }
    let (whole, split) = relay.relay(&binary("headers-alone", &[("content-type", b"application/json")]), "").await;
    assert_eq!(json(&whole)["datacontenttype"], "application/json");
    assert!(json(&whole).get("data").is_none() && json(&whole).get("data_base64").is_none());
    assert_eq!(split.header("content-type"), STRUCTURED);
});

// HR-18, HR-27, HS-6
on_both_databases!(bytes_without_a_type_are_given_none, async |server| {
    let relay = Relay::start(server).await;
    for (id, request) in [("headers", None), ("json", Some(r#","data_base64":"eyJhIjoxfQ==""#))] {
        let (whole, split) = match request {
            None => relay.relay(&binary(id, &[]), r#"{"a":1}"#).await,
            Some(members) => relay.relay_json(id, members).await,
        };
        let event = json(&whole);
        assert_eq!(
            (&event["data_base64"], event.get("datacontenttype"), event.get("data")),
            (&"eyJhIjoxfQ==".into(), None, None)
        );
        assert_eq!((split.header("content-type"), &split.body), (STRUCTURED, &whole.body), "{id}");
    }
});

// HR-25, HR-28, FW-3: what is embedded as `data` and what goes as base64.
on_both_databases!(data_is_embedded_only_where_its_type_and_charset_are_true, async |server| {
    let relay = Relay::start(server).await;
    let cases: [(&str, &[u8], &str, Value); 11] = [
        ("application/json", br#"{"a":1}"#, "data", serde_json::json!({ "a": 1 })),
        ("Application/Vnd.X+JSON; Charset=\"UTF-8\"", b" [1] ", "data", serde_json::json!([1])),
        ("image/json", b"\"text\"", "data", "text".into()),
        ("application/json", b"{not json", "data_base64", "e25vdCBqc29u".into()),
        ("application/json", b"\xEF\xBB\xBF1", "data_base64", "77u/MQ==".into()),
        ("application/json; charset=utf-16", b"1", "data_base64", "MQ==".into()),
        ("text/plain", "gr\u{fc}n".as_bytes(), "data", "gr\u{fc}n".into()),
        ("text/plain; charset=us-ascii", b"green", "data", "green".into()),
        ("text/plain; charset=iso-8859-1", b"gr\xFCn", "data_base64", "Z3L8bg==".into()),
        ("text/plain", b"gr\xFCn", "data_base64", "Z3L8bg==".into()),
        ("application/octet-stream", b"\x00\xFF", "data_base64", "AP8=".into()),
    ];
    for (number, (content_type, body, member, value)) in cases.into_iter().enumerate() {
        let id = number.to_string();
        let (whole, split) = relay.relay(&binary(&id, &[("content-type", content_type.as_bytes())]), body).await;
        let event = json(&whole);
        assert_eq!((&event[member], &event["datacontenttype"]), (&value, &content_type.into()), "{content_type}");
        assert_eq!((&*split.body, split.header("content-type")), (body, Some(content_type)), "{content_type}");
    }
});

// HR-24, HR-28: from JSON to a body.
on_both_databases!(data_of_json_events_becomes_the_body_it_stands_for, async |server| {
    let relay = Relay::start(server).await;
    let cases: [(&str, &str, &[u8]); 6] = [
        (r#","datacontenttype":"text/plain","data":"a\"\u00e9\n""#, "text/plain", b"a\"\xC3\xA9\n"),
        (r#","datacontenttype":"application/json","data":"a""#, "application/json", b"\"a\""),
        (r#","datacontenttype":"application/json","data_base64":"eyJhIjogMX0=""#, "application/json", b"{\"a\": 1}"),
        (r#","datacontenttype":"image/png","data_base64":"\u0041P8=""#, "image/png", b"\x00\xFF"),
        (r#","datacontenttype":"image/png","data_base64":"TR==""#, "image/png", b"M"),
        (r#","datacontenttype":"application/xml","data":"<a/>""#, "application/xml", b"<a/>"),
    ];
    for (number, (members, content_type, body)) in cases.into_iter().enumerate() {
        let id = number.to_string();
        let (whole, split) = relay.relay_json(&id, members).await;
        assert_eq!(text(&whole), structured(&id, members));
        assert_eq!((&*split.body, split.header("content-type")), (body, Some(content_type)), "{members}");
        assert_eq!(split.header("ce-datacontenttype"), None);
    }
});

// T-15, SPECS 1.H: extensions with duties for those who support them are attributes like any other here.
on_both_databases!(extensions_that_ask_for_more_are_only_forwarded, async |server| {
    let relay = Relay::start(server).await;
    let named = [
        ("dataclassification", "strictly-confidential"),
        ("dataregulation", "GDPR"),
        ("dataref", "https://storage.example/never-fetched"),
        ("recordedtime", "2018-04-05T17:31:00.1+02:00"),
        ("authtype", "user"),
        ("authid", "somebody-else"),
        ("dssematerial", "AP8="),
        ("bamtxid", "tx-1"),
        ("partitionkey", "p"),
        ("sequence", "0007"),
    ];
    let members = named.map(|(name, value)| format!(r#","{name}":"{value}""#)).concat() + r#","data":1"#;
    let (whole, split) = relay.relay_json("1", &members).await;
    assert_eq!(text(&whole), structured("1", &members));
    for (name, value) in named {
        assert_eq!(split.header(&format!("ce-{name}")), Some(value), "{name}");
    }
});

// CE-18, FW-3: of a batch, each event goes on by itself with its own bytes.
on_both_databases!(events_of_a_batch_go_out_one_by_one_with_their_own_bytes, async |server| {
    let relay = Relay::start(server).await;
    let events = [structured("1", r#" , "data" : 1.50 "#), structured("2", ""), structured("3", r#","data_base64":"AA==""#)];
    let body = format!(" [ {} ] ", events.join(" , "));
    let answer = relay.answer(&[("content-type", b"application/cloudevents-batch+json; charset=utf-8")], body).await;
    assert_eq!(answer.status(), 202);
    let arrived = relay.sink.wait_for(6).await;
    let mut bodies: Vec<_> = arrived.iter().filter(|request| request.path == "/structured").map(text).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, events);
    assert!(
        arrived.iter().all(|request| !request.header("content-type").unwrap().contains("batch")),
        "HS-4: nobody asked for batches"
    );
});
