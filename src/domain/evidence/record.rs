//! From what is known of drafts to what statistics take.

use super::check::SECOND_OPINIONS;
use super::{JudgedBy, MonthName};
use crate::domain::ids::{ConversationId, DraftId};
use crate::stats::drift::Level;
use crate::stats::sampler::Draw;
use crate::stats::score::leak::{Purpose, Rule};
use crate::stats::score::{Example, Version};
use crate::stats::statement::{CheckState, Drawn, SentAnswer};
use crate::stats::threshold::{
    ConversationVerdict, DECIDED_UNJUDGED, Draft, Evidence, JUDGED_AT_THE_GATE, Mode, Reach, carried_over,
    level_within, one_per_conversation,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Days of a week of the month, for the place in the queue.
const WEEK_MS: i64 = 7 * 24 * 60 * 60_000;

/// A verdict on a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Where it comes from.
    pub by: JudgedBy,
    /// The first reviewer found it bad; `None` where nobody could tell.
    pub bad: Option<bool>,
    /// What a second person found.
    pub second: Option<bool>,
}

impl Judgement {
    /// What counts in the end: the second opinion, where there is one.
    pub fn found_bad(self) -> Option<bool> {
        self.second.or(self.bad)
    }

    /// A second person looked at what the first had found acceptable, which happens to a part drawn by lot.
    fn is_rechecked(self) -> bool {
        self.bad == Some(false) && self.second.is_some()
    }

    /// Whether it speaks of a bad draft, and for how many verdicts it stands; none where it does not count.
    ///
    /// What nobody could judge counts as bad, as in the statement. With `corrected`, a verdict of "acceptable" counts by its second opinion
    /// only, as often as such are asked for, and "bad" by its second opinion once it is there.
    fn counted(self, corrected: bool) -> Option<(bool, f64)> {
        if !corrected {
            return Some((self.bad.unwrap_or(true), 1.0));
        }
        match (self.bad, self.second) {
            (Some(false), None) => None,
            (Some(false), Some(second)) => Some((second, 1.0 / SECOND_OPINIONS)),
            // Who cannot tell whether it is bad does not take the first verdict back.
            (_, second) => Some((second.unwrap_or(true), 1.0)),
        }
    }
}

/// What is known of one draft.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub struct Record {
    /// Which draft.
    pub draft: DraftId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// When it was made, in milliseconds since 1970.
    pub at: i64,
    /// The month it was made in.
    pub month: MonthName,
    /// How it came about.
    pub mode: Mode,
    /// Its risk, larger is riskier.
    pub risk: f64,
    /// A number for its topic.
    pub topic: u32,
    /// A person has to see it whatever the certificate.
    pub is_sensitive: bool,
    /// It rests on content of which too little was known.
    pub is_fresh: bool,
    /// Its band and probability of being drawn, if it went out by decision.
    pub sent: Option<(u16, f64)>,
    /// If it was held: with which probability it is asked about should nobody judge it, `0.0..=1.0`. 0 where that is not known.
    pub asked_with: f64,
    /// If it was held: its risk lies in the half that is asked about more rarely.
    pub is_far: bool,
    /// Sequence of its entry in the log, once that was looked at.
    pub sequence: Option<u64>,
    /// Whether it was drawn.
    pub is_drawn: bool,
    /// Another draft speaks for it.
    pub left_out: bool,
    /// The verdict.
    pub judged: Option<Judgement>,
    /// The same question would be answered otherwise today.
    pub is_changed: bool,
}

impl Record {
    fn group(&self) -> u16 {
        match (self.sent, self.judged) {
            (Some((band, _)), _) => band,
            (None, Some(Judgement { by: JudgedBy::Gate, .. })) => JUDGED_AT_THE_GATE,
            (None, _) => DECIDED_UNJUDGED + u16::from(self.is_far),
        }
    }

    /// What its verdict stands for when a score is fitted: one by its probability; 0 where that is not known.
    fn weight(&self) -> f64 {
        let probability = match (self.judged.map(|judged| judged.by), self.sent) {
            (Some(JudgedBy::Gate), _) => 1.0,
            (Some(JudgedBy::Sample), Some((_, probability))) => probability,
            (Some(JudgedBy::Requeue), _) => self.asked_with,
            _ => return 0.0,
        };
        if probability > 0.0 { 1.0 / probability } else { 0.0 }
    }

    /// What it says to a certificate, and for how many verdicts it stands.
    fn evidence(&self, corrected: bool) -> (Evidence, f64) {
        let counted = self.judged.and_then(|judged| judged.counted(corrected));
        let (evidence, stands_for) = match counted {
            // What a person said of something too new to be known counts for its content only.
            _ if self.is_fresh => (Evidence::None, 1.0),
            Some((true, stands_for)) => (Evidence::Bad, stands_for),
            Some((false, stands_for)) => (Evidence::Acceptable, stands_for),
            None => (Evidence::None, 1.0),
        };
        (carried_over(evidence, self.is_changed), stands_for)
    }

    /// A number in `0.0..1.0` that decides which draft speaks for its conversation: of its id, so of nothing it says.
    fn unit(&self) -> f64 {
        let digest = Sha256::new()
            .chain_update(b"holdpoint/conversation-speaker/1\0")
            .chain_update(self.draft.uuid().as_bytes())
            .finalize();
        let first = digest.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        f64::from(first) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The drafts of a certificate's window, with the verdicts that may certify.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// As the test takes them.
    pub drafts: Vec<Draft>,
    /// Every verdict counts as second opinions have corrected it; otherwise some are as the reviewers judged.
    pub is_corrected: bool,
}

impl Window {
    /// Drafts as [`crate::stats::threshold::certify`] takes them: those that `rule` leaves to the certificate, one verdict a conversation.
    /// What another draft speaks for is left out.
    ///
    /// Second opinions count from `enough` of them on what was found acceptable on; a mere handful would leave too few verdicts. How many
    /// there are depends on the lot, not on what they say.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>, rule: Rule, enough: u32) -> Self {
        let certifying = |record: &&Record| {
            !record.left_out && rule.purpose(record.at, record.conversation.uuid().as_bytes()) == Purpose::Certify
        };
        let records: Vec<&Record> = records.into_iter().filter(certifying).collect();
        let rechecked = records.iter().filter_map(|record| record.judged);
        let rechecked = rechecked.filter(|judged| judged.is_rechecked()).count();
        let is_corrected = u32::try_from(rechecked).unwrap_or(u32::MAX) >= enough;
        let mut drafts: Vec<Draft> = records
            .iter()
            .map(|record| {
                let (evidence, stands_for) = record.evidence(is_corrected);
                Draft {
                    mode: record.mode,
                    risk: record.risk,
                    epoch: record.month.number(),
                    group: record.group(),
                    topic: record.topic,
                    is_sensitive: record.is_sensitive,
                    is_fresh: record.is_fresh,
                    evidence,
                    stands_for,
                }
            })
            .collect();
        let mut numbers = BTreeMap::new();
        let verdicts: Vec<ConversationVerdict> = records
            .iter()
            .enumerate()
            .filter(|(at, _)| drafts.get(*at).is_some_and(|draft| !draft.evidence.is_silent()))
            .map(|(at, record)| {
                let next = numbers.len() as u64;
                ConversationVerdict {
                    conversation: *numbers.entry(record.conversation).or_insert(next),
                    unit: record.unit(),
                    draft: at,
                }
            })
            .collect();
        let speaking: BTreeMap<usize, f64> = one_per_conversation(&verdicts).into_iter().collect();
        for verdict in &verdicts {
            if let Some(draft) = drafts.get_mut(verdict.draft) {
                match speaking.get(&verdict.draft) {
                    Some(times) => draft.stands_for *= *times,
                    None => draft.evidence = Evidence::None,
                }
            }
        }
        Self { drafts, is_corrected }
    }

    /// How many of its verdicts speak of bad answers.
    pub fn bad(&self) -> usize {
        let is_bad = |draft: &&Draft| matches!(draft.evidence, Evidence::Bad | Evidence::BadThenChanged);
        self.drafts.iter().filter(is_bad).count()
    }
}

/// The verdicts that may make a score, or those that may say how good it is, with features of each draft by its place in `records`.
pub fn examples<'a>(
    records: &[Record],
    features: &'a [Vec<f64>],
    (rule, purpose): (Rule, Purpose),
) -> Vec<Example<'a>> {
    let pairs = records.iter().zip(features);
    let of_purpose = pairs.filter(|(record, _)| {
        !record.left_out && rule.purpose(record.at, record.conversation.uuid().as_bytes()) == purpose
    });
    of_purpose
        .filter_map(|(record, features)| {
            Some(Example {
                features,
                bad: record.judged?.found_bad()?,
                weight: record.weight(),
            })
        })
        .collect()
}

/// The share of bad answers of these drafts within `reach`; see [`level_within`].
pub fn level<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    rule: Rule,
    enough: u32,
    closed: &[u32],
    reach: Reach,
) -> Option<Level> {
    level_within(&Window::of(records, rule, enough).drafts, closed, reach)
}

/// A month's answers as its statement takes them: all that went out by decision.
///
/// One that was drawn and that nobody has judged waits at its place. Two people could not judge what is labelled so.
pub fn sent_answers<'a>(
    records: &'a [Record],
    draw: &'a Draw,
    begins_ms: i64,
) -> impl Iterator<Item = SentAnswer> + 'a {
    records
        .iter()
        .filter(|record| !record.left_out)
        .filter_map(move |record| {
            let (band, probability) = record.sent?;
            let check = match record.judged {
                None => CheckState::Waiting,
                Some(judged) => match judged.bad {
                    Some(found) => CheckState::Judged {
                        bad: found,
                        second: judged.second,
                    },
                    None => CheckState::CannotJudge,
                },
            };
            let drawn = record.is_drawn.then(|| Drawn {
                rho: record
                    .sequence
                    .map_or(f64::NAN, |sequence| draw.rho(sequence, probability)),
                state: check,
            });
            Some(SentAnswer {
                week: u16::try_from((record.at - begins_ms).max(0) / WEEK_MS).unwrap_or_default(),
                band,
                drawn,
            })
        })
}

/// What a bad answer of each band weighs for the detector: its share of the answers by its share of the checks, `B_h = W_h / q_h`.
///
/// `sent` answers by band, and the bands' probabilities. 1 where nothing was sent.
pub fn sample_weights(sent: &[u64], probabilities: &[f64]) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "answers of a month are far below 2^52")]
    let sent: Vec<f64> = sent.iter().map(|&answers| answers as f64).collect();
    let answers: f64 = sent.iter().sum();
    let checks: f64 = sent.iter().zip(probabilities).map(|(n, p)| n * p).sum();
    let weight = |probability: &f64| {
        let weight = checks / answers / probability;
        if weight.is_finite() && weight > 0.0 {
            weight
        } else {
            1.0
        }
    };
    probabilities.iter().map(weight).collect()
}

impl Record {
    /// With the risk that `version` sees in its features.
    #[must_use]
    pub fn scored(mut self, version: &Version, features: &[f64]) -> Self {
        self.risk = version.rank(features);
        self
    }
}
