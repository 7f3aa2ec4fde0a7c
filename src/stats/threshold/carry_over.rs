//! What stays known when answers change: knowledge, verified answers, instructions or models were published.

use super::evidence::Evidence;

/// A source or a verified answer with fewer verdicts than this on its present content is fresh.
pub const FRESH_BELOW: u32 = 3;

/// What a verdict still says after a publication.
///
/// Where the answer is the same to the byte (or mode, passages, verified answer, prompt, model and seed are unchanged) everything stays.
/// A good verdict on an answer that changed says nothing about the new one. A bad one stays, with its whole weight, as evidence of
/// the others like it that nobody has looked at or that nobody has asked for yet: otherwise each correction would remove the evidence
/// against the answers that were not corrected, and certificates could be manufactured by correcting what was found. With a weight of
/// `1/π - 1`, which leaves out the corrected answer itself, a shop that corrects ten answers a week had 6.3 % ± 1.2 of its certificates above the
/// limit in its first quarter; with the whole weight none of 300 (`holdpoint simulate`, C1).
#[must_use]
pub const fn carried_over(evidence: Evidence, answer_changed: bool) -> Evidence {
    match (evidence, answer_changed) {
        (Evidence::Acceptable, true) => Evidence::AcceptableThenChanged,
        (Evidence::Bad, true) => Evidence::BadThenChanged,
        (unchanged, _) => unchanged,
    }
}

/// Whether a draft that rests on content with so many verdicts is fresh: held, and the verdict it gets counts for its content
/// but never for a certificate.
#[must_use]
pub const fn is_fresh(verdicts_on_content: u32) -> bool {
    verdicts_on_content < FRESH_BELOW
}
