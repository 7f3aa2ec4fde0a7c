//! Verified answers: what a person has answered or approved, served from then on without the LLM.

use super::change::{Prepared, Source, apply};
use super::index::changed;
use crate::app::improve::{self, Recorded};
use crate::app::ledger::Ledger;
use crate::app::views::Names;
use crate::app::{App, AppError, Caller, evidence};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, ConversationId, MemberId, OutcomeId, VerifiedAnswerId};
use crate::domain::improve::candidate::{Change, Origin};
use crate::domain::log::EventKind;
use crate::domain::text::{AnswerText, QuestionText};
use crate::domain::time::Timestamp;
use crate::engine::Priority;
use crate::store::entity::outcome;
use crate::store::{Change as Written, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

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
    candidate_id: CandidateId,
    conversation_id: ConversationId,
    change: Change,
    title: String,
    prepared: Prepared,
    /// Questions of the regression set that it would break: then it waits for somebody to say why it goes live all the same.
    breaks: u64,
}

impl Remembered {
    /// Takes the turn's question and the reviewer's text, embeds them, and asks the regression set first. Without an engine a job does the former
    /// later, and nothing is known of the latter.
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
        let id = VerifiedAnswerId::new(&*app.sources().ids);
        let title = title_of(&question);
        let change = Change::AddAnswer {
            id,
            question,
            answer: outcome.body.clone().unwrap_or_default(),
        };
        let changes = std::slice::from_ref(&change);
        Ok(Self {
            outcome_id: outcome.id,
            id,
            candidate_id: CandidateId::new(&*app.sources().ids),
            conversation_id: ledger.conversation.id,
            title,
            prepared: Prepared::of(app, rows.workspace_id(), changes, Priority::Live).await,
            breaks: breaks(app, rows, changes).await?,
            change,
        })
    }

    /// What it is published as.
    pub(crate) const fn candidate_id(&self) -> CandidateId {
        self.candidate_id
    }

    /// Writes it, inside the transaction that makes the outcome final. None if it waits for somebody to publish it.
    pub(crate) async fn write(
        &self,
        tx: &Tx<'_>,
        member_id: MemberId,
        now: Timestamp,
    ) -> Result<Option<VerifiedAnswerId>, AppError> {
        let changes = std::slice::from_ref(&self.change);
        let named = (self.candidate_id, self.title.clone());
        let by = Some(member_id);
        if self.breaks > 0 {
            improve::proposed(tx, named, Origin::Correction, by, changes, Vec::new(), now).await?;
            return Ok(None);
        }
        let of = Source {
            author: by,
            conversation: Some(self.conversation_id),
            outcome: Some(self.outcome_id),
            by,
        };
        let inverse = apply(tx, &self.change, of, &self.prepared, now).await?;
        // Questions like this one have another answer from now on: what was said of the former one is compared.
        evidence::published(tx, now).await?;
        let made = Recorded {
            id: self.candidate_id,
            reason: None,
            title: self.title.clone(),
            origin: Origin::Correction,
            member_id: by,
            changes: vec![(self.change.clone(), inverse)],
        };
        improve::record(tx, made, now).await?;
        Ok(Some(self.id))
    }
}

/// Without an engine nobody can tell, and a correction is not kept back for that.
pub(super) async fn breaks(app: &App, rows: &Rows<'_>, changes: &[Change]) -> Result<u64, AppError> {
    match improve::breaks(app, rows, changes).await {
        Err(AppError::Engine(why)) => {
            tracing::warn!("the regression set could not be asked ({why}); it is asked afterwards");
            Ok(0)
        }
        found => found,
    }
}

/// A question in the few words that a list has room for.
pub(in crate::app) fn title_of(question: &str) -> String {
    const MOST: usize = 80;
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST - 1).chain(['…']).collect()
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
    let id = VerifiedAnswerId::new(&*app.sources().ids);
    let title = title_of(&question);
    let change = Change::AddAnswer { id, question, answer };
    let about = (EventKind::VerifiedAnswerAdded, "verified_answer", id.uuid());
    go_live(app, caller, (change, title), about, Some(member_id)).await?;
    Ok(id)
}

/// Takes a verified answer out of use. It stays in the history.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`], a conflict if that would break a question of the regression set; or the store's.
pub async fn retire_verified_answer(app: &App, caller: &Caller, id: VerifiedAnswerId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.verified_answer(id).await?.filter(|row| row.retired_at.is_none());
    let row = row.ok_or(AppError::NotFound("the verified answer"))?;
    let named = (Change::RetireAnswer { id }, title_of(&row.question));
    let about = (EventKind::VerifiedAnswerRetired, "verified_answer", id.uuid());
    go_live(app, caller, named, about, caller.member().ok()).await
}

/// Makes one change live at once: the regression set is asked first, everything else afterwards. What would break one of its questions becomes a
/// candidate instead, and waits for somebody to say why.
pub(super) async fn go_live(
    app: &App,
    caller: &Caller,
    (change, title): (Change, String),
    (kind, what, id): (EventKind, &'static str, Uuid),
    member_id: Option<MemberId>,
) -> Result<(), AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let changes = std::slice::from_ref(&change);
    let worse = breaks(app, &rows, changes).await?;
    let prepared = Prepared::of(app, caller.workspace_id, changes, Priority::Live).await;
    let candidate_id = CandidateId::new(&*app.sources().ids);
    let (now, actor) = (app.now(), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (change, title, prepared) = (change.clone(), title.clone(), prepared.clone());
            Box::pin(async move {
                if worse > 0 {
                    let named = (candidate_id, title);
                    let changes = std::slice::from_ref(&change);
                    improve::proposed(tx, named, Origin::Person, member_id, changes, Vec::new(), now).await?;
                    let entry = LogDraft::new(EventKind::CandidateProposed, actor).about("candidate", candidate_id);
                    return Ok::<_, AppError>(Written::Logged((), entry));
                }
                let of = Source {
                    author: member_id,
                    ..Source::default()
                };
                let inverse = apply(tx, &change, of, &prepared, now).await?;
                if inverse.is_empty() {
                    return Err(AppError::NotFound("what is to be changed"));
                }
                evidence::published(tx, now).await?;
                let made = Recorded {
                    id: candidate_id,
                    reason: None,
                    title,
                    origin: Origin::Person,
                    member_id,
                    changes: vec![(change, inverse)],
                };
                improve::record(tx, made, now).await?;
                let entry = LogDraft::new(kind, actor).about(what, id);
                Ok(Written::Logged((), entry))
            })
        })
        .await?;
    changed(app, caller.workspace_id);
    if worse > 0 {
        return Err(AppError::Conflict {
            sentence: format!(
                "it would answer {worse} of the questions worse that must stay answered; it waits on the page Improve for somebody to say why it is right"
            ),
            extra: json!({ "candidate": candidate_id, "worse": worse }),
        });
    }
    Ok(())
}
