//! Held drafts that are the same answer to the same question: one decision releases them all.
//!
//! Each keeps its own outcome and release. Judging one is judging all, so only one of them says something about the AI:
//! which one is chosen by a hash that nobody can steer.

use crate::domain::draft::Source;
use crate::domain::ids::{DocumentId, DraftId, VerifiedAnswerId};
use sha2::{Digest, Sha256};

/// Other items that one decision releases at most: a write stays short.
pub const MOST_ALIKE: usize = 25;

/// Equal for drafts with the same text, resting on the same sources, for the same question but for case, spaces and
/// punctuation.
pub fn likeness(text: &str, sources: &[Source], question: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(text.as_bytes());
    field(normalised(question).as_bytes());
    for source in sources {
        for id in [
            source.document_id.map(DocumentId::uuid),
            source.verified_answer_id.map(VerifiedAnswerId::uuid),
        ] {
            field(id.map(|id| *id.as_bytes()).unwrap_or_default().as_slice());
        }
        field(source.text.as_bytes());
    }
    hash.finalize().into()
}

/// A question without what makes no difference.
fn normalised(question: &str) -> String {
    question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Which of several drafts that were decided together is the unit of evidence.
pub fn unit_of_evidence(drafts: &[DraftId]) -> Option<DraftId> {
    drafts
        .iter()
        .copied()
        .min_by_key(|draft| <[u8; 32]>::from(Sha256::digest(draft.uuid().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_case_spaces_and_punctuation_of_the_question_make_no_difference() {
        let of = |text: &str, question: &str| likeness(text, &[], question);
        let one = of("At nine.", "When do you open?");
        assert_eq!(one, of("At nine.", "  when do you OPEN"));
        assert_ne!(one, of("At nine.", "When do you close?"));
        assert_ne!(one, of("At nine", "When do you open?"));
        assert_ne!(of("At nine.", "a b"), of("At nine.", "ab"));
    }

    #[test]
    fn the_unit_of_evidence_does_not_depend_on_the_order() {
        let mut drafts: Vec<DraftId> = (0..9).map(|n| DraftId::from(Uuid::from_u128(n))).collect();
        let chosen = unit_of_evidence(&drafts);
        drafts.reverse();
        assert_eq!(chosen, unit_of_evidence(&drafts));
        assert_eq!(unit_of_evidence(&[]), None);
    }
}
