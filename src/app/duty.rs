//! Who is there to answer a conversation: its agent's business hours, whether a member has a page open, and whether an answer can
//! follow by e-mail.

use super::{App, AppError, policy, team};
use crate::domain::duty::Duty;
use crate::domain::ids::AgentId;
use crate::domain::policy::Policy;
use crate::store::Rows;

/// Read together with the conversation, so that what is promised is what was true then.
#[derive(Debug, Clone)]
pub(super) struct OnDuty {
    policy: Policy,
    anybody_there: bool,
    can_mail: bool,
}

impl OnDuty {
    /// For the conversations of an agent.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(app: &App, rows: &Rows<'_>, agent_id: AgentId) -> Result<Self, AppError> {
        Self::under(app, rows, policy::current(rows, agent_id).await?).await
    }

    /// Under a policy that has been read already.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn under(app: &App, rows: &Rows<'_>, policy: Policy) -> Result<Self, AppError> {
        let anybody_there = team::anybody_there(app, rows).await?;
        Ok(Self {
            policy,
            anybody_there,
            can_mail: app.can_mail(),
        })
    }

    /// As the rules see it.
    pub(super) const fn duty(&self) -> Duty<'_> {
        Duty {
            policy: Some(&self.policy),
            anybody_there: self.anybody_there,
            can_mail: self.can_mail,
        }
    }

    /// The policy in force.
    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }
}
