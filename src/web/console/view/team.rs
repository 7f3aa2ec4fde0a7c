//! Settings: how the team works together.

use askama::Template;

use super::Shell;

/// `GET /settings/team`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/team.html")]
pub struct TeamPage {
    /// The frame.
    pub shell: Shell,
    /// Everybody: e-mail address and name.
    pub members: Vec<(String, String)>,
    /// What somebody of them knows about.
    pub skills: Vec<String>,
}
