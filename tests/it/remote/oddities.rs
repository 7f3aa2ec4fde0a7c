//! What odd, broken and hostile servers do to the client.

use std::time::{Duration, Instant};

use holdpoint::engine::{ChatDelta, Endpoint, EngineClient, EngineError, FinishReason, TimeLimits};
use serde_json::json;

use super::fake::{Fake, Reply, SHORT, Step, TOKEN, complete, event};
use super::*;

const CHAT: &str = "/v1/chat/completions";

/// What the client makes of a server that gives this reply to a chat.
async fn error_of(reply: Reply) -> EngineError {
    error_within(TimeLimits::default(), reply).await
}

async fn error_within(limits: TimeLimits, reply: Reply) -> EngineError {
    let fake = Fake::start(move |_| reply.clone()).await;
    let client = EngineClient::with_limits(fake.endpoint(), limits);
    let error = client.chat(question("Hello"), AMPLE).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    assert!(shown.len() < 1_500, "{shown}");
    assert_eq!(fake.count(CHAT), 1, "a chat that has begun is not sent again");
    error
}

fn text(words: &str) -> Step {
    event(&json!({"choices": [{"delta": {"content": words}}]}))
}

#[tokio::test]
async fn an_ordinary_server_is_asked_with_its_token_and_answers_piece_by_piece() {
    let fake = Fake::start(complete).await;
    let client = fake.client();
    let mut stream = client.chat_stream(question("Hello"), AMPLE).await.unwrap();
    let mut pieces = Vec::new();
    let answer = loop {
        match stream.next().await.unwrap().unwrap() {
            ChatDelta::Text(piece) => pieces.push(piece),
            ChatDelta::Done(answer) => break answer,
        }
    };
    assert_eq!(pieces, ["Hello ", "there"]);
    assert_eq!(
        (answer.text.as_str(), answer.finish),
        ("Hello there", FinishReason::Stop)
    );
    assert_eq!((answer.prompt_tokens, answer.completion_tokens), (7, 2));
    assert_eq!(answer.logprobs.unwrap().tokens, 2);
    let received = &fake.received()[0];
    assert!(received.head.contains(&format!("authorization: bearer {TOKEN}")));
    assert!(!received.head.contains("x-holdpoint"), "others learn nothing of us");
}

#[tokio::test]
async fn embeddings_are_sorted_and_made_unit_vectors() {
    let fake = Fake::start(complete).await;
    let texts = ["a", "b"].map(ToOwned::to_owned);
    let vectors = fake.client().embed(&texts, AMPLE).await.unwrap();
    assert!((vectors[0][0] - 0.6).abs() < 1e-6, "{vectors:?}");
    assert!(vectors[1][2] > 0.0, "the second text's vector is the second");
}

#[tokio::test]
async fn every_kind_of_refusal_has_its_own_error() {
    let refusal = |status, body: &str| Reply::text(status, "application/json", body);
    let unauthorized = error_of(refusal(401, &format!(r#"{{"error":"bad key {TOKEN}"}}"#))).await;
    assert!(
        matches!(unauthorized, EngineError::Unauthorized { .. }),
        "{unauthorized}"
    );
    let forbidden = error_of(refusal(403, "")).await;
    assert!(matches!(forbidden, EngineError::Unauthorized { .. }), "{forbidden}");
    let busy = error_of(refusal(429, r#"{"error":{"message":"slow down","code":429}}"#)).await;
    assert!(matches!(busy, EngineError::Overloaded { .. }), "{busy}");
    let long = r#"{"error":{"code":400,"message":"request exceeds the available context size","type":"exceed_context_size_error"}}"#;
    let long = error_of(refusal(400, long)).await;
    assert!(matches!(long, EngineError::ContextExceeded { .. }), "{long}");
    let failed = error_of(refusal(500, r#"{"error":"CUDA error: out of memory"}"#)).await;
    assert!(
        matches!(&failed, EngineError::Unavailable { why } if why.contains("CUDA")),
        "{failed}"
    );
    let huge = error_of(refusal(500, &"x".repeat(4 << 20))).await;
    assert!(matches!(huge, EngineError::Unavailable { .. }), "{huge}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Fake::start(complete).await;
    let target = match other.endpoint() {
        Endpoint::Http { base_url, .. } => format!("{base_url}{CHAT}"),
        endpoint => panic!("{endpoint:?}"),
    };
    for status in [301, 302, 307, 308] {
        let error = error_of(Reply::text(status, "text/plain", "").header("location", &target)).await;
        assert!(error.to_string().contains("is not followed"), "{error}");
    }
    assert!(
        other.received().is_empty(),
        "nothing was sent there, least of all the token"
    );
}

#[tokio::test]
async fn what_is_no_answer_is_not_taken_for_one() {
    for reply in [
        Reply::text(200, "text/html", "<!doctype html><title>Sign in to the Wi-Fi</title>"),
        Reply::text(200, "application/json", r#"{"choices":[{"message":{"content":"Hal"#),
        Reply::text(200, "application/json", "{}"),
        Reply::text(200, "application/json", "[1,2,3]"),
        Reply::text(200, "application/json", ""),
        Reply::events(vec![Step::Text("data: {\"choices\":[{\"del\n\n".to_owned())]),
        Reply::events(vec![Step::Text("data: [DONE]\n\n".to_owned())]),
        Reply::events(vec![text("a"), Step::Text("data: \u{0}\u{1}\n\n".to_owned())]),
    ] {
        let error = error_of(reply.clone()).await;
        assert!(matches!(error, EngineError::Protocol { .. }), "{reply:?}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_taken_for_a_whole_one() {
    for steps in [
        vec![text("Half of"), Step::Hangup],
        vec![text("Half of")],
        vec![Step::Hangup],
    ] {
        let error = error_of(Reply::events(steps.clone())).await;
        assert!(matches!(error, EngineError::Unavailable { .. }), "{steps:?}: {error}");
    }
    let broken = event(&json!({"error": {"message": "slot failed", "code": 500}}));
    let error = error_of(Reply::events(vec![text("Half"), broken])).await;
    assert!(
        matches!(&error, EngineError::Unavailable { why } if why == "slot failed"),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_without_end_is_given_up() {
    let megabyte = "x".repeat(1 << 20);
    let endless = std::iter::repeat_n(Step::Text(megabyte.clone()), 40).collect::<Vec<_>>();
    let error = error_of(Reply::events(endless.clone())).await;
    assert!(matches!(error, EngineError::Protocol { .. }), "an event: {error}");
    let steps = std::iter::repeat_n(text(&megabyte[..1 << 19]), 40).collect();
    let error = error_of(Reply::events(steps)).await;
    assert!(matches!(error, EngineError::Protocol { .. }), "a text: {error}");
    let fake = Fake::start(move |_| {
        let mut reply = Reply::text(200, "application/json", "");
        for step in &endless {
            reply = reply.then(step.clone());
        }
        reply
    })
    .await;
    let error = fake.client().embed(&["a".to_owned()], AMPLE).await.unwrap_err();
    assert!(matches!(error, EngineError::Protocol { .. }), "a document: {error}");
}

#[tokio::test]
async fn silence_is_not_waited_out() {
    let short = TimeLimits {
        connect: SHORT.first_byte,
        ..SHORT
    };
    let before = error_within(short, Reply::events(vec![]).after(Step::Silence)).await;
    assert!(
        matches!(&before, EngineError::Unavailable { why } if why.contains("sent nothing")),
        "{before}"
    );
    let long_before = TimeLimits {
        first_byte: AMPLE,
        ..SHORT
    };
    let between = error_within(long_before, Reply::events(vec![text("Half"), Step::Silence])).await;
    assert!(
        matches!(&between, EngineError::Unavailable { why } if why.contains("sent nothing")),
        "{between}"
    );
}

#[tokio::test]
async fn a_slow_server_is_given_its_time_and_the_deadline_counts_all_the_same() {
    let slow = |gap: Duration| {
        let mut steps = Vec::new();
        for word in ["a ", "b ", "c "] {
            steps.extend([Step::Wait(gap), text(word)]);
        }
        steps.push(event(&json!({"choices": [{"delta": {}, "finish_reason": "stop"}]})));
        Reply::events(steps).after(Step::Wait(gap))
    };
    let fake = Fake::start(move |_| slow(Duration::from_millis(200))).await;
    let answer = fake.client().chat(question("Hello"), AMPLE).await.unwrap();
    assert_eq!(answer.text, "a b c ");
    let limit = Duration::from_millis(50);
    let late = fake.client().chat(question("Hello"), limit).await;
    assert_eq!(late, Err(EngineError::DeadlineExceeded { limit }));
}

#[tokio::test]
async fn a_stream_may_end_without_saying_so_and_comments_are_passed_over() {
    let end = json!({"choices": [{"delta": {}, "finish_reason": "eos_token"}]});
    for last in [event(&end), Step::Text(format!("data: {end}"))] {
        let steps = vec![Step::Text(":\n\n: ping\r\n\r\nevent: x\n".to_owned()), text("Hi"), last];
        let fake = Fake::start(move |_| Reply::events(steps.clone())).await;
        let answer = fake.client().chat(question("Hello"), AMPLE).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), ("Hi", FinishReason::Stop));
    }
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let whole = json!({"choices": [{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "length"}]});
    let fake = Fake::start(move |_| Reply::json(200, &whole)).await;
    let answer = fake.client().chat(question("Hello"), AMPLE).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish), ("Hi", FinishReason::Length));
}

#[tokio::test]
async fn a_server_that_ends_its_stream_without_a_word_is_asked_for_its_reason() {
    for end in [Step::Text(String::new()), Step::Hangup] {
        let fake = Fake::start(move |received| {
            if received.path != CHAT {
                return complete(received);
            }
            if received.body["stream"] == true {
                return Reply::events(vec![end.clone()]);
            }
            Reply::json(
                400,
                &json!({"error": {"message": "too long", "code": "context_length_exceeded"}}),
            )
        })
        .await;
        let error = fake.client().chat(question("Hello"), AMPLE).await.unwrap_err();
        assert!(matches!(error, EngineError::ContextExceeded { .. }), "{error}");
        assert_eq!(fake.count(CHAT), 2);
    }
}

#[tokio::test]
async fn whoever_goes_closes_the_connection_while_the_server_is_silent() {
    let fake = Fake::start(|_| Reply::events(vec![text("Half"), Step::Silence])).await;
    let client = fake.client();
    let mut stream = client.chat_stream(question("Hello"), AMPLE).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    assert_eq!(fake.left(), 0);
    drop(stream);
    until(|| fake.left() == 1).await;
    fake.answer(|_| Reply::events(vec![]).after(Step::Silence));
    let asked = tokio::time::timeout(Duration::from_millis(100), client.chat(question("Hello"), AMPLE)).await;
    assert!(asked.is_err());
    until(|| fake.left() == 2).await;
}

async fn until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < AMPLE, "it never came about");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn embeddings_are_asked_once_more_but_not_believed() {
    for (body, words) in [
        (
            json!({"data": [{"index": 0, "embedding": [1.0]}]}),
            "1 embeddings came for 2 texts",
        ),
        (json!({"data": []}), "0 embeddings"),
        (
            json!({"data": [{"index": 7, "embedding": [1.0]}, {"index": 9, "embedding": [1.0]}]}),
            "2 embeddings",
        ),
        (
            json!({"data": [{"index": 0, "embedding": [0.0]}, {"index": 1, "embedding": [1.0]}]}),
            "no direction",
        ),
        (
            json!({"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 1.0]}]}),
            "differ in length",
        ),
        (json!({"data": [{"index": 0, "embedding": "AAAA"}]}), "invalid type"),
    ] {
        let fake = Fake::start(move |_| Reply::json(200, &body)).await;
        let texts = ["a", "b"].map(ToOwned::to_owned);
        let error = fake.client().embed(&texts, AMPLE).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(fake.count("/v1/embeddings"), 1);
    }
    let fake = Fake::start(|_| Reply::events(vec![Step::Hangup])).await;
    let error = fake.client().embed(&["a".to_owned()], AMPLE).await.unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error}");
    assert_eq!(fake.count("/v1/embeddings"), 2, "once more, and not again");
}

#[tokio::test]
async fn a_connection_refused_is_said_plainly() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let endpoint = Endpoint::Http {
        base_url: format!("http://{address}"),
        token: None,
    };
    let client = EngineClient::new(endpoint);
    let error = client.chat(question("Hello"), AMPLE).await.unwrap_err();
    assert!(
        error.to_string().contains("cannot be reached: Connection refused"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_that_cannot_be_is_said_plainly() {
    for base_url in ["nonsense", "http://", "ftp://127.0.0.1", "http://a b"] {
        let endpoint = Endpoint::Http {
            base_url: base_url.to_owned(),
            token: None,
        };
        let client = EngineClient::new(endpoint);
        let error = client.chat(question("Hello"), AMPLE).await.unwrap_err();
        assert!(matches!(error, EngineError::Unavailable { .. }), "{base_url}: {error}");
    }
}
