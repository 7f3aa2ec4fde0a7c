//! Somebody who looks after several workspaces: going from one to another, and all of them on one page.

use super::app::{
    Answer, Client, OWNER_EMAIL, OWNER_PASSWORD, QUIET_MS, TestApp, UNANSWERABLE, VisitorClient, Workspace, eventually,
};
use http::Method;
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// Makes somebody of one workspace a member of another.
async fn joins(app: &TestApp, there: &Workspace, email: &str, role: &str) {
    let wish = json!({ "email": email, "name": "Mia", "role": role });
    app.member_of(there)
        .post("/api/v1/admin/members", &wish)
        .await
        .created();
}

/// A server with two workspaces; Mia owns the one and is this in the other.
pub(crate) async fn two_places(role: &str) -> (TestApp, Workspace) {
    let app = TestApp::start().await;
    let bakery = app.other_workspace().await;
    joins(&app, &bakery, OWNER_EMAIL, role).await;
    (app, bakery)
}

/// A browser that is signed in by what an answer has set.
fn browser(app: &TestApp, answer: &Answer, csrf: &str) -> Client {
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    app.anonymous().with("Cookie", &cookie).with("X-CSRF-Token", csrf)
}

async fn form(client: &Client, path: &str, body: String) -> Answer {
    let client = client.clone().with("Content-Type", "application/x-www-form-urlencoded");
    client.send(Method::POST, path, body.into()).await
}

/// The token for forms that a page of this browser carries.
async fn csrf_of(browser: &Client) -> String {
    let page = browser.get("/queue").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let (_, rest) = text.split_once("name=\"csrf-token\" content=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Mia's browser after she has gone to another workspace.
async fn goes(app: &TestApp, from: &Client, id: &str) -> Client {
    let csrf = csrf_of(from).await;
    let answer = form(from, "/switch", format!("csrf_token={csrf}&workspace={id}")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/queue"),
        "{}",
        answer.text()
    );
    let there = browser(app, &answer, "");
    let csrf = csrf_of(&there).await;
    there.with("X-CSRF-Token", &csrf)
}

async fn signs_in(app: &TestApp) -> Client {
    let wish = json!({ "email": OWNER_EMAIL, "password": OWNER_PASSWORD });
    let answer = app.anonymous().post("/api/v1/login", &wish).await;
    let csrf = answer.json()["csrf_token"].as_str().unwrap().to_owned();
    browser(app, &answer, &csrf)
}

fn id(workspace: &Workspace) -> String {
    workspace.caller.workspace_id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_to_another_workspace_and_finds_themselves_there_when_they_sign_in_again() {
    let (app, bakery) = two_places("reviewer").await;
    let mia = app.owner();
    let places = mia.get("/api/v1/places").await.ok();
    let told: Vec<(&str, &str, bool)> = places["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| {
            let (name, role) = (place["name"].as_str().unwrap(), place["role"].as_str().unwrap());
            (name, role, place["is_current"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [("corner-bakery", "reviewer", false), ("quillhaven", "owner", true)]
    );
    assert!(
        mia.get("/queue").await.text().contains("corner-bakery"),
        "the menu has it"
    );

    let there = goes(&app, &mia, &id(&bakery)).await;
    let me = there.get("/api/v1/me").await.ok();
    assert_eq!(
        (&me["workspace_id"], &me["role"]),
        (&json!(id(&bakery)), &json!("reviewer"))
    );
    mia.get("/api/v1/me").await.refused(401);
    let log = app.member_of(&bakery).get("/api/v1/log").await.ok();
    let entries = log["items"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["kind"] == "member.signed_in"), "{log}");
    // What she may not do there, she does not do because she may do it elsewhere.
    let wish = json!({ "name": "Juno" });
    there.post("/api/v1/agents", &wish).await.refused(403);

    let again = signs_in(&app).await.get("/api/v1/me").await.ok();
    assert_eq!(again["workspace_id"], json!(id(&bakery)), "the place used last");
    let back = goes(&app, &signs_in(&app).await, &id(&app.workspace)).await;
    assert_eq!(back.get("/api/v1/me").await.ok()["role"], "owner");
    let again = signs_in(&app).await.get("/api/v1/me").await.ok();
    assert_eq!(again["workspace_id"], json!(id(&app.workspace)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_goes_where_they_are_no_member_or_because_another_page_says_so() {
    let app = TestApp::start().await;
    let bakery = app.other_workspace().await;
    let mia = app.owner();
    let csrf = csrf_of(&mia).await;
    let wish = |csrf: &str, id: &str| format!("csrf_token={csrf}&workspace={id}");
    form(&mia, "/switch", wish(&csrf, &id(&bakery))).await.refused(404);
    form(&mia, "/switch", wish("another", &id(&app.workspace)))
        .await
        .refused(403);
    assert_eq!(
        mia.get("/api/v1/me").await.ok()["workspace_id"],
        json!(id(&app.workspace))
    );
    assert!(
        !mia.get("/queue").await.text().contains("data-places"),
        "whoever has one place has no menu"
    );
    let token = app.program(&["read"]).await;
    let places = token.get("/api/v1/places").await.ok();
    assert_eq!(
        places["items"].as_array().unwrap().len(),
        1,
        "a program is in one: {places}"
    );
    let nobody = form(&app.anonymous(), "/switch", wish(&csrf, &id(&bakery))).await;
    assert_eq!((nobody.status.as_u16(), nobody.header("location")), (303, "/login"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_former_workspace_does_nothing_in_the_new_one() {
    let (app, bakery) = two_places("owner").await;
    let there = goes(&app, &app.owner(), &id(&bakery)).await;
    let old_tab = there.clone().with("Holdpoint-Page", &id(&app.workspace));
    let before = app.member_of(&bakery).get("/api/v1/log").await.ok();
    let reply = json!({ "shortcut": "hello", "text": "Hello." });
    let refused = old_tab.post("/api/v1/canned-replies", &reply).await.refused(409);
    assert_eq!(refused["type"], "urn:holdpoint:problem:moved");
    let says = refused["detail"].as_str().unwrap();
    assert!(
        says.contains("“quillhaven”") && says.contains("“corner-bakery”") && says.contains("reload"),
        "{says}"
    );
    old_tab.get("/parts/queue").await.refused(409);
    old_tab.get("/api/v1/queue").await.refused(409);
    // A stream has no headers of its own.
    let stream = format!("/api/v1/events?after=0&page={}", id(&app.workspace));
    there.get(&stream).await.refused(409);
    // A workspace in which she is nobody is not named.
    let odd = there
        .clone()
        .with("Holdpoint-Page", "0193b1c2-0000-7000-8000-000000000001");
    let says = odd.get("/api/v1/queue").await.refused(409);
    assert!(
        says["detail"]
            .as_str()
            .unwrap()
            .starts_with("This page belongs to another workspace")
    );
    let after = app.member_of(&bakery).get("/api/v1/log").await.ok();
    assert_eq!(before, after, "nothing was done");
    let own = there.with("Holdpoint-Page", &id(&bakery));
    own.post("/api/v1/canned-replies", &reply).await.created();
    // Her own page says where it belongs.
    let page = own.without("Holdpoint-Page").get("/queue").await.text();
    assert!(page.contains(&format!("name=\"workspace\" content=\"{}\"", id(&bakery))));
}

/// The clients as Mia has them.
async fn clients(client: &Client) -> Vec<Value> {
    client.get("/api/v1/agency").await.ok()["items"]
        .as_array()
        .unwrap()
        .clone()
}

/// A visitor of a workspace asks something, and it waits for a person.
pub(crate) async fn asks(app: &TestApp, of: &Workspace, question: &str) {
    let visitor = VisitorClient::start(app, &of.agent_key).await;
    visitor.says(question).await;
    app.advance_ms(QUIET_MS);
    eventually("the question in the queue", async || {
        let queue = app.member_of(of).get("/api/v1/queue").await.ok();
        (!queue["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clients_of_an_agency_stand_on_one_page_what_is_most_pressing_first() {
    let (app, bakery) = two_places("admin").await;
    let mia = app.owner();
    let names = |clients: &[Value]| -> Vec<String> {
        let name = |client: &Value| client["name"].as_str().unwrap().to_owned();
        clients.iter().map(name).collect()
    };
    let quiet = clients(&mia).await;
    assert_eq!(
        names(&quiet),
        ["corner-bakery", "quillhaven"],
        "by name while nobody waits"
    );
    assert!(
        quiet
            .iter()
            .all(|client| client["waiting"] == 0 && client["needs"] == json!([]))
    );

    asks(&app, &app.workspace, UNANSWERABLE).await;
    let found = clients(&mia).await;
    assert_eq!(
        names(&found),
        ["quillhaven", "corner-bakery"],
        "where somebody waits comes first"
    );
    assert_eq!(found[0]["waiting"], 1);
    assert!(found[0]["waiting_since"].is_i64(), "{found:?}");

    // In the bakery somebody waits for longer than they were told.
    asks(&app, &bakery, UNANSWERABLE).await;
    app.advance_ms(60 * MINUTE_MS);
    let found = eventually("what is late", async || {
        let found = clients(&mia).await;
        let late = |client: &&Value| client["needs"][0]["code"] == "late";
        (found.iter().filter(late).count() == 2).then_some(found)
    })
    .await;
    assert_eq!(
        found[0]["needs"][0]["in_words"],
        "One visitor waits longer than the deadline."
    );
    assert_eq!(
        names(&found),
        ["quillhaven", "corner-bakery"],
        "who waits longest comes first"
    );

    // The figures are those of Analyse there, to the digit.
    let week = &found[0]["week"];
    let days = format!(
        "from={}&to={}",
        week["period"]["first"].as_str().unwrap(),
        week["period"]["last"].as_str().unwrap()
    );
    let there = mia.get(&format!("/api/v1/analysis?{days}")).await.ok();
    for figure in ["conversations", "automation", "handoff", "resolved", "csat"] {
        assert_eq!(week[figure], there["figures"][figure], "{figure}");
    }
    let table = mia.get("/api/v1/agency?format=csv").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<String> = table.text().lines().map(str::to_owned).collect();
    assert!(
        lines.len() == 3 && lines[0].starts_with("workspace_id,client,role,waiting"),
        "{lines:?}"
    );
    let page = mia.get("/agency").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("One visitor waits longer than the deadline.") && page.text().contains(&id(&bakery)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_two_workspaces_to_manage_sees_no_clients() {
    let (app, bakery) = two_places("reviewer").await;
    let mia = app.owner();
    mia.get("/api/v1/agency").await.refused(403);
    assert_eq!(mia.get("/agency").await.status, 403);
    assert!(!mia.get("/queue").await.text().contains("href=\"/agency\""));
    app.member_of(&bakery).get("/api/v1/agency").await.refused(403);
    app.anonymous().get("/api/v1/agency").await.refused(401);
    app.administrator()
        .with("Holdpoint-Workspace", "quillhaven")
        .get("/api/v1/agency")
        .await
        .refused(403);
    // A program of somebody who has clients sees none of them.
    let (app, _bakery) = two_places("owner").await;
    app.owner().get("/api/v1/agency").await.ok();
    let program = app.program(&["read", "review", "knowledge", "admin"]).await;
    program.get("/api/v1/agency").await.refused(403);
}
