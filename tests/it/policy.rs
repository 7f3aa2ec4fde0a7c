//! Policies and the gate, through the API: what an owner may change, what is refused, and what follows for visitors.

use super::app::{OPENING_HOURS, QUIET_MS, TestApp, VisitorClient, eventually};
use holdpoint::app::AppError;
use holdpoint::domain::ids::DraftId;
use holdpoint::domain::time::Clock;
use holdpoint::engine::wire::ErrorCode;
use holdpoint::store::Change;
use holdpoint::store::entity::{decision, draft};
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const RELEASABLE: &str = r#"
[[topic]]
name = "opening hours"
words = ["open"]

[[topic]]
name = "accidents"
words = ["accident"]
sensitive = true
"#;

fn path(app: &TestApp) -> String {
    format!("/api/v1/agents/{}/policy", app.workspace.agent_id)
}

async fn apply(app: &TestApp, toml: &str) -> Value {
    let body = json!({ "toml": toml }).to_string();
    app.owner().json(Method::PUT, &path(app), body).await.ok()
}

async fn refused(app: &TestApp, toml: &str) -> Value {
    let body = json!({ "toml": toml }).to_string();
    app.owner().json(Method::PUT, &path(app), body).await.refused(422)
}

/// What the policy decided about a visitor's question.
async fn decided(app: &TestApp, visitor: &VisitorClient) -> Value {
    app.advance_ms(QUIET_MS);
    eventually("a decision", async || {
        let conversation = format!("/api/v1/conversations/{}", visitor.conversation_id);
        let whole = app.owner().get(&conversation).await.ok();
        let drafts = whole["drafts"].as_array().unwrap();
        drafts.last().map(|draft| draft["decision"].clone())
    })
    .await
}

async fn asks(app: &TestApp, question: &str) -> (VisitorClient, Value) {
    let visitor = app.visitor().await;
    visitor.says(question).await;
    let decision = decided(app, &visitor).await;
    (visitor, decision)
}

#[tokio::test]
async fn a_rule_holds_hands_off_and_refuses_and_the_decision_names_it() {
    let app = TestApp::start().await;
    apply(
        &app,
        r#"
        [[topic]]
        name = "opening hours"
        words = ["open"]

        [[topic]]
        name = "weather"
        words = ["weather"]

        [[rule]]
        name = "Hours are Mia's"
        when = { topic = "opening hours" }
        then = "hand_off"
        reason = "She has the keys."

        [[rule]]
        name = "No forecasts"
        when = { topic = "weather" }
        then = "refuse"
        "#,
    )
    .await;
    let (_, hours) = asks(&app, OPENING_HOURS).await;
    assert_eq!(hours["kind"], "hand_off");
    assert_eq!(hours["policy_version"], 1);
    assert_eq!(
        hours["rules"],
        json!(["your rule “Hours are Mia's”: She has the keys."])
    );
    let (_, weather) = asks(
        &app,
        "What will the weather be, is the shop open Tuesday to Friday and on Saturday?",
    )
    .await;
    assert_eq!(weather["kind"], "refuse", "the stricter of two rules decides");
    assert_eq!(weather["rules"].as_array().unwrap().len(), 2);
    let (_, person) = asks(&app, "Never mind the weather, I want to talk to a person").await;
    assert_eq!(person["kind"], "hand_off", "who asks for a person is not refused");
}

#[tokio::test]
async fn a_released_topic_goes_out_without_a_person_until_it_is_closed_and_says_so_everywhere() {
    let app = TestApp::start().await;
    apply(&app, RELEASABLE).await;
    let gate = app
        .owner()
        .post("/api/v1/gate", &json!({ "release": ["opening hours"] }))
        .await
        .ok();
    assert_eq!(gate["state"], "uncertified");
    assert_eq!(gate["released"][0]["by"], "Mia");

    let (visitor, sent) = asks(&app, OPENING_HOURS).await;
    assert_eq!(sent["kind"], "send", "{sent}");
    assert_eq!(sent["released"][0]["topic"], "opening hours");
    let conversation = visitor.conversation().await;
    assert!(
        conversation["messages"]
            .as_array()
            .unwrap()
            .iter()
            .any(|message| message["author"] == "ai"),
        "the visitor has the answer: {conversation}"
    );
    let log = app.owner().get("/api/v1/log?after=0&limit=200").await.ok();
    let released = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .rfind(|entry| entry["kind"] == "message.released")
        .unwrap()
        .clone();
    assert_eq!(released["content"]["released"][0]["topic"], "opening hours");
    for page in ["/log", &format!("/conversations/{}", visitor.conversation_id)] {
        let html = app.owner().get(page).await.text();
        assert!(
            html.contains("opening hours") && html.contains("without a certificate"),
            "{page} does not say so"
        );
    }

    let (_, other) = asks(&app, "How much does a tune-up cost?").await;
    assert_eq!(
        (other["kind"].as_str(), other["reasons"][0].as_str()),
        (Some("hold"), Some("not_released"))
    );
    app.owner().post("/api/v1/gate", &json!({ "close": [] })).await.ok();
    let (_, closed) = asks(&app, OPENING_HOURS).await;
    assert_eq!(
        (closed["kind"].as_str(), closed["reasons"][0].as_str()),
        (Some("hold"), Some("gate_closed"))
    );
}

#[tokio::test]
async fn only_owners_release_and_only_topics_that_are_there_and_not_sensitive() {
    let app = TestApp::start().await;
    apply(&app, RELEASABLE).await;
    let release = |topic: &str| json!({ "release": [topic] });
    let unknown = app
        .owner()
        .post("/api/v1/gate", &release("opening ours"))
        .await
        .refused(422);
    assert!(
        unknown["detail"]
            .as_str()
            .unwrap()
            .contains("did you mean “opening hours”?"),
        "{unknown}"
    );
    let sensitive = app
        .owner()
        .post("/api/v1/gate", &release("accidents"))
        .await
        .refused(422);
    assert!(
        sensitive["detail"].as_str().unwrap().contains("called sensitive"),
        "{sensitive}"
    );
    let nobody = app
        .administrator()
        .post("/api/v1/gate", &release("opening hours"))
        .await
        .refused(403);
    assert!(
        nobody["detail"].as_str().unwrap().contains("--as EMAIL"),
        "a person takes the responsibility: {nobody}"
    );

    let ben =
        json!({ "name": "Ben", "email": "ben@quillhaven.example", "password": "a kite over the bay", "role": "admin" });
    app.owner().post("/api/v1/admin/members", &ben).await.created();
    let admin = app.administrator().with("Holdpoint-Member", "ben@quillhaven.example");
    admin.post("/api/v1/gate", &release("opening hours")).await.refused(403);
    app.owner().post("/api/v1/gate", &release("opening hours")).await.ok();
    let wider = json!({ "toml": RELEASABLE.replace("[\"open\"]", "[\"open\", \"cost\"]") }).to_string();
    let conflict = admin.json(Method::PUT, &path(&app), wider).await.refused(409);
    assert!(
        conflict["detail"]
            .as_str()
            .unwrap()
            .contains("only an owner may change"),
        "{conflict}"
    );
    let without = RELEASABLE.split("[[topic]]").nth(1).unwrap();
    let fewer = json!({ "toml": format!("[[topic]]{without}") }).to_string();
    let conflict = admin.json(Method::PUT, &path(&app), fewer).await.refused(409);
    assert!(
        conflict["detail"]
            .as_str()
            .unwrap()
            .contains("“accidents” keeps answers in"),
        "{conflict}"
    );
    admin
        .post("/api/v1/gate", &json!({ "close": ["opening hours"] }))
        .await
        .ok();

    let reader = app.program(&["read", "review"]).await;
    reader.get("/api/v1/gate").await.ok();
    reader.post("/api/v1/gate", &json!({ "close": [] })).await.refused(403);
    reader
        .json(Method::PUT, &path(&app), json!({ "toml": "" }).to_string())
        .await
        .refused(403);
}

#[tokio::test]
async fn a_rule_that_asks_more_people_to_approve_than_there_are_is_refused() {
    let app = TestApp::start().await;
    let rule = |more: &str| format!("[[rule]]\nname = \"Two\"\nwhen = {{ mode = \"quote\" }}\nthen = \"hold\"\n{more}");
    let alone = refused(&app, &rule("quorum = 2")).await;
    assert!(
        alone["detail"].as_str().unwrap().contains("the workspace has 1"),
        "{alone}"
    );
    let ben = json!({ "name": "Ben", "email": "ben@quillhaven.example", "password": "a kite over the bay", "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &ben).await.created();
    let skill = refused(&app, &rule("quorum = 2\napprovers = [\"refunds\"]")).await;
    assert!(
        skill["detail"]
            .as_str()
            .unwrap()
            .contains("whom it names the workspace has 0"),
        "{skill}"
    );
    apply(&app, &rule("quorum = 2")).await;
    apply(&app, &rule("approvers = [\"refunds\"]")).await;
}

#[tokio::test]
async fn a_policy_that_cannot_be_met_or_contradicts_itself_is_refused_with_every_reason_and_its_line() {
    let app = TestApp::start().await;
    let problem = refused(
        &app,
        r#"[[rule]]
name = "Two of one"
when = { mode = "quote" }
then = "hold"
approvers = ["mia@quillhaven.example"]
quorum = 2

[[rule]]
name = "Never"
when = { confidence_below = 0.0 }
then = "send"
deadline_minutes = 0
"#,
    )
    .await;
    let found: Vec<(String, i64)> = problem["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            (
                problem["path"].as_str().unwrap().to_owned(),
                problem["line"].as_i64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("rule[0].quorum", 6),
        ("rule[1].when.confidence_below", 10),
        ("rule[1].then", 11),
        ("rule[1].deadline_minutes", 12),
        ("rule[1].deadline_minutes", 12),
    ];
    assert_eq!(found, expected.map(|(path, line)| (path.to_owned(), line)));
    assert!(
        problem["detail"].as_str().unwrap().starts_with("Nothing was changed: "),
        "{problem}"
    );

    let stranger = refused(&app, "[[rule]]\nname = \"a\"\nwhen = { mode = \"quote\" }\nthen = \"hold\"\napprovers = [\"eve@elsewhere.example\"]\n").await;
    assert!(
        stranger["problems"][0]["says"]
            .as_str()
            .unwrap()
            .contains("not a member"),
        "{stranger}"
    );
    let shown = app.owner().get(&path(&app)).await.ok();
    assert_eq!((shown["version"].as_i64(), shown["toml"].as_str()), (Some(0), Some("")));
    let checked = app
        .owner()
        .post(&format!("{}/check", path(&app)), &json!({ "toml": "[rules]" }))
        .await
        .ok();
    assert_eq!(checked["ok"], false);
    let both = app
        .owner()
        .post(&format!("{}/check", path(&app)), &json!({ "toml": "", "document": {} }))
        .await;
    both.refused(422);
}

#[tokio::test]
async fn every_version_is_kept_numbered_and_compared_and_the_same_again_is_none() {
    let app = TestApp::start().await;
    assert_eq!(apply(&app, RELEASABLE).await["version"], 1);
    assert_eq!(apply(&app, RELEASABLE).await["version"], 1, "nothing changed");
    let longer =
        format!("{RELEASABLE}\n[[rule]]\nname = \"Sure only\"\nwhen = {{ confidence_below = 0.6 }}\nthen = \"hold\"\n");
    let second = apply(&app, &longer).await;
    assert_eq!(
        (second["version"].as_i64(), second["by"].as_str()),
        (Some(2), Some("Mia"))
    );
    let first = app.owner().get(&format!("{}?version=1", path(&app))).await.ok();
    assert_eq!(
        (first["version"].as_i64(), first["newest"].as_i64()),
        (Some(1), Some(2))
    );
    assert_eq!(first["document"].get("rule"), None);
    let versions = app.owner().get(&format!("{}/versions", path(&app))).await.ok();
    let numbers: Vec<_> = versions["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["version"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [2, 1]);
    let diff = app.owner().get(&format!("{}/diff", path(&app))).await.ok();
    assert!(
        diff["text"].as_str().unwrap().contains("+name = \"Sure only\""),
        "{diff}"
    );
    app.owner().get(&format!("{}?version=7", path(&app))).await.refused(404);

    let late = json!({ "toml": RELEASABLE, "base": 1 }).to_string();
    let conflict = app.owner().json(Method::PUT, &path(&app), late).await.refused(409);
    assert_eq!(conflict["newest"], 2);
    let log = app.owner().get("/api/v1/log?after=0&limit=200").await.ok();
    let applied = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == "policy.applied");
    assert_eq!(applied.count(), 2);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_have_become_of_the_past_and_changes_nothing() {
    let app = TestApp::start().await;
    apply(&app, RELEASABLE).await;
    let (hours, _) = asks(&app, OPENING_HOURS).await;
    let (_, costs) = asks(&app, "How much does a tune-up cost?").await;
    assert_eq!(costs["kind"], "hold");

    let what_if = async |wish: Value| app.owner().post(&format!("{}/what-if", path(&app)), &wish).await.ok();
    let same = what_if(json!({ "toml": RELEASABLE })).await;
    assert_eq!(
        (same["drafts"].as_i64(), same["changed"].as_i64(), same["diff"].as_str()),
        (Some(2), Some(0), Some(""))
    );
    let released = what_if(json!({ "release": ["opening hours"] })).await;
    assert_eq!(
        released["total"],
        json!({
            "now": { "held": 2, "handed_off": 0, "refused": 0, "sent": 0 },
            "then": { "held": 1, "handed_off": 0, "refused": 0, "sent": 1 },
        })
    );
    assert_eq!(
        released["examples"][0]["conversation_id"],
        hours.conversation_id.as_str()
    );
    assert_eq!(released["examples"][0]["then"], "send");
    assert_eq!(released["days"].as_object().unwrap().values().count(), 1);

    let stricter = "[[topic]]\nname = \"prices\"\nwords = [\"cost\"]\n\n[[rule]]\nname = \"Prices\"\nwhen = { topic = \"prices\" }\nthen = \"hand_off\"\n";
    let stricter = what_if(json!({ "toml": stricter })).await;
    assert_eq!(
        (stricter["changed"].as_i64(), &stricter["total"]["then"]["handed_off"]),
        (Some(1), &json!(1))
    );
    assert_eq!(stricter["matched_by_words"], json!(["prices"]));
    assert_eq!(stricter["examples"][0]["rules"], json!(["Prices"]));
    assert_eq!(
        app.owner().get(&path(&app)).await.ok()["version"],
        1,
        "nothing was changed"
    );
    let broken = app
        .owner()
        .post(&format!("{}/what-if", path(&app)), &json!({ "toml": "[x" }))
        .await
        .refused(422);
    assert!(broken["problems"][0]["line"].as_i64() == Some(1), "{broken}");
}

#[tokio::test]
async fn a_conversation_is_explained_rule_by_rule_under_the_policy_of_then() {
    let app = TestApp::start().await;
    let rule = "[[rule]]\nname = \"Sure only\"\nwhen = { confidence_below = 0.99, mode = \"quote\" }\nthen = \"hold\"\nreason = \"We are careful.\"\ndeadline_minutes = 7\n";
    apply(&app, rule).await;
    let (visitor, decision) = asks(&app, OPENING_HOURS).await;
    assert_eq!(decision["terms"]["deadline_ms"], 420_000);
    apply(&app, "").await;
    let explain = format!("/api/v1/conversations/{}/explain", visitor.conversation_id);
    let told = app.owner().get(&explain).await.ok();
    let draft = &told["items"][0];
    assert_eq!(
        (draft["policy_version"].as_i64(), draft["decision"].as_str()),
        (Some(1), Some("hold"))
    );
    assert_eq!(draft["rules"][0]["applied"], true);
    let says: Vec<_> = draft["rules"][0]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| told["says"].as_str().unwrap())
        .collect();
    assert!(
        says[0].starts_with("the confidence, 0.") && says[0].ends_with("is below 0.99"),
        "{says:?}"
    );
    assert!(
        draft["reasons"]
            .as_array()
            .unwrap()
            .contains(&json!("your rule “Sure only”: We are careful.")),
        "{draft}"
    );
}

#[tokio::test]
async fn another_workspaces_policy_and_gate_do_not_exist() {
    let app = TestApp::start().await;
    let other = app.other_workspace().await;
    let stranger = app.member_of(&other);
    let (path, body) = (path(&app), json!({ "toml": RELEASABLE }));
    stranger.get(&path).await.refused(404);
    stranger.get(&format!("{path}/versions")).await.refused(404);
    stranger.get(&format!("{path}/diff")).await.refused(404);
    stranger.post(&format!("{path}/what-if"), &body).await.refused(404);
    stranger.json(Method::PUT, &path, body.to_string()).await.refused(404);
    apply(&app, RELEASABLE).await;
    stranger
        .post("/api/v1/gate", &json!({ "release": ["opening hours"] }))
        .await
        .refused(422);
    let (visitor, _) = asks(&app, OPENING_HOURS).await;
    stranger
        .get(&format!("/api/v1/conversations/{}/explain", visitor.conversation_id))
        .await
        .refused(404);
}

#[tokio::test]
async fn a_past_of_many_pages_is_compared_whole() {
    const COPIES: usize = 1_200;
    let app = TestApp::start().await;
    apply(&app, RELEASABLE).await;
    let (visitor, _) = asks(&app, OPENING_HOURS).await;
    let conversation = visitor.conversation_id.parse().unwrap();
    let copied = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            let turns: Vec<_> = tx.turns_of(conversation).await?.iter().map(|turn| turn.id).collect();
            let draft = tx.drafts_of_turns(&turns).await?.pop().unwrap();
            let decision = tx.decision_of(draft.id).await?.unwrap();
            for _ in 0..COPIES {
                let id = DraftId::from(Uuid::now_v7());
                tx.insert(draft::Model { id, ..draft.clone() }).await?;
                let decided = decision::Model {
                    id: Uuid::now_v7().into(),
                    draft_id: id,
                    ..decision.clone()
                };
                tx.insert(decided).await?;
            }
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    copied.await.unwrap();
    let wish = json!({ "release": ["opening hours"] });
    let result = app.owner().post(&format!("{}/what-if", path(&app)), &wish).await.ok();
    assert_eq!(result["drafts"], COPIES + 1);
    assert_eq!(
        (&result["total"]["now"]["held"], &result["total"]["then"]["sent"]),
        (&json!(COPIES + 1), &json!(COPIES + 1))
    );
    assert_eq!(result["examples"].as_array().unwrap().len(), 100);
}

const BY_EXAMPLE: &str = r#"
[[topic]]
name = "opening hours"
words = ["open"]

[[topic]]
name = "accidents"
examples = ["I crashed with your bicycle"]
sensitive = true
"#;

#[tokio::test]
async fn what_cannot_be_compared_with_the_examples_of_topics_waits_for_a_person_who_reads_why() {
    let app = TestApp::start().await;
    apply(&app, BY_EXAMPLE).await;
    let release = json!({ "release": ["opening hours"] });
    app.owner().post("/api/v1/gate", &release).await.ok();
    let (_, sent) = asks(&app, OPENING_HOURS).await;
    assert_eq!(
        sent["kind"], "send",
        "it is compared, and is near to no accident: {sent}"
    );
    // What was asked gets its place among the topics of the analysis; then the first thing that is asked of the engine is where the message stands.
    app.advance_ms(5_000);
    eventually("nothing is due", async || {
        let next = app.app.store().next_jobs(1).await.unwrap().pop();
        next.is_none_or(|job| job.run_at > Clock::now(&*app.clock))
            .then_some(())
    })
    .await;
    app.engine.fail_next(ErrorCode::Overloaded);
    let (_, held) = asks(&app, OPENING_HOURS).await;
    assert_eq!(held["kind"], "hold", "{held}");
    assert_eq!(held["reasons"], json!(["topics_unknown"]));
}

#[tokio::test]
async fn the_examples_of_a_policy_are_read_when_it_is_applied_and_not_when_somebody_asks() {
    let app = TestApp::start().await;
    let examples: Vec<String> = (0..50).map(|n| format!("Something odd happened on trip {n}")).collect();
    let before = app.engine.embedded_texts();
    let toml = format!("[[topic]]\nname = \"trips\"\nexamples = {}\n", json!(examples));
    apply(&app, &toml).await;
    eventually("all examples", async || {
        (app.engine.embedded_texts() >= before + 50).then_some(())
    })
    .await;
}
