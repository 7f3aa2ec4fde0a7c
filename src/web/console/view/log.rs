//! The log in readable sentences.

use askama::Template;

use super::{ChainStatus, Moment, Shell};

/// `GET /log`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/log.html")]
pub struct LogPage {
    /// The frame.
    pub shell: Shell,
    /// Whether the chain verifies; none when it was not asked for (the page has a button for it).
    pub chain: Option<ChainStatus>,
    /// The newest entries.
    pub list: LogPart,
}

/// Entries, newest first. `GET /parts/log?before=SEQ`.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "console/log_list.html")]
pub struct LogPart {
    /// One page of them.
    pub lines: Vec<LogLine>,
    /// Sequence to go on before, if there are older ones.
    pub older_than: Option<i64>,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// Its sequence in the workspace.
    pub seq: i64,
    /// When.
    pub at: Moment,
    /// The entry's kind: `message.released`.
    pub kind: String,
    /// One sentence: `Mia approved the answer to Visitor 3f2a.`
    pub sentence: String,
    /// Where what it is about is shown; empty when nowhere.
    pub href: String,
    /// The entry's hash, its first hexadecimal digits.
    pub hash: String,
}
