//! The regression set: questions that must stay answered as they are, or must stay with people.

use super::views::Names;
use super::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::answer::same_words;
use crate::domain::ids::{AgentId, ConversationId, RegressionQuestionId};
use crate::domain::log::EventKind;
use crate::domain::text::{AnswerText, QuestionText};
use crate::domain::time::Timestamp;
use crate::store::entity::regression_question;
use crate::store::{Change, LogDraft, Tx};
use serde::{Deserialize, Serialize};

/// Most questions of a regression set: each is asked before anything goes live.
pub(in crate::app) const MOST: u64 = 1_000;

/// A question with the answer that it has to get.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRegressionQuestion {
    /// What is asked.
    pub question: String,
    /// What has to be answered; nothing where a person has to answer.
    #[serde(default)]
    pub answer: String,
    /// Which agent is asked; the first one unless given.
    #[serde(default)]
    pub agent_id: Option<AgentId>,
    /// Where it comes from.
    #[serde(default)]
    pub conversation_id: Option<ConversationId>,
}

/// The same as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegressionQuestionView {
    /// Its id.
    pub id: RegressionQuestionId,
    /// What is asked.
    pub question: String,
    /// What has to be answered; empty where a person has to answer.
    pub answer: String,
    /// Who added it.
    pub author: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// The regression set, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn questions(app: &App, caller: &Caller) -> Result<Vec<RegressionQuestionView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut names = Names::default();
    let mut views = Vec::new();
    for row in rows.regression_questions(MOST).await? {
        let author = match row.member_id {
            Some(member) => Some(names.of(&rows, member).await?),
            None => None,
        };
        views.push(RegressionQuestionView {
            id: row.id,
            question: row.question,
            answer: row.answer,
            author,
            created_at: row.created_at,
        });
    }
    Ok(views)
}

/// Adds a question. One in the very same words gives way to it.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`], [`AppError::NotFound`] for another workspace's agent or conversation, [`AppError::Invalid`] when the
/// set is full; or the store's.
pub async fn add_question(
    app: &App,
    caller: &Caller,
    new: &NewRegressionQuestion,
) -> Result<RegressionQuestionId, AppError> {
    caller.require(Scope::Knowledge)?;
    let answer = if new.answer.trim().is_empty() {
        String::new()
    } else {
        AnswerText::parse(&new.answer)?.into()
    };
    let row = regression_question::Model {
        id: RegressionQuestionId::new(&*app.sources().ids),
        workspace_id: caller.workspace_id,
        question: QuestionText::parse(&new.question)?.into(),
        answer,
        agent_id: new.agent_id,
        conversation_id: new.conversation_id,
        member_id: caller.member().ok(),
        created_at: app.now(),
        removed_at: None,
    };
    let (actor, id) = (caller.actor(), row.id);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                if let Some(agent) = row.agent_id {
                    tx.agent(agent).await?.ok_or(AppError::NotFound("the agent"))?;
                }
                if let Some(conversation) = row.conversation_id {
                    let found = tx.conversation(conversation).await?;
                    found.ok_or(AppError::NotFound("the conversation"))?;
                }
                let agent = row.agent_id;
                put_question(tx, row, |older| older.agent_id == agent).await?;
                let entry = LogDraft::new(EventKind::RegressionQuestionAdded, actor).about("regression_question", id);
                Ok::<_, AppError>(Change::Logged(id, entry))
            })
        })
        .await
}

/// Puts a question into the set. One in the very same words gives way to it where `gives_way` says so: both could never be met.
///
/// # Errors
/// [`AppError::Invalid`] when the set is full; or the store's.
pub(super) async fn put_question(
    tx: &Tx<'_>,
    row: regression_question::Model,
    gives_way: impl Fn(&regression_question::Model) -> bool,
) -> Result<(), AppError> {
    for older in tx.regression_questions(MOST).await? {
        if same_words(&older.question, &row.question) && gives_way(&older) {
            tx.update(regression_question::Model {
                removed_at: Some(row.created_at),
                ..older
            })
            .await?;
        }
    }
    if tx.regression_question_count().await? >= MOST {
        return Err(AppError::Invalid(format!(
            "the regression set has at most {MOST} questions; take one out first"
        )));
    }
    Ok(tx.insert(row).await?)
}

/// Takes a question out.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn remove_question(app: &App, caller: &Caller, id: RegressionQuestionId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.regression_question(id).await?.filter(|row| row.removed_at.is_none());
                let row = row.ok_or(AppError::NotFound("the question"))?;
                tx.update(regression_question::Model {
                    removed_at: Some(now),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::RegressionQuestionRemoved, actor).about("regression_question", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
