//! Takes what people decided out of the house, as examples to train a model with.
//!
//! Only what a visitor agreed to, without personal data, and never what was looked at as a check: a model that has learnt from the answers it is later
//! judged by would look better than it is.

use super::visit::Visitor;
use super::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::conversation::Author;
use crate::domain::evidence::CheckPurpose;
use crate::domain::ids::{AgentVersionId, ConversationId, OutcomeId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::{OutcomeKind, VerdictLabel};
use crate::domain::screening::mask;
use crate::domain::time::Timestamp;
use crate::domain::training::{Example, Format, Row, Split, asked, row};
use crate::store::entity::{check, conversation, outcome};
use crate::store::{Change, LogDraft, Rows};
use serde::Serialize;

/// Decisions looked at in one page.
const PAGE: u64 = 100;

/// An example as it leaves the house.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingRow {
    /// As trainers read it.
    pub row: Row,
    /// To learn from, or to judge by.
    pub split: Split,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// Where an example comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The decision.
    pub outcome_id: OutcomeId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// When it was decided.
    pub at: Timestamp,
    /// How the answer came about.
    pub how: OutcomeKind,
    /// What had drafted, if anything had.
    pub agent_version_id: Option<AgentVersionId>,
}

/// Decisions that are no examples, by why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LeftOut {
    /// The visitor has not agreed.
    pub not_agreed: u64,
    /// It was looked at as a check, too.
    pub checked: u64,
    /// Nobody judged it: it was approved faster than anybody reads, say.
    pub unjudged: u64,
    /// Spam, or nothing was asked.
    pub no_question: u64,
    /// Pairs are wanted, and nobody preferred one answer to another.
    pub no_pair: u64,
}

/// A part of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingPage {
    /// The examples, in the order in which they were decided.
    pub items: Vec<TrainingRow>,
    /// How many decisions of this part are no examples.
    pub left_out: LeftOut,
    /// Where the next part begins; none after the last one.
    pub next: Option<String>,
}

/// The examples that come after a decision. The first part is written down in the log.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn export(app: &App, caller: &Caller, format: Format, after: Option<&str>) -> Result<TrainingPage, AppError> {
    caller.require(Scope::Admin)?;
    let after = after.map(str::parse::<OutcomeId>).transpose()?;
    if after.is_none() {
        let actor = caller.actor();
        app.store()
            .write(caller.workspace_id, move |_tx| {
                Box::pin(async move {
                    let entry = LogDraft::new(EventKind::TrainingDataExported, actor);
                    Ok::<_, AppError>(Change::Logged((), entry.with("format", serde_json::json!(format))))
                })
            })
            .await?;
    }
    let rows = app.store().rows(caller.workspace_id);
    let decided = rows.decided_outcomes(after, PAGE).await?;
    let mut page = TrainingPage {
        items: Vec::new(),
        left_out: LeftOut::default(),
        next: (decided.len() as u64 == PAGE)
            .then(|| decided.last().map(|last| last.id.to_string()))
            .flatten(),
    };
    for outcome in decided {
        match example(&rows, &outcome).await? {
            Ok((example, agent_version_id)) => match row(&example, format) {
                Some(row) => page.items.push(TrainingRow {
                    row,
                    split: Split::of(caller.workspace_id, example.conversation),
                    provenance: Provenance {
                        outcome_id: example.outcome,
                        conversation_id: example.conversation,
                        at: example.at,
                        how: example.how,
                        agent_version_id,
                    },
                }),
                None => page.left_out.no_pair += 1,
            },
            Err(Unfit::NotAgreed) => page.left_out.not_agreed += 1,
            Err(Unfit::Checked) => page.left_out.checked += 1,
            Err(Unfit::Unjudged) => page.left_out.unjudged += 1,
            Err(Unfit::NoQuestion) => page.left_out.no_question += 1,
        }
    }
    Ok(page)
}

/// A visitor agrees, or does not agree any more, that what was said may train a model.
///
/// # Errors
/// [`AppError::NotFound`] for a conversation that is gone, or the store's.
pub async fn consent(app: &App, visitor: &Visitor, agrees: bool) -> Result<(), AppError> {
    let visitor = *visitor;
    app.store()
        .write(visitor.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.conversation(visitor.conversation_id).await?;
                let row = row.ok_or(AppError::NotFound("the conversation"))?;
                if row.training_consent == Some(agrees) {
                    return Ok::<_, AppError>(Change::Unlogged(()));
                }
                tx.update(conversation::Model {
                    training_consent: Some(agrees),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::TrainingConsent, Actor::Visitor(visitor.visitor_id))
                    .about("conversation", visitor.conversation_id)
                    .about("agreed", agrees);
                Ok(Change::Logged((), entry))
            })
        })
        .await
}

/// Why a decision is no example.
enum Unfit {
    NotAgreed,
    Checked,
    Unjudged,
    NoQuestion,
}

async fn example(
    rows: &Rows<'_>,
    outcome: &outcome::Model,
) -> Result<Result<(Example, Option<AgentVersionId>), Unfit>, AppError> {
    let Some(item) = rows.item(outcome.item_id).await? else {
        return Ok(Err(Unfit::NoQuestion));
    };
    let Some(conversation) = rows.conversation(item.conversation_id).await? else {
        return Ok(Err(Unfit::NoQuestion));
    };
    if conversation.training_consent != Some(true) {
        return Ok(Err(Unfit::NotAgreed));
    }
    if conversation.spam.is_some() {
        return Ok(Err(Unfit::NoQuestion));
    }
    let draft = match outcome.draft_id {
        Some(id) => rows.draft(id).await?,
        None => None,
    };
    if let Some(draft) = &draft {
        // A second opinion is about the decision itself; the others are what answers are judged by.
        let is_of_a_sample = |check: &check::Model| check.purpose != CheckPurpose::Second;
        if rows.checks_of(draft.id).await?.iter().any(is_of_a_sample) {
            return Ok(Err(Unfit::Checked));
        }
    }
    let verdict = rows.verdict_of(outcome.id).await?.map(|verdict| verdict.label);
    let drafted = draft.as_ref().map(|draft| draft.body.clone());
    let (answer, instead_of) = match outcome.kind {
        OutcomeKind::Approve if verdict == Some(VerdictLabel::Acceptable) => (drafted, None),
        OutcomeKind::Edit => (outcome.body.clone(), drafted),
        // A person answered instead: of a draft that nobody found bad it says nothing.
        OutcomeKind::Respond => (
            outcome.body.clone(),
            drafted.filter(|_| verdict == Some(VerdictLabel::Bad)),
        ),
        _ => return Ok(Err(Unfit::Unjudged)),
    };
    let is_no_pair = rows.correction_of(outcome.id).await?.is_some_and(|row| !row.keeps_pair);
    let instead_of = instead_of.filter(|_| !is_no_pair);
    let of_turn = rows.visitor_messages(item.turn_id).await?;
    let until = of_turn.last().map_or(0, |last| last.seq);
    let messages = rows.messages_after(conversation.id, 0).await?;
    let masked: Vec<(Author, String)> = messages
        .iter()
        .filter(|message| message.seq <= until)
        .map(|message| (message.author, mask(&message.body)))
        .collect();
    let asked = asked(masked.iter().map(|(author, text)| (*author, text.as_str())));
    let (Some(asked), Some(answer)) = (asked, answer.filter(|answer| !answer.trim().is_empty())) else {
        return Ok(Err(Unfit::NoQuestion));
    };
    let reasons = outcome.reasons.0.iter().filter_map(|reason| {
        let name = serde_json::to_value(reason).ok()?;
        name.as_str().map(str::to_owned)
    });
    let example = Example {
        outcome: outcome.id,
        conversation: conversation.id,
        at: outcome.final_at,
        how: outcome.kind,
        asked,
        answer: mask(&answer),
        instead_of: instead_of.as_deref().map(mask),
        reasons: reasons.collect(),
    };
    Ok(Ok((example, draft.map(|draft| draft.agent_version_id))))
}
