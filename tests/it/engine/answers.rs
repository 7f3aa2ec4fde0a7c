//! Answers and embeddings of the default models.

use std::time::{Duration, Instant};

use holdpoint::engine::{ChatDelta, ChatRequest, EngineError, ModelPurpose, Priority};

use super::*;

#[tokio::test]
async fn paraphrases_are_closer_than_unrelated_texts() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let texts = [
        "How do I return my order?",
        "I want to send back what I bought",
        "Which bus goes to the beach?",
    ];
    let vectors = embed(&engine.client(), &texts).await;
    assert!((dot(&vectors[0], &vectors[0]) - 1.0).abs() < 1e-4);
    let (paraphrase, unrelated) = (dot(&vectors[0], &vectors[1]), dot(&vectors[0], &vectors[2]));
    assert!(paraphrase > unrelated + 0.2, "{paraphrase} and {unrelated}");
    engine.stop().await;
}

#[tokio::test]
async fn a_text_has_the_same_embedding_alone_and_among_many() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let many: Vec<String> = (0..150)
        .map(|number| format!("Question {number} about opening hours"))
        .collect();
    let together = engine
        .client()
        .at_priority(Priority::Evaluation)
        .embed(&many, AMPLE)
        .await
        .unwrap();
    assert_eq!(together.len(), many.len());
    for place in [0, 77, 149] {
        let alone = embed(&engine.client(), &[&many[place]]).await;
        let similarity = dot(&alone[0], &together[place]);
        assert!(similarity > 0.999, "text {place}: {similarity}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn inputs_too_long_for_the_embedder_are_cut_and_do_not_kill_it() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let long = "return policy ".repeat(20_000);
    let odd = ["", "\0", "🦀🦀🦀", "\u{202e}right to left", long.as_str()];
    let vectors = embed(&engine.client(), &odd).await;
    assert_eq!(vectors.len(), odd.len());
    assert!(vectors.iter().flatten().all(|entry| entry.is_finite()));
    let cut = embed(&engine.client(), &[&long[..long.len() / 2]]).await;
    assert!(dot(&vectors[4], &cut[0]) > 0.999, "the beginning stands for the whole");
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_streamed_answer_equals_the_whole_one_at_temperature_zero() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let request = ChatRequest {
        logprobs: true,
        ..question("What is the capital of France?")
    };
    let whole = client.chat(request.clone(), AMPLE).await.unwrap();
    assert!(whole.text.contains("Paris"), "{}", whole.text);
    let summary = whole.logprobs.unwrap();
    assert!(summary.min <= summary.mean && summary.mean <= 0.0, "{summary:?}");
    assert_eq!(summary.tokens, usize::try_from(whole.completion_tokens).unwrap());

    let mut stream = client.chat_stream(request, AMPLE).await.unwrap();
    let mut text = String::new();
    let streamed = loop {
        match stream.next().await.unwrap().unwrap() {
            ChatDelta::Text(new) => text.push_str(&new),
            ChatDelta::Done(answer) => break answer,
        }
    };
    assert!(stream.next().await.is_none());
    assert_eq!(text, whole.text);
    assert_eq!(streamed.text, whole.text);
    assert_eq!(streamed.logprobs, whole.logprobs);
    assert_eq!(
        (streamed.finish, streamed.prompt_tokens),
        (whole.finish, whole.prompt_tokens)
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_seed_makes_a_drawn_answer_repeatable() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let ask = async |seed| {
        let request = ChatRequest {
            temperature: 1.5,
            seed: Some(seed),
            ..question("Tell me a story.")
        };
        engine.client().chat(request, AMPLE).await.unwrap().text
    };
    let first = ask(7).await;
    assert_eq!(first, ask(7).await);
    assert_ne!(first, ask(8).await);
    engine.stop().await;
}

#[tokio::test]
async fn answers_written_together_are_each_their_own() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let capitals = [("France", "Paris"), ("Italy", "Rome"), ("Japan", "Tokyo")];
    let ask = |country: &str| {
        let request = question(&format!("What is the capital of {country}?"));
        let client = client.clone();
        async move { client.chat(request, AMPLE).await.unwrap().text }
    };
    let answers = tokio::join!(ask("France"), ask("Italy"), ask("Japan"));
    for (answer, (_, capital)) in [answers.0, answers.1, answers.2].iter().zip(capitals) {
        assert!(answer.contains(capital), "{capital}: {answer}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn more_work_than_the_cache_holds_is_done_in_turn() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let ask = || {
        let request = ChatRequest {
            max_tokens: Some(40),
            ..question(&"The shop is open. ".repeat(120))
        };
        client.chat(request, AMPLE)
    };
    for answer in futures::future::join_all((0..5).map(|_| ask())).await {
        let answer = answer.unwrap();
        assert!(answer.prompt_tokens > 400 && answer.completion_tokens > 0, "{answer:?}");
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_prompt_longer_than_the_window_is_refused_with_both_sizes() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    for long in ["word ".repeat(3000), "x".repeat(1 << 20)] {
        let error = client.chat(question(&long), AMPLE).await.unwrap_err();
        assert!(
            matches!(&error, EngineError::ContextExceeded { detail } if detail.contains("holds 1024 tokens")),
            "{error}"
        );
    }
    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_request_for_a_model_that_is_not_loaded_says_so() {
    let Some(bench) = Bench::with_embedder() else {
        return;
    };
    let engine = bench.start().await;
    let error = engine.client().chat(question("Hello"), AMPLE).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("--chat-model")),
        "{error}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_deadline_ends_an_answer_and_frees_its_place() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let limit = Duration::from_millis(400);
    let error = client.chat(long_answer(), limit).await.unwrap_err();
    assert_eq!(error, EngineError::DeadlineExceeded { limit });
    eventually("the place is free", async || {
        client
            .health(AMPLE)
            .await
            .unwrap()
            .default_model(ModelPurpose::Chat)
            .unwrap()
            .clone()
            .running
            == 0
    })
    .await;
    engine.stop().await;
}

#[tokio::test]
async fn a_caller_who_leaves_cancels_the_answer() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let running = async || {
        client
            .health(AMPLE)
            .await
            .unwrap()
            .default_model(ModelPurpose::Chat)
            .unwrap()
            .clone()
            .running
    };

    let mut stream = client.chat_stream(long_answer(), AMPLE).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ChatDelta::Text(_)))));
    assert_eq!(running().await, 1);
    drop(stream);
    eventually("a dropped stream is cancelled", async || running().await == 0).await;

    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.chat(long_answer(), AMPLE).await }
    });
    eventually("the answer is being written", async || running().await == 1).await;
    asking.abort();
    eventually("a dropped question is cancelled", async || running().await == 0).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_with_a_reason() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let asked: Vec<_> = (0..80)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.chat(long_answer(), AMPLE).await })
        })
        .collect();
    let refused = loop {
        let done = asked.iter().position(tokio::task::JoinHandle::is_finished);
        if let Some(done) = done {
            break done;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    for (place, asked) in asked.into_iter().enumerate() {
        if place == refused {
            let error = asked.await.unwrap().unwrap_err();
            assert!(
                matches!(&error, EngineError::Overloaded { why } if why.contains("requests already wait")),
                "{error}"
            );
        } else {
            asked.abort();
        }
    }
    let free = async || {
        let health = client
            .health(AMPLE)
            .await
            .unwrap()
            .default_model(ModelPurpose::Chat)
            .unwrap()
            .clone();
        health.running == 0
    };
    eventually("what was dropped is not computed", free).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_visitor_overtakes_an_evaluation() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let ask = |priority: Priority, number: usize| {
        let client = client.at_priority(priority);
        let request = ChatRequest {
            max_tokens: Some(16),
            ..question(&format!("Write a long poem about the number {number}."))
        };
        tokio::spawn(async move {
            client.chat(request, AMPLE).await.unwrap();
            Instant::now()
        })
    };
    let chat = async || {
        let health = client.health(AMPLE).await.unwrap();
        health.default_model(ModelPurpose::Chat).unwrap().clone()
    };
    let evaluation: Vec<_> = (0..16).map(|number| ask(Priority::Evaluation, number)).collect();
    eventually("the evaluation fills every place and waits", async || {
        let chat = chat().await;
        chat.running == chat.slots && chat.waiting >= 4
    })
    .await;
    let visitor = ask(Priority::Live, 99).await.unwrap();
    let mut later = 0;
    for evaluated in evaluation {
        if evaluated.await.unwrap() > visitor {
            later += 1;
        }
    }
    assert!(later >= 1, "the visitor waited for the whole evaluation");
    // An answer is counted just after its caller has it.
    eventually("every answer is counted", async || chat().await.counters.answered == 17).await;
    let counters = chat().await.counters;
    assert!(counters.suspended >= 1, "nobody made room: {counters:?}");
    assert_eq!(counters.failed, 0);
    engine.stop().await;
}
