//! The versions of an agent: who published which when, and what each changed.

use super::views::{Names, Page, next_page};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::agent_change::differences;
use crate::domain::ids::AgentId;
use crate::domain::settings::AgentSettings;
use crate::domain::time::Timestamp;
use crate::store::Rows;
use serde::Serialize;

/// A version of an agent as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionView {
    /// Counted from 1.
    pub number: i64,
    /// Whether it is in force.
    pub is_live: bool,
    /// Who published it; none where that was not noted.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Its settings.
    pub settings: AgentSettings,
    /// The fields in which it differs from the version before it; none for the first.
    pub changed: Vec<&'static str>,
}

/// The versions of an agent, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], [`AppError::Invalid`] for a bad cursor; or the store's.
pub async fn versions(
    app: &App,
    caller: &Caller,
    id: AgentId,
    below: Option<&str>,
    limit: u64,
) -> Result<Page<VersionView>, AppError> {
    caller.require(Scope::Read)?;
    let below: Option<i64> = below
        .map(str::parse)
        .transpose()
        .map_err(|_no_number| AppError::Invalid("`after` is the `next` of an earlier page".to_owned()))?;
    let rows = app.store().rows(caller.workspace_id);
    let agent = rows.agent(id).await?.ok_or(AppError::NotFound("the agent"))?;
    // One more, to tell what the last of the page changed.
    let mut found = rows.agent_versions(id, below, limit + 1).await?;
    let before_last = found.get(usize::try_from(limit).unwrap_or(usize::MAX)).cloned();
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = next_page(&found, limit, |last| last.number.to_string()).filter(|_| before_last.is_some());
    let mut names = Names::default();
    let mut items = Vec::with_capacity(found.len());
    let formers = found
        .iter()
        .skip(1)
        .chain(&before_last)
        .map(|row| Some(row.settings.0.clone()));
    let formers: Vec<Option<AgentSettings>> = formers.chain([None]).collect();
    for (row, former) in found.into_iter().zip(formers) {
        let settings = row.settings.0;
        let changed = former.map_or_else(Vec::new, |former| differences(&former, &settings));
        items.push(VersionView {
            number: row.number,
            is_live: agent.version_id == Some(row.id),
            by: who(&rows, &mut names, row.publisher.as_deref()).await?,
            at: row.created_at,
            changed: changed.iter().map(|field| field.field).collect(),
            settings,
        });
    }
    Ok(Page { items, next })
}

/// Somebody as the log names them, by the name that people know.
async fn who(rows: &Rows<'_>, names: &mut Names, actor: Option<&str>) -> Result<Option<String>, AppError> {
    let Some(actor) = actor else { return Ok(None) };
    match actor.strip_prefix("member:").map(str::parse) {
        Some(Ok(member)) => Ok(Some(names.of(rows, member).await?)),
        _ => Ok(Some("the administrator".to_owned())),
    }
}
