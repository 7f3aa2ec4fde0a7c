//! Passwords: argon2id at OWASP's settings, a few at a time.

use crate::app::AppError;
use crate::domain::text::NewPassword;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// OWASP's argon2id settings: 19 MiB, two passes, one lane.
const ARGON2: (u32, u32, u32) = (19_456, 2, 1);
/// Passwords hashed at the same time: each takes 19 MiB and a core.
static HASHING: Semaphore = Semaphore::const_new(2);
/// Compared with when the e-mail address is unknown, so that both answers take equally long.
static NOBODYS_HASH: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody has this password").ok());

fn argon2() -> Result<Argon2<'static>, AppError> {
    let (memory, passes, lanes) = ARGON2;
    let params = Params::new(memory, passes, lanes, None).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, AppError> {
    let hash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(hash.to_string())
}

/// Runs password work on a blocking thread. The permit goes along: it is held until the work is done, even if the asker has gone.
async fn hashing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    let permit = HASHING
        .acquire()
        .await
        .map_err(|error| AppError::Internal(error.to_string()))?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    done.await.map_err(|error| AppError::Internal(error.to_string()))
}

pub(super) async fn hash_password(password: NewPassword) -> Result<String, AppError> {
    hashing(move || hash_now(password.reveal())).await?
}

/// Does a password match a stored hash? Without a hash the answer is no, after the same time.
pub(super) async fn matches(stored: Option<String>, password: String) -> Result<bool, AppError> {
    let (stored, known) = match stored {
        Some(stored) => (stored, true),
        None => (NOBODYS_HASH.clone().unwrap_or_default(), false),
    };
    hashing(move || {
        let (Ok(argon2), Ok(hash)) = (argon2(), PasswordHash::new(&stored)) else {
            return false;
        };
        argon2.verify_password(password.as_bytes(), &hash).is_ok() && known
    })
    .await
}
