//! Refusals with names in them: who has it, who decided what, what the visitor wrote.

use crate::app::AppError;
use crate::app::ledger::Ledger;
use crate::app::views::Names;
use crate::domain::ids::ItemId;
use crate::domain::review::{Pending, ReviewError};
use crate::store::Rows;
use serde_json::json;

/// Who decided what, and when.
pub(super) async fn already_in(rows: &Rows<'_>, id: ItemId) -> Result<AppError, AppError> {
    let Some(outcome) = rows.standing_outcome(id).await? else {
        return Ok(AppError::NotFound("the review item"));
    };
    let pending = Pending {
        id: outcome.id,
        kind: outcome.kind,
        by: outcome.member_id,
        at: outcome.created_at,
        final_at: outcome.final_at,
    };
    explain(rows, ReviewError::AlreadyDecided(pending)).await
}

/// A refusal with names in it.
pub(super) async fn explain(rows: &Rows<'_>, refused: ReviewError) -> Result<AppError, AppError> {
    let mut names = Names::default();
    let (sentence, extra) = match refused {
        ReviewError::AlreadyDecided(outcome)
        | ReviewError::UndoTooLate(outcome)
        | ReviewError::NotYourDecision(outcome) => {
            let by = match outcome.by {
                Some(member) => names.of(rows, member).await?,
                None => "Holdpoint".to_owned(),
            };
            let sentence = match refused {
                ReviewError::AlreadyDecided(_) => {
                    format!("{by} {} this already; nothing was changed", outcome.kind.past_tense())
                }
                _ => refused.to_string(),
            };
            (
                sentence,
                json!({ "decided_by": by, "decided_at": outcome.at, "kind": outcome.kind }),
            )
        }
        ReviewError::Leased(lease) => {
            let name = names.of(rows, lease.member).await?;
            (
                format!("{name} is looking at this right now; take the next one, or ask {name}"),
                json!({ "leased_by": name, "leased_until": lease.until }),
            )
        }
        ReviewError::NewerMessage { revision } => (refused.to_string(), json!({ "revision": revision })),
        ReviewError::OtherWording { wording } => (refused.to_string(), json!({ "wording": wording })),
        _ => (refused.to_string(), json!({})),
    };
    Ok(AppError::Conflict { sentence, extra })
}

/// The refusal, with what the visitor wrote since the revision that was on the screen.
pub(super) async fn explain_with_news(
    rows: &Rows<'_>,
    ledger: &Ledger,
    refused: ReviewError,
    seen: i64,
) -> Result<AppError, AppError> {
    if let ReviewError::OtherWording { wording } = refused {
        let edited = ledger.edited_text();
        let by = match edited {
            Some(edited) => Some(Names::default().of(rows, edited.member_id).await?),
            None => None,
        };
        let text = match edited {
            Some(edited) => edited.body.clone(),
            None => ledger.draft.as_ref().map(|draft| draft.body.clone()),
        };
        return Ok(AppError::Conflict {
            sentence: refused.to_string(),
            extra: json!({ "wording": wording, "text": text, "edited_by": by }),
        });
    }
    let (ReviewError::NewerMessage { revision }, Some(turn)) = (refused, &ledger.turn) else {
        return explain(rows, refused).await;
    };
    let asked = rows.visitor_messages(turn.id).await?;
    let skip = usize::try_from(seen).unwrap_or(0);
    let news: Vec<&str> = asked.iter().skip(skip).map(|message| message.body.as_str()).collect();
    Ok(AppError::Conflict {
        sentence: refused.to_string(),
        extra: json!({ "revision": revision, "new_messages": news }),
    })
}
