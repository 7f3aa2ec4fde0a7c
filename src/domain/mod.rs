//! The rules of the product, as pure code: no I/O, no database, no clock or randomness that is not passed in.
//!
//! The app loads rows, builds these values, asks them for a transition and writes the result back; nothing outside this
//! folder decides whether a transition is allowed. `pure-check/` compiles this folder (and `stats`) with nothing but
//! the crates a pure layer may use.

pub mod account;
pub mod action;
pub mod agent_change;
pub mod answer;
pub mod asking;
pub mod attention;
pub mod brief;
pub mod conversation;
pub mod draft;
pub mod duty;
pub mod evidence;
pub mod features;
pub mod fitness;
pub mod flow;
pub mod goal;
pub mod ids;
pub mod improve;
pub mod insight;
pub mod knowledge;
pub mod lead;
pub mod letter;
pub mod limits;
pub mod log;
pub mod mail;
pub mod model;
pub mod model_ref;
pub mod money;
pub mod network;
pub mod notice;
pub mod page;
pub mod persona;
pub mod policy;
pub mod presence;
pub mod rehearsal;
pub mod release;
pub mod report;
pub mod retrieval;
pub mod review;
pub mod screening;
pub mod settings;
#[cfg(test)]
mod story;
pub mod suggestion;
pub mod team;
pub mod text;
pub mod time;
pub mod training;
pub mod tuning;
pub mod turn;
pub mod webhook;
