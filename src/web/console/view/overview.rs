//! The Live page: every conversation as it happens.

use askama::Template;

use super::{Moment, OwnerView, Shell, WallPart};

/// `GET /live`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/live.html")]
pub struct LivePage {
    /// The frame.
    pub shell: Shell,
    /// What goes on, in figures.
    pub wall: WallPart,
    /// The list.
    pub list: LivePart,
}

/// Everything that goes on, who waits longest first. `GET /parts/live`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/live_list.html")]
pub struct LivePart {
    /// The conversations.
    pub rows: Vec<LiveRow>,
}

/// One conversation as it happens.
#[derive(Clone, Debug)]
pub struct LiveRow {
    /// The conversation's id.
    pub id: String,
    /// What the visitor is called here.
    pub visitor: String,
    /// Who answers.
    pub owner: OwnerView,
    /// The signed-in person owns it.
    pub mine: bool,
    /// What goes on, in words.
    pub state: String,
    /// The first words of what the visitor wrote last.
    pub last_words: String,
    /// The first words of the draft that waits; empty without one.
    pub draft: String,
    /// What was noticed about the visitor's words and the sources, in words.
    pub noticed: Vec<String>,
    /// What speaks for a person's look, in sentences.
    pub flags: Vec<String>,
    /// Since when the visitor waits.
    pub waiting_since: Option<Moment>,
    /// Longer than they should.
    pub late: bool,
    /// The review item that waits.
    pub item: Option<String>,
}
