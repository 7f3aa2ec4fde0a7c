//! How far the gate may open: the certificate.
//!
//! A windowed fixed-sequence test (Learn then Test: Angelopoulos, Bates, Candès, Jordan and Lei 2021) over nested sets:
//! verified answers by risk, then quotes, then composed ones ([`certify`]). It changes at the borders of epochs only; in between
//! it can only shrink ([`next_certificate`]). When answers change, what was learnt about the others stays ([`Evidence`]).

mod carry_over;
mod cells;
mod certify;
mod epoch;
mod evidence;
mod outlook;
mod topic;

pub use carry_over::{FRESH_BELOW, carried_over, is_fresh};
pub use cells::level_within;
pub use certify::{Certificate, Certification, Rules, Step, Uncertified, can_start, certify, verdicts_needed};
pub use epoch::{EPOCH_VERDICTS, Spending, epoch_is_over, next_certificate};
pub use evidence::{
    ConversationVerdict, DECIDED_UNJUDGED, Draft, Evidence, JUDGED_AT_THE_GATE, Mode, Reach, one_per_conversation,
};
pub use outlook::with_times_the_verdicts;
pub use topic::{TopicState, closed_topics};

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact where it says so")]
mod tests;
