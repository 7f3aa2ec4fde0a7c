//! What waits for long is told to others, step by step as the team has set it.

use super::super::mail::{self, Mail};
use super::super::webhooks::{self, Webhook};
use super::super::{App, AppError, ledger};
use super::assigning;
use crate::domain::ids::{ConversationId, ItemId, MemberId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::{self, Colleague};
use crate::domain::team;
use crate::domain::text::Email;
use crate::store::entity::{assignment, review_item};
use crate::store::{Change, ItemStatus, JobKind, LogDraft, Tx};
use serde_json::json;

/// How long after the end of an undo window a step that fell into it is looked at again, in milliseconds: the decision is
/// carried out first.
const AFTER_UNDO_MS: i64 = 1_000;

/// The next step of the chain is due for the item of a conversation (a job).
pub(in crate::app) async fn escalate(app: &App, workspace_id: WorkspaceId, id: ConversationId) -> Result<(), AppError> {
    // Who is there is known to this process alone, and read before the transaction.
    let there = assigning::candidates(app, &app.store().rows(workspace_id)).await?;
    let app_of_write = app.clone();
    app.store()
        .write(workspace_id, move |tx| {
            let (app, there) = (app_of_write.clone(), there.clone());
            Box::pin(async move { escalate_in(&app, tx, id, &there).await })
        })
        .await
}

async fn escalate_in(
    app: &App,
    tx: &Tx<'_>,
    id: ConversationId,
    there: &[team::Candidate],
) -> Result<Change<()>, AppError> {
    let settings = ledger::settings(tx).await?;
    let item = tx.open_item(id).await?;
    let step = item.as_ref().and_then(|item| {
        let done = usize::try_from(item.escalated).unwrap_or(usize::MAX);
        let at = settings.team.escalates_at(item.created_at, done)?;
        Some((done, at, settings.team.escalation.get(done)?))
    });
    let (Some(item), Some((done, at, step))) = (item.clone(), step) else {
        tx.unschedule(JobKind::Escalate, id).await?;
        return Ok(Change::Unlogged(()));
    };
    if app.now() < at {
        tx.schedule(JobKind::Escalate, id, at).await?;
        return Ok(Change::Unlogged(()));
    }
    if item.state != ItemStatus::Open {
        // Somebody decided, but may still undo it: then the step is due all the same.
        let until = tx.standing_outcome(item.id).await?.map(|outcome| outcome.final_at);
        let at = until.unwrap_or_default().max(app.now()).plus_ms(AFTER_UNDO_MS);
        tx.schedule(JobKind::Escalate, id, at).await?;
        return Ok(Change::Unlogged(()));
    }
    match settings.team.escalates_at(item.created_at, done + 1) {
        Some(next) => tx.schedule(JobKind::Escalate, id, next).await?,
        None => tx.unschedule(JobKind::Escalate, id).await?,
    }
    let item_id = item.id;
    let colleagues = super::colleagues(tx).await?;
    let told = team::told(&colleagues, &step.to);
    // Whoever looks at it now goes on.
    let given_to = if item.leased_until.is_none_or(|until| until <= app.now()) {
        let fit = who_can_go_on(tx, &item, &colleagues, &told, there).await?;
        team::assign(&fit, &[], u32::MAX)
    } else {
        None
    };
    if let Some(member) = given_to {
        regive(app, tx, item_id, member).await?;
    }
    tx.update(review_item::Model {
        escalated: item.escalated + 1,
        ..item
    })
    .await?;
    let origin = app.post().map(|post| post.origin.clone()).unwrap_or_default();
    if step.mail {
        for colleague in &told {
            mail::queue(
                tx,
                letter(colleague, &item_link(&origin, item_id), (id, item_id), done)?,
            )
            .await?;
        }
    }
    let webhook = match &step.webhook {
        Some(url) => {
            Some(webhooks::queue(tx, webhook(tx, url, &item_link(&origin, item_id), (id, item_id), done)).await?)
        }
        None => None,
    };
    let names: Vec<String> = told.iter().map(|colleague| colleague.member.to_string()).collect();
    let mut entry = LogDraft::new(EventKind::ReviewEscalated, Actor::System)
        .about("item", item_id)
        .about("conversation", id)
        .about("step", done + 1)
        .about("members", names.join(","));
    if let Some(webhook) = webhook {
        entry = entry.about("webhook", webhook);
    }
    if let Some(member) = given_to {
        entry = entry.about("member", member);
    }
    Ok(Change::Logged((), entry))
}

/// Of those who are told, who is there and can decide what waits: the terms let them, and they have not approved it already.
async fn who_can_go_on(
    tx: &Tx<'_>,
    item: &review_item::Model,
    colleagues: &[Colleague],
    told: &[Colleague],
    there: &[team::Candidate],
) -> Result<Vec<team::Candidate>, AppError> {
    let approvals = ledger::standing_approvals(tx, item).await?;
    let can = |member: MemberId| {
        told.iter().any(|colleague| colleague.member == member)
            && review::may_decide(&item.terms.0, member, colleagues)
            && approvals.iter().all(|given| given.member_id != member)
    };
    let fit = there.iter().filter(|candidate| can(candidate.colleague.member));
    Ok(fit.cloned().collect())
}

fn item_link(origin: &str, item: ItemId) -> String {
    format!("{origin}/queue/{item}")
}

/// Says that somebody waits, not what they wrote: a mail leaves the building.
fn letter(
    colleague: &Colleague,
    link: &str,
    (conversation, item): (ConversationId, ItemId),
    step: usize,
) -> Result<Mail, AppError> {
    Ok(Mail {
        key: format!("escalation:{item}:{step}:{}", colleague.member),
        to: Email::parse(&colleague.email)?,
        subject: "A visitor has waited for long".to_owned(),
        text: format!("A visitor still waits for an answer, and nobody has decided yet.\n\nLook at it: {link}\n"),
        html: None,
        reply_to: None,
        conversation: Some(conversation),
        attachment: None,
    })
}

/// The same for a program: ids and a link.
fn webhook(tx: &Tx<'_>, url: &str, link: &str, (conversation, item): (ConversationId, ItemId), step: usize) -> Webhook {
    Webhook {
        key: format!("escalation:{item}:{step}"),
        url: url.to_owned(),
        kind: EventKind::ReviewEscalated.as_str(),
        data: json!({
            "workspace_id": tx.workspace_id(),
            "conversation_id": conversation,
            "item_id": item,
            "step": step + 1,
            "link": link,
        }),
        conversation: Some(conversation),
    }
}

/// Gives an item to another member than before.
async fn regive(app: &App, tx: &Tx<'_>, item_id: ItemId, member_id: MemberId) -> Result<(), AppError> {
    tx.unassign(item_id).await?;
    tx.insert(assignment::Model {
        item_id,
        workspace_id: tx.workspace_id(),
        member_id,
        created_at: app.now(),
    })
    .await?;
    Ok(())
}
