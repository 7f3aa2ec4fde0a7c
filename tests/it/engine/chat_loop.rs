//! Many requests in one engine: what is kept of them, who goes first, and that each ends, however its caller behaves.

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join_all;
use holdpoint::engine::{
    ChatRequest, Counters, EngineClient, EngineError, ModelHealth, ModelPurpose, Priority, ScoreRequest,
    wire::{ChatCompletionRequest, FinishReason, OneOrMany, ScoreAnswer},
};
use serde_json::json;

use super::{
    raw::{Raw, ask},
    *,
};

async fn chat_model(client: &EngineClient) -> ModelHealth {
    let health = client.health(AMPLE).await.unwrap();
    health.default_model(ModelPurpose::Chat).unwrap().clone()
}

async fn counters(client: &EngineClient) -> Counters {
    chat_model(client).await.counters
}

/// Waits until nothing runs and nothing waits.
async fn idle(client: &EngineClient) -> ModelHealth {
    eventually("the engine is idle", async || {
        let model = chat_model(client).await;
        model.running == 0 && model.waiting == 0
    })
    .await;
    chat_model(client).await
}

fn instructions() -> ChatMessage {
    ChatMessage::system(format!(
        "You answer for a small bakery. {}",
        "Bread is baked every morning at five and sold from seven. ".repeat(15)
    ))
}

fn short(messages: Vec<ChatMessage>) -> ChatRequest {
    ChatRequest {
        messages,
        max_tokens: Some(12),
        ..ChatRequest::default()
    }
}

#[tokio::test]
async fn instructions_and_the_conversation_so_far_are_not_read_again() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let chat = async |messages: &[ChatMessage]| client.chat(short(messages.to_vec()), AMPLE).await.unwrap();

    let mut conversation = vec![instructions(), ChatMessage::user("When do you open?")];
    let first = chat(&conversation).await;
    assert_eq!(first.cached_tokens, 0);

    let other = chat(&[instructions(), ChatMessage::user("Is the bread fresh today?")]).await;
    assert!(
        other.cached_tokens > 150 && other.prompt_tokens - other.cached_tokens < 20,
        "{other:?}"
    );

    conversation.push(ChatMessage::assistant(first.text));
    conversation.push(ChatMessage::user("And on Sundays?"));
    let next = chat(&conversation).await;
    assert!(
        next.cached_tokens >= first.prompt_tokens,
        "{next:?} after {} tokens",
        first.prompt_tokens
    );
    assert!(next.prompt_tokens - next.cached_tokens < 40, "{next:?}");

    let counted = counters(&client).await;
    assert_eq!(
        counted.cached_tokens,
        u64::from(other.cached_tokens + next.cached_tokens)
    );
    engine.stop().await;
}

#[tokio::test]
async fn of_two_requests_with_the_same_beginning_at_once_one_reads_it() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let chat = |question: &str| client.chat(short(vec![instructions(), ChatMessage::user(question)]), AMPLE);
    let (one, other) = tokio::join!(chat("When do you open?"), chat("Is the bread fresh today?"));
    let (one, other) = (one.unwrap(), other.unwrap());
    let both = one.prompt_tokens + other.prompt_tokens;
    let written = one.completion_tokens + other.completion_tokens;
    let computed = counters(&client).await.step_tokens - u64::from(written);
    assert!(
        computed < u64::from(one.prompt_tokens + 30),
        "{computed} tokens were read of {both}"
    );
    let said = both - one.cached_tokens - other.cached_tokens;
    assert!(
        said < one.prompt_tokens + 30,
        "{said} tokens of {both} are said to have been read"
    );
    engine.stop().await;
}

#[tokio::test]
async fn a_stop_text_ends_the_answer_before_it() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let raw = Raw::of(&bench);
    let request = ChatCompletionRequest {
        max_tokens: Some(40),
        // Alone and anew: the same bits, so the same words.
        cache_prompt: Some(false),
        ..ask(vec![ChatMessage::user("Name five animals that live in the sea.")])
    };
    let whole = raw.chat(&request).await;
    let whole = &whole.choices[0].message.content;
    // Begins and ends inside of words, hence of tokens.
    let characters: Vec<char> = whole.chars().collect();
    let stop: String = characters[20..27].iter().collect();
    let cut = raw
        .chat(&ChatCompletionRequest {
            stop: Some(OneOrMany::Many(vec!["never written".to_owned(), stop.clone()])),
            ..request
        })
        .await;
    let expected = &whole[..whole.find(&stop).unwrap()];
    assert_eq!(cut.choices[0].message.content, expected);
    assert_eq!(cut.choices[0].finish_reason, Some(FinishReason::Stop));

    let many = vec!["a".to_owned(); 9];
    let long = vec!["a".repeat(300)];
    for stop in [many, long] {
        let request = ChatCompletionRequest {
            stop: Some(OneOrMany::Many(stop)),
            ..ask(vec![ChatMessage::user("Hello")])
        };
        let reply = raw.post("/v1/chat/completions", &request).await;
        assert!(
            reply.status == 400 && reply.body.contains("`stop` takes at most 8 texts"),
            "{reply:?}"
        );
    }
    engine.stop().await;
}

fn to_score(prompts: Vec<Vec<ChatMessage>>, answer: &str) -> ScoreRequest {
    ScoreRequest {
        model: None,
        adapter: None,
        prompts,
        answer: answer.to_owned(),
    }
}

#[tokio::test]
async fn scoring_gives_what_the_model_said_when_it_wrote() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let raw = Raw::of(&bench);
    let with_passage = vec![instructions(), ChatMessage::user("At what time is the bread sold?")];
    let without = with_passage[1..].to_vec();
    let request = ChatCompletionRequest {
        max_tokens: Some(40),
        logprobs: true,
        ..ask(with_passage.clone())
    };
    let written = raw.chat(&request).await;
    let answer = written.choices[0].message.content.clone();
    let said = &written.choices[0].logprobs.as_ref().unwrap().content;
    let sum: f64 = said.iter().map(|token| f64::from(token.logprob)).sum();

    let prompts = vec![with_passage.clone(), without];
    let scores = client.score(to_score(prompts, &answer), AMPLE).await.unwrap();
    assert_eq!(usize::try_from(scores[0].tokens).unwrap(), said.len(), "{answer}");
    assert_eq!(scores[0].tokens, scores[1].tokens);
    let mean_difference = (scores[0].sum - sum).abs() / f64::from(scores[0].tokens);
    assert!(mean_difference < 0.1, "{} and {sum}", scores[0].sum);
    assert!(
        scores[0].sum > scores[1].sum,
        "its passage must make the answer likelier: {scores:?}"
    );
    for score in &scores {
        assert!((score.mean * f64::from(score.tokens) - score.sum).abs() < 1e-6 && score.min <= score.mean);
    }

    let hello = || vec![ChatMessage::user("Hello")];
    let role = ChatMessage {
        role: "owner".to_owned(),
        content: String::new(),
    };
    for (prompts, answer, word) in [
        (vec![], "Yes", "1 to 4"),
        (vec![hello(); 5], "Yes", "1 to 4"),
        (vec![hello()], "", "nothing to score"),
        (vec![vec![]], "Yes", "send at least one message"),
        (vec![hello(), vec![role]], "Yes", "is unknown"),
        (
            vec![vec![ChatMessage::user("word ".repeat(2_000))]],
            "Yes",
            "window holds",
        ),
        (vec![hello()], &"word ".repeat(2_000), "The answer has 2001 tokens"),
    ] {
        let reply = raw
            .post("/score", &json!({ "prompts": prompts, "answer": answer }))
            .await;
        assert!(reply.status == 400 && reply.body.contains(word), "{word}: {reply:?}");
    }
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_score_that_makes_room_for_a_visitor_comes_out_the_same() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.slots = NonZero::new(2);
    let engine = bench.start().await;
    let client = engine.client();
    let raw = Raw::of(&bench).at(Priority::Evaluation);
    // Two at a time, so that one of them has to make room and the other one may stay; in all a dozen steps of 64 tokens
    // or more, so that a visitor who comes after the first one comes in time.
    let prompts = ["Tell me about the bread.", "Hello.", "When?", "Why?"].map(|text| [ChatMessage::user(text)]);
    let body = json!({
        "prompts": prompts,
        "answer": "The bread is baked every morning at five and sold from seven, as long as there is any. ".repeat(12),
    });
    let undisturbed: ScoreAnswer = raw.post("/score", &body).await.read();
    // A visitor may come too late on a busy machine.
    let mut disturbed = None;
    for _ in 0..60 {
        let before = counters(&client).await;
        let score = async { raw.post("/score", &body).await.read::<ScoreAnswer>() };
        let visit = async {
            eventually("they are being computed", async || {
                counters(&client).await.steps > before.steps
            })
            .await;
            client
                .chat(short(vec![ChatMessage::user("Hello")]), AMPLE)
                .await
                .unwrap();
        };
        let (scored, ()) = tokio::join!(score, visit);
        if counters(&client).await.suspended > 0 {
            disturbed = Some(scored);
            break;
        }
    }
    let Some(disturbed) = disturbed else {
        panic!("nobody made room")
    };
    for (one, other) in undisturbed.scores.iter().zip(&disturbed.scores) {
        assert_eq!(one.tokens, other.tokens);
        assert!((one.mean - other.mean).abs() < 0.1, "{one:?} and {other:?}");
    }
    assert_eq!(undisturbed.usage.prompt_tokens, disturbed.usage.prompt_tokens);
    engine.stop().await;
}

#[tokio::test]
async fn while_a_visitor_is_there_one_request_at_most_runs_beside() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.context_tokens = NonZero::new(512);
    bench.settings.cache_tokens = Some(2_048);
    let engine = bench.start().await;
    let client = engine.client();
    let evaluations = client.at_priority(Priority::Evaluation);
    let mut backlog = Vec::new();
    for number in 0..5 {
        let asked = ChatRequest {
            max_tokens: Some(400),
            ..question(&format!("Count to {number} thousand, in words, without stopping."))
        };
        backlog.push(evaluations.chat_stream(asked, AMPLE).await.unwrap());
    }
    eventually("several run while nobody is there", async || {
        chat_model(&client).await.running >= 3
    })
    .await;
    let mut visitor = client.chat_stream(long_answer(), AMPLE).await.unwrap();
    visitor.next().await.unwrap().unwrap();
    assert!(
        chat_model(&client).await.running <= 2,
        "{:?}",
        chat_model(&client).await
    );
    drop((visitor, backlog));
    idle(&client).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_deadline_that_passes_in_the_queue_is_said_to_have_passed() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.slots = NonZero::new(1);
    let engine = bench.start().await;
    let client = engine.client();
    let mut writing = client.chat_stream(long_answer(), AMPLE).await.unwrap();
    writing.next().await.unwrap().unwrap();
    // Far less than the answer before it takes, which may end by itself soon after.
    let limit = Duration::from_millis(50);
    let error = client.chat(question("Hello"), limit).await.unwrap_err();
    assert_eq!(error, EngineError::DeadlineExceeded { limit });
    drop(writing);
    idle(&client).await;
    eventually("it is counted", async || counters(&client).await.cancelled >= 1).await;
    assert_eq!(counters(&client).await.failed, 0);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_five_hundred_requests_at_once_each_is_answered_or_refused_as_too_many() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let ask = |number: usize| {
        let client = client
            .at_priority(Priority::ALL[number % 3])
            .sharing(&format!("workspace-{}", number % 7));
        let request = ChatRequest {
            max_tokens: Some(2),
            ..question(&format!("What is {number} plus one?"))
        };
        async move { client.chat(request, AMPLE).await }
    };
    let mut resident = Vec::new();
    for wave in 0..2 {
        let before = counters(&client).await;
        let outcomes = join_all((0..500).map(ask)).await;
        let (mut answered, mut refused) = (0, 0);
        for outcome in outcomes {
            match outcome {
                Ok(answer) => answered += u64::from(answer.completion_tokens <= 2),
                Err(EngineError::Overloaded { why }) if why.contains("requests already wait") => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(answered + refused, 500, "wave {wave}");
        assert!(answered >= 64 && refused > 0, "{answered} answered, {refused} refused");
        let after = idle(&client).await.counters;
        assert_eq!(after.answered - before.answered, answered);
        assert_eq!(after.failed, 0);
        resident.push(client.health(AMPLE).await.unwrap().rss_bytes);
    }
    assert!(resident[1] < resident[0] + (32 << 20), "{resident:?}");
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_with_little_to_ask_does_not_wait_behind_one_with_much() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.slots = NonZero::new(2);
    let engine = bench.start().await;
    let client = engine.client();
    let done = AtomicUsize::new(0);
    let ask = async |workspace: &str, number: usize| {
        let client = client.at_priority(Priority::Evaluation).sharing(workspace);
        let request = ChatRequest {
            max_tokens: Some(2),
            ..question(&format!("What is {number} plus one?"))
        };
        client.chat(request, AMPLE).await.unwrap();
        done.fetch_add(1, Ordering::SeqCst)
    };
    let much = join_all((0..60).map(|number| ask("much", number)));
    let little = async {
        eventually("the other one's requests wait", async || {
            chat_model(&client).await.waiting >= 20
        })
        .await;
        let before = done.load(Ordering::SeqCst);
        let places = join_all((0..2).map(|number| ask("little", number))).await;
        places.into_iter().map(|place| place - before).max().unwrap()
    };
    let (_, last) = tokio::join!(much, little);
    assert!(
        last <= 10,
        "{last} were served before the second one of the small workspace"
    );
    engine.stop().await;
}

#[tokio::test]
async fn callers_who_hang_up_cost_nothing_more_in_whatever_state_they_do() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.slots = NonZero::new(1);
    let engine = bench.start().await;
    let client = engine.client();
    let raw = Raw::of(&bench).at(Priority::Evaluation);
    let long = |text: &str| ChatCompletionRequest {
        max_tokens: Some(600),
        ignore_eos: true,
        ..ask(vec![ChatMessage::user(text)])
    };
    let send = async |request: &ChatCompletionRequest| raw.send("/v1/chat/completions", request).await;

    let writes = send(&long("Count to a thousand.")).await;
    eventually("it writes", async || counters(&client).await.written_tokens > 0).await;
    let waits = send(&long("Count to two thousand.")).await;
    eventually("another one waits", async || chat_model(&client).await.waiting == 1).await;
    drop(waits);
    drop(writes);
    eventually("both are cancelled", async || counters(&client).await.cancelled == 2).await;
    let written = idle(&client).await.counters.written_tokens;

    let reads = send(&long(&"The bread is sold from seven. ".repeat(100))).await;
    eventually("its prompt is being read", async || {
        chat_model(&client).await.running == 1
    })
    .await;
    drop(reads);
    eventually("it is cancelled too", async || counters(&client).await.cancelled == 3).await;
    let after = idle(&client).await.counters;
    assert_eq!((after.answered, after.failed), (0, 0));
    assert_eq!(after.written_tokens, written, "it was read to its end");
    engine.stop().await;
}

#[tokio::test]
async fn a_damaged_model_fails_each_request_in_words_and_the_engine_lives() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    // Somewhere in the middle of the layers: every number there is none any more, in each of the formats.
    let mut bytes = fs::read(bench.settings.chat_model.as_ref().unwrap()).unwrap();
    let middle = bytes.len() * 3 / 5;
    bytes[middle..middle + (64 << 10)].fill(0xFF);
    bench.settings.chat_model = Some(bench.file("damaged.gguf", &bytes));
    let engine = bench.start().await;
    let client = engine.client();
    let no_numbers = |error: EngineError| {
        assert!(
            matches!(&error, EngineError::Unavailable { why } if why.contains("no numbers") && why.contains("damaged")),
            "{error}"
        );
    };
    let drawn = ChatRequest {
        temperature: 1.0,
        ..question("Hello")
    };
    let shaped = ChatRequest {
        schema: Some(json!({ "type": "object" })),
        ..question("Hello")
    };
    for request in [question("Hello"), question("Hello"), drawn, shaped] {
        no_numbers(client.chat(request, AMPLE).await.unwrap_err());
    }
    let prompts = vec![vec![ChatMessage::user("Hello")]];
    no_numbers(client.score(to_score(prompts, "Yes."), AMPLE).await.unwrap_err());
    let model = idle(&client).await;
    assert_eq!((model.counters.failed, model.counters.answered), (5, 0));
    assert_eq!(model.counters.cache_entries, 0, "nothing of it is kept");
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_prompt_that_is_a_little_too_long_is_refused_with_its_size_and_the_windows() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let words = |count: usize| question(&"word ".repeat(count));
    let shorter = client.chat(words(500), AMPLE).await.unwrap().prompt_tokens;
    let around = shorter - 500;
    let EngineError::ContextExceeded { detail } = client.chat(words(1_100), AMPLE).await.unwrap_err() else {
        panic!("it must not fit")
    };
    let size = format!("{} tokens", around + 1_100);
    assert!(
        detail.contains(&size) && detail.contains("holds 1024 tokens"),
        "{detail}, not {size}"
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evaluation_goes_on_while_visitors_keep_coming() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    bench.settings.slots = NonZero::new(4);
    let engine = bench.start().await;
    let client = engine.client();
    let evaluated = AtomicBool::new(false);
    let visitor = async |number: usize| {
        let mut answers = 0;
        while !evaluated.load(Ordering::SeqCst) {
            let text = format!("I am visitor {number} and ask question {answers}.");
            client.chat(short(vec![ChatMessage::user(text)]), AMPLE).await.unwrap();
            answers += 1;
        }
        answers
    };
    let evaluation = async {
        eventually("visitors are being answered", async || {
            counters(&client).await.answered >= 4
        })
        .await;
        let client = client.at_priority(Priority::Evaluation);
        let ask = |number: usize| client.chat(question(&format!("What is {number} plus one?")), AMPLE);
        for answer in join_all((0..3).map(ask)).await {
            answer.unwrap();
        }
        evaluated.store(true, Ordering::SeqCst);
    };
    let (answers, ()) = tokio::join!(join_all((0..4).map(visitor)), evaluation);
    assert!(answers.iter().all(|answers| *answers > 0), "{answers:?}");
    engine.stop().await;
}
