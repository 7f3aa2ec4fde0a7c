//! Settings: the texts that a team writes again and again.

use askama::Template;

use super::Shell;

/// `GET /settings/replies`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/replies.html")]
pub struct RepliesPage {
    /// The frame.
    pub shell: Shell,
    /// All of them, by short name.
    pub replies: Vec<ReplyRow>,
}

/// A canned reply.
#[derive(Clone, Debug)]
pub struct ReplyRow {
    /// Its id.
    pub id: String,
    /// What is typed after `/`.
    pub shortcut: String,
    /// The text; line breaks are kept.
    pub text: String,
}
