//! How far a workspace's gate is open.

use super::{Facts, Reason};
use crate::domain::answer::AnswerMode;
use crate::domain::ids::{CertificateId, MemberId};
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use crate::stats::threshold::{Mode, Reach};
use serde::{Deserialize, Serialize};

/// Under a gate that is open without a certificate, a draft below this is held all the same: seven of ten like it should be acceptable.
pub const UNCERTIFIED_CONFIDENCE: f64 = 0.7;

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

/// What a certificate lets through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certified {
    /// Which certificate.
    pub certificate: CertificateId,
    /// How far it reaches: answers of safer modes, and those of its own mode up to a risk.
    pub reach: Reach,
    /// The version of the score that says what the risk is.
    pub score_version: i64,
    /// Topics that are above the limit by themselves.
    pub closed_topics: Vec<String>,
    /// From then on it lets nothing through.
    pub expires_at: Timestamp,
}

impl Certified {
    /// Why it does not let a draft through; `None` if it does.
    pub(super) fn keeps(&self, facts: &Facts) -> Option<Reason> {
        let mode = match facts.mode {
            AnswerMode::Verified => Mode::Verified,
            AnswerMode::Quote => Mode::Quote,
            AnswerMode::Compose => Mode::Compose,
            AnswerMode::Abstain => return Some(Reason::NotCertified),
        };
        if facts.at >= self.expires_at {
            return Some(Reason::CertificateExpired);
        }
        if facts.is_fresh {
            return Some(Reason::Fresh);
        }
        if facts.is_unsampled {
            return Some(Reason::Unsampled);
        }
        let is_closed = |name: &str| self.closed_topics.iter().any(|closed| closed == name);
        let mut others = facts.screening.topics.iter();
        if is_closed(facts.topic()) || others.any(|found| is_closed(&found.name)) {
            return Some(Reason::TopicAboveLimit);
        }
        let admits = facts.score_version == self.score_version
            && facts.score.is_some_and(|score| self.reach.admits(mode, score));
        (!admits).then_some(Reason::NotCertified)
    }
}

/// How far a workspace's gate is open.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    Certified(Certified),
}

impl GateState {
    /// The topics that are released without a certificate.
    pub fn released(&self) -> &[Released] {
        match self {
            Self::Uncertified { topics } => topics,
            Self::Closed | Self::Certified(_) => &[],
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
