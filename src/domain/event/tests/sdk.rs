//! To the SDK and back.

use cloudevents::event::ExtensionValue;
use cloudevents::{AttributesReader, EventBuilder, EventBuilderV03, EventBuilderV10};

use super::*;

#[test]
fn events_survive_the_sdk() {
    for members in [
        "",
        r#","subject":"s","time":"2018-04-05T17:31:00Z","dataschema":"https://a.example/b","n":5,"b":true,"e":"x""#,
        r#","data":{"a":[1,2,{"b":null}]}"#,
        r#","data":null"#,
        r#","datacontenttype":"application/json","data":"text""#,
        r#","datacontenttype":"text/plain","data":"text""#,
        r#","datacontenttype":"image/png","data_base64":"AAFyYXf/""#,
        r#","data_base64":"AAFyYXf/""#,
        r#","datacontenttype":"application/json""#,
    ] {
        let event = with(members).unwrap();
        let held = cloudevents::Event::try_from(&event).unwrap();
        let back = Event::try_from(&held).unwrap();
        let sorted = |event: &Event| {
            let mut all: Vec<_> =
                event.attributes().map(|(name, value, kind)| (name.to_owned(), value.to_owned(), kind as u8)).collect();
            all.sort();
            all
        };
        assert_eq!(sorted(&back), sorted(&event), "{members}");
        assert_eq!(back.data(), event.data(), "{members}");
        assert_eq!(cloudevents::Event::try_from(&back).unwrap(), held, "{members}");
    }
}

#[test]
fn sdk_sees_what_the_event_says() {
    let event = with(r#","time":"2018-04-05T18:31:00+01:00","datacontenttype":"text/plain","data":"text","n":5"#).unwrap();
    let held = cloudevents::Event::try_from(&event).unwrap();
    assert_eq!((held.id(), held.ty(), held.datacontenttype()), ("1", "t", Some("text/plain")));
    assert_eq!(held.time().unwrap().to_rfc3339(), "2018-04-05T17:31:00+00:00");
    assert_eq!(held.extension("n"), Some(&ExtensionValue::Integer(5)));
    assert_eq!(held.data(), Some(&cloudevents::Data::String("text".to_owned())));
}

#[test]
fn events_that_the_sdk_lets_through_are_refused() {
    let built = |id: &str, name: &str, value: i64| {
        EventBuilderV10::new().id(id).source("/s").ty("t").extension(name, value).build().unwrap()
    };
    assert!(Event::try_from(&built("1", "ext", 7)).is_ok());
    assert_eq!(places(Event::try_from(&built("", "ext", 7))), ["/id"]);
    assert_eq!(places(Event::try_from(&built("1", "ext", 99_999_999_999))), ["/ext"]);
    assert_eq!(places(Event::try_from(&built("1", "myExt", 7))), ["/myExt"]);
}

#[test]
fn older_events_become_those_of_today() {
    let held = EventBuilderV03::new().id("1").source("/s").ty("t").data("text/plain", "x").build().unwrap();
    let event = Event::try_from(&held).unwrap();
    assert_eq!((event.attribute("specversion"), event.data()), (Some("1.0"), Data::Text("x".into())));
}
