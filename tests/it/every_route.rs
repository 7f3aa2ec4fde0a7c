//! A workspace sees only its own rows (invariant 9), through every route that there is.
//!
//! The routes are read from the sources of `src/web`, so that none can be forgotten: one that takes something and has no line in
//! `every_route/lines.rs` fails. Another workspace has a row in every table; each route is asked for those rows by everybody who may ask
//! something in ours, and by nobody in particular.

mod lines;

use super::app::{Answer, Client, TestApp};
use super::store_bench::{Planted, plant, rows};
use http::{Method, StatusCode};
use lines::{BODIES, FILES, FILLED, QUERIES, QUIET};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

/// In every text of the other workspace.
const MARKER: &str = "zanzibarine";
/// A stream is listened to for so long.
const LISTENED: Duration = Duration::from_millis(200);
/// How often the whole is done, each time with other ids where any will do.
const ROUNDS: u64 = 2;

/// What the parameter of a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Action,
    Agent,
    Answer,
    Candidate,
    Canned,
    Check,
    Cluster,
    Conversation,
    Delivery,
    Document,
    Gap,
    Goal,
    Item,
    Job,
    Lead,
    Mail,
    Member,
    Outcome,
    Pair,
    Pattern,
    Proposal,
    RegressionQuestion,
    Rehearsal,
    RehearsalCase,
    Report,
    ReportLink,
    Subscription,
    Token,
    /// Something that is no id; each workspace may have its own.
    Word(&'static str),
}

/// Its ids by kind, and those of kinds that no path names.
fn ids_of(theirs: &Planted) -> (BTreeMap<Kind, Uuid>, Vec<Uuid>) {
    let named = BTreeMap::from([
        (Kind::Action, theirs.action.uuid()),
        (Kind::Agent, theirs.agent.uuid()),
        (Kind::Answer, theirs.answer.uuid()),
        (Kind::Candidate, theirs.candidate.uuid()),
        (Kind::Canned, theirs.canned.uuid()),
        (Kind::Check, theirs.check.uuid()),
        (Kind::Cluster, theirs.cluster.uuid()),
        (Kind::Goal, theirs.goal.uuid()),
        (Kind::Lead, theirs.lead.uuid()),
        (Kind::Pattern, theirs.pattern.uuid()),
        (Kind::Conversation, theirs.conversation.uuid()),
        (Kind::Delivery, theirs.delivery.uuid()),
        (Kind::Document, theirs.document.uuid()),
        (Kind::Gap, theirs.gap.uuid()),
        (Kind::Item, theirs.item.uuid()),
        (Kind::Job, theirs.job.uuid()),
        (Kind::Mail, theirs.mail.uuid()),
        (Kind::Member, theirs.member.uuid()),
        (Kind::Outcome, theirs.outcome.uuid()),
        (Kind::Pair, theirs.pair.uuid()),
        (Kind::Proposal, theirs.proposal.uuid()),
        (Kind::RegressionQuestion, theirs.regression_question.uuid()),
        (Kind::Rehearsal, theirs.rehearsal.uuid()),
        (Kind::RehearsalCase, theirs.rehearsal_case.uuid()),
        (Kind::Report, theirs.report.uuid()),
        (Kind::ReportLink, theirs.report_link.uuid()),
        (Kind::Subscription, theirs.subscription.uuid()),
        (Kind::Token, theirs.token.uuid()),
    ]);
    let others = [
        theirs.workspace.uuid(),
        theirs.user.uuid(),
        theirs.version.uuid(),
        theirs.visitor.uuid(),
        theirs.turn.uuid(),
        theirs.draft.uuid(),
        theirs.decision.uuid(),
        theirs.verdict.uuid(),
        theirs.release.uuid(),
        theirs.message.uuid(),
        theirs.told.uuid(),
        theirs.note.uuid(),
        theirs.retrieval_version.uuid(),
        theirs.conflict.uuid(),
        theirs.tool.uuid(),
    ];
    let all = named.values().copied().chain(others).collect();
    (named, all)
}

/// A way to ask the server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    method: &'static str,
    path: String,
}

impl Route {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The parameter's kind; none for a path without one.
    fn kind(&self) -> Option<Kind> {
        let end = self.path.find('}')? + 1;
        let upto = &self.path[..end];
        let found = FILLED.iter().find(|(path, _)| *path == upto);
        let (_, kind) = found.unwrap_or_else(|| panic!("{upto} has no line in FILLED: what does its parameter name?"));
        Some(*kind)
    }

    fn filled(&self, with: &str) -> String {
        match (self.path.find('{'), self.path.find('}')) {
            (Some(start), Some(end)) => format!("{}{with}{}", &self.path[..start], &self.path[end + 1..]),
            _ => self.path.clone(),
        }
    }

    fn line(&self) -> &'static str {
        let name = self.name();
        let found = BODIES.iter().find(|(route, _)| *route == name);
        found
            .unwrap_or_else(|| panic!("{name} has no line in BODIES: what is it asked with?"))
            .1
    }

    fn is_stream(&self) -> bool {
        self.path.ends_with("/events") || self.path.ends_with("/stream") || self.path == "/mcp"
    }
}

/// The text between the parenthesis at the beginning and the one that closes it.
fn in_parentheses(text: &str) -> &str {
    let (mut depth, mut in_string) = (0_u32, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return &text[1..at];
                }
            }
            _ => {}
        }
    }
    text
}

/// Every route of the server, as the sources have it.
fn routes() -> Vec<Route> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let mut found = BTreeSet::new();
    let mut folders = vec![web.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            let name = path.strip_prefix(&web).unwrap().to_str().unwrap();
            for (at, _) in text.match_indices(".route(") {
                let line = FILES.iter().find(|(file, _)| *file == name);
                let (_, nested) = line.unwrap_or_else(|| panic!("{name} has routes and no line in FILES"));
                let inside = in_parentheses(&text[at + ".route".len()..]);
                let end = inside.rfind('"').unwrap();
                let start = inside.find('"').unwrap() + 1;
                let path = inside[start..end].split('"').next().unwrap();
                let handlers = &inside[start + path.len()..];
                let methods = [
                    ("get(", "GET"),
                    ("post(", "POST"),
                    ("put(", "PUT"),
                    ("patch(", "PATCH"),
                    ("delete(", "DELETE"),
                    ("any_service(", "POST"),
                ];
                let before = found.len();
                for (call, method) in methods {
                    let called = handlers.match_indices(call).any(|(at, _)| {
                        let before = handlers[..at].chars().next_back();
                        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':')
                    });
                    if called {
                        let path = format!("{nested}{path}");
                        found.insert(Route { method, path });
                    }
                }
                assert!(
                    found.len() > before,
                    "the route {path} of {name} has no method that is known here"
                );
            }
        }
    }
    found.into_iter().collect()
}

/// Numbers that look like chance, and are the same for the same seed.
struct Chance(u64);

impl Chance {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        from[usize::try_from(self.0 % from.len() as u64).unwrap()]
    }
}

/// A body, or a query, with the other workspace's ids in it.
fn with_ids(text: &str, named: &BTreeMap<Kind, Uuid>, theirs: &Planted) -> String {
    let mut text = text
        .replace("$mail", &format!("{}@example.org", theirs.user))
        .replace("$workspace", &theirs.workspace.to_string());
    for (kind, name) in [
        (Kind::Action, "$action"),
        (Kind::Agent, "$agent"),
        (Kind::Answer, "$answer"),
        (Kind::Conversation, "$conversation"),
        (Kind::Document, "$document"),
        (Kind::Goal, "$goal"),
        (Kind::Member, "$member"),
    ] {
        text = text.replace(name, &named[&kind].to_string());
    }
    text
}

/// Asks; for a stream, what comes in a moment.
async fn ask(client: &Client, route: &Route, path: &str, body: &str) -> Option<Answer> {
    let method: Method = route.method.parse().unwrap();
    let client = client
        .clone()
        .with("Accept", "text/html, application/json, text/event-stream");
    let asking = async {
        if let Some(form) = body.strip_prefix("form:") {
            let client = client.clone().with("Content-Type", "application/x-www-form-urlencoded");
            client.send(method, path, form.to_owned().into()).await
        } else if let Some(raw) = body.strip_prefix("raw:") {
            client.send(method, path, raw.to_owned().into()).await
        } else if body.is_empty() {
            client.send(method, path, String::new().into()).await
        } else {
            client.json(method, path, body.to_owned()).await
        }
    };
    if !route.is_stream() {
        return Some(asking.await);
    }
    tokio::time::timeout(LISTENED, asking).await.ok()
}

/// The rows of a workspace, table by table, as text.
async fn everything_of(raw: &DatabaseConnection, workspace: Uuid) -> Vec<String> {
    let tables = rows(
        raw,
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .await;
    let mut lines = Vec::new();
    for table in tables {
        let table: String = table.try_get("", "name").unwrap();
        let columns = rows(raw, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
        let columns: Vec<String> = columns.iter().map(|row| row.try_get("", "name").unwrap()).collect();
        let is_workspaces = table == "workspaces";
        if !is_workspaces && !columns.iter().any(|column| column == "workspace_id") {
            continue;
        }
        let key = if is_workspaces { "id" } else { "workspace_id" };
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let sql = format!(
            "SELECT {} AS line FROM {table} WHERE {key} = x'{}' ORDER BY 1",
            quoted.join(" || '|' || "),
            workspace.simple()
        );
        for row in rows(raw, &sql).await {
            let line: String = row.try_get("", "line").unwrap();
            lines.push(format!("{table}: {line}"));
        }
    }
    lines
}

/// Puts the marker into every text of the workspace; returns into how many columns.
async fn mark(raw: &DatabaseConnection, workspace: Uuid) -> usize {
    let columns = rows(
        raw,
        "SELECT m.name AS tbl, c.name AS col FROM sqlite_master m, pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'documents_search%' AND c.type = 'TEXT' AND c.pk = 0 \
         AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) w WHERE w.name = 'workspace_id')",
    )
    .await;
    let mut marked = 0;
    for row in columns {
        let (table, column): (String, String) = (row.try_get("", "tbl").unwrap(), row.try_get("", "col").unwrap());
        let sql = format!(
            "UPDATE {table} SET \"{column}\" = \"{column}\" || ' {MARKER}' WHERE workspace_id = x'{}' \
             AND (\"{column}\" LIKE '% %' OR \"{column}\" LIKE '%@%' OR \"{column}\" IN ('Ada', 'Mia')) \
             AND substr(\"{column}\", 1, 1) NOT IN ('[', '{{', '\"')",
            workspace.simple()
        );
        // What a rule of the table forbids stays as it is.
        marked += usize::from(
            raw.execute_unprepared(&sql)
                .await
                .is_ok_and(|done| done.rows_affected() > 0),
        );
    }
    let name = format!(
        "UPDATE workspaces SET name = '{MARKER}' WHERE id = x'{}'",
        workspace.simple()
    );
    raw.execute_unprepared(&name).await.unwrap();
    marked
}

/// Everybody who may ask something in our workspace, and somebody who may ask nothing.
async fn askers(app: &TestApp) -> Vec<(&'static str, Client)> {
    let owner = app.owner();
    let colleague = json!({
        "email": "rita@quillhaven.example", "name": "Rita", "password": "a heron on the quay", "role": "reviewer",
    });
    owner.post("/api/v1/admin/members", &colleague).await.created();
    let sign_in = json!({ "email": "rita@quillhaven.example", "password": "a heron on the quay" });
    let signed_in = app.anonymous().post("/api/v1/login", &sign_in).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let csrf = signed_in.ok()["csrf_token"].as_str().unwrap().to_owned();
    let reviewer = app.anonymous().with("Cookie", &cookie).with("X-CSRF-Token", &csrf);
    let program = app
        .program(&["read", "review", "knowledge", "admin", "propose", "converse"])
        .await;
    let visitor = app.visitor().await;
    visitor.says("When do you open?").await;
    vec![
        ("the owner", owner),
        ("a reviewer", reviewer),
        ("a program", program),
        ("a visitor", visitor.client),
        ("nobody", app.anonymous()),
    ]
}

#[test]
fn every_route_is_found_and_knows_what_it_is_asked_with() {
    let routes = routes();
    assert!(routes.len() > 200, "{}", routes.len());
    for known in [
        "GET /mcp",
        "GET /queue",
        "POST /api/v1/queue/{item}/outcome",
        "GET /widget/v1/events",
    ] {
        let found = routes.iter().any(|route| route.name() == known);
        assert!(found || known == "GET /mcp", "{known} is not found");
    }
    for route in &routes {
        route.kind();
        if route.method != "GET" {
            route.line();
        }
    }
    let names: BTreeSet<String> = routes.iter().map(Route::name).collect();
    let gone = BODIES.iter().filter(|(name, _)| !names.contains(*name));
    let gone: Vec<_> = gone
        .map(|(name, _)| name)
        .filter(|name| **name != "DELETE /mcp")
        .collect();
    assert!(gone.is_empty(), "lines without a route: {gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn through_no_route_does_anybody_reach_another_workspace() {
    let app = TestApp::builder().without_engine().without_jobs().start().await;
    let theirs = plant(app.app.store()).await;
    let raw = Database::connect(format!("sqlite://{}?mode=rwc", app.database().display()))
        .await
        .unwrap();
    let marked = mark(&raw, theirs.workspace.uuid()).await;
    assert!(marked >= 15, "only {marked} columns of theirs are marked");
    let before = everything_of(&raw, theirs.workspace.uuid()).await;
    assert!(before.len() > 50, "{} rows", before.len());
    let (named, all) = ids_of(&theirs);
    let askers = askers(&app).await;
    let mut wrong = Vec::new();
    let mut asked = 0;
    for round in 1..=ROUNDS {
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ round);
        for route in routes() {
            if route.line_if_any() == Some("ends") {
                continue;
            }
            let ids: Vec<String> = match route.kind() {
                None => vec![String::new()],
                Some(Kind::Word(word)) => vec![word.to_owned()],
                Some(kind) => vec![named[&kind].to_string(), chance.pick(&all).to_string()],
            };
            for id in ids {
                let query = match QUERIES.iter().find(|(name, _)| *name == route.name()) {
                    Some((_, query)) => with_ids(query, &named, &theirs),
                    None if route.method == "GET" && round > 1 => format!(
                        "?after={}&agent={}&conversation={}&subscription={}&q=nine&collection=default",
                        chance.pick(&all),
                        theirs.agent,
                        theirs.conversation,
                        theirs.subscription
                    ),
                    None => String::new(),
                };
                let path = format!("{}{query}", route.filled(&id));
                let body = with_ids(route.line_if_any().unwrap_or_default(), &named, &theirs);
                for (name, client) in &askers {
                    asked += 1;
                    let Some(answer) = ask(client, &route, &path, &body).await else {
                        continue;
                    };
                    let sent = format!("{path} {body}");
                    if let Some(why) = problem(&route, &answer, &sent, &all) {
                        let body: String = answer.text().chars().take(300).collect();
                        wrong.push(format!(
                            "{name}: {} {path}: {why}: {} {body}",
                            route.method, answer.status
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    let after = everything_of(&raw, theirs.workspace.uuid()).await;
    let changed: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "{changed:#?}");
    let ours = everything_of(&raw, app.workspace.caller.workspace_id.uuid()).await;
    for line in &ours {
        let foreign = all
            .iter()
            .find(|id| line.to_lowercase().contains(&id.simple().to_string()));
        assert!(foreign.is_none() && !line.contains(MARKER), "ours names theirs: {line}");
    }
}

impl Route {
    fn line_if_any(&self) -> Option<&'static str> {
        (self.method != "GET").then(|| self.line())
    }
}

/// What is wrong with an answer; nothing if all is well.
fn problem(route: &Route, answer: &Answer, sent: &str, all: &[Uuid]) -> Option<String> {
    let text = answer.text();
    if answer.status.is_server_error() && answer.status != StatusCode::SERVICE_UNAVAILABLE {
        return Some("it failed".to_owned());
    }
    if text.contains(MARKER) {
        return Some("it tells what is theirs".to_owned());
    }
    // What the asker has sent is no news to them.
    let told = all
        .iter()
        .map(Uuid::to_string)
        .find(|id| text.contains(id.as_str()) && !sent.contains(id.as_str()));
    if let Some(id) = told {
        return Some(format!("it names {id}"));
    }
    if text.contains("does not have the fields expected here") {
        return Some("the line in BODIES is not what it takes".to_owned());
    }
    let is_about_theirs = matches!(route.kind(), Some(kind) if !matches!(kind, Kind::Word(_)));
    let leads_to_the_door = answer.status.is_redirection() && answer.header("location").starts_with("/login");
    let refused =
        answer.status.is_client_error() || answer.status == StatusCode::SERVICE_UNAVAILABLE || leads_to_the_door;
    if is_about_theirs && !refused && !QUIET.contains(&route.name().as_str()) {
        return Some("it is not refused".to_owned());
    }
    None
}
