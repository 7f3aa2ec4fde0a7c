//! Gives what waits to members who are there.
//!
//! Nothing is promised by it: an assignment says who is to look first. Everybody may take what was given to somebody else,
//! and whoever leaves gives back what they have not opened. Who was there before a restart is given time to be heard of.

use super::super::{App, AppError};
use super::{members, presence};
use crate::domain::ids::{ItemId, MemberId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::Colleague;
use crate::domain::team::{self, Candidate};
use crate::domain::time::Timestamp;
use crate::store::entity::{assignment, member_profile};
use crate::store::{Change, ItemStatus, LogDraft, Rows};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// It looks again at the latest after this long: pages fall silent without a word.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// Items looked at in one go: whoever is there has long been given enough.
const AT_ONCE: u64 = 200;
/// What happens at once is looked at together.
const GATHER: Duration = Duration::from_millis(50);

/// Runs until the app stops.
pub(in crate::app) async fn run(app: App) {
    let mut committed = app.store().subscribe();
    let mut changed = presence::watch_presence(&app);
    let stopping = app.inner.stopping.clone();
    loop {
        let mut concerned: HashSet<WorkspaceId> = HashSet::new();
        let everybody = tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(LOOK_AGAIN) => true,
            gone = changed.changed() => match gone {
                Ok(()) => true,
                Err(_closed) => return,
            },
            entry = committed.recv() => match entry {
                Ok(entry) => {
                    if concerns(&entry.header.kind) {
                        concerned.insert(entry.header.workspace_id);
                    }
                    false
                }
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            },
        };
        presence::expire(&app);
        if !everybody && concerned.is_empty() {
            continue;
        }
        tokio::time::sleep(GATHER).await;
        while let Ok(entry) = committed.try_recv() {
            if concerns(&entry.header.kind) {
                concerned.insert(entry.header.workspace_id);
            }
        }
        if everybody {
            match app.store().workspaces().await {
                Ok(all) => concerned.extend(all.into_iter().map(|workspace| workspace.id)),
                Err(error) => {
                    tracing::error!(%error, "workspaces cannot be read; what waits is given to nobody for now");
                }
            }
        }
        for workspace_id in concerned {
            if let Err(error) = give_out(&app, workspace_id).await {
                tracing::error!(%error, "what waits could not be given to anybody");
            }
        }
    }
}

/// Can this kind of entry change who should have what?
fn concerns(kind: &str) -> bool {
    [
        EventKind::ReviewRequested,
        EventKind::ConversationHandedOff,
        EventKind::ReviewDecided,
        EventKind::ReviewUndone,
        EventKind::ReviewExpired,
        EventKind::ReviewApproved,
        EventKind::MessageReleased,
        EventKind::ConversationTakenOver,
        EventKind::TeamChanged,
    ]
    .iter()
    .any(|concerning| concerning.as_str() == kind)
}

/// Gives back what those have who left, and gives out what waits.
async fn give_out(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let settings = super::super::ledger::settings(&rows).await?.team;
    let mut there = candidates(app, &rows).await?;
    let present: HashSet<MemberId> = there.iter().map(|candidate| candidate.colleague.member).collect();
    for given in rows.assignments().await? {
        let is_gone = presence::is_known(app) && !present.contains(&given.member_id);
        if is_gone && !is_opened(&rows, &given, app.now()).await? {
            give_back(app, workspace_id, given.item_id).await?;
        }
    }
    if !settings.assign || there.is_empty() {
        return Ok(());
    }
    for item in rows.unassigned_items(AT_ONCE).await? {
        if there.iter().all(|candidate| candidate.load >= settings.most_each) {
            break;
        }
        // Whoever looks at it has it already.
        let looking = item
            .leased_by
            .zip(item.leased_until)
            .filter(|&(_, until)| until > app.now());
        if looking.is_some() {
            continue;
        }
        let approved: Vec<MemberId> = rows
            .approvals_of(item.id)
            .await?
            .into_iter()
            .filter(|given| given.withdrawn_at.is_none() && given.revision == item.revision)
            .map(|given| given.member_id)
            .collect();
        let free: Vec<Candidate> = there
            .iter()
            .filter(|candidate| !approved.contains(&candidate.colleague.member))
            .cloned()
            .collect();
        let Some(member) = team::assign(&free, &item.terms.0.approvers, settings.most_each) else {
            continue;
        };
        give(app, workspace_id, item.id, member).await?;
        for candidate in there
            .iter_mut()
            .filter(|candidate| candidate.colleague.member == member)
        {
            candidate.load += 1;
            candidate.last_given = app.now();
        }
    }
    Ok(())
}

/// Is a member there who works now? While that is not known, nobody is told that nobody is.
pub(in crate::app) async fn anybody_there(app: &App, rows: &Rows<'_>) -> Result<bool, AppError> {
    if !presence::is_known(app) {
        return Ok(true);
    }
    let present = presence::members_present(app, rows.workspace_id());
    if present.is_empty() {
        return Ok(false);
    }
    let profiles = rows.profiles().await?;
    Ok(present.iter().any(|(member, _)| works(&profiles, *member)))
}

/// Does a member want to be given what waits? Everybody does until they say otherwise.
fn works(profiles: &[member_profile::Model], member: MemberId) -> bool {
    let profile = profiles.iter().find(|profile| profile.member_id == member);
    profile.is_none_or(|profile| profile.available)
}

/// Members who are there and work, with what they have.
pub(super) async fn candidates(app: &App, rows: &Rows<'_>) -> Result<Vec<Candidate>, AppError> {
    let present = presence::members_present(app, rows.workspace_id());
    if present.is_empty() {
        return Ok(Vec::new());
    }
    let (profiles, given) = (rows.profiles().await?, rows.assignments().await?);
    let is_there = |colleague: &Colleague| {
        works(&profiles, colleague.member) && present.iter().any(|(member, _)| *member == colleague.member)
    };
    let colleagues = super::colleagues(rows).await?;
    Ok(colleagues
        .into_iter()
        .filter(is_there)
        .map(|colleague| {
            let load = given.iter().filter(|given| given.member_id == colleague.member).count();
            let profile = profiles.iter().find(|profile| profile.member_id == colleague.member);
            Candidate {
                load: u32::try_from(load).unwrap_or(u32::MAX),
                last_given: profile.map_or(Timestamp(0), |profile| profile.last_given_at),
                colleague,
            }
        })
        .collect())
}

/// Does the one it was given to have it open? A lease outlives a page that sleeps for a moment.
async fn is_opened(rows: &Rows<'_>, given: &assignment::Model, now: Timestamp) -> Result<bool, AppError> {
    let item = rows.item(given.item_id).await?;
    let lease = item.and_then(|item| item.leased_by.zip(item.leased_until));
    Ok(lease.is_some_and(|(member, until)| member == given.member_id && until > now))
}

async fn give_back(app: &App, workspace_id: WorkspaceId, item_id: ItemId) -> Result<(), AppError> {
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                if tx.assignments_of(&[item_id]).await?.is_empty() {
                    return Ok(Change::Unlogged(()));
                }
                tx.unassign(item_id).await?;
                let mut entry = LogDraft::new(EventKind::ReviewAssigned, Actor::System).about("item", item_id);
                if let Some(item) = tx.item(item_id).await? {
                    entry = entry.about("conversation", item.conversation_id);
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// Gives an item to a member, unless it no longer waits or somebody has it.
pub(super) async fn give(
    app: &App,
    workspace_id: WorkspaceId,
    item_id: ItemId,
    member_id: MemberId,
) -> Result<(), AppError> {
    let now = app.now();
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                let Some(item) = tx.item(item_id).await?.filter(|item| item.state == ItemStatus::Open) else {
                    return Ok(Change::Unlogged(()));
                };
                if !tx.assignments_of(&[item_id]).await?.is_empty() {
                    return Ok(Change::Unlogged(()));
                }
                tx.insert(assignment::Model {
                    item_id,
                    workspace_id: tx.workspace_id(),
                    member_id,
                    created_at: now,
                })
                .await?;
                let profile = members::profile(tx, member_id, now).await?;
                let row = member_profile::Model {
                    last_given_at: now,
                    ..profile.row.clone()
                };
                profile.replace(tx, row).await?;
                let entry = LogDraft::new(EventKind::ReviewAssigned, Actor::System)
                    .about("item", item_id)
                    .about("conversation", item.conversation_id)
                    .about("member", member_id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
