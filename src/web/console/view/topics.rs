//! What visitors ask, and what has changed: the lists on the page Analyse, and the pages of topics.

use super::{Choice, Shell};
use askama::Template;

/// `GET /analyse/topics`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/topics.html")]
pub struct TopicsPage {
    /// The frame.
    pub shell: Shell,
    /// The choice of days and agent.
    pub choice: Choice,
    /// What is asked, in a clause: how many questions, and how many of them have no topic yet.
    pub all: String,
    /// The topics, what is asked most first.
    pub topics: Vec<TopicLine>,
}

/// `GET /analyse/topics/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/topic.html")]
pub struct TopicPage {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Back to all of them.
    pub back: String,
    /// How often it was asked in which days, in a sentence.
    pub asked: String,
    /// The conversations behind it.
    pub href: String,
    /// Days and agent, for links.
    pub query: String,
    /// The newest questions: their words, and their conversation.
    pub examples: Vec<(String, String)>,
    /// Other topics that it may become a part of: id and name.
    pub others: Vec<(String, String)>,
    /// What is a part of it: id and name.
    pub parts: Vec<(String, String)>,
    /// Whoever looks may name and merge.
    pub may_change: bool,
}

/// A topic in a list.
#[derive(Clone, Debug)]
pub struct TopicLine {
    /// Its name.
    pub name: String,
    /// Questions of the period.
    pub questions: u64,
    /// Of all questions, in percent.
    pub share: String,
    /// Against as many days before, in words.
    pub trend: String,
    /// How often it was asked, step by step.
    pub steps: Steps,
    /// The conversations behind it.
    pub href: String,
    /// Its own page.
    pub page: String,
}

/// A row of small bars.
#[derive(Clone, Debug)]
pub struct Steps {
    /// x, y and height of each.
    pub bars: Vec<(usize, u64, u64)>,
    /// For who does not see them.
    pub says: String,
}

impl Steps {
    const HIGH: u64 = 24;

    /// For `viewBox`.
    pub const fn size() -> &'static str {
        "0 0 94 24"
    }

    /// Draws eight steps, or fewer.
    pub fn of(counts: &[u64]) -> Self {
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let bar = |(at, count): (usize, &u64)| {
            // What was asked at all is seen.
            let height = (count * Self::HIGH / most).max(u64::from(*count > 0));
            (at * 12, Self::HIGH - height, height)
        };
        let said: Vec<String> = counts.iter().map(u64::to_string).collect();
        Self {
            bars: counts.iter().enumerate().map(bar).collect(),
            says: format!("In eight steps of time: {}.", said.join(", ")),
        }
    }
}

/// A change of the traffic.
#[derive(Clone, Debug)]
pub struct PatternCard {
    /// Its id.
    pub id: String,
    /// In a sentence.
    pub sentence: String,
    /// What somebody can do about it.
    pub next_step: String,
    /// How sure it is, in words.
    pub evidence: String,
    /// The conversations behind it.
    pub href: String,
}
