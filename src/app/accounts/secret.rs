//! Secrets: 32 random bytes, shown once, stored as their SHA-256.

use crate::domain::ids::RandomSource;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A new secret with a prefix that tells what it is, and the hash to store.
pub(in crate::app) fn new_secret(random: &dyn RandomSource, prefix: &str) -> (String, Vec<u8>) {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
    let hash = secret_hash(&secret);
    (secret, hash)
}

/// The stored form of a secret.
pub(in crate::app) fn secret_hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
