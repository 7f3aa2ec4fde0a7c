//! Tools that are offered to visitors: a form in the conversation, filled in by hand.

use super::propose::{Propose, Proposer, propose_in};
use super::tools::in_force;
use crate::app::visit::Visitor;
use crate::app::{App, AppError, ledger};
use crate::domain::action::ActionStatus;
use crate::domain::action::form::{Field, fields};
use crate::domain::action::request::Run;
use crate::domain::action::tool::Tool;
use crate::domain::ids::{ActionId, WorkspaceId};
use crate::domain::log::Actor;
use crate::store::{ActionFilter, ActionOrigin, Change, Rows};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Forms that are offered at once, at most: a visitor reads them as buttons.
const MOST: usize = 6;
/// Proposals that may wait in a workspace before visitors are asked to write instead.
const MOST_WAITING: u64 = 500;

/// A form that a visitor may open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormLink {
    /// The tool.
    pub tool: String,
    /// What its button says.
    pub label: String,
}

/// A form as a visitor fills it in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormView {
    /// The tool.
    pub tool: String,
    /// What its button says.
    pub label: String,
    /// Its fields, those that must be filled in first.
    pub fields: Vec<Field>,
    /// What whoever sends it agrees to; nothing where the owner has no words for that.
    pub consent: String,
}

/// Forms that are offered to anybody, whatever is talked about.
///
/// # Errors
/// The store's.
pub async fn forms_for_all(app: &App, workspace_id: WorkspaceId) -> Result<Vec<FormLink>, AppError> {
    links(&app.store().rows(workspace_id), &[]).await
}

/// Forms that are offered while something of these topics is talked about, and those that always are.
pub(in crate::app) async fn links(rows: &Rows<'_>, topics: &[String]) -> Result<Vec<FormLink>, AppError> {
    let tools = rows.tools().await?.into_iter().map(|row| row.definition.0);
    Ok(tools.filter_map(|tool| link(&tool, topics)).take(MOST).collect())
}

fn link(tool: &Tool, topics: &[String]) -> Option<FormLink> {
    let form = tool.offer.form.as_ref()?;
    let is_offered = form.topics.is_empty() || form.topics.iter().any(|topic| topics.contains(topic));
    is_offered.then(|| FormLink {
        tool: tool.name.clone(),
        label: form.label.clone(),
    })
}

/// A form, for whoever has a conversation. Which topics it is offered with only says when its button is there.
///
/// # Errors
/// [`AppError::NotFound`] for a tool that is not offered as a form, or the store's.
pub async fn form(app: &App, visitor: &Visitor, name: &str) -> Result<FormView, AppError> {
    let rows = app.store().rows(visitor.workspace_id);
    let tool = in_force(&rows, name).await?.definition.0;
    let form = tool.offer.form.ok_or(AppError::NotFound("the form"))?;
    let consent = match tool.run {
        Run::Lead { consent, .. } => consent.trim().to_owned(),
        _ => String::new(),
    };
    Ok(FormView {
        consent,
        tool: tool.name,
        label: form.label,
        fields: fields(&tool.schema),
    })
}

/// A form that was filled in: it is proposed like anything else, and waits for people unless the tool's rules let it run alone.
///
/// # Errors
/// [`AppError::NotFound`] for a tool that is not offered as a form, [`AppError::Invalid`] with what is wrong with what was filled in or which
/// rule forbids it, [`AppError::TooMany`] while too much waits.
pub async fn fill_in(app: &App, visitor: &Visitor, name: &str, args: Value) -> Result<(), AppError> {
    form(app, visitor, name).await?;
    let waiting = ActionFilter {
        statuses: vec![ActionStatus::Waiting],
        ..ActionFilter::default()
    };
    if app.store().rows(visitor.workspace_id).action_count(&waiting).await? >= MOST_WAITING {
        return Err(AppError::TooMany(
            "more is waiting to be looked at than people can manage; write a message here instead".to_owned(),
        ));
    }
    let wish = Propose {
        tool: name.to_owned(),
        args,
        conversation_id: Some(visitor.conversation_id),
    };
    let by = Proposer {
        origin: ActionOrigin::Form,
        name: "visitor".to_owned(),
        actor: Actor::Visitor(visitor.visitor_id),
    };
    let (id, conversation) = (ActionId::new(&*app.sources().ids), visitor.conversation_id);
    let app_of_write = app.clone();
    app.store()
        .write(visitor.workspace_id, move |tx| {
            let (app, wish, by) = (app_of_write.clone(), wish.clone(), by.clone());
            Box::pin(async move {
                let ledger = ledger::load(tx, conversation).await?;
                if ledger.flow.spam.is_some() {
                    // What waits for nobody is not told to whoever floods.
                    return Ok(Change::Unlogged(()));
                }
                let (_, entry) = propose_in(&app, tx, id, &wish, &by).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
