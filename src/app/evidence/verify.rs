//! Rechecks a month's draw from the log alone.

use super::months::hex;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::evidence::MonthName;
use crate::domain::evidence::audit::{Audit, AuditProblem, Audited, NotAudited};
use serde::Serialize;

/// So many entries are read at once.
const AT_ONCE: u64 = 1_000;

/// What rechecking a month's draw found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrawView {
    /// The month.
    pub month: String,
    /// Hash of its key, as it was published when the month began.
    pub commitment: String,
    /// The key, revealed at the close.
    pub key: Option<String>,
    /// Answers looked at.
    pub checked: u64,
    /// Answers that the key draws.
    pub drawn: u64,
    /// Whether everything is as it should be.
    pub is_fair: bool,
    /// What is not, in words.
    pub problems: Vec<String>,
}

impl DrawView {
    /// What was found of a month.
    pub fn of(month: MonthName, found: &Audited) -> Self {
        Self {
            month: month.to_string(),
            commitment: hex(&found.commitment),
            key: found.key.map(|key| hex(&key)),
            checked: found.checked,
            drawn: found.drawn,
            is_fair: found.problems.is_empty(),
            problems: found.problems.iter().map(AuditProblem::to_string).collect(),
        }
    }
}

/// Rechecks the whole draw of a month from the log: that no entry of it is missing or changed; that the key is the one whose hash was
/// published before the first answer; that each answer stands in the band of its score with that band's probability, and none is missing; and
/// that exactly those were drawn that the key draws.
///
/// # Errors
/// [`AppError::Invalid`] for a month that is none, [`AppError::NotFound`] for one that was never opened, [`AppError::Conflict`] for one whose
/// key is not revealed yet; [`AppError::Forbidden`] or the store's.
pub async fn verify_draw(app: &App, caller: &Caller, month: &str) -> Result<DrawView, AppError> {
    caller.require(Scope::Read)?;
    let month = month
        .parse::<MonthName>()
        .map_err(|wrong| AppError::Invalid(wrong.to_string()))?;
    let rows = app.store().rows(caller.workspace_id);
    let (mut audit, mut after) = (Audit::of(month), 0);
    loop {
        let entries = rows.log_after(after, AT_ONCE).await?;
        let Some(last) = entries.last() else { break };
        after = last.header.seq;
        for entry in &entries {
            audit.hear(entry);
        }
    }
    match audit.finish() {
        Ok(found) => Ok(DrawView::of(month, &found)),
        Err(NotAudited::NotOpened) => Err(AppError::NotFound(
            "the sampling of this month: nothing was opened in it",
        )),
        Err(NotAudited::NotClosed) => Err(AppError::Conflict {
            sentence: format!(
                "The month {month} is not closed yet, so its key is still secret; it closes when it is over and its checks are judged"
            ),
            extra: serde_json::json!({}),
        }),
    }
}
