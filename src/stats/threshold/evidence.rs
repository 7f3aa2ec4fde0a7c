//! What a certificate is made of.

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// How an answer comes about, in the order in which certificates reach out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A verified answer.
    Verified,
    /// A quoted passage.
    Quote,
    /// Written by the LLM.
    Compose,
}

impl Mode {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Verified, Self::Quote, Self::Compose];
}

/// The group of held drafts on which whoever decided about them gave a verdict; riskier than every band.
pub const JUDGED_AT_THE_GATE: u16 = 100;
/// The group of held drafts that were decided without a verdict; some of them are asked about afterwards.
pub const DECIDED_UNJUDGED: u16 = 101;

/// What the verdict on a draft says about the answers given today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Evidence {
    /// Nothing: no verdict, or one that does not count (gold, repeat, no known probability, given while the draft was fresh).
    #[default]
    None,
    /// It was acceptable, and the answer is another one today: it says nothing, but somebody had looked.
    AcceptableThenChanged,
    /// Acceptable, and the answer would be the same today.
    Acceptable,
    /// Bad, and the answer would be the same today.
    Bad,
    /// Bad, and the answer was changed since: it stands for the others like it, of which nobody knew.
    BadThenChanged,
}

impl Evidence {
    /// It says nothing about the answers given today.
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::None | Self::AcceptableThenChanged)
    }
}

/// A draft of the window: every one, sent or held, judged or not, so that verdicts can be weighted by what they stand for.
/// What may not be sent on a certificate is left out by [`super::certify`]: sensitive, fresh, of a closed topic.
///
/// After a publication a draft whose answer changed is described as it would be made now; only one that is
/// [`Evidence::BadThenChanged`] stays as it was (mode, risk, group, not fresh), because it speaks for others like it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draft {
    /// How it came about.
    pub mode: Mode,
    /// Its risk, larger is riskier; with NaN it can never go out.
    pub risk: f64,
    /// The epoch (month) it was made in; larger is later.
    pub epoch: u32,
    /// Which drafts of its epoch had the same probability of being judged (a band, the held ones), larger is riskier.
    pub group: u16,
    /// Its topic.
    pub topic: u32,
    /// A sensitive topic was noticed: a person has to see it, whatever the certificate.
    pub is_sensitive: bool,
    /// It rests on something too new to be known ([`super::is_fresh`]): held, too.
    pub is_fresh: bool,
    /// What is known.
    pub evidence: Evidence,
    /// For how many judged drafts of its conversation it stands, 1 and more ([`one_per_conversation`]).
    pub stands_for: f64,
}

impl Draft {
    /// Whether its verdict counts at all.
    pub(super) fn is_judged(&self) -> bool {
        !self.evidence.is_silent() && self.stands_for.is_finite() && self.stands_for > 0.0
    }
}

/// How far a certificate reaches: everything of safer modes, and drafts of `mode` up to a risk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// The riskiest mode that may go out.
    pub mode: Mode,
    /// The largest risk in that mode.
    pub risk: f64,
}

impl Reach {
    /// Whether a draft of this mode and risk lies within. Never with a risk of NaN.
    pub fn admits(&self, mode: Mode, risk: f64) -> bool {
        match mode.cmp(&self.mode) {
            Ordering::Less => !risk.is_nan(),
            Ordering::Equal => risk <= self.risk,
            Ordering::Greater => false,
        }
    }

    /// The smaller of two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        match self.mode.cmp(&other.mode) {
            Ordering::Less => self,
            Ordering::Equal if self.risk <= other.risk => self,
            Ordering::Equal | Ordering::Greater => other,
        }
    }
}

/// A judged draft and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConversationVerdict {
    /// Which conversation, any numbering.
    pub conversation: u64,
    /// Its draw (`sampler::Draw::unit`), which decides which one stands for the conversation.
    pub unit: f64,
    /// Which draft, as an index of the caller's.
    pub draft: usize,
}

/// One judged draft per conversation, with how many it stands for: drafts of one conversation resemble each other, and
/// counting all of them would make the evidence look larger than it is. The one with the smallest draw stands for all.
///
/// The indices are in rising order of the conversations' numbers.
pub fn one_per_conversation(verdicts: &[ConversationVerdict]) -> Vec<(usize, f64)> {
    let mut chosen: BTreeMap<u64, (ConversationVerdict, f64)> = BTreeMap::new();
    for verdict in verdicts {
        chosen
            .entry(verdict.conversation)
            .and_modify(|(first, count)| {
                *count += 1.0;
                if verdict.unit.total_cmp(&first.unit).is_lt() {
                    *first = *verdict;
                }
            })
            .or_insert((*verdict, 1.0));
    }
    chosen
        .into_values()
        .map(|(verdict, count)| (verdict.draft, count))
        .collect()
}
