//! One decision about several identical drafts. Each keeps its own outcome, undo window and release; one of them is the unit
//! of evidence, and the others carry no verdict.

use super::decide::LeftOut;
use super::refusal::explain;
use crate::app::ledger::{self, DecisionDetails, Details, Ledger};
use crate::app::{App, AppError, team};
use crate::domain::flow::FlowError;
use crate::domain::ids::{DraftId, ItemId, MemberId, OutcomeId};
use crate::domain::review::{Decider, MOST_ALIKE, OutcomeKind, Seen, unit_of_evidence};
use crate::store::entity::{outcome, review_item, shared_decision};
use crate::store::{Json, Tx};

/// What became of the others.
#[derive(Debug, Default)]
pub(super) struct Together {
    /// Released as well.
    pub(super) with: Vec<ItemId>,
    /// Left out, and why.
    pub(super) left_out: Vec<LeftOut>,
}

/// Approves every identical draft that waits, besides `first`, whose approval stands in `ledger`. What a colleague looks at, what
/// the visitor has added to, and what others have to approve as well is left out and named.
pub(super) async fn decide_alike(
    app: &App,
    tx: &Tx<'_>,
    first: &review_item::Model,
    ledger: &Ledger,
    member: MemberId,
) -> Result<Together, AppError> {
    let mut together = Together::default();
    let (Some(likeness), Some(outcome)) = (&first.likeness, &ledger.pending) else {
        return Ok(together);
    };
    let mut decided: Vec<outcome::Model> = vec![outcome.clone()];
    for row in tx.alike(likeness, MOST_ALIKE as u64 + 1).await? {
        if row.id == first.id {
            continue;
        }
        match approve_one(app, tx, &row, member).await? {
            Ok(outcome) => {
                together.with.push(row.id);
                decided.push(outcome);
            }
            Err(why) => together.left_out.push(LeftOut { item_id: row.id, why }),
        }
    }
    if decided.len() > 1 {
        keep_evidence(tx, decided).await?;
    }
    Ok(together)
}

/// Approves one more item, or says why not.
async fn approve_one(
    app: &App,
    tx: &Tx<'_>,
    row: &review_item::Model,
    member: MemberId,
) -> Result<Result<outcome::Model, String>, AppError> {
    if row.terms.0.quorum > 1 {
        return Ok(Err("several people have to approve this one".to_owned()));
    }
    let mut ledger = ledger::load(tx, row.conversation_id).await?;
    let settings = ledger::settings(tx).await?;
    let context = ledger::context(app.sources(), &settings);
    let decider = Decider {
        member,
        may_decide: team::may_decide(tx, &row.terms.0, member).await?,
    };
    // What was read is the draft, and what it was made for: whatever came later has not been read.
    let seen = Seen {
        revision: ledger.draft.as_ref().map_or(0, |draft| draft.revision),
        wording: 0,
    };
    let step = match ledger.flow.decide(context, OutcomeKind::Approve, decider, seen) {
        Ok(step) => step,
        Err(FlowError::Review(refused)) => return Ok(Err(explain(tx, refused).await?.to_string())),
        Err(refused) => return Ok(Err(refused.to_string())),
    };
    let details = Details {
        decision: DecisionDetails {
            text: ledger.draft.as_ref().map(|draft| draft.body.clone()),
            ..DecisionDetails::default()
        },
        ..Details::default()
    };
    ledger.carry_out(tx, context, &settings, &step, &details).await?;
    ledger
        .pending
        .map(Ok)
        .ok_or_else(|| AppError::Internal("an approval left no outcome".to_owned()))
}

/// Judging one was judging all: one draft keeps its verdict, and all remember which. What that means for evidence is settled when they are final.
async fn keep_evidence(tx: &Tx<'_>, decided: Vec<outcome::Model>) -> Result<(), AppError> {
    let drafts: Vec<DraftId> = decided.iter().filter_map(|outcome| outcome.draft_id).collect();
    let Some(evidence_id) = unit_of_evidence(&drafts) else {
        return Ok(());
    };
    for outcome in decided {
        tx.insert(shared_decision::Model {
            outcome_id: outcome.id,
            workspace_id: tx.workspace_id(),
            evidence_id,
        })
        .await?;
        if outcome.draft_id != Some(evidence_id) {
            tx.update(outcome::Model {
                verdict: None,
                reasons: Json(Vec::new()),
                ..outcome
            })
            .await?;
        }
    }
    Ok(())
}

/// Takes the other outcomes of the same decision back as well, as far as they are still pending; tells how many.
pub(super) async fn undo_alike(
    app: &App,
    tx: &Tx<'_>,
    outcome: OutcomeId,
    member: MemberId,
) -> Result<usize, AppError> {
    let mut undone = 0;
    for shared in tx.decided_together(outcome).await? {
        if shared.outcome_id == outcome {
            continue;
        }
        let Some(item_id) = tx.outcome(shared.outcome_id).await?.map(|outcome| outcome.item_id) else {
            continue;
        };
        let Some(row) = tx.item(item_id).await? else {
            continue;
        };
        let mut ledger = ledger::load(tx, row.conversation_id).await?;
        let stands = ledger
            .pending
            .as_ref()
            .is_some_and(|pending| pending.id == shared.outcome_id);
        let settings = ledger::settings(tx).await?;
        let context = ledger::context(app.sources(), &settings);
        if stands && let Ok(step) = ledger.flow.undo(member, context.now) {
            ledger
                .carry_out(tx, context, &settings, &step, &Details::default())
                .await?;
            undone += 1;
        }
    }
    Ok(undone)
}
