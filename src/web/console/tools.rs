//! Settings: tools, what one can begin with, and secrets. Changes go through the API, which says what is wrong with them.

use super::action_card::filled;
use super::html;
use super::view::{Section, ToolChoice, ToolPage, ToolRow, ToolsPage};
use super::viewer::Viewer;
use crate::app::actions::{self, ToolView};
use crate::domain::account::Scope;
use crate::domain::action::request::Run;
use crate::domain::action::rules::{Rule, Then};
use crate::domain::action::tool::{Risk, Tool};
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

/// What one can begin with: code, what it is, and a definition that is whole.
const STARTS: [(&str, &str, &str); 4] = [
    (
        "http",
        "A request to another machine",
        include_str!("../../../examples/tools/http.json"),
    ),
    ("email", "An e-mail", include_str!("../../../examples/tools/email.json")),
    (
        "lead",
        "Somebody to call back",
        include_str!("../../../examples/tools/lead.json"),
    ),
    (
        "calendar",
        "A calendar entry",
        include_str!("../../../examples/tools/calendar.json"),
    ),
];

fn starts() -> Vec<(&'static str, &'static str)> {
    STARTS.iter().map(|(code, words, _)| (*code, *words)).collect()
}

/// `GET /settings/tools`
pub(super) async fn list(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let tools = actions::tools(&web.app, &viewer.caller).await?;
    let secrets = actions::secrets(&web.app, &viewer.caller).await?;
    let ai_waits =
        tools.iter().any(|view| view.tool.offer.ai) && !actions::ai_proposes(&web.app, &viewer.caller).await?;
    html(&ToolsPage {
        ai_waits,
        shell: viewer.shell(Section::Settings),
        tools: tools.into_iter().map(row).collect(),
        starts: starts(),
        secrets: secrets
            .into_iter()
            .map(|secret| (secret.name, viewer.moment(secret.changed_at)))
            .collect(),
    })
}

fn row(view: ToolView) -> ToolRow {
    let tool = view.tool;
    let mut offered = vec!["colleagues"];
    if tool.offer.ai {
        offered.push("the AI");
    }
    if tool.offer.form.is_some() {
        offered.push("visitors, as a form");
    }
    ToolRow {
        waits: match (tool.alone && tool.risk == Risk::Low && tool.reversible, tool.people) {
            (true, _) => "Runs without a person where no rule forbids it".to_owned(),
            (false, 1) => "Waits for one person".to_owned(),
            (false, people) => format!("Waits for {people} people"),
        },
        offered: offered.join(", "),
        does: does(&tool.run),
        missing: view.missing_secrets.join(", "),
        name: tool.name,
        title: tool.title,
        risk: tool.risk,
    }
}

const fn does(run: &Run) -> &'static str {
    match run {
        Run::Http { .. } => "Asks another machine",
        Run::Email { .. } => "Sends an e-mail",
        Run::Lead { .. } => "Notes somebody to call back",
        Run::Calendar { .. } => "Makes a calendar entry",
    }
}

/// `GET /settings/tools/{name}`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(name): InPath<String>,
) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let view = actions::tool(&web.app, &viewer.caller, &name).await?;
    html(&ToolPage {
        shell: viewer.shell(Section::Settings),
        name: view.tool.name.clone(),
        title: view.tool.title.clone(),
        version: view.version,
        since: Some(viewer.moment(view.since)),
        definition: written(&view.tool)?,
        fields: filled(&view.fields, &json!({})),
        missing: view.missing_secrets,
        rules: rules(&view.tool),
        starts: starts(),
    })
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Start {
    #[serde(default)]
    from: String,
}

/// `GET /settings/new-tool?from=http`
pub(super) async fn new(
    State(_web): State<Web>,
    viewer: Viewer,
    Query(Start { from }): Query<Start>,
) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let (_, _, definition) = STARTS.iter().find(|(code, ..)| *code == from).unwrap_or(&STARTS[0]);
    html(&ToolPage {
        shell: viewer.shell(Section::Settings),
        name: String::new(),
        title: "A new tool".to_owned(),
        version: 0,
        since: None,
        definition: definition.trim_end().to_owned(),
        fields: Vec::new(),
        missing: Vec::new(),
        rules: Vec::new(),
        starts: starts(),
    })
}

fn written(tool: &Tool) -> Result<String, Problem> {
    // What says nothing is left out, as people leave it out.
    let mut value = serde_json::to_value(tool).map_err(|_unwritable| Problem::internal_error())?;
    if let Some(fields) = value.as_object_mut() {
        let says_nothing = |value: &Value| match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.values().all(|value| value == "" || *value == json!(false)),
            _ => false,
        };
        for name in ["rules", "daily", "offer", "says"] {
            if fields.get(name).is_some_and(says_nothing) {
                fields.remove(name);
            }
        }
    }
    let order = [
        "name",
        "title",
        "description",
        "schema",
        "run",
        "risk",
        "reversible",
        "idempotent",
        "alone",
        "people",
    ];
    let mut lines = Vec::new();
    if let Value::Object(fields) = value {
        let mut named: Vec<(String, Value)> = fields.into_iter().collect();
        named.sort_by_key(|(name, _)| order.iter().position(|known| known == name).unwrap_or(usize::MAX));
        for (name, value) in named {
            let text = serde_json::to_string_pretty(&value).map_err(|_unwritable| Problem::internal_error())?;
            lines.push(format!("  {}: {}", Value::from(name), text.replace('\n', "\n  ")));
        }
    }
    Ok(format!("{{\n{}\n}}", lines.join(",\n")))
}

/// Rules and limits in sentences.
fn rules(tool: &Tool) -> Vec<String> {
    let mut said: Vec<String> = tool.rules.iter().map(rule).collect();
    if let Some(times) = tool.daily.times {
        said.push(format!("At most {times} times a day."));
    }
    if let (Some(arg), Some(sum)) = (&tool.daily.arg, tool.daily.sum) {
        said.push(format!("“{arg}” comes to {sum} a day at most."));
    }
    if tool.idempotent {
        said.push("It may be asked for again under the same key, so what was interrupted is tried again.".to_owned());
    } else {
        said.push("It is never tried again by itself once it may have been done.".to_owned());
    }
    said
}

fn rule(rule: &Rule) -> String {
    let arg = &rule.arg;
    let when = match (rule.above, rule.below, &rule.is, &rule.is_not) {
        (Some(limit), ..) => format!("If “{arg}” is above {limit}"),
        (_, Some(limit), ..) => format!("If “{arg}” is below {limit}"),
        (_, _, Some(it), _) => format!("If “{arg}” is {it}"),
        (_, _, _, Some(it)) => format!("If “{arg}” is anything but {it}"),
        _ => format!("If “{arg}” is there"),
    };
    match (rule.then, rule.people) {
        (Then::Refuse, _) => format!("{when}, it is refused{}.", why(rule)),
        (Then::Wait, Some(people)) if people > 1 => format!("{when}, {people} people have to approve it."),
        (Then::Wait, _) => format!("{when}, a person has to approve it."),
    }
}

fn why(rule: &Rule) -> String {
    rule.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default()
}

/// What may be proposed in a conversation.
pub(super) async fn choices(web: &Web, viewer: &Viewer) -> Result<Vec<ToolChoice>, Problem> {
    if viewer.caller.require(Scope::Review).is_err() {
        return Ok(Vec::new());
    }
    let tools = actions::tools(&web.app, &viewer.caller).await?;
    let choice = |view: ToolView| ToolChoice {
        fields: filled(&view.fields, &json!({})),
        name: view.tool.name,
        title: view.tool.title,
        description: view.tool.description,
    };
    Ok(tools.into_iter().map(choice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_can_begin_with_is_whole_and_is_written_as_it_was_read() {
        for (code, _, definition) in STARTS {
            let tool: Tool = serde_json::from_str(definition).unwrap();
            tool.check().unwrap_or_else(|error| panic!("{code}: {error}"));
            let again: Tool = serde_json::from_str(&written(&tool).unwrap()).unwrap();
            assert_eq!(again, tool, "{code}");
            assert!(!rules(&tool).is_empty());
        }
    }
}
