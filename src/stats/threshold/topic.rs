//! Topics that fail by themselves, behind a good average.

use super::cells::cells_by_topic;
use super::evidence::Draft;
use crate::stats::bounds::{WeightedSum, weighted_lower};
use crate::stats::number::count;

/// What is known of a topic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopicState {
    /// The topic.
    pub topic: u32,
    /// Verdicts on its drafts in the window.
    pub reviewed: u64,
    /// Bad ones among them.
    pub bad: u64,
    /// The estimated share of bad answers.
    pub estimate: f64,
    /// The lower bound of that share.
    pub lower: f64,
    /// Closed: it is above the limit for all we know, so its drafts wait for a person.
    pub is_closed: bool,
}

/// Every topic with verdicts, in the order of their numbers; closed where the weighted lower bound at `risk` exceeds `limit`.
///
/// By the same weights as the certificate, so that corrected answers count in the same way; sensitive and fresh drafts are
/// left out. A topic without verdicts is not closed: the certificate of the whole holds it like all others. With a `limit`
/// that is none every topic is closed; with a `risk` that is none no topic is, as its lower bound is 0. The topics share the risk, so that among many
/// none is closed by chance: its verdicts would be missing from the certificate of the others because they were bad.
pub fn closed_topics(drafts: &[Draft], limit: f64, risk: f64) -> Vec<TopicState> {
    let topics = cells_by_topic(drafts);
    let risk = risk / count(topics.len().max(1));
    topics
        .into_iter()
        .filter_map(|(topic, cells)| {
            let inside: f64 = cells.iter().map(|cell| cell.drafts).sum();
            let (mut sum, mut reviewed, mut bad) = (WeightedSum::new(), 0, 0);
            for cell in cells.iter().filter(|cell| cell.judged > 0.0) {
                cell.weigh(inside, &mut sum);
                reviewed += cell.reviewed;
                bad += cell.bad;
            }
            let lower = weighted_lower(&sum, risk);
            (reviewed > 0).then(|| TopicState {
                topic,
                reviewed,
                bad,
                estimate: sum.estimate().min(1.0),
                lower,
                is_closed: limit.is_nan() || lower > limit,
            })
        })
        .collect()
}
