//! How the AI gets better. Whatever changes what it answers is a *candidate*: tried on questions of the past, read by a person, live in one step,
//! and taken back in one.

mod candidates;
mod comparison;
mod corrections;
mod follow_up;
pub mod gaps;
mod guards;
mod learnt;
mod of_agents;
pub mod proposals;
mod publish;
mod questions;
mod replay;
mod show;
mod writing;

pub use candidates::{NewCandidate, propose, try_again, withdraw};
pub use comparison::{
    ComparisonView, JudgedView, NextPair, PairJudged, PairView, begin as begin_comparison, comparison,
    judge as judge_pair, next as next_pair,
};
pub use corrections::{CorrectionScreen, CorrectionView, RestsOn, Told, apply_correction, correction};
pub use follow_up::{FollowedUp, follow_up};
pub use learnt::{Learnt, learnt};
pub use of_agents::waiting_for;
pub use publish::{publish, roll_back};
pub use questions::{NewRegressionQuestion, RegressionQuestionView, add_question, questions, remove_question};
pub use show::{CandidateView, CaseView, ChangeView, WholeCandidate, WritingView, candidate, candidates};

pub(super) use candidates::{Recorded, proposed, record, restart, withdraw_because};
pub(super) use of_agents::measured;
pub(super) use publish::advance;
pub(super) use questions::MOST as MOST_QUESTIONS;
pub(super) use replay::{breaks, questions_to_try, replay};
pub(super) use writing::write;

use super::{App, AppError, Caller, agents, drafting, evidence, fitness, jobs, knowledge, status, views};
