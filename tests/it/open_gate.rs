//! A gate that is open under a certificate: who may move it, and what ends it.

use super::app::{OPENING_HOURS, TestApp, UNDO_MS, eventually};
use super::evidence::{gate, known, opened, owner, said, set};
use holdpoint::domain::evidence::Ended;
use holdpoint::domain::policy::GateState;
use holdpoint::domain::review::VerdictLabel;
use http::Method;
use serde_json::{Value, json};

async fn is_open(app: &TestApp) -> bool {
    matches!(gate(app).await, GateState::Certified(_))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_was_closed_by_hand_stays_closed_until_an_owner_lets_certificates_open_it_again() {
    let app = TestApp::start().await;
    opened(&app).await;
    owner(&app)
        .await
        .post("/api/v1/gate", &json!({ "close": [] }))
        .await
        .ok();
    let autonomy = owner(&app).await.get("/api/v1/autonomy").await.ok();
    assert_eq!((is_open(&app).await, &autonomy["opens"]), (false, &json!(false)));
    // What else is set does not open it, nor what is tightened and found to hold.
    set(&app, json!({ "reviews_a_day": 40 })).await;
    set(&app, json!({ "limit_permille": 400 })).await;
    assert!(!is_open(&app).await);
    let workspace_id = app.workspace.caller.workspace_id;
    eventually("a certificate at that limit", async || {
        let row = app
            .app
            .store()
            .rows(workspace_id)
            .certificate_in_force()
            .await
            .unwrap()?;
        (row.certificate.0.limit < 0.41).then_some(())
    })
    .await;
    set(&app, json!({ "opens": true })).await;
    assert!(is_open(&app).await, "its certificate is in force");
    let moved: Vec<Value> = said(&app, "autonomy.changed").await;
    assert_eq!(moved.last().unwrap()["refs"]["gate"], "gate.opened", "{moved:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_holds_under_a_tighter_limit_stays_and_promises_nothing_for_longer() {
    let app = TestApp::start().await;
    let before = opened(&app).await;
    set(&app, json!({ "limit_permille": 400 })).await;
    let GateState::Certified(after) = gate(&app).await else {
        let rows = app.app.store().rows(app.workspace.caller.workspace_id);
        panic!("it holds at 40 %, too: {:?}", rows.certificates(2).await.unwrap());
    };
    assert_ne!(after.certificate, before.certificate, "tested anew");
    assert_eq!(after.expires_at, before.expires_at);
    // Nobody has less looked at but an owner.
    let ben =
        json!({ "name": "Ben", "email": "ben@quillhaven.example", "password": "a kite over the bay", "role": "admin" });
    owner(&app).await.post("/api/v1/admin/members", &ben).await.created();
    let admin = app.administrator().with("Holdpoint-Member", "ben@quillhaven.example");
    for loosening in [json!({ "reviews_a_day": 0 }), json!({ "limit_permille": 401 })] {
        admin
            .json(Method::PUT, "/api/v1/autonomy", loosening.to_string())
            .await
            .refused(403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn being_sure_of_all_certificates_together_is_stricter_at_once_and_only_an_owner_gives_it_up() {
    let app = TestApp::start().await;
    let before = opened(&app).await;
    set(&app, json!({ "together": true })).await;
    let GateState::Certified(after) = gate(&app).await else {
        panic!("the first of all certificates may spend most of the risk");
    };
    assert_ne!(after.certificate, before.certificate, "tested anew");
    let risk = owner(&app).await.get("/api/v1/quality").await.ok()["certificate"]["risk"]
        .as_f64()
        .unwrap();
    assert!(
        (risk - 0.05 * 6.0 / (std::f64::consts::PI * std::f64::consts::PI)).abs() < 1e-9,
        "{risk}"
    );
    let wish = json!({ "together": false }).to_string();
    app.administrator()
        .json(Method::PUT, "/api/v1/autonomy", wish)
        .await
        .refused(403);
    // To count exactly is nobody's loss.
    let wish = json!({ "exact": true }).to_string();
    let set_to = app
        .administrator()
        .json(Method::PUT, "/api/v1/autonomy", wish)
        .await
        .ok();
    assert_eq!((&set_to["together"], &set_to["exact"]), (&json!(true), &json!(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_loosened_ends_the_certificate_and_only_an_owner_may_loosen_it() {
    let app = TestApp::start().await;
    let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    let sensitive = "[[topic]]\nname = \"accidents\"\nwords = [\"accident\"]\nsensitive = true\n";
    let body = |toml: &str| json!({ "toml": toml }).to_string();
    app.owner().json(Method::PUT, &policy, body(sensitive)).await.ok();
    opened(&app).await;
    let ben =
        json!({ "name": "Ben", "email": "ben@quillhaven.example", "password": "a kite over the bay", "role": "admin" });
    owner(&app).await.post("/api/v1/admin/members", &ben).await.created();
    let admin = app.administrator().with("Holdpoint-Member", "ben@quillhaven.example");
    let refused = admin.json(Method::PUT, &policy, body("")).await.refused(409);
    let words = refused["detail"].as_str().unwrap();
    assert!(
        words.contains("accidents") && words.contains("under a certificate"),
        "{words}"
    );
    let check = async |toml: &str| {
        let path = format!("{policy}/check");
        owner(&app).await.json(Method::POST, &path, body(toml)).await.ok()["ends_certificate"].clone()
    };
    assert_eq!((check("").await, check(sensitive).await), (json!(true), json!(false)));
    // Stricter is for everybody, and ends nothing.
    let stricter =
        format!("{sensitive}[[rule]]\nname = \"Night\"\nthen = \"hold\"\n[rule.when]\nsentiment_below = -0.5\n");
    admin.json(Method::PUT, &policy, body(&stricter)).await.ok();
    assert!(is_open(&app).await);
    owner(&app).await.json(Method::PUT, &policy, body("")).await.ok();
    assert!(!is_open(&app).await);
    let applied = said(&app, "policy.applied").await;
    assert_eq!(applied.last().unwrap()["refs"]["gate"], "gate.closed", "{applied:?}");
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    let ended = rows.certificates(1).await.unwrap().remove(0).ended_because;
    assert_eq!(ended, Some(Ended::PolicyLoosened));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_of_several_that_was_taken_back_leaves_every_verdict_that_is_given_afterwards() {
    let app = TestApp::start().await;
    let mut items = Vec::new();
    for _ in 0..3 {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        items.push(app.item_of(&visitor).await);
    }
    let path = |item: &Value, part: &str| format!("/api/v1/queue/{}{part}", item["id"].as_str().unwrap());
    let first = app.owner().get(&path(&items[0], "")).await.ok();
    let together =
        json!({ "kind": "approve", "alike": true, "revision": first["revision"], "wording": first["wording"] });
    app.owner().post(&path(&first, "/outcome"), &together).await.ok();
    app.owner().post(&path(&first, "/undo"), &json!({})).await.ok();
    for item in &items {
        let item = app.owner().get(&path(item, "")).await.ok();
        let bad =
            json!({ "kind": "reject", "reasons": ["wrong"], "revision": item["revision"], "wording": item["wording"] });
        app.owner().post(&path(&item, "/outcome"), &bad).await.ok();
    }
    app.advance_ms(UNDO_MS);
    let judged = eventually("three verdicts", async || {
        let known = known(&app).await;
        (known.iter().filter(|row| row.label == Some(VerdictLabel::Bad)).count() == 3).then_some(known)
    })
    .await;
    assert!(judged.iter().all(|row| !row.left_out), "{judged:?}");
}
