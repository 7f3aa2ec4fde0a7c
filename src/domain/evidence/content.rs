//! What a draft rests on.

use crate::domain::draft::Source;
use sha2::{Digest, Sha256};

/// The hash of the content that a draft rests on: its best source, title and text. None for a draft without a source.
///
/// The same words have the same hash wherever they stand, and other words have another one: what was learnt of an answer is not
/// learnt of what replaced it.
pub fn rests_on(sources: &[Source]) -> Option<[u8; 32]> {
    let best = sources.first()?;
    let digest = Sha256::new()
        .chain_update(b"holdpoint/content/1\0")
        .chain_update(best.title.as_bytes())
        .chain_update([0])
        .chain_update(best.text.as_bytes())
        .finalize();
    Some(digest.into())
}
