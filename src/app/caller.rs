//! Who is asking, for which workspace, and what they may do.

use super::AppError;
use crate::domain::account::{Role, Scope};
use crate::domain::ids::{MemberId, TokenId, WorkspaceId};
use crate::domain::log::Actor;

/// The person behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A member, signed in or through a token.
    Member {
        /// Their id in this workspace.
        id: MemberId,
        /// Their name.
        name: String,
        /// Their role.
        role: Role,
    },
    /// The administrator of the machine, on the Unix socket.
    Admin,
}

/// The program behind a request that carries a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The token.
    pub id: TokenId,
    /// What it is called: an agent's name, where it asks people for approvals.
    pub name: String,
}

/// Someone who asks for something in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The workspace; nothing outside of it is reachable.
    pub workspace_id: WorkspaceId,
    /// The person.
    pub who: Who,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// The program through which they ask.
    pub program: Option<Program>,
}

impl Caller {
    /// The administrator in a workspace.
    pub fn admin(workspace_id: WorkspaceId) -> Self {
        Self {
            workspace_id,
            who: Who::Admin,
            scopes: [Role::Owner.scopes(), &[Scope::Propose, Scope::Convert]].concat(),
            program: None,
        }
    }

    /// Is this allowed?
    ///
    /// # Errors
    /// [`AppError::Forbidden`], and [`AppError::OtherScope`] for a program.
    pub fn require(&self, scope: Scope) -> Result<(), AppError> {
        match &self.program {
            _ if self.scopes.contains(&scope) => Ok(()),
            Some(_) => Err(AppError::OtherScope(scope)),
            None => Err(AppError::Forbidden),
        }
    }

    /// The member who asks.
    ///
    /// # Errors
    /// [`AppError::NoMember`] for the administrator.
    pub const fn member(&self) -> Result<MemberId, AppError> {
        match self.who {
            Who::Member { id, .. } => Ok(id),
            Who::Admin => Err(AppError::NoMember),
        }
    }

    /// The person as the log names them.
    pub const fn actor(&self) -> Actor {
        match self.who {
            Who::Member { id, .. } => Actor::Member(id),
            Who::Admin => Actor::Admin,
        }
    }
}
