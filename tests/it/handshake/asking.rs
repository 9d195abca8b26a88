//! Who is asked, what follows from the answer, and what does not.

use serde_json::json;
use waypost::domain::handshake::Policy;

use super::{Answer, Asked, ORIGIN, on_both_databases, post, see, settings, subscribe};

// WA-1, WA-2, WA-3, WA-5, WA-7
on_both_databases!(
    a_sink_that_agrees_is_asked_once_and_gets_events_with_our_origin,
    |config| settings(config, Policy::Required),
    async |server| {
        let (client, sink) = (&server.client, Asked::start(Answer::Allow(ORIGIN, Some("*"))).await);
        let (path, created) = subscribe(client, &sink.sink.url("/hooks?shop=1&b=%20c"), json!({})).await;
        assert_eq!((&created["status"], &created["handshake"]["state"]), (&json!("unverified"), &json!("pending")));
        let seen = see(client, &path, |body| body["status"] == "active").await;
        let handshake = &seen["handshake"];
        assert_eq!((&handshake["state"], &handshake["origin"]), (&json!("allowed"), &json!(ORIGIN)));
        assert_eq!((&handshake["last_answer"], &handshake["last_status"]), (&json!("allowed"), &json!(405)));
        assert!(handshake["next_ask_at"].as_str() > handshake["asked_at"].as_str());
        assert_eq!((handshake.get("allowed_rate"), handshake.get("last_error")), (None, None));

        let question = sink.asked(1).await;
        assert_eq!((question.path.as_str(), question.body.len()), ("/hooks?shop=1&b=%20c", 0));
        assert_eq!(question.header("webhook-request-origin"), Some(ORIGIN));
        assert_eq!((question.header("webhook-request-rate"), question.header("webhook-request-callback")), (None, None));
        assert_eq!(post(client, "1").await, 1);
        assert_eq!(sink.delivered(1).await[0].header("webhook-request-origin"), Some(ORIGIN));
        assert_eq!(sink.questions().len(), 1);
    }
);

// WA-1, WA-3
on_both_databases!(
    a_sink_that_does_not_agree_gets_nothing_and_says_why,
    |config| settings(config, Policy::Required),
    async |server| {
        let client = &server.client;
        for (answer, error) in [
            (Answer::Silent(200), "answered 200 without `WebHook-Allowed-Origin`"),
            (Answer::Silent(404), "answered 404 without"),
            (Answer::Allow("waypost.example.attacker.tld", None), "another origin than `waypost.example`"),
            (Answer::Allow("evil-waypost.example", Some("*")), "another origin"),
        ] {
            let sink = Asked::start(answer).await;
            let (path, _) = subscribe(client, &sink.sink.url("/"), json!({})).await;
            let seen = see(client, &path, |body| body["handshake"]["state"] == "refused").await;
            assert_eq!(seen["status"], "unverified");
            assert!(seen["handshake"]["last_error"].as_str().unwrap().contains(error), "{seen:#}");
            assert_eq!(post(client, &path).await, 0, "an unverified subscription collects nothing");
            // Nor by another way: whoever registers a stranger's address could else make Waypost send there.
            assert_eq!(client.post_empty(&format!("{path}/test")).await.problem(409).0, "conflict");
            assert_eq!(client.post_empty(&format!("{path}/resume")).await.problem(409).0, "conflict");
            assert_eq!(client.post_empty(&format!("{path}/pause")).await.problem(409).0, "conflict");

            sink.will(Answer::Allow("*", None));
            let verified = client.post_empty(&format!("{path}/verify")).await.expect(200);
            assert_eq!((&verified["is_allowed"], &verified["subscription"]["status"]), (&json!(true), &json!("active")));
            assert_eq!(verified["subscription"]["handshake"]["state"], "allowed");
            assert_eq!(post(client, &format!("{path}-again")).await, 1, "at once, not when it is next looked");
            assert_eq!(sink.delivered(1).await.len(), 1);
            client.delete(&path).await.expect(200);
        }
    }
);

on_both_databases!(a_sink_that_can_not_be_reached_is_asked_again, |config| settings(config, Policy::Required), async |server| {
    let (client, sink) = (&server.client, Asked::start(Answer::Silent(503)).await);
    let (path, _) = subscribe(client, &sink.sink.url("/"), json!({})).await;
    let seen = see(client, &path, |body| body["handshake"]["attempt_count"].as_u64() >= Some(2)).await;
    let last = (&seen["status"], &seen["handshake"]["state"], &seen["handshake"]["last_answer"]);
    assert_eq!(last, (&json!("unverified"), &json!("pending"), &json!("unreachable")));
    sink.will(Answer::Allow(ORIGIN, None));
    let seen = see(client, &path, |body| body["status"] == "active").await;
    assert_eq!((&seen["handshake"]["attempt_count"], &seen["handshake"]["last_answer"]), (&json!(0), &json!("allowed")));
});

// WA-7
on_both_databases!(
    a_subscription_that_moves_waits_for_its_new_sink_and_loses_nothing,
    |config| settings(config, Policy::Required),
    async |server| {
        let client = &server.client;
        let old = Asked::start_with(Answer::Allow(ORIGIN, None), |_| crate::support::sink::Reply::status(500)).await;
        let (path, _) = subscribe(client, &old.sink.url("/"), json!({})).await;
        see(client, &path, |body| body["status"] == "active").await;
        assert_eq!(post(client, "before").await, 1);
        old.delivered(1).await;

        let new = Asked::start(Answer::Silent(503)).await;
        let moved = client.patch(&path, &json!({ "sink": new.sink.url("/new") })).await.expect(200);
        assert_eq!((&moved["status"], &moved["handshake"]["state"]), (&json!("unverified"), &json!("pending")));
        assert_eq!(moved["handshake"].get("allowed_at"), None, "the old sink's permission is not the new one's");
        assert_eq!(post(client, "meanwhile").await, 0);
        new.asked(1).await;
        assert_eq!(new.deliveries().len(), 0);
        new.will(Answer::Allow(ORIGIN, None));
        see(client, &path, |body| body["status"] == "active").await;
        // What waited when it moved was not lost, and goes to the new sink.
        assert_eq!(new.delivered(1).await[0].path, "/new");
        // Other changes ask nobody.
        let asked = new.questions().len();
        client.patch(&path, &json!({ "description": "moved" })).await.expect(200);
        assert_eq!(client.get(&path).await.expect(200)["status"], "active");
        assert_eq!(post(client, "after").await, 1);
        new.delivered(2).await;
        assert_eq!((new.questions().len(), old.questions().len()), (asked, 1));
    }
);

// WA-7
on_both_databases!(
    a_permission_is_asked_for_again_and_only_a_refusal_takes_it_away,
    |config| {
        settings(config, Policy::Required);
        config.handshake.revalidate_ms = 300;
    },
    async |server| {
        let (client, sink) = (&server.client, Asked::start(Answer::Allow(ORIGIN, None)).await);
        let (path, _) = subscribe(client, &sink.sink.url("/"), json!({})).await;
        sink.asked(2).await;
        assert_eq!(client.get(&path).await.expect(200)["status"], "active");
        sink.will(Answer::Silent(502));
        let away = see(client, &path, |body| body["handshake"]["attempt_count"].as_u64() >= Some(2)).await;
        assert_eq!((&away["status"], &away["handshake"]["state"]), (&json!("active"), &json!("allowed")));
        assert_eq!(post(client, "1").await, 1, "a sink that is away for a while is not cut off");
        sink.will(Answer::Silent(200));
        let refused = see(client, &path, |body| body["status"] == "unverified").await;
        assert_eq!((&refused["handshake"]["state"], refused["handshake"].get("allowed_at")), (&json!("refused"), None));
        assert!(refused["handshake"]["last_error"].as_str().unwrap().contains("without `WebHook-Allowed-Origin`"));
        sink.will(Answer::Allow("*", None));
        see(client, &path, |body| body["status"] == "active").await;
    }
);

// WA-1
on_both_databases!(a_sink_is_not_asked_unless_that_is_wanted, |config| config.handshake.origin = ORIGIN.into(), async |server| {
    let (client, off, own) =
        (&server.client, Asked::start(Answer::Silent(200)).await, Asked::start(Answer::Allow(ORIGIN, None)).await);
    let (path, created) = subscribe(client, &off.sink.url("/"), json!({})).await;
    assert_eq!((&created["status"], created.get("handshake")), (&json!("active"), None));
    // What a subscription says itself holds for it.
    let (own_path, created) = subscribe(client, &own.sink.url("/"), json!({ "handshake": "required" })).await;
    assert_eq!((&created["status"], &created["config"]["handshake"]), (&json!("unverified"), &json!("required")));
    see(client, &own_path, |body| body["status"] == "active").await;
    assert_eq!(post(client, "1").await, 2);
    assert_eq!(off.delivered(1).await[0].header("webhook-request-origin"), None);
    assert_eq!(own.delivered(1).await[0].header("webhook-request-origin"), Some(ORIGIN));
    assert_eq!(off.questions().len(), 0);
    // A person may try it all the same; nothing follows.
    let tried = client.post_empty(&format!("{path}/verify")).await.expect(200);
    assert_eq!((&tried["is_allowed"], &tried["subscription"]["status"]), (&json!(false), &json!("active")));
    assert_eq!(tried["subscription"].get("handshake"), None);

    let turned_off = client.patch(&own_path, &json!({ "config": { "handshake": "off" } })).await.expect(200);
    assert_eq!((&turned_off["status"], turned_off.get("handshake")), (&json!("active"), None));
    post(client, "2").await;
    assert_eq!(own.delivered(2).await[1].header("webhook-request-origin"), None);
    let turned_on = client.patch(&path, &json!({ "config": { "handshake": "required" } })).await.expect(200);
    assert_eq!(turned_on["status"], "unverified");
    let wrong = client.patch(&path, &json!({ "config": { "handshake": "sometimes" } })).await;
    assert_eq!(wrong.problem(400).1, "/config/handshake");
});
