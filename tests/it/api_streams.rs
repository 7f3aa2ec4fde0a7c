//! Event streams: nothing lost, nothing doubled, an end that is announced.

use crate::app::{Event, Events, OPENING_HOURS, QUIET_MS, TestApp, UNDO_MS, redacted};
use crate::smtp::SmtpServer;
use serde_json::{Value, json};

async fn texts(events: &mut Events, count: usize) -> Vec<(i64, String)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let message = events.named("message").await;
        assert_eq!(
            message.id,
            message.data["seq"].as_i64(),
            "the event's id is the message's sequence"
        );
        seen.push((message.id.unwrap(), message.data["text"].as_str().unwrap().to_owned()));
    }
    seen
}

#[tokio::test]
async fn a_visitor_watches_the_whole_turn_live() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let mut events = visitor.events(0).await;
    let status = |event: Event| event.data["phase"].as_str().unwrap().to_owned();
    assert_eq!(status(events.named("status").await), "idle");

    visitor.says(OPENING_HOURS).await;
    assert_eq!(events.named("message").await.data["author"], "visitor");
    assert_eq!(status(events.named("status").await), "listening");
    let item = app.item_of(&visitor).await;
    loop {
        let phase = status(events.named("status").await);
        if phase == "checking" {
            break;
        }
        assert_eq!(phase, "drafting");
    }
    app.decide(&item, json!({ "kind": "approve" })).await.ok();
    app.advance_ms(UNDO_MS);
    let answer = events.named("message").await;
    assert_eq!((answer.id, &answer.data["author"]), (Some(2), &Value::from("ai")));
    assert_eq!(status(events.named("status").await), "idle");
}

#[tokio::test]
async fn a_stream_resumed_anywhere_loses_and_doubles_nothing() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    for n in 1..=5 {
        visitor.says(&format!("before {n}")).await;
    }
    for after in 0..=5 {
        let mut events = visitor.events(after).await;
        let rest = usize::try_from(5 - after).unwrap();
        let seqs: Vec<i64> = texts(&mut events, rest).await.into_iter().map(|(seq, _)| seq).collect();
        assert_eq!(seqs, (after + 1..=5).collect::<Vec<_>>(), "after {after}");
    }
}

#[tokio::test]
async fn messages_written_while_a_stream_opens_arrive_exactly_once() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let writing = async {
        for n in 0..60 {
            visitor.says(&format!("message {n}")).await;
        }
    };
    let reading = async {
        let mut seen = Vec::new();
        // Ten streams, each torn off somewhere and resumed where it ended.
        while seen.len() < 60 {
            let after = i64::try_from(seen.len()).unwrap();
            let mut events = visitor.events(after).await;
            let most = (60 - seen.len()).min(6);
            seen.extend(texts(&mut events, most).await);
        }
        seen
    };
    let ((), seen) = tokio::join!(writing, reading);
    let expected: Vec<_> = (0..60).map(|n| (n + 1, format!("message {n}"))).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_stopping_server_says_bye_and_nothing_is_lost_over_the_restart() {
    let mut app = TestApp::start().await;
    let visitor = app.visitor().await;
    visitor.says("one").await;
    let mut events = visitor.events(0).await;
    texts(&mut events, 1).await;
    let mut log = app.owner().events("/api/v1/events?after=0").await;
    log.next().await.unwrap();

    app.stop_server().await;
    assert_eq!(events.named("bye").await.name, "bye");
    assert_eq!(events.next().await, None, "then it ends");
    assert_eq!(log.named("bye").await.name, "bye");

    app.start_server().await;
    let visitor = visitor.again_at(&app);
    visitor.says("two").await;
    let mut events = visitor.events(1).await;
    assert_eq!(texts(&mut events, 1).await, [(2, "two".to_owned())]);
}

#[tokio::test]
async fn the_log_is_streamed_entry_by_entry() {
    let app = TestApp::start().await;
    let program = app.program(&["read"]).await;
    let visitor = app.visitor().await;
    let mut events = program.events("/api/v1/events?after=0").await;
    let before = app.owner().get("/api/v1/log?limit=200").await.ok();
    for (at, entry) in before["items"].as_array().unwrap().iter().enumerate() {
        let event = events.next().await.unwrap();
        assert_eq!(
            (&event.data, event.id),
            (entry, i64::try_from(at + 1).ok()),
            "1, 2, 3, … as in the log"
        );
        assert_eq!(
            event.name, "message",
            "unnamed, so that a browser's EventSource hears every kind"
        );
    }
    visitor.says("Hello").await;
    let event = events.next().await.unwrap();
    assert_eq!(event.data["kind"], "message.created");
    insta::assert_json_snapshot!(redacted(&event.data));
}

#[tokio::test]
async fn a_long_log_is_streamed_to_its_end_without_waiting_for_news() {
    let app = TestApp::start().await;
    for _ in 0..210 {
        app.administrator()
            .post("/api/v1/admin/setup-link", &json!({}))
            .await
            .created();
    }
    let head = app.owner().get("/api/v1/log/verify").await.ok()["entries"]
        .as_i64()
        .unwrap();
    let mut events = app.owner().events("/api/v1/events?after=0").await;
    for seq in 1..=head {
        assert_eq!(events.next().await.unwrap().id, Some(seq), "of {head}");
    }
}

#[tokio::test]
async fn a_browser_that_reconnects_goes_on_where_it_was() {
    let app = TestApp::start().await;
    let head = app.owner().get("/api/v1/log/verify").await.ok()["entries"]
        .as_i64()
        .unwrap();
    let resumed = app.owner().with("Last-Event-ID", &(head - 1).to_string());
    let event = resumed.events("/api/v1/events?after=0").await.next().await.unwrap();
    assert_eq!(event.id, Some(head));
}

#[tokio::test]
async fn a_workspace_hears_only_of_itself() {
    let app = TestApp::start().await;
    let other = app.other_workspace().await;
    let head = app.member_of(&other).get("/api/v1/log/verify").await.ok()["entries"]
        .as_i64()
        .unwrap();
    let mut events = app
        .member_of(&other)
        .events(&format!("/api/v1/events?after={head}"))
        .await;
    app.visitor().await.says("in the first workspace").await;
    app.member_of(&other)
        .post("/api/v1/admin/setup-link", &json!({}))
        .await
        .created();
    let event = events.next().await.unwrap();
    assert_eq!(
        (event.data["kind"].as_str(), event.id),
        (Some("setup_link.created"), Some(head + 1))
    );
}

#[tokio::test]
async fn a_visitor_learns_how_long_a_check_usually_takes() {
    let app = TestApp::start().await;
    let _server = SmtpServer::of(&app).await;
    let first = app.visitor().await;
    first.says(OPENING_HOURS).await;
    let item = app.item_of(&first).await;
    assert_eq!(
        first.conversation().await["status"].get("estimate_ms"),
        None,
        "nobody knows yet"
    );
    app.advance_ms(60_000);
    app.decide_for_good(&item, json!({ "kind": "approve" })).await;
    first.answer_above(1).await;

    let second = app.visitor().await;
    second.says(OPENING_HOURS).await;
    app.item_of(&second).await;
    let status = second.conversation().await["status"].clone();
    assert_eq!(
        (status.get("estimate_ms"), &status["may_leave_email"]),
        (None, &json!(true)),
        "nobody is there to check"
    );
    app.owner().post("/api/v1/presence", &json!({})).await.ok();
    let status = second.conversation().await["status"].clone();
    assert_eq!(status.get("may_leave_email"), None);
    let estimate_ms = status["estimate_ms"].as_i64().unwrap();
    assert!((60_000..60_000 + 10 * QUIET_MS).contains(&estimate_ms), "{estimate_ms}");
}
