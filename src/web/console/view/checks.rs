//! The page of quality checks.

use super::{REASONS, Shell, Words as _};
use crate::domain::review::ReasonCode;
use askama::Template;

/// `GET /checks`. What is checked comes from the API, check by check.
#[derive(Clone, Debug, Template)]
#[template(path = "console/checks.html")]
pub struct ChecksPage {
    /// The frame.
    pub shell: Shell,
}

impl ChecksPage {
    /// The reason codes, in the order of their number keys.
    pub const fn reasons(&self) -> [ReasonCode; 7] {
        REASONS
    }
}
