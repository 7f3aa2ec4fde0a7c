//! How far a workspace's gate is open.

use crate::domain::ids::MemberId;
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A topic that an owner lets through on their own responsibility, without a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// Its name.
    pub topic: String,
    /// Who took the responsibility.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
}

/// How far a workspace's gate is open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum GateState {
    /// Every draft waits for a person.
    #[default]
    Closed,
    /// Owners let these topics through on their own responsibility.
    Uncertified {
        /// The topics, with who released each of them, in the order of their names.
        topics: Vec<Released>,
    },
    /// A certificate lets drafts through.
    Certified {
        /// Its name.
        certificate: String,
    },
}

impl GateState {
    /// The topics that are released without a certificate.
    pub fn released(&self) -> &[Released] {
        match self {
            Self::Uncertified { topics } => topics,
            Self::Closed | Self::Certified { .. } => &[],
        }
    }

    /// The releases that a message rests on: it belongs to a topic, and every topic it belongs to is released. Empty otherwise.
    pub fn lets_through(&self, screening: &Screening) -> Vec<&Released> {
        let of_topic = |name: &str| self.released().iter().find(|released| released.topic == name);
        let topics = screening.topics.iter().map(|found| of_topic(&found.name));
        topics.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    /// With these topics released as well; what was released before keeps who released it.
    #[must_use]
    pub fn releasing(&self, names: &[String], by: MemberId, at: Timestamp) -> Self {
        let mut topics = self.released().to_vec();
        for name in names {
            if topics.iter().all(|released| released.topic != *name) {
                topics.push(Released {
                    topic: name.clone(),
                    by,
                    at,
                });
            }
        }
        topics.sort_by(|a, b| a.topic.cmp(&b.topic));
        if topics.is_empty() {
            Self::Closed
        } else {
            Self::Uncertified { topics }
        }
    }

    /// With only those topics left that `keeps` says; without any, it is closed. A certificate goes too: closing is always possible.
    #[must_use]
    pub fn keeping(&self, keeps: impl Fn(&str) -> bool) -> Self {
        let mut topics = self.released().to_vec();
        topics.retain(|released| keeps(&released.topic));
        if topics.is_empty() {
            Self::Closed
        } else {
            Self::Uncertified { topics }
        }
    }
}
