//! The draw itself: a keyed hash of where an answer stands in the log.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;

/// Separates these hashes from any other use of the key; a change of the message's layout changes it.
const LAYOUT: &[u8] = b"holdpoint draw 1";
/// Bytes of a block of SHA-256, to which HMAC fills a key up with zeros.
const BLOCK: usize = 64;

/// The secret of a month, from which every draw of that month follows. Kept from people and models until it is revealed.
#[derive(Clone, PartialEq, Eq)]
pub struct MonthKey([u8; 32]);

impl MonthKey {
    /// The key of 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to keep them secret and to reveal them at the close.
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// `SHA-256(key)`: what is published when the month begins, so that nobody can choose another key later.
    pub fn commitment(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for MonthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MonthKey(…)")
    }
}

/// What is drawn; each has draws of its own, so that one says nothing about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Is this answer, sent unreviewed, looked at?
    Sample,
    /// Is this verdict "acceptable" given to a second person?
    Adjudication,
    /// Is this held draft looked at for evidence, where held drafts are not all judged?
    Held,
    /// Is this outcome without a verdict put in the queue again?
    Requeue,
    /// Is the verdict on this draft kept back, so that somebody may be asked about it once more?
    Repeat,
}

impl Purpose {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Sample => b"sample",
            Self::Adjudication => b"adjudication",
            Self::Held => b"held",
            Self::Requeue => b"requeue",
            Self::Repeat => b"repeat",
        }
    }
}

/// The draws of one purpose in one month of one workspace.
#[derive(Debug, Clone)]
pub struct Draw {
    keyed: Hmac<Sha256>,
}

impl Draw {
    /// The draws of `month` (as in `2026-05`) in the workspace with this id.
    ///
    /// The message of each is `holdpoint draw 1`, the purpose and the month, each followed by a zero byte, the 16 bytes of the
    /// workspace's id and the 8 bytes of the sequence, the most significant first.
    pub fn new(key: &MonthKey, workspace: [u8; 16], month: &str, purpose: Purpose) -> Self {
        let mut block = [0; BLOCK];
        if let Some(front) = block.first_chunk_mut() {
            *front = key.0;
        }
        let mut keyed = Hmac::<Sha256>::new(&block.into());
        for part in [LAYOUT, purpose.name(), month.as_bytes()] {
            keyed.update(part);
            keyed.update(&[0]);
        }
        keyed.update(&workspace);
        Self { keyed }
    }

    /// `u` of the log entry with this sequence, in `0.0..1.0` without either end: `(k + ½) / 2^52`, where `k` is made of the first 52 bits of the
    /// HMAC-SHA256. So many bits a double holds exactly, and any other program computes the same number.
    pub fn unit(&self, sequence: u64) -> f64 {
        let mut keyed = self.keyed.clone();
        keyed.update(&sequence.to_be_bytes());
        let hash: [u8; 32] = keyed.finalize().into_bytes().into();
        let first = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        #[expect(
            clippy::cast_precision_loss,
            reason = "52 bits and a half are what a `f64` holds exactly"
        )]
        let (bits, scale) = ((first >> 12) as f64, (1_u64 << 52) as f64);
        (bits + 0.5) / scale
    }

    /// [`rho`] of the log entry with this sequence.
    pub fn rho(&self, sequence: u64, probability: f64) -> f64 {
        rho(self.unit(sequence), probability)
    }

    /// Whether the entry is drawn: `ρ < 1`. Always with a probability of 1, never with 0 or a number that is none.
    pub fn selects(&self, sequence: u64, probability: f64) -> bool {
        self.rho(sequence, probability) < 1.0
    }
}

/// `ρ = u / π`: the place in the queue. What is reviewed in this order is a fair sample wherever it stops (sequential order
/// sampling with permanent random numbers, after Ohlsson). Infinite for a probability of 0 or one that is none.
pub fn rho(unit: f64, probability: f64) -> f64 {
    if probability > 0.0 {
        unit / probability.min(1.0)
    } else {
        f64::INFINITY
    }
}
