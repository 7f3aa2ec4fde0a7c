//! Rehearsals: chats and e-mails of the past are drafted and judged before the AI answers anybody.
//!
//! Drafts are made as a visitor's are (`drafting::rehearse`), at the engine's lowest priority, and stand in the rehearsal's own
//! rows. No conversation, draft, decision or verdict that anything else reads is written, so nothing of a rehearsal can reach
//! evidence, samples, checks or certificates.

mod draft;
mod ending;
mod judge;
mod read;
mod show;
mod start;

pub use ending::{end, remove};
pub use judge::{CaseView, Judged, NextCase, judge, next, undo};
pub use read::FileError;
pub use show::{CaseRow, Progress, RehearsalView, SheetView, cases, rehearsals, sheet, show};
pub use start::{Start, start};

pub(super) use draft::draft_all;

use super::{App, AppError, Caller, agents, drafting, evidence, jobs, status, views};
