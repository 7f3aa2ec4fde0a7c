//! Forms in the conversation: what visitors ask for by hand goes the way of everything that is asked to be done.

use crate::actions::{Machine, came_to, decides_for_good, equipped};
use crate::app::{Answer, TestApp, VisitorClient};
use holdpoint::domain::turn::QUIET_MS;
use http::Method;
use serde_json::{Value, json};

fn offered(tool: &mut Value) {
    tool["offer"] = json!({ "form": { "label": "Money back" } });
    tool["says"]["asked"] = json!("A colleague looks at order {order}.");
}

async fn fills_in(visitor: &VisitorClient, args: Value) -> Answer {
    let path = "/widget/v1/forms/refund_order";
    visitor.client.post(path, &json!({ "args": args })).await
}

async fn waiting(app: &TestApp) -> Vec<Value> {
    let found = app.owner().get("/api/v1/actions").await.ok();
    found["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_a_visitor_fills_in_waits_for_a_person_and_its_outcome_is_told() {
    let machine = Machine::start().await;
    let app = equipped(&machine, offered).await;
    let visitor = app.visitor().await;
    let form = visitor.client.get("/widget/v1/forms/refund_order").await.ok();
    assert_eq!(
        (&form["label"], &form["fields"][0]["name"]),
        (&json!("Money back"), &json!("order"))
    );
    assert!(!form.to_string().contains("secret"), "{form}");
    fills_in(&visitor, json!({ "order": "A7", "amount": 20 })).await.done();
    let [action] = waiting(&app).await.try_into().unwrap();
    assert_eq!(
        (&action["origin"], &action["status"]),
        (&json!("form"), &json!("waiting"))
    );
    let said = visitor.conversation().await;
    assert!(
        said["messages"].to_string().contains("A colleague looks at order A7."),
        "{said}"
    );
    assert!(machine.requests().is_empty());
    // Twice while it waits is once.
    let again = fills_in(&visitor, json!({ "order": "A7", "amount": 20 }))
        .await
        .refused(422);
    assert!(
        again["detail"].as_str().unwrap().contains("is being looked at"),
        "{again}"
    );
    decides_for_good(&app, &action, json!({ "type": "approve" })).await;
    came_to(&app, &action, "executed").await;
    let said = visitor.conversation().await["messages"].to_string();
    assert!(said.contains("euros for order A7 are on their way."), "{said}");
    let done = fills_in(&visitor, json!({ "order": "A7", "amount": 20 }))
        .await
        .refused(422);
    assert!(done["detail"].as_str().unwrap().contains("carried out"), "{done}");
    assert_eq!(machine.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_form_or_not_filled_in_rightly_is_refused_and_proposes_nothing() {
    let machine = Machine::start().await;
    let app = equipped(&machine, offered).await;
    let visitor = app.visitor().await;
    for wrong in [
        json!({}),
        json!({ "order": "A7" }),
        json!({ "order": "A7", "amount": 1, "more": 2 }),
        json!("A7"),
    ] {
        fills_in(&visitor, wrong).await.refused(422);
    }
    fills_in(&visitor, json!({ "order": "x".repeat(70_000), "amount": 1 }))
        .await
        .refused(413);
    visitor.client.get("/widget/v1/forms/unknown").await.refused(404);
    let stranger = app.anonymous();
    stranger.get("/widget/v1/forms/refund_order").await.refused(401);
    let mut hidden = crate::actions::tool(&machine);
    hidden["name"] = json!("hidden");
    let path = "/api/v1/tools/hidden";
    app.owner().json(Method::PUT, path, hidden.to_string()).await.ok();
    visitor.client.get("/widget/v1/forms/hidden").await.refused(404);
    hidden["schema"]["properties"]["lines"] = json!({ "type": "array" });
    hidden["offer"] = json!({ "form": { "label": "All" } });
    let refused = app
        .owner()
        .json(Method::PUT, path, hidden.to_string())
        .await
        .refused(422);
    assert!(refused["detail"].as_str().unwrap().contains("“lines”"), "{refused}");
    assert!(waiting(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_a_topic_is_offered_while_the_topic_is_talked_about() {
    let machine = Machine::start().await;
    let app = equipped(&machine, |tool| {
        offered(tool);
        tool["offer"]["form"]["topics"] = json!(["refunds"]);
    })
    .await;
    let key = &app.workspace.agent_key;
    let settings = app.anonymous().get(&format!("/widget/v1/agents/{key}")).await.ok();
    assert_eq!(settings["forms"], json!([]));
    let policy = json!({ "toml": "[[topic]]\nname = \"refunds\"\nwords = [\"money back\"]\n" });
    let path = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
    app.owner().json(Method::PUT, &path, policy.to_string()).await.ok();
    let visitor = app.visitor().await;
    assert!(visitor.conversation().await["status"]["forms"].is_null());
    visitor.says("I want my money back.").await;
    app.advance_ms(QUIET_MS);
    let forms = crate::app::eventually("a form", async || {
        let forms = visitor.conversation().await["status"]["forms"].clone();
        (!forms.is_null()).then_some(forms)
    })
    .await;
    assert_eq!(forms, json!([{ "tool": "refund_order", "label": "Money back" }]));
}
