//! Deciding about an item, and taking a decision back.

use super::alike;
use super::refusal::{already_in, explain, explain_with_news};
use super::reviewer;
use crate::app::caller::Caller;
use crate::app::duty::OnDuty;
use crate::app::ledger::{self, DecisionDetails, Details};
use crate::app::{App, AppError, team};
use crate::domain::flow::{Context, Effect, FlowError};
use crate::domain::ids::{ItemId, MemberId, OutcomeId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::{Decider, OutcomeKind, ReasonCode, Seen, VerdictLabel};
use crate::domain::text::{AnswerText, Note};
use crate::domain::time::Timestamp;
use crate::store::entity::review_item;
use crate::store::{Change, ItemStatus, LogDraft, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a reviewer decides.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The outcome.
    pub kind: OutcomeKind,
    /// The revision that was on the screen.
    pub revision: i64,
    /// The wording of the answer that was on the screen; 0 is the draft's own.
    #[serde(default)]
    pub wording: i64,
    /// The text of an edit or a response.
    #[serde(default)]
    pub text: Option<String>,
    /// For an edit: could the draft have gone out?
    #[serde(default)]
    pub verdict: Option<VerdictLabel>,
    /// What was wrong.
    #[serde(default)]
    pub reasons: Vec<ReasonCode>,
    /// For colleagues.
    #[serde(default)]
    pub note: Option<String>,
    /// Keep an edited or written answer as a verified answer. Default: yes.
    #[serde(default = "yes")]
    pub remember: bool,
    /// For an approval: release every identical draft that waits as well.
    #[serde(default)]
    pub alike: bool,
}

const fn yes() -> bool {
    true
}

/// A decision was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The outcome; none while others still have to approve.
    pub outcome_id: Option<OutcomeId>,
    /// When it becomes final.
    pub final_at: Option<Timestamp>,
    /// How long it can be undone, in milliseconds.
    pub undo_ms: i64,
    /// How many others still have to approve.
    pub missing: u8,
    /// What is to be remembered as a verified answer waits until a second person publishes it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub waits_for_second: bool,
    /// Items with identical drafts that this decision released as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<ItemId>,
    /// Items with identical drafts that it did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// An item with an identical draft that was not released with the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Which.
    pub item_id: ItemId,
    /// Why, in a sentence.
    pub why: String,
}

/// A reviewer decides.
///
/// # Errors
/// [`AppError::Conflict`] when it was decided already, is leased by a colleague, or the visitor wrote again.
pub async fn decide(app: &App, caller: &Caller, id: ItemId, wish: Decide) -> Result<Decided, AppError> {
    let member = reviewer(caller)?;
    let details = details(&wish)?;
    let app_of_write = app.clone();
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (app, details, wish) = (app_of_write.clone(), details.clone(), wish.clone());
            Box::pin(async move { Box::pin(decide_in(&app, tx, id, member, actor, &wish, details)).await })
        })
        .await
}

async fn decide_in(
    app: &App,
    tx: &Tx<'_>,
    id: ItemId,
    member: MemberId,
    actor: Actor,
    wish: &Decide,
    mut details: DecisionDetails,
) -> Result<Change<Decided>, AppError> {
    let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
    let mut ledger = ledger::load(tx, row.conversation_id).await?;
    if row.state == ItemStatus::Closed || ledger.item.as_ref().is_none_or(|item| item.id != id) {
        return Err(already_in(tx, id).await?);
    }
    let settings = ledger::settings(tx).await?;
    // Only whoever steps in is given a deadline by this.
    let on_duty = match wish.kind {
        OutcomeKind::TakeOver => Some(OnDuty::of(app, tx, ledger.conversation.agent_id).await?),
        _ => None,
    };
    let context = ledger::context(app.sources(), &settings);
    let context = Context {
        duty: on_duty.as_ref().map_or(context.duty, OnDuty::duty),
        ..context
    };
    let decider = Decider {
        member,
        may_decide: team::may_decide(tx, &row.terms.0, member).await?,
    };
    let seen = Seen {
        revision: wish.revision,
        wording: wish.wording,
    };
    let step = match ledger.flow.decide(context, wish.kind, decider, seen) {
        Ok(step) => step,
        Err(FlowError::Review(refused)) => return Err(explain_with_news(tx, &ledger, refused, wish.revision).await?),
        Err(other) => return Err(crate::app::takeover::explain(tx, other).await?),
    };
    if wish.kind == OutcomeKind::Approve {
        // What is approved is the text as it stands, not what a client sends along; whoever wrote it has judged the draft.
        if let Some(edited) = ledger.edited_text() {
            details = DecisionDetails {
                text: edited.body.clone(),
                verdict: edited.verdict,
                reasons: edited.reasons.0.clone(),
                remember: edited.remember,
                note: details.note.or_else(|| edited.note.clone()),
            };
        } else {
            details.text = ledger.draft.as_ref().map(|draft| draft.body.clone());
        }
    }
    let waits_for_second = settings.answers.second_person && details.remember;
    let said = (details.text.clone(), details.note.clone());
    let details = Details {
        decision: details,
        ..Details::default()
    };
    ledger.carry_out(tx, context, &settings, &step, &details).await?;
    let outcome = step.effects.iter().find_map(|effect| match effect {
        Effect::OutcomePending(outcome) | Effect::ItemClosed { outcome, .. } => Some(*outcome),
        _ => None,
    });
    let mut together = alike::Together::default();
    if wish.alike && outcome.is_some_and(|outcome| outcome.kind == OutcomeKind::Approve) {
        // Boxed: rarely walked, and large beside the rest.
        together = Box::pin(alike::decide_alike(app, tx, &row, &ledger, member)).await?;
    }
    let answer = Decided {
        outcome_id: outcome.map(|outcome| outcome.id),
        final_at: outcome.map(|outcome| outcome.final_at),
        undo_ms: outcome.map_or(0, |outcome| outcome.final_at.ms_since(outcome.at)),
        missing: match (outcome, step.flow.item) {
            (None, Some(item)) => item.ballot.missing(),
            _ => 0,
        },
        waits_for_second: waits_for_second && outcome.is_some(),
        with: together.with,
        left_out: together.left_out,
    };
    let kind = match outcome.map(|outcome| outcome.kind) {
        None => EventKind::ReviewApproved,
        Some(OutcomeKind::TakeOver) => EventKind::ConversationTakenOver,
        Some(_) => EventKind::ReviewDecided,
    };
    let mut entry = LogDraft::new(kind, actor)
        .about("conversation", row.conversation_id)
        .about("item", id)
        .about("revision", wish.revision);
    if let Some(outcome) = outcome {
        entry = entry.about("outcome", outcome.id);
    } else if let Some(item) = step.flow.item {
        entry = entry.about("wording", item.ballot.wording());
    }
    if kind == EventKind::ConversationTakenOver {
        entry = entry
            .about("epoch", ledger.flow.ownership.epoch.0)
            .about("decision", wish.kind.as_str());
    }
    if !answer.with.is_empty() {
        let items: Vec<String> = answer.with.iter().map(ToString::to_string).collect();
        entry = entry.about("with_items", items.join(","));
    }
    let entry = entry
        .with("kind", serde_json::to_value(wish.kind).unwrap_or_default())
        .with("text", said.0)
        .with("note", said.1);
    Ok(Change::Logged(answer, entry))
}

/// Checks what comes with a decision.
fn details(wish: &Decide) -> Result<DecisionDetails, AppError> {
    let text = match wish.kind {
        OutcomeKind::Edit | OutcomeKind::Respond => {
            Some(AnswerText::parse(wish.text.as_deref().unwrap_or_default())?.into())
        }
        OutcomeKind::Approve | OutcomeKind::Reject | OutcomeKind::TakeOver => None,
        OutcomeKind::Supersede | OutcomeKind::Expire => {
            return Err(AppError::Invalid(
                "choose one of: approve, edit, reject, respond, take_over".to_owned(),
            ));
        }
    };
    let note = wish
        .note
        .as_deref()
        .map(str::trim)
        .filter(|note| !note.is_empty())
        .map(Note::parse)
        .transpose()?;
    let mut reasons = wish.reasons.clone();
    reasons.sort_unstable();
    reasons.dedup();
    Ok(DecisionDetails {
        text,
        verdict: wish.verdict,
        reasons,
        note: note.map(String::from),
        remember: wish.remember && ledger::may_be_remembered(wish.kind),
    })
}

/// The reviewer takes a decision back, with everything that was decided together with it. What of that can no longer be
/// taken back, because its visitor wrote or somebody took over, does not keep the rest from it.
///
/// # Errors
/// [`AppError::Conflict`] once it is final, or when there is nothing to undo.
pub async fn undo(app: &App, caller: &Caller, id: ItemId) -> Result<(), AppError> {
    let member = reviewer(caller)?;
    let app_of_write = app.clone();
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let app = app_of_write.clone();
            Box::pin(async move { undo_in(&app, tx, id, member, actor).await })
        })
        .await
}

async fn undo_in(app: &App, tx: &Tx<'_>, id: ItemId, member: MemberId, actor: Actor) -> Result<Change<()>, AppError> {
    let row = tx.item(id).await?.ok_or(AppError::NotFound("the review item"))?;
    let decided = tx.outcomes_of(id).await?;
    let decided = decided.into_iter().rfind(|outcome| outcome.member_id == Some(member));
    let own = undo_one(app, tx, &row, member).await?;
    let others = match decided {
        Some(outcome) => alike::undo_alike(app, tx, outcome.id, member).await?,
        None => 0,
    };
    match own {
        Some(refused) if others == 0 => Err(refused),
        _ => {
            let entry = LogDraft::new(EventKind::ReviewUndone, actor)
                .about("item", id)
                .about("conversation", row.conversation_id);
            Ok(Change::Logged((), entry))
        }
    }
}

/// Takes back what stands about one item; or says why not, and changes nothing.
async fn undo_one(
    app: &App,
    tx: &Tx<'_>,
    row: &review_item::Model,
    member: MemberId,
) -> Result<Option<AppError>, AppError> {
    let mut ledger = ledger::load(tx, row.conversation_id).await?;
    if row.state == ItemStatus::Closed || ledger.item.as_ref().is_none_or(|item| item.id != row.id) {
        let sentence = "it is too late to undo: the decision is final".to_owned();
        return Ok(Some(AppError::Conflict {
            sentence,
            extra: json!({}),
        }));
    }
    let settings = ledger::settings(tx).await?;
    let context = ledger::context(app.sources(), &settings);
    let step = match ledger.flow.undo(member, context.now) {
        Ok(step) => step,
        Err(FlowError::Review(refused)) => return Ok(Some(explain(tx, refused).await?)),
        Err(other) => return Ok(Some(other.into())),
    };
    ledger
        .carry_out(tx, context, &settings, &step, &Details::default())
        .await?;
    Ok(None)
}
