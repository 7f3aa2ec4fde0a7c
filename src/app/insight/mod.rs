//! What conversations were, counted: kept up to date by one job for each workspace, read by the pages Analyse and Live, by reports and by the API.
//!
//! The job (`keep`) reads the log from where it stopped and looks at every conversation that an entry names, and at those that time alone has changed.
//! `telling` puts a conversation's rows into a `domain::insight::Story`; what comes of it replaces what was known, and the sums change by the difference, in one
//! transaction. So the sums are at any time those of the rows beside them, and doing it twice changes nothing.

pub mod clusters;
pub mod evaluate;
mod keep;
pub mod patterns;
mod telling;
mod view;

pub use keep::catch_up;
pub(in crate::app) use keep::{keep, listen};
pub use view::{
    Analysis, AnalysisInput, ConversationRow, DayRow, MarkedInput, MarkedView, NoSuchTable, Table, VersionRow,
    analysis, conversations, figures, marked, period_of, table,
};
