//! Between the rules of an action and its row.

use crate::app::AppError;
use crate::domain::action::args::Args;
use crate::domain::action::tool::Risk;
use crate::domain::action::{Action, ActionError, Decision, DecisionType};
use crate::domain::ids::{ActionId, WorkspaceId};
use crate::domain::review::{Ballot, Lease, MOST_APPROVERS};
use crate::domain::time::Timestamp;
use crate::store::entity::action as row;
use crate::store::{ActionOrigin, JobKind, Json, Rows, Tx};
use serde_json::json;

/// An action as the rules see it.
pub(super) fn action_of(row: &row::Model) -> Action {
    let quorum = u8::try_from(row.quorum).unwrap_or(MOST_APPROVERS);
    let decision = match (row.decision, row.decided_at, row.final_at, row.decided_hash) {
        (Some(kind), Some(at), Some(final_at), Some(hash)) => Some(Decision {
            kind,
            by: row.decided_by,
            at,
            final_at,
            hash,
        }),
        _ => None,
    };
    Action {
        id: row.id,
        runs: row.runs,
        status: row.status,
        proposed: row.args_hash,
        standing: row.standing_hash,
        ballot: Ballot::restored(quorum, row.wording, row.edited, &row.votes.0),
        lease: row
            .leased_by
            .zip(row.leased_until)
            .map(|(member, until)| Lease { member, until }),
        expires_at: row.expires_at,
        on_timeout: row.on_timeout,
        decision,
    }
}

/// Something that is proposed now.
pub(super) struct Proposed<'a> {
    pub(super) action: &'a Action,
    pub(super) args: &'a Args,
    /// What is sent; empty where whoever asked carries it out.
    pub(super) sent: &'a str,
    pub(super) at: Timestamp,
}

impl Proposed<'_> {
    /// Its row, but for who proposed what: nobody has done anything about it.
    pub(super) fn row(&self, workspace_id: WorkspaceId) -> row::Model {
        let action = self.action;
        let row = row::Model {
            id: action.id,
            workspace_id,
            runs: action.runs,
            status: action.status,
            origin: ActionOrigin::Member,
            asked_by: String::new(),
            tool_version_id: None,
            token_id: None,
            call_key: String::new(),
            conversation_id: None,
            name: String::new(),
            description: String::new(),
            risk: Risk::High,
            args: self.args.text().to_owned(),
            args_schema: None,
            request: self.sent.to_owned(),
            args_hash: action.proposed,
            standing_args: self.args.text().to_owned(),
            standing_request: self.sent.to_owned(),
            standing_hash: action.standing,
            allowed: Json(DecisionType::ALL.to_vec()),
            quorum: i64::from(action.ballot.quorum()),
            wording: 0,
            edited: false,
            votes: Json(Vec::new()),
            on_timeout: action.on_timeout,
            callback_url: None,
            created_at: self.at,
            expires_at: action.expires_at,
            decision: None,
            decided_by: None,
            decided_at: None,
            final_at: None,
            decided_hash: None,
            message: None,
            attempts: 0,
            under_way: false,
            begun_at: None,
            result: None,
            ended_at: None,
            leased_by: None,
            leased_until: None,
        };
        // A tool's own rules may have decided already.
        after(row, action)
    }
}

/// The row after a change. What stands is the proposal again where the rules say so; other arguments are for the caller to put in.
pub(super) fn after(row: row::Model, action: &Action) -> row::Model {
    let back = action.standing == row.args_hash && row.standing_hash != row.args_hash;
    let (standing_args, standing_request) = if back {
        (row.args.clone(), row.request.clone())
    } else {
        (row.standing_args.clone(), row.standing_request.clone())
    };
    row::Model {
        status: action.status,
        standing_args,
        standing_request,
        standing_hash: action.standing,
        wording: action.ballot.wording(),
        edited: action.ballot.edited(),
        votes: Json(action.ballot.approved().collect()),
        decision: action.decision.map(|decision| decision.kind),
        decided_by: action.decision.and_then(|decision| decision.by),
        decided_at: action.decision.map(|decision| decision.at),
        final_at: action.decision.map(|decision| decision.final_at),
        decided_hash: action.decision.map(|decision| decision.hash),
        message: row.message.filter(|_| action.decision.is_some()),
        leased_by: action.lease.map(|lease| lease.member),
        leased_until: action.lease.map(|lease| lease.until),
        ..row
    }
}

/// Loads a proposal for a change.
pub(super) async fn load(rows: &Rows<'_>, id: ActionId) -> Result<(row::Model, Action), AppError> {
    let row = rows.action(id).await?.ok_or(AppError::NotFound("the action"))?;
    let action = action_of(&row);
    Ok((row, action))
}

/// Writes a row, and the job for what follows from it by itself.
pub(super) async fn save(tx: &Tx<'_>, row: row::Model) -> Result<(), AppError> {
    schedule(tx, &row).await?;
    Ok(tx.update(row).await?)
}

/// The job for what follows from a row by itself.
pub(super) async fn schedule(tx: &Tx<'_>, row: &row::Model) -> Result<(), AppError> {
    match action_of(row).due() {
        Some(at) => tx.schedule(JobKind::Act, row.id, at).await?,
        None => tx.unschedule(JobKind::Act, row.id).await?,
    }
    Ok(())
}

/// Arguments that were stored once they had been checked.
pub(super) fn args_of(text: &str) -> Result<Args, AppError> {
    let value = serde_json::from_str(text).map_err(|error| AppError::Internal(format!("stored arguments: {error}")))?;
    Args::new(value).map_err(|error| AppError::Internal(format!("stored arguments: {error}")))
}

/// A refusal, with what the asker needs to go on.
pub(super) async fn explain(rows: &Rows<'_>, error: ActionError) -> Result<AppError, AppError> {
    let (mut sentence, mut extra) = (error.to_string(), json!({}));
    match error {
        ActionError::AlreadyDecided(decision) => {
            if let Some(member) = decision.by {
                let name = rows
                    .member_name(member)
                    .await?
                    .unwrap_or_else(|| "a former colleague".to_owned());
                sentence = format!("{name} has decided this already");
                // Not `type`: that is the problem's own.
                extra = json!({ "by": name, "decided_at": decision.at, "decision": decision.kind });
            }
        }
        ActionError::Leased(lease) => {
            let name = rows
                .member_name(lease.member)
                .await?
                .unwrap_or_else(|| "a colleague".to_owned());
            sentence = format!("{name} is looking at this right now; take the next one");
            extra = json!({ "by": name, "until": lease.until });
        }
        ActionError::OtherArguments(hash) => extra = json!({ "args_hash": hash.to_string() }),
        ActionError::NotApproved(status) => extra = json!({ "status": status }),
        _ => {}
    }
    Ok(AppError::Conflict { sentence, extra })
}
