//! What members know about, whether they work now, and how each likes their queue.

use super::super::caller::Caller;
use super::super::{App, AppError};
use super::presence;
use crate::domain::account::{Role, Scope};
use crate::domain::ids::MemberId;
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::entity::member_profile;
use crate::store::{Change, Json, LogDraft, Tx};
use serde::{Deserialize, Serialize};

/// Skills of one member at most.
const MOST_SKILLS: usize = 30;
/// Longest name of a skill, in characters.
const SKILL_CHARS: usize = 40;
/// Longest settings of a member's queue, in bytes of JSON.
const DESK_BYTES: usize = 16_000;

/// A member at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// Their id.
    pub id: MemberId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their role.
    pub role: Role,
    /// What they know about.
    pub skills: Vec<String>,
    /// Whether they are given what waits while they are there.
    pub available: bool,
    /// Whether a page of theirs is open now.
    pub present: bool,
    /// Items they have been given and that still wait.
    pub load: u32,
}

/// What can be set of a member. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileInput {
    /// What they know about, all of it.
    #[serde(default)]
    pub skills: Option<Vec<String>>,
    /// Whether they are given what waits while they are there.
    #[serde(default)]
    pub available: Option<bool>,
}

/// Everybody in the workspace, at work.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn members(app: &App, caller: &Caller) -> Result<Vec<Profile>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let (profiles, given) = (rows.profiles().await?, rows.assignments().await?);
    let present = presence::members_present(app, caller.workspace_id);
    let members = rows.members().await?;
    Ok(members
        .into_iter()
        .map(|(member, user)| {
            let profile = profiles.iter().find(|profile| profile.member_id == member.id);
            let load = given.iter().filter(|given| given.member_id == member.id).count();
            Profile {
                id: member.id,
                name: user.name,
                email: user.email,
                role: member.role,
                skills: profile.map(|profile| profile.skills.0.clone()).unwrap_or_default(),
                available: profile.is_none_or(|profile| profile.available),
                present: present.iter().any(|(there, _)| *there == member.id),
                load: u32::try_from(load).unwrap_or(u32::MAX),
            }
        })
        .collect())
}

/// Sets what a member knows about and whether they work now. Everybody may say the latter of themselves.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], or [`AppError::Invalid`] with what to write instead.
pub async fn set_profile(app: &App, caller: &Caller, id: MemberId, input: ProfileInput) -> Result<(), AppError> {
    caller.require(Scope::Review)?;
    let own = caller.member().is_ok_and(|me| me == id);
    if !own || input.skills.is_some() {
        caller.require(Scope::Admin)?;
    }
    let skills = input.skills.as_deref().map(cleaned).transpose()?;
    let (now, actor) = (app.now(), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let skills = skills.clone();
            Box::pin(async move {
                let before = profile(tx, id, now).await?;
                let entry = LogDraft::new(EventKind::TeamChanged, actor)
                    .about("member", id)
                    .with("skills", skills.clone().unwrap_or_else(|| before.row.skills.0.clone()))
                    .with("available", input.available.unwrap_or(before.row.available));
                let row = member_profile::Model {
                    skills: skills.map_or_else(|| before.row.skills.clone(), Json),
                    available: input.available.unwrap_or(before.row.available),
                    updated_at: now,
                    ..before.row.clone()
                };
                before.replace(tx, row).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    super::presence::tell(app);
    Ok(())
}

/// How the asker likes their queue: views and notifications, as the console keeps them.
///
/// # Errors
/// [`AppError::Forbidden`] or [`AppError::NoMember`].
pub async fn my_desk(app: &App, caller: &Caller) -> Result<serde_json::Value, AppError> {
    caller.require(Scope::Read)?;
    let profile = app.store().rows(caller.workspace_id).profile(caller.member()?).await?;
    Ok(profile.map_or_else(|| serde_json::json!({}), |profile| profile.desk.0))
}

/// Keeps how the asker likes their queue.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NoMember`], or [`AppError::Invalid`] for what is no object or too long.
pub async fn set_my_desk(app: &App, caller: &Caller, desk: serde_json::Value) -> Result<(), AppError> {
    caller.require(Scope::Review)?;
    if !desk.is_object() || desk.to_string().len() > DESK_BYTES {
        return Err(AppError::Invalid(format!(
            "this must be a JSON object of at most {DESK_BYTES} bytes; delete views that you no longer use"
        )));
    }
    let (id, now) = (caller.member()?, app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let desk = desk.clone();
            Box::pin(async move {
                let before = profile(tx, id, now).await?;
                let row = member_profile::Model {
                    desk: Json(desk),
                    updated_at: now,
                    ..before.row.clone()
                };
                before.replace(tx, row).await?;
                // How somebody likes their screen is no part of the workspace's history.
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// A profile, and whether it has a row yet.
pub(super) struct Kept {
    pub(super) row: member_profile::Model,
    is_new: bool,
}

impl Kept {
    /// Writes it down.
    pub(super) async fn replace(&self, tx: &Tx<'_>, row: member_profile::Model) -> Result<(), AppError> {
        if self.is_new {
            tx.insert(row).await?;
        } else {
            tx.update(row).await?;
        }
        Ok(())
    }
}

/// A member's profile; one that says nothing, for whoever has none.
pub(super) async fn profile(tx: &Tx<'_>, id: MemberId, now: Timestamp) -> Result<Kept, AppError> {
    if let Some(row) = tx.profile(id).await? {
        return Ok(Kept { row, is_new: false });
    }
    tx.member(id).await?.ok_or(AppError::NotFound("the member"))?;
    let row = member_profile::Model {
        member_id: id,
        workspace_id: tx.workspace_id(),
        skills: Json(Vec::new()),
        available: true,
        desk: Json(serde_json::json!({})),
        last_given_at: Timestamp(0),
        updated_at: now,
    };
    Ok(Kept { row, is_new: true })
}

/// Skills in small letters, each once.
fn cleaned(skills: &[String]) -> Result<Vec<String>, AppError> {
    let mut cleaned: Vec<String> = skills
        .iter()
        .map(|skill| skill.trim().to_lowercase())
        .filter(|skill| !skill.is_empty())
        .collect();
    cleaned.sort_unstable();
    cleaned.dedup();
    if let Some(skill) = cleaned.iter().find(|skill| {
        skill.chars().count() > SKILL_CHARS || skill.contains(['@', ',']) || skill.chars().any(char::is_control)
    }) {
        return Err(AppError::Invalid(format!(
            "{skill:?} cannot be the name of a skill; use at most {SKILL_CHARS} characters, and neither @ nor a comma"
        )));
    }
    if cleaned.len() > MOST_SKILLS {
        return Err(AppError::Invalid(format!(
            "these are {} skills, but a member has at most {MOST_SKILLS}",
            cleaned.len()
        )));
    }
    Ok(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_are_written_in_one_way_and_each_once() {
        let skills = |names: &[&str]| cleaned(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(
            skills(&[" Refunds", "bikes", "", "refunds"]).ok(),
            Some(vec!["bikes".to_owned(), "refunds".to_owned()])
        );
        for bad in ["mia@shop.example", "a,b", "tab\there"] {
            assert!(skills(&[bad]).is_err(), "{bad}");
        }
        assert!(cleaned(&(0..31).map(|n| format!("skill {n}")).collect::<Vec<_>>()).is_err());
    }
}
