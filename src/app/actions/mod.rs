//! Actions: proposed by the AI, a form, a colleague or somebody's agent; let happen, changed or refused by people; carried out here
//! with a tool of the workspace, or by the agent that asked.
//!
//! What may happen is said by [`crate::domain::action`]; here it is loaded, asked and written down: one function, one
//! transaction, one log entry for each change.

mod advance;
mod ask;
mod decide;
mod forms;
mod propose;
mod run;
mod secrets;
mod stored;
mod tell;
mod tools;
mod view;

pub use ask::{Ask, Asked, Consumed, ask, cancel, consume, of_agent, of_agent_all, waited_for};
pub use decide::{Decide, decide, found_out, lease, release_lease, undo};
pub use forms::{FormLink, FormView, fill_in, form, forms_for_all};
pub use propose::{Propose, propose};
pub use secrets::{SecretView, put as put_secret, remove as remove_secret, secrets};
pub use tools::{ToolView, ai_proposes, define, remove as remove_tool, tool, tools};
pub use view::{
    ActionView, ActionWish, ApprovalView, DecisionView, action, actions, calendar, oldest_waiting, standing, waiting,
};

pub(super) use advance::advance;
pub(super) use forms::links as forms;
pub(super) use propose::{Proposer, propose_in};
pub(super) use tell::Braked;
