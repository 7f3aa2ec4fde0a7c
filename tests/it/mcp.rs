//! Agents of the house at the edge: the tools of the Model Context Protocol over HTTP and over standard input and output, and the
//! adapters for other frameworks; with the real client libraries, where there is a Python that has them.

use super::app::{AMPLE, Answer, Client, OPENING_HOURS, TestApp, UNDO_MS, Workspace};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

const UNKNOWN: &str = "0193b1c2-0000-7000-8000-000000000001";

/// The secret of a new token of the owner's.
async fn secret(app: &TestApp, workspace: &Workspace, name: &str, scopes: &[&str]) -> String {
    let owner = app.member_of(workspace);
    let members = owner.get("/api/v1/admin/members").await.ok();
    let email = members["items"][0]["email"].clone();
    let wish = json!({ "name": name, "email": email, "scopes": scopes });
    let token = owner.post("/api/v1/admin/tokens", &wish).await.created();
    token["token"].as_str().unwrap().to_owned()
}

async fn agent(app: &TestApp) -> Client {
    app.anonymous()
        .bearer(&secret(app, &app.workspace, "billing agent", &["propose", "read"]).await)
}

/// A message of the protocol, and what comes back.
async fn says(client: &Client, message: &Value) -> Answer {
    client
        .clone()
        .with("Accept", "application/json, text/event-stream")
        .with("MCP-Protocol-Version", "2025-06-18")
        .post("/mcp", message)
        .await
}

/// The message in an event stream that ends with it.
fn in_stream(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = answer.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).next_back();
    serde_json::from_str(data.unwrap_or_else(|| panic!("no message in {text:?}"))).unwrap()
}

/// Calls a tool, and returns what it tells programs.
async fn calls(client: &Client, tool: &str, arguments: Value) -> Value {
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments },
    });
    let answer = in_stream(&says(client, &call).await);
    let result = &answer["result"];
    let told = result["structuredContent"].clone();
    assert_eq!(result["isError"] == true, told["status"] == "refused", "{answer}");
    told
}

/// The owner decides about an approval for good.
async fn decides(app: &TestApp, id: &Value, decision: Value) {
    let id = id.as_str().unwrap();
    let approval = app.owner().get(&format!("/api/v1/actions/{id}")).await.ok();
    let mut wish = json!({ "args_hash": approval["args_hash"] });
    wish.as_object_mut()
        .unwrap()
        .extend(decision.as_object().unwrap().clone());
    app.owner()
        .post(&format!("/api/v1/approvals/{id}/decision"), &wish)
        .await
        .ok();
    app.advance_ms(UNDO_MS);
}

fn refund(wait_s: u64) -> Value {
    json!({ "action": "refund", "arguments": { "order": "A-7", "amount": 12.5 }, "wait_s": wait_s })
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_the_protocol_without_a_token_that_may_propose_nor_from_another_site() {
    let app = TestApp::start().await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assert_eq!(says(&app.anonymous(), &list).await.status, 401);
    assert_eq!(says(&app.owner(), &list).await.status, 401, "a session is no agent");
    assert_eq!(
        says(&app.administrator(), &list).await.status,
        401,
        "nor is the machine"
    );
    let wrong = app.anonymous().bearer("hp_wrong");
    assert_eq!(says(&wrong, &list).await.status, 401);
    let reader = app.program(&["read", "review"]).await;
    assert_eq!(says(&reader, &list).await.status, 403);

    let agent = agent(&app).await;
    let elsewhere = agent.clone().with("Origin", "https://evil.example");
    assert_eq!(says(&elsewhere, &list).await.status, 403);
    let rebound = agent.clone().with("Host", "evil.example");
    assert_eq!(says(&rebound, &list).await.status, 421);
    assert_eq!(agent.get("/mcp").await.status, 405);
    let listed = in_stream(&says(&agent, &list).await);
    let names: Vec<&str> = listed["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    let all = [
        "request_approval",
        "check_approval",
        "ask_person",
        "search_knowledge",
        "hand_over",
    ];
    assert_eq!(names, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_protocol_refuses_it_refuses_in_its_own_words() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let unknown =
        json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": "rm", "arguments": {} } });
    let answer = in_stream(&says(&agent, &unknown).await);
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!(7), &json!(-32602)),
        "{answer}"
    );
    let huge = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "request_approval", "arguments": { "action": "a", "arguments": { "x": "y".repeat(1 << 20) } } },
    });
    assert_eq!(says(&agent, &huge).await.status, 413);
    let speaking = agent.clone().with("Accept", "application/json, text/event-stream");
    let broken = speaking.json(http::Method::POST, "/mcp", "{").await;
    assert!(broken.status.is_client_error(), "{broken:?}");
    let plain = agent.clone().with("Accept", "application/json");
    assert_eq!(plain.post("/mcp", &unknown).await.status, 406);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_action_is_told_once_and_exactly() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let pending = calls(&agent, "request_approval", refund(0)).await;
    assert_eq!(pending["status"], "pending", "{pending}");
    assert_eq!(pending["run"], Value::Null);
    let id = &pending["approval_id"];
    let shown = app
        .owner()
        .get(&format!("/api/v1/actions/{}", id.as_str().unwrap()))
        .await
        .ok();
    assert_eq!(
        (&shown["asked_by"], &shown["risk"]),
        (&json!("billing agent"), &json!("high")),
        "{shown}"
    );

    decides(
        &app,
        id,
        json!({ "type": "edit", "args": { "order": "A-7", "amount": 6 } }),
    )
    .await;
    let look = json!({ "approval_id": id, "wait_s": 20, "consume": false });
    let looked = calls(&agent, "check_approval", look).await;
    assert_eq!(
        (&looked["status"], &looked["consumed"]),
        (&json!("approved"), &json!(false)),
        "{looked}"
    );
    let check = json!({ "approval_id": id, "wait_s": 20 });
    let (one, other) = tokio::join!(
        calls(&agent, "check_approval", check.clone()),
        calls(&agent, "check_approval", check.clone())
    );
    let mut both = [one, other];
    both.sort_by_key(|told| told["status"].as_str().unwrap().to_owned());
    let [taken, late] = both;
    assert_eq!(
        taken["run"],
        json!({ "name": "refund", "arguments": { "order": "A-7", "amount": 6 } })
    );
    assert_eq!(taken["edited"], true);
    assert_eq!(
        (&late["status"], &late["run"]),
        (&json!("consumed"), &Value::Null),
        "{late}"
    );
    assert_eq!(calls(&agent, "check_approval", check).await["status"], "consumed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_waits_is_answered_when_somebody_decides() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let waiting = {
        let (agent, call) = (
            agent.clone(),
            json!({ "question": "Which colour?", "wait_s": 55, "request_id": "q-1" }),
        );
        tokio::spawn(async move { calls(&agent, "ask_person", call).await })
    };
    let asked = super::app::eventually("the question", async || {
        let page = app.owner().get("/api/v1/actions?status=waiting").await.ok();
        page["items"].as_array().unwrap().first().cloned()
    })
    .await;
    assert_eq!(asked["name"], "ask_person");
    decides(
        &app,
        &asked["id"],
        json!({ "type": "respond", "message": "The blue one" }),
    )
    .await;
    let told = tokio::time::timeout(AMPLE, waiting).await.unwrap().unwrap();
    assert_eq!(
        (&told["status"], &told["answer"]),
        (&json!("answered"), &json!("The blue one")),
        "{told}"
    );
    let again = json!({ "question": "Which colour?", "wait_s": 0, "request_id": "q-1" });
    assert_eq!(
        calls(&agent, "ask_person", again).await["answer"],
        "The blue one",
        "asked once, under its id"
    );
    let other = json!({ "question": "Which size?", "wait_s": 0, "request_id": "q-1" });
    assert_eq!(calls(&agent, "ask_person", other).await["status"], "refused");

    let rejected = calls(&agent, "request_approval", refund(0)).await;
    decides(
        &app,
        &rejected["approval_id"],
        json!({ "type": "reject", "message": "Not this one" }),
    )
    .await;
    let check = json!({ "approval_id": rejected["approval_id"], "wait_s": 20 });
    let told = calls(&agent, "check_approval", check).await;
    assert_eq!(
        (&told["status"], &told["message"]),
        (&json!("rejected"), &json!("Not this one")),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_its_own_approvals_and_its_own_workspace_alone() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let other = app.other_workspace().await;
    let secret_of_other = secret(&app, &other, "baker", &["propose", "read"]).await;
    let stranger = app.anonymous().bearer(&secret_of_other);
    let colleague = secret(&app, &app.workspace, "another agent", &["propose"]).await;
    let colleague = app.anonymous().bearer(&colleague);

    let pending = calls(&agent, "request_approval", refund(0)).await;
    let check = json!({ "approval_id": pending["approval_id"], "wait_s": 0 });
    for nosy in [&stranger, &colleague] {
        assert_eq!(calls(nosy, "check_approval", check.clone()).await["http_status"], 404);
    }
    assert_eq!(calls(&agent, "check_approval", check).await["status"], "pending");
    for (tool, arguments) in [
        ("check_approval", json!({ "approval_id": UNKNOWN, "wait_s": 0 })),
        ("hand_over", json!({ "conversation_id": UNKNOWN, "reason": "r" })),
    ] {
        assert_eq!(calls(&agent, tool, arguments).await["http_status"], 404, "{tool}");
    }
    let long = json!({ "approval_id": pending["approval_id"], "wait_s": 56 });
    assert_eq!(calls(&agent, "check_approval", long).await["status"], "refused");
    let find = json!({ "question": OPENING_HOURS });
    assert_eq!(
        calls(&colleague, "search_knowledge", find.clone()).await["http_status"],
        403
    );
    let found = calls(&agent, "search_knowledge", find.clone()).await;
    assert!(!found["passages"].as_array().unwrap().is_empty(), "{found}");
    let nowhere = json!({ "question": OPENING_HOURS, "collection": "nowhere" });
    assert_eq!(calls(&agent, "search_knowledge", nowhere).await["passages"], json!([]));

    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    let hand_over = json!({ "conversation_id": visitor.conversation_id, "reason": "They want a refund" });
    assert_eq!(calls(&stranger, "hand_over", hand_over).await["http_status"], 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_an_agent_hands_over_waits_for_a_person_with_its_note() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let visitor = app.visitor().await;
    let hand_over = json!({ "conversation_id": visitor.conversation_id, "reason": "They want a refund" });
    assert_eq!(
        calls(&agent, "hand_over", hand_over.clone()).await["http_status"],
        409,
        "nobody waits"
    );
    visitor.says(OPENING_HOURS).await;
    let held = app.item_of(&visitor).await;
    assert_eq!(calls(&agent, "hand_over", hand_over.clone()).await["with"], "called");
    app.decide(&held, json!({ "kind": "approve" })).await.refused(409);
    let item = app.item_where(|item| item["kind"] == "handoff").await;
    assert_eq!(item["reasons"], json!(["handed_over"]));
    let id = &visitor.conversation_id;
    let notes = app.owner().get(&format!("/api/v1/conversations/{id}/notes")).await.ok();
    assert_eq!(
        notes["items"][0]["text"], "billing agent: They want a refund",
        "{notes}"
    );
    assert_eq!(visitor.conversation().await["status"]["phase"], "waiting_for_person");
    assert_eq!(calls(&agent, "hand_over", hand_over.clone()).await["with"], "waiting");
    app.owner()
        .post(&format!("/api/v1/conversations/{id}/take-over"), &json!({}))
        .await
        .ok();
    assert_eq!(calls(&agent, "hand_over", hand_over).await["with"], "person");
    let empty = json!({ "conversation_id": id, "reason": " " });
    assert_eq!(calls(&agent, "hand_over", empty).await["http_status"], 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_tools_answer_over_standard_input_and_output() {
    let app = TestApp::start().await;
    let token = secret(&app, &app.workspace, "desk agent", &["propose"]).await;
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_holdpoint"))
        .args(["mcp", "--url", &format!("http://{}", app.address())])
        .env("HOLDPOINT_TOKEN", token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
    } });
    let mut ask = async |message: Value, answered: bool| {
        input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
        if !answered {
            return Value::Null;
        }
        let line = tokio::time::timeout(AMPLE, output.next_line()).await.unwrap().unwrap();
        serde_json::from_str(&line.unwrap()).unwrap()
    };
    let welcome = ask(hello, true).await;
    assert_eq!(welcome["result"]["serverInfo"]["name"], "holdpoint", "{welcome}");
    ask(
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        false,
    )
    .await;
    let call = |arguments: Value| {
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": { "name": "request_approval", "arguments": arguments } })
    };
    let answer = ask(call(refund(0)), true).await;
    assert_eq!(answer["result"]["structuredContent"]["status"], "pending", "{answer}");
    let huge = json!({ "action": "a", "arguments": { "x": "y".repeat(1 << 20) }, "wait_s": 0 });
    let answer = ask(call(huge), true).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    drop(input);
    let ended = tokio::time::timeout(AMPLE, child.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sets_it_up_wrongly_is_told_before_a_model_is() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let ends = async |arguments: &[&str], token: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        let command = command.arg("mcp").args(arguments).env("HOLDPOINT_TOKEN", token);
        let done = command.stdin(Stdio::null()).output().await.unwrap();
        assert!(done.stdout.is_empty(), "{done:?}");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let url = format!("http://{}", app.address());
    let reader = secret(&app, &app.workspace, "reader", &["read"]).await;
    let (code, said) = ends(&["--url", &url], "hp_wrong").await;
    assert!(code == Some(6) && said.contains("token"), "{code:?} {said}");
    let (code, said) = ends(&["--url", &url], &reader).await;
    assert!(code == Some(6) && said.contains("--scope propose"), "{code:?} {said}");
    let (code, said) = ends(&["--url", "https://chat.example"], &reader).await;
    assert!(code == Some(2) && said.contains("/mcp"), "{code:?} {said}");
    let (code, said) = ends(&["--data-dir", folder.path().to_str().unwrap()], &reader).await;
    assert!(code == Some(5) && said.contains("holdpoint serve"), "{code:?} {said}");
}

fn interrupt(amount: i64) -> Value {
    json!({
        "thread_id": "t-1", "interrupt_id": "i-1",
        "action_requests": [
            { "name": "refund", "args": { "amount": amount } },
            { "name": "send_mail", "args": { "to": "vera" }, "description": "Tell her" },
        ],
        "review_configs": [
            { "action_name": "refund", "allowed_decisions": ["approve", "edit", "reject"] },
            { "action_name": "send_mail", "allowed_decisions": ["approve", "reject"] },
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_of_langchain_is_answered_once_all_its_actions_are_decided() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let path = "/api/v1/adapters/langchain";
    let asked = agent.post(path, &interrupt(9)).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let asked = asked.json();
    let ids = asked["approval_ids"].as_array().unwrap().clone();
    assert_eq!(ids.len(), 2);
    decides(&app, &ids[0], json!({ "type": "edit", "args": { "amount": 4 } })).await;
    assert_eq!(agent.post(path, &interrupt(9)).await.status, 202, "one still waits");
    decides(&app, &ids[1], json!({ "type": "reject", "message": "No mail" })).await;
    let answer = super::app::eventually("the decisions", async || {
        let answer = agent.post(&format!("{path}?wait_s=5"), &interrupt(9)).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    let edited = json!({ "type": "edit", "edited_action": { "name": "refund", "args": { "amount": 4 } } });
    let rejected = json!({ "type": "reject", "message": "No mail" });
    assert_eq!(answer, json!({ "decisions": [edited, rejected] }));
    agent.post(path, &interrupt(9)).await.refused(409);

    app.anonymous().post(path, &interrupt(9)).await.refused(401);
    app.program(&["read"])
        .await
        .post(path, &interrupt(9))
        .await
        .refused(403);
    agent.post(path, &json!({ "thread_id": "t" })).await.refused(422);
    let huge = json!({ "thread_id": "t", "action_requests": [{ "name": "a", "args": { "x": "y".repeat(1 << 20) } }], "review_configs": [] });
    agent.post(path, &huge).await.refused(413);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_item_of_openai_is_answered_with_one() {
    let app = TestApp::start().await;
    let agent = agent(&app).await;
    let path = "/api/v1/adapters/openai";
    let item = |id: &str| {
        json!({ "type": "mcp_approval_request", "id": id, "name": "delete_repository",
            "arguments": "{\"repository\":\"shop\"}", "server_label": "github" })
    };
    let asked = agent.post(path, &item("mcpr_1")).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let asked = asked.json();
    decides(&app, &asked["approval_ids"][0], json!({ "type": "approve" })).await;
    let answer = super::app::eventually("the item", async || {
        let answer = agent.post(&format!("{path}?wait_s=5"), &item("mcpr_1")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(
        (&answer["type"], &answer["approve"]),
        (&json!("mcp_approval_response"), &json!(true)),
        "{answer}"
    );
    assert_eq!(answer["approval_request_id"], "mcpr_1");
    agent.post(path, &item("mcpr_1")).await.refused(409);
    let mut broken = item("mcpr_2");
    broken["arguments"] = "[]".into();
    agent.post(path, &broken).await.refused(422);
}

async fn client_library(script: &str) {
    drives(&TestApp::start().await, script, &["propose", "read"]).await;
}

/// Runs a script of `tests/clients` against a server, with a token of these scopes, where a Python has what it needs.
pub(crate) async fn drives(app: &TestApp, script: &str, scopes: &[&str]) {
    let Some(python) = std::env::var_os("HOLDPOINT_TEST_CLIENTS") else {
        eprintln!(
            "skipped: HOLDPOINT_TEST_CLIENTS names no Python with the packages of tests/clients/requirements.txt"
        );
        return;
    };
    let command = tokio::process::Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script))
        .env("HOLDPOINT_URL", format!("http://{}", app.address()))
        .env("HOLDPOINT_TOKEN", secret(app, &app.workspace, "an agent", scopes).await)
        .env(
            "HOLDPOINT_REVIEWER",
            secret(app, &app.workspace, "people", &["read", "review"]).await,
        )
        .env("HOLDPOINT_BIN", env!("CARGO_BIN_EXE_holdpoint"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("LANGSMITH_TRACING", "false")
        .kill_on_drop(true)
        .output();
    let done = tokio::time::timeout(2 * AMPLE, command).await.unwrap().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        done.status.success(),
        "{script}: {}\n{}",
        said(&done.stdout),
        said(&done.stderr)
    );
    assert!(said(&done.stdout).contains("well"), "{script} said nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_of_the_protocol_uses_every_tool_over_both_ways() {
    client_library("mcp_client.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn langchains_own_middleware_runs_what_people_approved_and_nothing_else() {
    client_library("langchain_hitl.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openais_own_types_carry_the_question_and_take_the_answer() {
    client_library("openai_items.py").await;
}
