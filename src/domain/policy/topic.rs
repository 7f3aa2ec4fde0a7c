//! Topics: what a business calls the things its visitors ask about.

use crate::domain::screening::TopicExamples;
use serde::{Deserialize, Serialize};

/// What a message belongs to that belongs to no topic. No topic may be called so.
pub const OTHER: &str = "other";

/// A topic of the owner's. Which messages belong to it is for [`crate::domain::screening::matches`] to say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Words and phrases that make a message belong to it.
    pub words: Vec<String>,
    /// Messages that belong to it; whatever is near to one of them does too. What cannot be
    /// compared with them is held.
    pub examples: Vec<String>,
    /// Never sent without a person, whatever the gate says.
    pub sensitive: bool,
}

impl Topic {
    /// Are the same messages found with both?
    pub fn finds_the_same_as(&self, other: &Self) -> bool {
        self.name == other.name && self.words == other.words && self.examples == other.examples
    }
}

impl From<&Topic> for TopicExamples {
    fn from(topic: &Topic) -> Self {
        Self {
            name: topic.name.clone(),
            words: topic.words.clone(),
            examples: topic.examples.clone(),
        }
    }
}
