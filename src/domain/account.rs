//! Roles of members and scopes of tokens. Deny by default: what is not listed is not allowed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a member may do, each role everything the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Clears the queue, takes over, reads conversations and knowledge.
    Reviewer,
    /// Changes knowledge, agents and members.
    Admin,
    /// Everything.
    Owner,
}

/// What a bearer token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read conversations, queue, knowledge and log.
    Read,
    /// Decide about review items and answer visitors.
    Review,
    /// Change knowledge.
    Knowledge,
    /// Manage members, tokens and agents.
    Admin,
    /// Ask people for approvals, as somebody's agent. No role has it: it is given to tokens.
    Propose,
    /// Pass on what visitors of a program say, and read how they are answered; nothing else. No role has it: it is given to tokens.
    Converse,
    /// Report what a shop's visitors reached, as its server; nothing else. No role has it: it is given to tokens.
    Convert,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Review => "review",
            Self::Knowledge => "knowledge",
            Self::Admin => "admin",
            Self::Propose => "propose",
            Self::Converse => "converse",
            Self::Convert => "convert",
        })
    }
}

impl Scope {
    /// Whether it is given to tokens alone, and no member has it.
    pub const fn is_for_programs(self) -> bool {
        matches!(self, Self::Propose | Self::Converse | Self::Convert)
    }
}

impl Role {
    /// The scopes a role has.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Reviewer => &[Scope::Read, Scope::Review],
            Self::Admin | Self::Owner => &[Scope::Read, Scope::Review, Scope::Knowledge, Scope::Admin],
        }
    }
}
