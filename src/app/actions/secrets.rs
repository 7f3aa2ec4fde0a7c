//! Secrets that tools show to the machines they ask. They go in and are used; nobody reads them out again.

use crate::app::caller::Caller;
use crate::app::{App, AppError};
use crate::domain::account::Scope;
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::entity::secret as row;
use crate::store::{Change, LogDraft};
use serde::Serialize;

/// Longest name, in characters.
const MOST_NAME: usize = 64;
/// Longest secret, in bytes.
const MOST_BYTES: usize = 4_096;
/// Shortest secret, in bytes: what is shorter cannot be taken out of texts without tearing them.
const LEAST_BYTES: usize = 4;

/// That there is a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretView {
    /// What tools call it: `{secret:NAME}`.
    pub name: String,
    /// When it was set.
    pub changed_at: Timestamp,
}

/// Which secrets there are, by name.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn secrets(app: &App, caller: &Caller) -> Result<Vec<SecretView>, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id).secrets().await?;
    let view = |row: row::Model| SecretView {
        name: row.name,
        changed_at: row.changed_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Sets a secret, in the place of the one of that name.
///
/// # Errors
/// [`AppError::Invalid`], [`AppError::Forbidden`].
pub async fn put(app: &App, caller: &Caller, name: &str, value: &str) -> Result<SecretView, AppError> {
    caller.require(Scope::Admin)?;
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > MOST_NAME || !name.chars().all(known) {
        return Err(AppError::Invalid(format!(
            "a secret's name has 1 to {MOST_NAME} letters, digits, _ or -, like shop_key"
        )));
    }
    if !(LEAST_BYTES..=MOST_BYTES).contains(&value.len()) || value.chars().any(char::is_control) {
        return Err(AppError::Invalid(format!(
            "a secret is one line of {LEAST_BYTES} to {MOST_BYTES} characters"
        )));
    }
    let row = row::Model {
        workspace_id: caller.workspace_id,
        name: name.to_owned(),
        value: value.as_bytes().to_vec(),
        changed_at: app.now(),
    };
    let view = SecretView {
        name: row.name.clone(),
        changed_at: row.changed_at,
    };
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let row = row.clone();
            Box::pin(async move {
                let entry = LogDraft::new(EventKind::SecretChanged, actor).with("name", row.name.clone());
                tx.put_secret(row).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    Ok(view)
}

/// Removes a secret.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn remove(app: &App, caller: &Caller, name: &str) -> Result<(), AppError> {
    caller.require(Scope::Admin)?;
    let (actor, name) = (caller.actor(), name.to_owned());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let name = name.clone();
            Box::pin(async move {
                if !tx.remove_secret(&name).await? {
                    return Err(AppError::NotFound("the secret"));
                }
                let entry = LogDraft::new(EventKind::SecretRemoved, actor).with("name", name);
                Ok(Change::Logged((), entry))
            })
        })
        .await
}

/// Takes every secret of the workspace out of a text that another machine sent: it may repeat what it was shown.
pub(super) fn without(secrets: &[row::Model], text: &str) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        if let Ok(value) = std::str::from_utf8(&secret.value) {
            let escaped = serde_json::Value::from(value).to_string();
            for form in [value, escaped.trim_matches('"')] {
                text = text.replace(form, "•••");
            }
        }
    }
    text
}
