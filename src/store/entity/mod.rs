//! The tables as rows. The domain's own types stand in the fields (see [`values`]), so a row needs no second copy of itself.
//!
//! Rows of a workspace are reached through [`Scoped`] only: it is the one place that says which rows a workspace sees.

#![expect(missing_docs, reason = "rows mirror the tables of the migrations, column by column")]

pub mod action;
pub mod agent;
pub mod agent_version;
pub mod answer_candidate;
pub mod answer_conflict;
pub mod answer_source;
pub mod answer_use;
pub mod answer_watch;
pub mod approval;
pub mod assignment;
pub mod candidate;
pub mod candidate_case;
pub mod candidate_change;
pub mod candidate_text;
pub mod canned_reply;
pub mod certificate;
pub mod check;
pub mod cluster;
pub mod cluster_watch;
pub mod comparison_pair;
pub mod contact;
pub mod conversation;
pub mod conversion;
pub mod correction;
pub mod decision;
pub mod delivery;
pub mod delivery_attempt;
pub mod document;
pub mod draft;
pub mod evidence;
pub mod gap;
pub mod gap_proposal;
pub mod gap_question;
pub mod gap_watch;
pub mod gate_epoch;
pub mod goal;
pub mod insight;
pub mod insight_mark;
pub mod insight_watch;
pub mod job;
pub mod lead;
pub mod lead_occurrence;
pub mod log_entry;
pub mod mail;
pub mod member;
pub mod member_profile;
pub mod message;
pub mod model;
pub mod model_check;
pub mod model_in_use;
pub mod note;
pub mod outcome;
pub mod pattern;
pub mod policy_version;
pub mod program_conversation;
pub mod ranking_vector;
pub mod rating;
pub mod regression_question;
pub mod rehearsal;
pub mod rehearsal_case;
pub mod release;
pub mod report;
pub mod report_link;
pub mod report_logo;
pub mod retrieval_version;
pub mod return_link;
pub mod review_item;
pub mod sampling_month;
pub mod score_version;
pub mod secret;
pub mod session;
pub mod setup_link;
pub mod shared_decision;
pub mod subscription;
pub mod subscription_watch;
pub mod tally;
pub mod token;
pub mod tool_version;
pub mod turn;
pub mod turn_cluster;
pub mod user;
pub mod values;
pub mod vector;
pub mod verdict;
pub mod verified_answer;
pub mod visitor;
pub mod webhook_secret;
pub mod workspace;

use crate::domain::ids::WorkspaceId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};

/// A table whose rows belong to a workspace (invariant 9).
pub trait Scoped: EntityTrait {
    /// The rows of one workspace.
    fn of(workspace_id: WorkspaceId) -> Select<Self>;
}

macro_rules! scoped {
    () => {
        impl super::Scoped for Entity {
            fn of(workspace_id: crate::domain::ids::WorkspaceId) -> sea_orm::Select<Self> {
                super::of_workspace(Column::WorkspaceId, workspace_id)
            }
        }
    };
}
use scoped;

fn of_workspace<E: EntityTrait>(column: E::Column, workspace_id: WorkspaceId) -> Select<E> {
    E::find().filter(column.eq(workspace_id))
}
