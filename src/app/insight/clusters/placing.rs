//! Gives questions their place.

use super::watch;
use crate::app::improve::gaps::embedded;
use crate::app::{App, AppError, Engine};
use crate::domain::ids::{ClusterId, ConversationId, TurnId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::stats::clusters::{Cluster, Clusters, Question};
use crate::stats::vector::dot;
use crate::store::entity::{cluster, cluster_watch, turn_cluster};
use crate::store::{Change, Rows};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Questions embedded and placed at once.
const BATCH: u64 = 32;
/// Characters of a name that the program gives.
const NAME_CHARS: usize = 80;
/// A cluster is named by the question in its middle as long as it has fewer questions.
const NAMED_FOR_GOOD: i64 = 50;
/// The question in the middle of a cluster is looked for among so many.
const NAMED_AMONG: usize = 200;
/// With another embedding model a cluster is embedded anew from so many of its newest questions.
const EMBEDDED_ANEW: u64 = 16;

/// Little-endian 32-bit floats.
fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn floats(stored: &[u8]) -> Vec<f32> {
    let (chunks, _) = stored.as_chunks::<4>();
    chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

/// Everything that may move, as it is stored.
struct Stored {
    clusters: Vec<cluster::Model>,
    questions: Vec<turn_cluster::Model>,
    watch: cluster_watch::Model,
}

impl Stored {
    async fn read(rows: &Rows<'_>) -> Result<Self, AppError> {
        Ok(Self {
            clusters: rows.clusters().await?,
            questions: rows.questions_held().await?,
            watch: watch(rows).await?,
        })
    }

    fn restored(&self) -> Clusters {
        let at: HashMap<ClusterId, usize> = self.clusters.iter().zip(0..).map(|(row, at)| (row.id, at)).collect();
        let clusters = self.clusters.iter().map(|row| Cluster {
            mean: floats(&row.vector),
            questions: u64::try_from(row.questions).unwrap_or_default(),
            is_kept: row.is_kept,
            merged_into: row.merged_into.and_then(|id| at.get(&id).copied()),
        });
        let questions = self.questions.iter().map(|row| Question {
            vector: floats(row.vector.as_deref().unwrap_or_default()),
            cluster: row.cluster_id.and_then(|id| at.get(&id).copied()),
        });
        let seen = usize::try_from(self.watch.seen).unwrap_or_default();
        Clusters::restored(clusters.collect(), questions.collect(), seen)
    }
}

/// What is written of a page.
#[derive(Debug, Default)]
struct Written {
    new: Vec<cluster::Model>,
    changed: Vec<cluster::Model>,
    embedded: Vec<turn_cluster::Model>,
    placed: BTreeMap<Option<ClusterId>, Vec<TurnId>>,
    dropped: Vec<TurnId>,
    moved: BTreeSet<ConversationId>,
    watch: Option<cluster_watch::Model>,
}

/// Gives every question that has none its place, page by page. Returns whether any has another place than before.
pub(super) async fn place_all(app: &App, engine: &Engine, workspace_id: WorkspaceId) -> Result<bool, AppError> {
    embed_anew(app, engine, workspace_id).await?;
    let rows = app.store().rows(workspace_id);
    let mut any = false;
    loop {
        let page = rows.questions_to_embed(BATCH).await?;
        if page.is_empty() {
            return Ok(any);
        }
        let texts: Vec<String> = page.iter().map(|row| row.question.clone()).collect();
        let vectors = embedded(engine, workspace_id, &texts).await?;
        let mut stored = Stored::read(&rows).await?;
        let before = Before {
            clusters: stored.clusters.clone(),
            seen: stored.watch.seen,
        };
        let mut clusters = stored.restored();
        for (row, vector) in page.into_iter().zip(vectors) {
            clusters.take(vector.clone());
            stored.watch.seen += 1;
            stored.questions.push(turn_cluster::Model {
                embedder: Some(engine.embedder.clone()),
                vector: Some(bytes(&vector)),
                ..row
            });
        }
        clusters.gather();
        let new: Vec<ClusterId> = (stored.clusters.len()..clusters.clusters().len())
            .map(|_| ClusterId::new(&*app.sources().ids))
            .collect();
        let written = written(&stored, &clusters, &new, &engine.embedder, app.now());
        let has_moved = !written.moved.is_empty();
        // Somebody named, merged or parted a cluster meanwhile: this page is placed again, among those.
        any |= put(app, workspace_id, before, written).await? && has_moved;
    }
}

/// What has changed.
fn written(stored: &Stored, clusters: &Clusters, new: &[ClusterId], embedder: &str, now: Timestamp) -> Written {
    let ids: Vec<ClusterId> = { stored.clusters.iter() }
        .map(|row| row.id)
        .chain(new.iter().copied())
        .collect();
    let mut written = Written {
        watch: Some(stored.watch),
        ..Written::default()
    };
    let mut touched: BTreeMap<ClusterId, Timestamp> = BTreeMap::new();
    for (row, question) in stored.questions.iter().zip(clusters.questions()) {
        let place = question.cluster.and_then(|at| ids.get(at).copied());
        let is_done = clusters.is_settled() && place.is_some();
        let is_new = row.cluster_id.is_none() && place.is_some();
        if let Some(id) = place {
            let last = touched.entry(id).or_insert(row.asked_at);
            *last = row.asked_at.max(*last);
        }
        if row.cluster_id != place || is_new {
            written.moved.insert(row.conversation_id);
            written.placed.entry(place).or_default().push(row.turn_id);
        }
        if is_done {
            written.dropped.push(row.turn_id);
        }
        written.embedded.push(row.clone());
    }
    for (at, (cluster, id)) in clusters.clusters().iter().zip(&ids).enumerate() {
        let before = stored.clusters.get(at);
        let row = cluster::Model {
            id: *id,
            workspace_id: stored.watch.workspace_id,
            name: before.map(|row| row.name.clone()).unwrap_or_default(),
            named_by: before.and_then(|row| row.named_by),
            is_kept: cluster.is_kept,
            example: before.map(|row| row.example.clone()).unwrap_or_default(),
            embedder: embedder.to_owned(),
            vector: bytes(&cluster.mean),
            questions: i64::try_from(cluster.questions).unwrap_or(i64::MAX),
            merged_into: cluster.merged_into.and_then(|at| ids.get(at).copied()),
            created_at: before.map_or(now, |row| row.created_at),
            last_at: { before.map(|row| row.last_at) }
                .max(touched.get(id).copied())
                .unwrap_or(now),
        };
        let row = named(row, at, stored, clusters);
        match before {
            None => written.new.push(row),
            Some(before) if *before != row => written.changed.push(row),
            Some(_) => {}
        }
    }
    written
}

/// A cluster that nobody has named, with the question in its middle as its name.
fn named(row: cluster::Model, at: usize, stored: &Stored, clusters: &Clusters) -> cluster::Model {
    let is_named = !row.name.is_empty() && (row.is_kept || row.questions >= NAMED_FOR_GOOD);
    let Some(cluster) = clusters.clusters().get(at).filter(|_| !is_named) else {
        return row;
    };
    let mut best: Option<(f32, &str)> = None;
    let own =
        { stored.questions.iter().zip(clusters.questions()) }.filter(|(_, question)| question.cluster == Some(at));
    for (question, _) in own.take(NAMED_AMONG) {
        let vector = floats(question.vector.as_deref().unwrap_or_default());
        if vector.len() != cluster.mean.len() {
            continue;
        }
        let likeness = dot(&cluster.mean, &vector);
        if best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, &question.question));
        }
    }
    match best {
        Some((_, question)) => cluster::Model {
            name: shortened(question),
            example: question.to_owned(),
            ..row
        },
        None if row.name.is_empty() => cluster::Model {
            name: "…".to_owned(),
            ..row
        },
        None => row,
    }
}

/// The first line of a question, cut at a word.
fn shortened(question: &str) -> String {
    let line = question
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    if line.chars().count() <= NAME_CHARS {
        return line.to_owned();
    }
    let mut short = String::new();
    for word in line.split_whitespace() {
        if short.chars().count() + word.chars().count() + 1 > NAME_CHARS {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    if short.is_empty() {
        short = line.chars().take(NAME_CHARS).collect();
    }
    short + " …"
}

/// What was there when places were given.
struct Before {
    clusters: Vec<cluster::Model>,
    seen: i64,
}

/// Writes a page, unless the clusters are other ones by now. Returns whether it did.
async fn put(app: &App, workspace_id: WorkspaceId, before: Before, written: Written) -> Result<bool, AppError> {
    let (before, written, now) = (Arc::new(before), Arc::new(written), app.now());
    app.store()
        .write(workspace_id, move |tx| {
            let (before, written) = (before.clone(), written.clone());
            Box::pin(async move {
                let known = tx.cluster_watch().await?;
                let seen = known.as_ref().map_or(0, |known| known.seen);
                if seen != before.seen || tx.clusters().await? != before.clusters {
                    return Ok(Change::Unlogged(false));
                }
                // What a new one was merged into may come behind it.
                for row in &written.new {
                    tx.insert(cluster::Model {
                        merged_into: None,
                        ..row.clone()
                    })
                    .await?;
                }
                let late = written.new.iter().filter(|row| row.merged_into.is_some());
                for row in written.changed.iter().chain(late) {
                    tx.update(row.clone()).await?;
                }
                for row in written.embedded.iter().rev().take(usize::try_from(BATCH).unwrap_or(32)) {
                    // What was just embedded; the others are as they were.
                    tx.update(row.clone()).await?;
                }
                for (cluster, turns) in &written.placed {
                    tx.place_questions(turns, *cluster).await?;
                }
                tx.drop_question_vectors(&written.dropped).await?;
                if let Some(watch) = written.watch {
                    // How far the log was read is not this page's.
                    let known = known.unwrap_or(watch);
                    tx.watch_clusters_from(cluster_watch::Model {
                        seen: watch.seen,
                        ..known
                    })
                    .await?;
                }
                let moved: Vec<ConversationId> = written.moved.iter().copied().collect();
                tx.insights_due_for(&moved, now).await?;
                Ok::<_, AppError>(Change::Unlogged(true))
            })
        })
        .await
}

/// With another embedding model clusters keep their ids, names and questions; where they lie is measured anew from their newest questions.
async fn embed_anew(app: &App, engine: &Engine, workspace_id: WorkspaceId) -> Result<(), AppError> {
    let rows = app.store().rows(workspace_id);
    let held = rows.questions_held().await?;
    let others: Vec<turn_cluster::Model> = { held.into_iter() }
        .filter(|row| row.embedder.as_deref() != Some(&*engine.embedder))
        .collect();
    for page in others.chunks(usize::try_from(BATCH).unwrap_or(32)) {
        let texts: Vec<String> = page.iter().map(|row| row.question.clone()).collect();
        let vectors = embedded(engine, workspace_id, &texts).await?;
        let anew: Vec<turn_cluster::Model> = { page.iter().zip(vectors) }
            .map(|(row, vector)| turn_cluster::Model {
                embedder: Some(engine.embedder.clone()),
                vector: Some(bytes(&vector)),
                ..row.clone()
            })
            .collect();
        app.store()
            .write(workspace_id, move |tx| {
                let anew = anew.clone();
                Box::pin(async move {
                    for row in anew {
                        tx.update(row).await?;
                    }
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
    for row in rows
        .clusters()
        .await?
        .into_iter()
        .filter(|row| row.embedder != engine.embedder)
    {
        let questions = rows.questions_of_clusters(&[row.id], EMBEDDED_ANEW).await?;
        let mut texts: Vec<String> = questions.into_iter().map(|row| row.question).collect();
        if texts.is_empty() {
            texts.push(row.example.clone());
        }
        let vectors = embedded(engine, workspace_id, &texts).await?;
        let mut mean: Vec<f32> = vec![0.0; vectors.first().map_or(0, Vec::len)];
        #[expect(clippy::cast_precision_loss, reason = "a handful of questions")]
        let share = 1.0 / vectors.len().max(1) as f32;
        for vector in &vectors {
            for (mean, value) in mean.iter_mut().zip(vector) {
                *mean += value * share;
            }
        }
        let (id, embedder) = (row.id, engine.embedder.clone());
        app.store()
            .write(workspace_id, move |tx| {
                let (vector, embedder) = (bytes(&mean), embedder.clone());
                Box::pin(async move {
                    if let Some(row) = tx.cluster(id).await? {
                        tx.update(cluster::Model {
                            embedder,
                            vector,
                            ..row
                        })
                        .await?;
                    }
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_first_line_cut_at_a_word() {
        assert_eq!(shortened("\n Where is it? \nThanks"), "Where is it?");
        let long = "where ".repeat(30);
        let short = shortened(&long);
        assert!(
            short.ends_with("where …") && short.chars().count() <= NAME_CHARS + 2,
            "{short}"
        );
        assert_eq!(shortened(&"x".repeat(100)).chars().count(), NAME_CHARS + 2);
        assert_eq!(shortened(""), "");
    }
}
