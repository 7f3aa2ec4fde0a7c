//! The team at the queue: who knows about what, who is there, who is given what, whom a late item is told to, and spam.

mod admission;
mod assigning;
mod escalation;
mod members;
mod presence;
mod settings;

pub use admission::{AddressMark, clear_spam, mark_spam, spam};
pub use members::{Profile, ProfileInput, members, my_desk, set_my_desk, set_profile};
pub use presence::{Heartbeat, Presence, heartbeat, leave, present, watch_presence};
pub use settings::{SettingsSaved, set_settings, settings};

pub(super) use admission::is_flood;
pub(super) use assigning::{anybody_there, run};
pub(super) use escalation::escalate;
pub(super) use presence::{Present, may_be_there};

use super::AppError;
use crate::domain::account::Role;
use crate::domain::ids::MemberId;
use crate::domain::policy::Terms;
use crate::domain::review::{self, Colleague};
use crate::store::Rows;

/// Everybody in the workspace as terms and assignment see them.
pub(super) async fn colleagues(rows: &Rows<'_>) -> Result<Vec<Colleague>, AppError> {
    let profiles = rows.profiles().await?;
    let members = rows.members().await?;
    Ok(members
        .into_iter()
        .map(|(member, user)| {
            let profile = profiles.iter().find(|profile| profile.member_id == member.id);
            Colleague {
                member: member.id,
                email: user.email.to_lowercase(),
                skills: profile.map(|profile| profile.skills.0.clone()).unwrap_or_default(),
                manages: member.role >= Role::Admin,
            }
        })
        .collect())
}

/// Do an item's terms let this member decide?
pub(super) async fn may_decide(rows: &Rows<'_>, terms: &Terms, member: MemberId) -> Result<bool, AppError> {
    if terms.approvers.is_empty() {
        return Ok(true);
    }
    Ok(review::may_decide(terms, member, &colleagues(rows).await?))
}
