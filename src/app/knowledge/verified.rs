//! Verified answers: what a person has answered or approved, served from then on without the LLM.

mod live;
mod rules;
mod show;
mod write;

pub use rules::{AnswerRulesInput, answer_rules, set_answer_rules};
pub use show::{
    AnswerSourceView, ConflictView, DecidedView, HistoryLine, VerifiedAnswerView, WhichAnswers, WholeAnswer,
    answers_to_look_at, verified_answer, verified_answers, verified_answers_of,
};
pub use write::{
    ChangedAnswer, NewVerifiedAnswer, Written, add_verified_answer, change_verified_answer, retire_verified_answer,
};

pub(super) use live::go_live;
pub(in crate::app) use live::{Remembered, note_history, title_of};
pub(in crate::app) use live::{breaks, is_still_there};
pub(in crate::app) use rules::{check_second_person, in_conflict};
