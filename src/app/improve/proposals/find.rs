//! Looks for an answer to propose among what people replied to visitors who asked.

use super::super::gaps::embedded;
use super::{supersede, waiting};
use crate::app::{App, AppError, Engine};
use crate::domain::conversation::Author;
use crate::domain::ids::{GapId, MemberId, OutcomeId, ProposalId, WorkspaceId};
use crate::domain::improve::gap::{GapState, Origin, ProposalState, is_answer, most_agreed};
use crate::domain::screening::mask;
use crate::store::entity::{gap, gap_proposal, gap_question};
use crate::store::{Change, Rows, Tx};
use std::collections::HashSet;

/// Gaps looked at in one go.
const GAPS: u64 = 32;
/// Of so many newest questions of a gap the replies are compared.
const QUESTIONS: u64 = 50;

/// What a person replied to a question.
#[derive(Debug, Clone)]
struct Reply {
    to: gap_question::Model,
    /// Without personal data.
    text: String,
    author_id: Option<MemberId>,
}

/// Proposes answers for the gaps in which something has changed.
///
/// # Errors
/// [`AppError::Engine`] while the embedder is not there, or the store's.
pub(in crate::app::improve) async fn propose_all(
    app: &App,
    engine: &Engine,
    workspace_id: WorkspaceId,
) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    loop {
        let moved = rows.moved_gaps(GAPS).await?;
        if moved.is_empty() {
            return Ok(());
        }
        for gap in moved {
            let best = match gap.state {
                GapState::Open => best(&rows, engine, &gap).await?,
                GapState::Proposed | GapState::Closed | GapState::Dismissed => None,
            };
            propose(app, workspace_id, gap.id, best).await?;
        }
    }
}

/// The reply that most others agree with. None where nobody has replied, or where a reply is a verified answer already: then the next one who asks
/// is answered with it.
async fn best(rows: &Rows<'_>, engine: &Engine, gap: &gap::Model) -> Result<Option<Reply>, AppError> {
    let questions = rows.gap_questions(gap.id, QUESTIONS).await?;
    let remembered = rows.verified_answers().await?.into_iter();
    let remembered: HashSet<OutcomeId> = remembered.filter_map(|answer| answer.outcome_id).collect();
    if questions
        .iter()
        .any(|row| row.outcome_id.is_some_and(|id| remembered.contains(&id)))
    {
        return Ok(None);
    }
    let earlier = rows.proposals_of(gap.id).await?;
    let mut replies = Vec::new();
    for question in questions {
        let reply = reply_to(rows, question).await?;
        replies.extend(reply.filter(|reply| is_answer(&reply.text) && !is_unwanted(&earlier, reply)));
    }
    if replies.len() > 1 {
        let texts: Vec<String> = replies.iter().map(|reply| reply.text.clone()).collect();
        let vectors = embedded(engine, rows.workspace_id(), &texts).await?;
        let at = most_agreed(&vectors).unwrap_or_default();
        return Ok(replies.into_iter().nth(at));
    }
    Ok(replies.pop())
}

/// Whether somebody has turned it down.
fn is_unwanted(earlier: &[gap_proposal::Model], reply: &Reply) -> bool {
    let unwanted = earlier.iter().filter(|row| row.state == ProposalState::Dismissed);
    let mut unwanted = unwanted.filter(|row| row.origin == Origin::Reply);
    unwanted.any(|row| row.turn_id == Some(reply.to.turn_id) || row.answer == reply.text)
}

/// What a person let out instead of the draft; else what they wrote from the question on, until the visitor wrote again.
async fn reply_to(rows: &Rows<'_>, to: gap_question::Model) -> Result<Option<Reply>, AppError> {
    if let Some(id) = to.outcome_id
        && let Some(outcome) = rows.outcome(id).await?
    {
        let text = mask(outcome.body.as_deref().unwrap_or_default());
        return Ok(Some(Reply {
            to,
            text: text.trim().to_owned(),
            author_id: outcome.member_id,
        }));
    }
    let asked = rows.visitor_messages(to.turn_id).await?;
    let last = asked.last().map_or(0, |message| message.seq);
    let after = rows.messages_after(to.conversation_id, last).await?;
    let said = after
        .into_iter()
        .take_while(|message| message.author != Author::Visitor)
        .filter(|message| message.author == Author::Person);
    let (mut texts, mut author_id) = (Vec::new(), None);
    for message in said {
        author_id = author_id.or(message.member_id);
        texts.push(message.body);
    }
    let text = mask(&texts.join("\n"));
    let text = text.trim().to_owned();
    Ok((!text.is_empty()).then_some(Reply { to, text, author_id }))
}

/// Writes what is proposed for a gap from now on, and that it was looked at.
async fn propose(app: &App, workspace_id: WorkspaceId, id: GapId, best: Option<Reply>) -> Result<(), AppError> {
    let (proposal_id, now) = (ProposalId::new(&*app.sources().ids), app.now());
    app.store()
        .write(workspace_id, move |tx| {
            let best = best.clone();
            Box::pin(async move {
                let Some(gap) = tx.gap(id).await? else {
                    return Ok(Change::Unlogged(()));
                };
                let is_open = gap.state == GapState::Open;
                let known = waiting(tx, id).await?;
                // It may have been turned down while the replies were compared. The next look chooses another one.
                let earlier = tx.proposals_of(id).await?;
                if is_open && best.as_ref().is_some_and(|best| is_unwanted(&earlier, best)) {
                    return Ok(Change::Unlogged(()));
                }
                tx.update(gap::Model {
                    is_moved: false,
                    ..gap.clone()
                })
                .await?;
                let is_known = |best: &Reply| known.as_ref().is_some_and(|row| row.answer == best.text);
                let is_by_hand = known.as_ref().is_some_and(|row| row.origin == Origin::Written);
                if !is_open || is_by_hand || best.as_ref().is_some_and(is_known) {
                    return Ok(Change::Unlogged(()));
                }
                if let Some(row) = known {
                    supersede(tx, row, now).await?;
                }
                if let Some(best) = best {
                    insert(tx, proposal_id, &gap, best, now).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

async fn insert(
    tx: &Tx<'_>,
    id: ProposalId,
    gap: &gap::Model,
    best: Reply,
    now: crate::domain::time::Timestamp,
) -> Result<(), AppError> {
    Ok(tx
        .insert(gap_proposal::Model {
            id,
            workspace_id: tx.workspace_id(),
            gap_id: gap.id,
            question: gap.name.clone(),
            answer: best.text,
            origin: Origin::Reply,
            turn_id: Some(best.to.turn_id),
            conversation_id: Some(best.to.conversation_id),
            author_id: best.author_id,
            state: ProposalState::Waiting,
            reason: None,
            decided_by: None,
            created_at: now,
            decided_at: None,
            candidate_id: None,
        })
        .await?)
}
