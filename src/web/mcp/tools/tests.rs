use super::*;
use crate::web::edge::Scripted;

async fn call(api: &Scripted, tool: Tool, arguments: Value) -> Told {
    let Value::Object(arguments) = arguments else {
        unreachable!("arguments are an object")
    };
    Call { api, asker: None }.make(tool, arguments).await
}

const ID: &str = "0193b1c2-0000-7000-8000-000000000001";

fn approval(status: &str) -> Value {
    json!({
        "id": ID, "name": "refund", "status": status,
        "decision": { "type": "approve", "args_hash": "h" },
    })
}

fn conflict() -> Value {
    json!({ "detail": "It was consumed already.", "status": 409 })
}

#[tokio::test]
async fn what_is_approved_is_taken_once_and_told_exactly() {
    let taken = json!({ "name": "refund", "args": { "amount": 1.5 }, "args_hash": "h", "consumed_at": 1 });
    let api = Scripted::new(vec![
        (201, approval("pending")),
        (200, approval("approved")),
        (200, taken),
    ]);
    let told = call(
        &api,
        Tool::RequestApproval,
        json!({ "action": "refund", "arguments": { "amount": 1.5 }, "wait_s": 3 }),
    )
    .await;
    assert_eq!(told.json["run"]["arguments"], json!({ "amount": 1.5 }));
    assert_eq!(
        api.asked(),
        [
            "POST /api/v1/approvals".to_owned(),
            format!("GET /api/v1/approvals/{ID}?wait_s=3"),
            format!("POST /api/v1/approvals/{ID}/consume"),
        ]
    );
    assert_eq!(api.body(0)["tool_call_id"], "mcp-new");
    assert_eq!(api.body(2), json!({ "args_hash": "h" }));
}

#[tokio::test]
async fn who_only_looks_takes_nothing() {
    let api = Scripted::new(vec![(200, approval("approved"))]);
    let told = call(
        &api,
        Tool::CheckApproval,
        json!({ "approval_id": ID, "wait_s": 0, "consume": false }),
    )
    .await;
    assert_eq!(
        (&told.json["consumed"], &told.json["run"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(api.asked().len(), 1);
}

#[tokio::test]
async fn of_two_who_take_it_the_slower_is_told_that_it_was_consumed() {
    let api = Scripted::new(vec![
        (200, approval("approved")),
        (409, conflict()),
        (200, approval("consumed")),
    ]);
    let told = call(&api, Tool::CheckApproval, json!({ "approval_id": ID })).await;
    assert_eq!(
        (&told.json["status"], &told.json["run"]),
        (&json!("consumed"), &Value::Null)
    );
}

#[tokio::test]
async fn a_question_waits_for_words_and_is_never_taken() {
    let answered = json!({
        "id": ID, "name": "ask_person", "status": "responded", "decision": { "type": "respond", "message": "Blue" },
    });
    let api = Scripted::new(vec![(201, answered)]);
    let told = call(&api, Tool::AskPerson, json!({ "question": "Which colour?" })).await;
    assert_eq!(told.text, "Blue");
    assert_eq!(api.body(0)["allowed_decisions"], json!(["respond", "reject"]));
    assert_eq!(api.asked().len(), 1);
}

#[tokio::test]
async fn what_is_not_acceptable_asks_nobody() {
    let large = "x".repeat(64 << 10);
    let deep = (0..17).fold(json!(1), |inner, _| json!([inner]));
    let not_so_deep = (0..15).fold(json!(1), |inner, _| json!([inner]));
    for (tool, arguments) in [
        (
            Tool::RequestApproval,
            json!({ "action": "a", "arguments": { "text": large } }),
        ),
        (
            Tool::RequestApproval,
            json!({ "action": "a", "arguments": { "deep": deep } }),
        ),
        (Tool::RequestApproval, json!({ "action": "a", "arguments": [] })),
        (
            Tool::RequestApproval,
            json!({ "action": "a", "arguments": {}, "wait_s": 56 }),
        ),
        (
            Tool::RequestApproval,
            json!({ "action": "a", "arguments": {}, "approve": true }),
        ),
        (Tool::CheckApproval, json!({ "approval_id": "../queue" })),
        (Tool::CheckApproval, json!({})),
        (Tool::AskPerson, json!({ "question": "?", "wait_s": -1 })),
        (Tool::HandOver, json!({ "conversation_id": "x?y", "reason": "r" })),
        (Tool::SearchKnowledge, json!({ "question": 7 })),
    ] {
        let api = Scripted::new(Vec::new());
        let told = call(&api, tool, arguments.clone()).await;
        assert!(told.refused && api.asked().is_empty(), "{arguments}");
    }
    let api = Scripted::new(vec![(201, approval("pending"))]);
    let arguments = json!({ "action": "a", "arguments": { "deep": not_so_deep }, "wait_s": 0 });
    assert!(!call(&api, Tool::RequestApproval, arguments).await.refused);
}

#[tokio::test]
async fn a_refusal_of_the_api_is_told_in_its_own_words() {
    let problem = json!({ "detail": "You may not do this.", "status": 403 });
    let api = Scripted::new(vec![(403, problem)]);
    let told = call(
        &api,
        Tool::SearchKnowledge,
        json!({ "question": "tea & cake", "collection": "a/b" }),
    )
    .await;
    assert!(told.refused && told.text == "You may not do this.");
    assert_eq!(
        api.asked(),
        ["GET /api/v1/knowledge/search?q=tea%20%26%20cake&limit=5&collection=a%2Fb"]
    );
    let told = call(&api, Tool::CheckApproval, json!({ "approval_id": ID })).await;
    assert_eq!(told.text, "no Holdpoint answers");
}
