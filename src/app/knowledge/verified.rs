//! Verified answers: what a person has answered or approved, served from then on without the LLM.

use super::index::{EntryId, changed};
use super::vectors::{NewVectors, embed};
use crate::app::ledger::Ledger;
use crate::app::views::Names;
use crate::app::{App, AppError, Caller, evidence};
use crate::domain::account::Scope;
use crate::domain::ids::{ConversationId, MemberId, OutcomeId, VerifiedAnswerId};
use crate::domain::log::EventKind;
use crate::domain::text::{AnswerText, QuestionText};
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::{outcome, verified_answer};
use crate::store::{Change, JobKind, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};

/// A verified answer as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedAnswerView {
    /// Its id.
    pub id: VerifiedAnswerId,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Who approved it.
    pub author: String,
    /// The conversation it came from.
    pub conversation_id: Option<ConversationId>,
    /// Drafts made from it.
    pub uses: i64,
    /// When it was approved.
    pub created_at: Timestamp,
}

/// A question and answer that a person writes down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVerifiedAnswer {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// A correction about to be kept, with its vectors.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    /// The outcome it comes from.
    pub(crate) outcome_id: OutcomeId,
    id: VerifiedAnswerId,
    conversation_id: ConversationId,
    question: String,
    answer: String,
    vectors: Option<NewVectors>,
}

impl Remembered {
    /// Takes the turn's question and the reviewer's text, and embeds them. Without an engine a job does that later.
    pub(crate) async fn prepare(
        app: &App,
        rows: &Rows<'_>,
        ledger: &Ledger,
        outcome: &outcome::Model,
    ) -> Result<Self, AppError> {
        let asked = match &ledger.turn {
            Some(turn) => rows.visitor_messages(turn.id).await?,
            None => Vec::new(),
        };
        let question = asked
            .iter()
            .map(|message| message.body.as_str())
            .collect::<Vec<_>>()
            .join("\n");
        let answer = outcome.body.clone().unwrap_or_default();
        let vectors = match embed(app, rows.workspace_id(), &[(&question, &answer)], Priority::Live).await {
            Ok(mut vectors) => vectors.pop(),
            Err(error) => {
                tracing::warn!(%error, "a correction cannot be embedded yet; a job will");
                None
            }
        };
        let id = VerifiedAnswerId::new(&*app.sources().ids);
        let conversation_id = ledger.conversation.id;
        Ok(Self {
            outcome_id: outcome.id,
            id,
            conversation_id,
            question,
            answer,
            vectors,
        })
    }

    /// Writes it, inside the transaction that makes the outcome final.
    pub(crate) async fn write(
        &self,
        tx: &Tx<'_>,
        member_id: MemberId,
        now: Timestamp,
    ) -> Result<VerifiedAnswerId, AppError> {
        // A newer answer to the very same question takes the older one's place.
        for old in tx
            .verified_answers()
            .await?
            .into_iter()
            .filter(|old| same_question(&old.question, &self.question))
        {
            tx.remove_vectors(old.id.uuid()).await?;
            tx.update(verified_answer::Model {
                retired_at: Some(now),
                ..old
            })
            .await?;
        }
        let row = verified_answer::Model {
            id: self.id,
            workspace_id: tx.workspace_id(),
            question: self.question.clone(),
            answer: self.answer.clone(),
            member_id,
            conversation_id: Some(self.conversation_id),
            outcome_id: Some(self.outcome_id),
            uses: 0,
            created_at: now,
            retired_at: None,
        };
        tx.insert(row).await?;
        write_vectors(tx, self.id, self.vectors.as_ref(), now).await?;
        // Questions like this one have another answer from now on: what was said of the former one is compared.
        evidence::published(tx, now).await?;
        Ok(self.id)
    }
}

async fn write_vectors(
    tx: &Tx<'_>,
    id: VerifiedAnswerId,
    vectors: Option<&NewVectors>,
    now: Timestamp,
) -> Result<(), AppError> {
    match vectors {
        Some(vectors) => vectors.write(tx, EntryId::VerifiedAnswer(id), None).await,
        None => Ok(tx.schedule(JobKind::Embed, tx.workspace_id(), now).await?),
    }
}

/// The same words, whatever their case and punctuation.
fn same_question(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    words(a) == words(b)
}

/// Verified answers in use, newest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn verified_answers(app: &App, caller: &Caller) -> Result<Vec<VerifiedAnswerView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut names = Names::default();
    let mut views = Vec::new();
    for row in rows.verified_answers().await? {
        views.push(VerifiedAnswerView {
            author: names.of(&rows, row.member_id).await?,
            id: row.id,
            question: row.question,
            answer: row.answer,
            conversation_id: row.conversation_id,
            uses: row.uses,
            created_at: row.created_at,
        });
    }
    Ok(views)
}

/// Writes down a verified answer without a conversation.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`] or the store's.
pub async fn add_verified_answer(
    app: &App,
    caller: &Caller,
    new: &NewVerifiedAnswer,
) -> Result<VerifiedAnswerId, AppError> {
    caller.require(Scope::Knowledge)?;
    let member_id = caller.member()?;
    let question: String = QuestionText::parse(&new.question)?.into();
    let answer: String = AnswerText::parse(&new.answer)?.into();
    let vectors = embed(app, caller.workspace_id, &[(&question, &answer)], Priority::Live)
        .await
        .ok()
        .and_then(|mut made| made.pop());
    let (id, now, actor) = (VerifiedAnswerId::new(&*app.sources().ids), app.now(), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (question, answer, vectors) = (question.clone(), answer.clone(), vectors.clone());
            Box::pin(async move {
                let row = verified_answer::Model {
                    id,
                    workspace_id: tx.workspace_id(),
                    question,
                    answer,
                    member_id,
                    conversation_id: None,
                    outcome_id: None,
                    uses: 0,
                    created_at: now,
                    retired_at: None,
                };
                tx.insert(row).await?;
                write_vectors(tx, id, vectors.as_ref(), now).await?;
                evidence::published(tx, now).await?;
                let entry = LogDraft::new(EventKind::VerifiedAnswerAdded, actor).about("verified_answer", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    changed(app, caller.workspace_id);
    Ok(id)
}

/// Takes a verified answer out of use. It stays in the history.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn retire_verified_answer(app: &App, caller: &Caller, id: VerifiedAnswerId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx
                    .verified_answer(id)
                    .await?
                    .filter(|row| row.retired_at.is_none())
                    .ok_or(AppError::NotFound("the verified answer"))?;
                tx.remove_vectors(id.uuid()).await?;
                tx.update(verified_answer::Model {
                    retired_at: Some(now),
                    ..row
                })
                .await?;
                evidence::published(tx, now).await?;
                let entry = LogDraft::new(EventKind::VerifiedAnswerRetired, actor).about("verified_answer", id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    changed(app, caller.workspace_id);
    Ok(())
}
