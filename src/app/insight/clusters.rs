//! Clusters: what visitors ask, gathered by what means the same, and named.
//!
//! A part of the job that counts conversations. It reads the log from where it stopped and notes which questions were asked (`notice`), embeds them
//! outside of any transaction and gives each its place ([`crate::stats::clusters`] says which). Each page is kept before the next begins, and doing it
//! twice changes nothing. Clusters tell people what is asked; no rule and no gate ever sees them.

mod people;
mod placing;

pub use people::{ClusterChange, ClusterExample, ClusterView, Clustered, change, cluster, clusters};

use crate::app::{App, AppError};
use crate::domain::answer::is_small_talk;
use crate::domain::ids::{ClusterId, ConversationId, TurnId, WorkspaceId};
use crate::domain::screening::{Flag, mask};
use crate::store::entity::{cluster, cluster_watch, draft, turn_cluster};
use crate::store::{Change, Rows};
use std::collections::{BTreeSet, HashMap};

/// Entries of the log that are read at once.
const PAGE: u64 = 64;
/// Characters kept of a question.
const QUESTION_CHARS: usize = 600;

/// Notes what was asked since the last time and gives it its place, where there is an embedder. Returns whether any question has another place than
/// before.
///
/// # Errors
/// [`AppError::Engine`] while the embedder is not there, or the store's.
pub async fn place(app: &App, workspace_id: WorkspaceId) -> Result<bool, AppError> {
    notice(app, workspace_id).await?;
    match app.engine() {
        Some(engine) => placing::place_all(app, engine, workspace_id).await,
        None => Ok(false),
    }
}

/// How far it was read, or the beginning.
async fn watch(rows: &Rows<'_>) -> Result<cluster_watch::Model, AppError> {
    let known = rows.cluster_watch().await?;
    Ok(known.unwrap_or(cluster_watch::Model {
        workspace_id: rows.workspace_id(),
        seq: 0,
        seen: 0,
        looked_on: None,
    }))
}

/// Reads the log from where it was left, and notes questions page by page.
async fn notice(app: &App, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    loop {
        let known = watch(&rows).await?;
        let entries = rows.log_after(known.seq, PAGE).await?;
        let Some(seq) = entries.last().map(|entry| entry.header.seq) else {
            return Ok(());
        };
        let named: BTreeSet<ConversationId> = { entries.iter() }
            .filter(|entry| entry.header.kind != "review.leased")
            .filter_map(|entry| entry.header.refs.get("conversation")?.parse().ok())
            .collect();
        let named: Vec<ConversationId> = named.into_iter().collect();
        let asked = asked(&rows, &named).await?;
        app.store()
            .write(workspace_id, move |tx| {
                let asked = asked.clone();
                Box::pin(async move {
                    for row in asked {
                        tx.put_question(row).await?;
                    }
                    // Questions may have been placed since it was read.
                    let known = tx.cluster_watch().await?.unwrap_or(known);
                    tx.watch_clusters_from(cluster_watch::Model {
                        seq: known.seq.max(seq),
                        ..known
                    })
                    .await?;
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
}

/// The questions of these conversations that the AI drafted an answer to, or could not.
async fn asked(rows: &Rows<'_>, ids: &[ConversationId]) -> Result<Vec<turn_cluster::Model>, AppError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = rows.stories(ids).await?;
    let spam: BTreeSet<ConversationId> = { found.conversations.iter() }
        .filter(|conversation| conversation.spam.is_some())
        .map(|conversation| conversation.id)
        .collect();
    let mut newest: HashMap<TurnId, &draft::Model> = HashMap::new();
    for draft in &found.drafts {
        let kept = newest.entry(draft.turn_id).or_insert(draft);
        if (draft.revision, draft.id) > (kept.revision, kept.id) {
            *kept = draft;
        }
    }
    let question = |turn: &crate::store::entity::turn::Model| {
        let draft = newest.get(&turn.id)?;
        let screened = &draft.screening.0;
        let is_other = screened.has(Flag::InjectionInQuestion) || screened.wishes_for_person;
        if is_other || is_small_talk(&draft.question) || spam.contains(&turn.conversation_id) {
            return None;
        }
        let question: String = mask(&draft.question).chars().take(QUESTION_CHARS).collect();
        let question = question.trim().to_owned();
        (!question.is_empty()).then(|| turn_cluster::Model {
            turn_id: turn.id,
            workspace_id: rows.workspace_id(),
            conversation_id: turn.conversation_id,
            cluster_id: None,
            question,
            embedder: None,
            vector: None,
            asked_at: turn.opened_at,
        })
    };
    Ok(found.turns.iter().filter_map(question).collect())
}

/// Where each cluster leads in the end.
pub(super) struct Roots {
    into: HashMap<ClusterId, ClusterId>,
}

impl Roots {
    pub(super) fn of(clusters: &[cluster::Model]) -> Self {
        let into = clusters.iter().filter_map(|row| Some((row.id, row.merged_into?)));
        Self { into: into.collect() }
    }

    /// The cluster that stands for this one.
    pub(super) fn root(&self, id: ClusterId) -> ClusterId {
        let mut at = id;
        for _ in 0..=self.into.len() {
            match self.into.get(&at) {
                Some(next) => at = *next,
                None => break,
            }
        }
        at
    }
}

/// The clusters of the questions of some conversations, by turn.
///
/// # Errors
/// The store's.
pub(super) async fn of_turns(rows: &Rows<'_>, ids: &[ConversationId]) -> Result<HashMap<TurnId, String>, AppError> {
    let questions = rows.questions_of_conversations(ids).await?;
    if questions.iter().all(|row| row.cluster_id.is_none()) {
        return Ok(HashMap::new());
    }
    let roots = Roots::of(&rows.clusters().await?);
    let root = |row: turn_cluster::Model| Some((row.turn_id, roots.root(row.cluster_id?).to_string()));
    Ok(questions.into_iter().filter_map(root).collect())
}
