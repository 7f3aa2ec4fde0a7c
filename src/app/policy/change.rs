//! Policies as people read and change them. Every version is kept and never changed; the newest is in force.

use super::text::{ProblemView, Written, to_toml};
use super::{POLICY_VERSION, current, gate};
use crate::app::views::{Names, Page};
use crate::app::{App, AppError, Caller, Who, agents, evidence, team};
use crate::domain::account::{Role, Scope};
use crate::domain::evidence::Ended;
use crate::domain::ids::AgentId;
use crate::domain::log::EventKind;
use crate::domain::policy::{Document, GateState, Loosened, loosened};
use crate::domain::review::named;
use crate::domain::time::Timestamp;
use crate::store::entity::policy_version;
use crate::store::{Change, Json, LogDraft, Rows};
use serde::Serialize;
use serde_json::json;
use similar::TextDiff;

/// A version of a policy as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyView {
    /// The agent it is for.
    pub agent_id: AgentId,
    /// The agent's name.
    pub agent: String,
    /// Its number; 0 while the agent has none, so that only what is built in decides.
    pub version: i64,
    /// The newest number there is: this one is in force if it is the same.
    pub newest: i64,
    /// What it says.
    pub document: Document,
    /// The same as TOML.
    pub toml: String,
    /// Who applied it; none for the administrator of the machine, and for version 0.
    pub by: Option<String>,
    /// When it was applied.
    pub at: Option<Timestamp>,
}

/// A version in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionView {
    /// Its number.
    pub version: i64,
    /// Who applied it; none for the administrator of the machine.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// How many topics it has.
    pub topics: usize,
    /// How many rules it has.
    pub rules: usize,
}

/// Two versions, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffView {
    /// The older version.
    pub from: i64,
    /// The newer one.
    pub to: i64,
    /// Lines of the TOML: those taken out begin with `-`, those added with `+`; empty if they say the same.
    pub text: String,
}

/// What became of a policy that was to be applied.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// It is in force.
    InForce(Box<PolicyView>),
    /// It must be changed first; nothing was changed.
    Refused(Vec<ProblemView>),
}

/// A version of an agent's policy; the one in force if none is named.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn show(app: &App, caller: &Caller, agent_id: AgentId, version: Option<i64>) -> Result<PolicyView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let (_, settings) = agents::current_version(&rows, agent_id).await?;
    let newest = rows.newest_policy(agent_id).await?;
    let newest_number = newest.as_ref().map_or(POLICY_VERSION, |row| row.number);
    let row = match version {
        None => newest,
        Some(POLICY_VERSION) => None,
        Some(number) => {
            let row = rows.policy_version(agent_id, number).await?;
            Some(row.ok_or(AppError::NotFound("this version of the policy"))?)
        }
    };
    let (version, at) = row
        .as_ref()
        .map_or((POLICY_VERSION, None), |row| (row.number, Some(row.created_at)));
    let by = match row.as_ref().and_then(|row| row.member_id) {
        Some(member) => Some(Names::default().of(&rows, member).await?),
        None => None,
    };
    let document = row.map(|row| row.document.0).unwrap_or_default();
    Ok(PolicyView {
        agent_id,
        agent: settings.name,
        version,
        newest: newest_number,
        toml: to_toml(&document),
        document,
        by,
        at,
    })
}

/// Reads and checks a policy without applying it.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn checked(
    app: &App,
    caller: &Caller,
    written: &Written,
) -> Result<Result<Document, Vec<ProblemView>>, AppError> {
    caller.require(Scope::Admin)?;
    let document = match written.read() {
        Ok(document) => document,
        Err(problems) => return Ok(Err(problems)),
    };
    let rows = app.store().rows(caller.workspace_id);
    let mut problems = strangers(&rows, written, &document).await?;
    if problems.is_empty() {
        problems = too_few(&rows, written, &document).await?;
    }
    Ok(if problems.is_empty() {
        Ok(document)
    } else {
        Err(problems)
    })
}

/// Whether applying a policy would end the certificate in force, because it lets out what is kept in now.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn ends_certificate(
    app: &App,
    caller: &Caller,
    agent_id: AgentId,
    document: &Document,
) -> Result<bool, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    let before = current(&rows, agent_id).await?.document;
    let gate = gate::workspace(&rows).await?.gate.0;
    let loosens = loosened(&gate, &before, document).is_some();
    Ok(loosens && rows.certificate_in_force().await?.is_some())
}

/// Approvers by an address that no member has: nobody could ever decide.
async fn strangers(rows: &Rows<'_>, written: &Written, document: &Document) -> Result<Vec<ProblemView>, AppError> {
    let members = rows.members().await?;
    let is_member = |address: &str| members.iter().any(|(_, user)| user.email.eq_ignore_ascii_case(address));
    let mut problems = Vec::new();
    for (at, rule) in document.rules.iter().enumerate() {
        for stranger in rule
            .approvers
            .iter()
            .filter(|name| name.contains('@') && !is_member(name))
        {
            let says = format!(
                "“{stranger}”, who is to approve in “{}”, is not a member of this workspace; add them first, or name somebody who is",
                rule.name
            );
            problems.push(written.problem(&format!("rule[{at}].approvers"), says));
        }
    }
    Ok(problems)
}

/// Rules that ask more people to approve than there are: what they hold could never go out.
async fn too_few(rows: &Rows<'_>, written: &Written, document: &Document) -> Result<Vec<ProblemView>, AppError> {
    let colleagues = team::colleagues(rows).await?;
    let mut problems = Vec::new();
    for (at, rule) in document.rules.iter().enumerate() {
        let terms = rule.terms();
        let there_are = named(&terms, &colleagues);
        // Where one is enough, somebody who looks after the workspace steps in for a skill that nobody has.
        if terms.quorum <= 1 || there_are >= usize::from(terms.quorum) {
            continue;
        }
        let (name, quorum) = (&rule.name, terms.quorum);
        let of_whom = if terms.approvers.is_empty() {
            format!("the workspace has {there_are}")
        } else {
            format!("of those whom it names the workspace has {there_are}")
        };
        let says = format!(
            "“{name}” wants {quorum} people to approve, but {of_whom}; add members, give more of them the skill, or lower the quorum"
        );
        problems.push(written.problem(&format!("rule[{at}].quorum"), says));
    }
    Ok(problems)
}

/// Applies a policy as the agent's next version, in force at once. One that is loosened ends the certificate, which knows nothing of what was kept in
/// so far; the next test counts what is known of that, too. The same again changes nothing. With `base`, only if that is
/// still the newest version.
///
/// # Errors
/// [`AppError::Forbidden`]; [`AppError::NotFound`]; [`AppError::Conflict`] if somebody was faster, or where somebody who is no owner loosens what
/// keeps answers in while others go out without a person; or the store's.
pub async fn apply(
    app: &App,
    caller: &Caller,
    agent_id: AgentId,
    written: &Written,
    base: Option<i64>,
) -> Result<Applied, AppError> {
    let document = match checked(app, caller, written).await? {
        Ok(document) => document,
        Err(problems) => return Ok(Applied::Refused(problems)),
    };
    let (now, actor, member_id) = (app.now(), caller.actor(), caller.member().ok());
    let is_owner = is_owner(caller);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let document = document.clone();
            Box::pin(async move {
                let agent = tx.agent(agent_id).await?.ok_or(AppError::NotFound("the agent"))?;
                let before = current(tx, agent_id).await?;
                if base.is_some_and(|base| base != before.version) {
                    return Err(overtaken(before.version));
                }
                if before.document == document {
                    return Ok(Change::Unlogged(()));
                }
                let workspace = gate::workspace(tx).await?;
                let loosened = loosened(&workspace.gate.0, &before.document, &document);
                if let (Some(loosened), false) = (loosened, is_owner || workspace.gate.0 == GateState::Closed) {
                    return Err(for_owners(&workspace.gate.0, loosened));
                }
                let ends_certificate =
                    loosened.is_some() && evidence::end_certificate(tx, Ended::PolicyLoosened, now).await?;
                let number = before.version + 1;
                let mut entry = LogDraft::new(EventKind::PolicyApplied, actor)
                    .about("agent", agent_id)
                    .about("number", number)
                    .with("agent", agent.name)
                    .with("topics", document.topics.len())
                    .with("rules", document.rules.len());
                if ends_certificate {
                    entry = entry.about("gate", EventKind::GateClosed.as_str());
                }
                tx.insert(policy_version::Model {
                    workspace_id: tx.workspace_id(),
                    agent_id,
                    number,
                    document: Json(document),
                    member_id,
                    created_at: now,
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    app.inner.examples.policy_changed();
    Ok(Applied::InForce(Box::new(show(app, caller, agent_id, None).await?)))
}

/// The administrator of the machine counts as one: whoever has the machine has everything.
pub const fn is_owner(caller: &Caller) -> bool {
    match &caller.who {
        Who::Member { role, .. } => matches!(role, Role::Owner),
        Who::Admin => true,
    }
}

fn overtaken(newest: i64) -> AppError {
    AppError::Conflict {
        sentence: format!(
            "somebody has applied version {newest} of this policy meanwhile; look at what it changes, then apply yours again"
        ),
        extra: json!({ "newest": newest }),
    }
}

/// What an owner released, and what their certificate lets out, goes out as it does: somebody else must not let out more.
fn for_owners(gate: &GateState, loosened: Loosened<'_>) -> AppError {
    let others = match gate {
        GateState::Certified(_) => "others go out under a certificate",
        _ => "others are released without a certificate",
    };
    let says = match loosened {
        Loosened::Released(topic) => {
            format!(
                "the topic “{topic}” is released without a certificate, so only an owner may change what belongs to it"
            )
        }
        Loosened::Topic(topic) => {
            format!("the topic “{topic}” keeps answers in while {others}, so only an owner may take something from it")
        }
        Loosened::Rule(rule) => {
            format!("the rule “{rule}” keeps answers in while {others}, so only an owner may take it out or loosen it")
        }
        Loosened::Hours => {
            format!(
                "a rule that speaks of your hours keeps answers in while {others}, so only an owner may change them"
            )
        }
    };
    AppError::Conflict {
        sentence: format!("{says}; ask one, or close the gate first: holdpoint gate close"),
        extra: json!({}),
    }
}

/// The versions of an agent's policy, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for a bad cursor, or the store's.
pub async fn versions(
    app: &App,
    caller: &Caller,
    agent_id: AgentId,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<VersionView>, AppError> {
    caller.require(Scope::Read)?;
    let below = after
        .map(str::parse)
        .transpose()
        .map_err(|_not_a_number: std::num::ParseIntError| {
            AppError::Invalid("this is not a page of the list; begin again without `after`".to_owned())
        })?;
    let rows = app.store().rows(caller.workspace_id);
    rows.agent(agent_id).await?.ok_or(AppError::NotFound("the agent"))?;
    let found = rows.policy_versions(agent_id, below, limit).await?;
    let is_full = found.len() as u64 == limit;
    let next = found
        .last()
        .filter(|last| is_full && last.number > 1)
        .map(|last| last.number.to_string());
    let mut names = Names::default();
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(VersionView {
            version: row.number,
            by: match row.member_id {
                Some(member) => Some(names.of(&rows, member).await?),
                None => None,
            },
            at: row.created_at,
            topics: row.document.0.topics.len(),
            rules: row.document.0.rules.len(),
        });
    }
    Ok(Page { items, next })
}

/// What changed between two versions: from the one before the last to the last, unless others are named.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn diff(
    app: &App,
    caller: &Caller,
    agent_id: AgentId,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<DiffView, AppError> {
    let to = show(app, caller, agent_id, to).await?;
    let from = from.unwrap_or_else(|| (to.version - 1).max(POLICY_VERSION));
    let from = show(app, caller, agent_id, Some(from)).await?;
    Ok(DiffView {
        from: from.version,
        to: to.version,
        text: difference(&from.toml, &to.toml),
    })
}

pub(super) fn difference(before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .to_string()
}
