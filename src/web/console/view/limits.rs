//! Settings: limits.

use super::Shell;
use askama::Template;

/// What the workspace is allowed.
#[derive(Clone, Debug, Template)]
#[template(path = "console/limits.html")]
pub struct LimitsPage {
    /// The frame.
    pub shell: Shell,
    /// Each limit that there is.
    pub limits: Vec<LimitRow>,
}

/// One limit.
#[derive(Clone, Debug)]
pub struct LimitRow {
    /// How much is used of how much.
    pub in_words: String,
    /// What follows beyond it.
    pub beyond: &'static str,
    /// How much is used.
    pub used: u64,
    /// Of how much.
    pub limit: u64,
    /// `Used up.`, or nothing.
    pub standing: &'static str,
}
