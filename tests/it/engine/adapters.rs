//! LoRA adapters and chat templates, in files made for the test.

use holdpoint::engine::{ChatAnswer, ChatMessage, ChatRequest, EngineClient, EngineError, ModelState};

use super::{
    files::{lora, with_text},
    *,
};

const QUERY: &str = "blk.0.attn_q.weight";
const WIDTH: u64 = 576;

async fn with_adapter(client: &EngineClient, adapter: Option<&str>) -> Result<ChatAnswer, EngineError> {
    let request = ChatRequest {
        adapter: adapter.map(str::to_owned),
        logprobs: true,
        ..question("What is the capital of France?")
    };
    client.chat(request, AMPLE).await
}

#[tokio::test]
async fn an_adapter_changes_the_answer_and_one_of_no_strength_does_not() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    let strong = bench.file("strong.gguf", &lora("llama", QUERY, WIDTH, WIDTH, 1.0));
    let idle = bench.file("idle.gguf", &lora("llama", QUERY, WIDTH, WIDTH, 0.0));
    bench.settings.adapters = vec![("strong".to_owned(), strong), ("idle".to_owned(), idle)];
    let engine = bench.start().await;
    let client = engine.client();
    let plain = with_adapter(&client, None).await.unwrap();
    let unchanged = with_adapter(&client, Some("idle")).await.unwrap();
    let changed = with_adapter(&client, Some("strong")).await.unwrap();
    assert_eq!((&unchanged.text, unchanged.logprobs), (&plain.text, plain.logprobs));
    assert_ne!(changed.logprobs, plain.logprobs);
    assert_eq!(
        with_adapter(&client, None).await.unwrap().logprobs,
        plain.logprobs,
        "the adapter stays with those who ask for it"
    );

    let health = client.health(AMPLE).await.unwrap();
    let loaded: Vec<_> = health
        .models
        .iter()
        .filter(|model| model.state == ModelState::Ready)
        .collect();
    let adapters: Vec<_> = loaded.iter().map(|model| model.adapter.as_deref()).collect();
    assert_eq!(adapters, [None, Some("strong"), Some("idle")]);

    let error = with_adapter(&client, Some("unheard of")).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("`strong`, `idle`")),
        "{error}"
    );
    engine.stop().await;
}

#[tokio::test]
async fn an_adapter_for_another_model_is_refused_and_the_engine_lives() {
    let Some(mut bench) = Bench::with_chat() else {
        return;
    };
    let wrong = [
        ("narrow", lora("llama", QUERY, 64, WIDTH, 1.0), "has another shape"),
        (
            "foreign",
            lora("qwen2", QUERY, WIDTH, WIDTH, 1.0),
            "architecture `qwen2`",
        ),
        (
            "deep",
            lora("llama", "blk.99.attn_q.weight", WIDTH, WIDTH, 1.0),
            "which the model has not",
        ),
        ("page", b"<!DOCTYPE html>".to_vec(), "is not a GGUF file"),
        (
            "cut",
            lora("llama", QUERY, WIDTH, WIDTH, 1.0)[..4000].to_vec(),
            "is incomplete",
        ),
    ];
    bench.settings.adapters = wrong
        .iter()
        .map(|(name, content, _)| ((*name).to_owned(), bench.file(&format!("{name}.gguf"), content)))
        .collect();
    let engine = bench.start().await;
    let client = engine.client();
    for (name, _, why) in wrong {
        let error = with_adapter(&client, Some(name)).await.unwrap_err();
        assert!(
            matches!(&error, EngineError::NoModel { detail } if detail.contains(why) && detail.contains(name)),
            "{name}: {error}"
        );
    }
    assert!(with_adapter(&client, None).await.is_ok());
    assert_eq!(engine.status().restarts, 0);
    engine.stop().await;
}

/// In a markup of its own, which llama.cpp does not recognise; it refuses instructions.
const OWN_TEMPLATE: &str = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no instructions') }}{% endif %}
{% for message in messages %}
{{ '(' + message['role'] + ') ' + message['content'].strip() + '\\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '(assistant)' }}{% endif %}";

#[tokio::test]
async fn a_model_with_a_template_of_its_own_answers() {
    let Some(original) = model(CHAT_MODEL) else {
        return;
    };
    let mut bench = Bench::new();
    let file = with_text(&original, "tokenizer.chat_template", OWN_TEMPLATE);
    bench.settings.chat_model = Some(bench.file("own.gguf", &file));
    let engine = bench.start().await;
    let client = engine.client();
    let request = |messages: Vec<ChatMessage>| ChatRequest {
        messages,
        ..question("")
    };
    let asked = "What is the capital of France?";
    let instructed = request(vec![ChatMessage::system("Be brief."), ChatMessage::user(asked)]);
    let joined = request(vec![ChatMessage::user(format!("Be brief.\n\n{asked}"))]);
    let answer = client.chat(instructed, AMPLE).await.unwrap();
    assert!(!answer.text.is_empty());
    assert_eq!(answer.text, client.chat(joined, AMPLE).await.unwrap().text);
    engine.stop().await;
}

#[tokio::test]
async fn a_model_whose_template_never_ends_is_refused_and_the_embedder_serves() {
    let (Some(original), Some(mut bench)) = (model(CHAT_MODEL), Bench::with_embedder()) else {
        return;
    };
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}{{ messages[0].content }}";
    let file = with_text(&original, "tokenizer.chat_template", endless);
    bench.settings.chat_model = Some(bench.file("endless.gguf", &file));
    let engine = bench.start().await;
    let client = engine.client();
    let error = client.chat(question("Hello"), AMPLE).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("takes too many steps") && detail.contains("*instruct*")),
        "{error}"
    );
    embed(&client, &["Hello"]).await;
    engine.stop().await;
}

#[tokio::test]
async fn a_model_without_a_template_is_refused_with_the_remedy() {
    let (Some(original), Some(mut bench)) = (model(CHAT_MODEL), Bench::with_embedder()) else {
        return;
    };
    let file = with_text(&original, "tokenizer.chat_template", "");
    bench.settings.chat_model = Some(bench.file("bare.gguf", &file));
    let engine = bench.start().await;
    let error = engine.client().chat(question("Hello"), AMPLE).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoModel { detail } if detail.contains("chat template") && detail.contains("*instruct*")),
        "{error}"
    );
    engine.stop().await;
}
