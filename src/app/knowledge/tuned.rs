//! The ranking that was learned from verdicts, where a version of it is in use: it orders the nearest entries anew. When to abstain goes on being
//! decided by the frozen score, which it was fitted on.

use super::index::Index;
use super::view::View;
use crate::app::{App, AppError};
use crate::domain::ids::{RetrievalVersionId, WorkspaceId};
use crate::domain::retrieval::Ranking;
use crate::stats::tuner::{Adapter, Entry};
use crate::store::Rows;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What ranks in each workspace, as it was read last.
#[derive(Debug, Default)]
pub(crate) struct Tuned(Mutex<HashMap<WorkspaceId, (RetrievalVersionId, Arc<Adapter>)>>);

/// A version of the ranking, if it fits the embedder in use.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`] for one that was trained over another embedder or cannot be read; or the store's.
pub(super) async fn adapter(rows: &Rows<'_>, embedder: &str, id: RetrievalVersionId) -> Result<Arc<Adapter>, AppError> {
    let row = rows.retrieval_version(id).await?;
    let row = row.ok_or(AppError::NotFound("the version of the ranking"))?;
    if row.embedder != embedder {
        return Err(AppError::Invalid(format!(
            "that version was trained over the embedder {:?}, and the one in use is {embedder:?}; tune again",
            row.embedder
        )));
    }
    Ok(Arc::new(Adapter::from_bytes(&row.adapter)?))
}

/// The version in use, if there is one that fits the embedder.
///
/// # Errors
/// The store's. One that does not fit is left alone, and said so in the log.
pub(super) async fn in_use(app: &App, rows: &Rows<'_>, embedder: &str) -> Result<Option<Arc<Adapter>>, AppError> {
    let Some(id) = rows.retrieval_in_use().await? else {
        return Ok(None);
    };
    let cache = &app.inner.tuned.0;
    let known = cache
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&rows.workspace_id())
        .cloned();
    if let Some((known, adapter)) = known
        && known == id
        && adapter.embedder() == embedder
    {
        return Ok(Some(adapter));
    }
    match adapter(rows, embedder, id).await {
        Ok(adapter) => {
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            cache.insert(rows.workspace_id(), (id, adapter.clone()));
            Ok(Some(adapter))
        }
        Err(AppError::Invalid(why)) => {
            tracing::warn!("the tuned ranking is not used: {why}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Orders the nearest entries as the adapter does; equals keep their order.
pub(super) fn reorder(
    adapter: &Adapter,
    (index, view): (&Index, &View),
    question: &[f32],
    mut ranking: Ranking,
) -> Ranking {
    let known = |at: usize| match index.entry(at) {
        Some((id, vector)) => Some((id.to_string(), vector)),
        None => {
            let added = view.added().get(at.saturating_sub(index.len()))?;
            Some((added.entry.id.uuid().to_string(), added.vectors.ranking()))
        }
    };
    let named: Vec<(String, &[f32])> = ranking
        .entries
        .iter()
        .filter_map(|ranked| known(ranked.index))
        .collect();
    let entries: Vec<Entry<'_>> = named.iter().map(|(key, vector)| Entry { key, vector }).collect();
    match adapter.scores(adapter.embedder(), question, &entries) {
        Ok(scores) if scores.len() == ranking.entries.len() => {
            let mut ordered: Vec<_> = ranking.entries.into_iter().zip(scores).collect();
            ordered.sort_by(|a, b| b.1.total_cmp(&a.1));
            ranking.entries = ordered.into_iter().map(|(ranked, _)| ranked).collect();
        }
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "the tuned ranking failed; the nearest stay in their order"),
    }
    ranking
}
