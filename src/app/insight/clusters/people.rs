//! Clusters as people read, name and merge them.

use super::Roots;
use crate::app::insight::{AnalysisInput, period_of};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::{AgentId, ClusterId, ConversationId};
use crate::domain::insight::{Mark, Period};
use crate::domain::log::EventKind;
use crate::domain::text::Name;
use crate::domain::time::Timestamp;
use crate::store::entity::cluster;
use crate::store::{Change, LogDraft, Rows};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use std::collections::HashMap;

/// Questions of a cluster that are shown.
const EXAMPLES: u64 = 8;
/// Steps of time in which a period is drawn.
const STEPS: usize = 8;

/// A cluster as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterView {
    /// Its id.
    pub id: ClusterId,
    /// What a person called it, or the question in its middle.
    pub name: String,
    /// A person named it or merged another one into it: nothing moves in it by itself any more.
    pub is_kept: bool,
    /// The question in its middle.
    pub example: String,
    /// Questions of the period, with those of clusters that were merged into it.
    pub questions: u64,
    /// The same of as many days before.
    pub before: u64,
    /// The questions of the period in eight equal steps of time; as many as there are days where those are fewer.
    pub steps: Vec<u64>,
    /// When the last of them was asked.
    pub last_at: Timestamp,
    /// What was merged into it.
    pub merged: Vec<MergedView>,
    /// The newest questions; only where one cluster is looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<ClusterExample>,
}

/// A cluster that another one stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedView {
    /// Its id.
    pub id: ClusterId,
    /// Its name.
    pub name: String,
}

/// A question of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterExample {
    /// Where it was asked.
    pub conversation_id: ConversationId,
    /// The question, without personal data.
    pub question: String,
    /// When.
    pub at: Timestamp,
}

/// What visitors asked in a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clustered {
    /// Which days.
    pub period: Period,
    /// Questions of the period.
    pub questions: u64,
    /// Those that are in no cluster yet.
    pub other: u64,
    /// The clusters, what is asked most first.
    pub items: Vec<ClusterView>,
}

/// How a person changes a cluster. What is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterChange {
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The cluster that it becomes a part of; null parts them again.
    #[serde(default, deserialize_with = "told")]
    pub merged_into: Option<Option<ClusterId>>,
}

#[expect(clippy::option_option, reason = "not said, said to be none, said to be a cluster")]
fn told<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<ClusterId>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// The clusters with the questions of a period, what is asked most first.
///
/// # Errors
/// [`AppError::Invalid`] for what is no period, [`AppError::Forbidden`] or the store's.
pub async fn clusters(app: &App, caller: &Caller, input: &AnalysisInput) -> Result<Clustered, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let period = period_of(app, &rows, input).await?;
    let all = rows.clusters().await?;
    let Counted {
        clusters: now,
        all: questions,
    } = counted(&rows, period, input.agent).await?;
    let before = counted_before(&rows, period, input.agent).await?;
    let mut items: Vec<ClusterView> = { all.iter() }
        .filter(|row| row.merged_into.is_none())
        .map(|row| view(row, &all, &now, &before))
        .filter(|view| view.questions > 0 || view.before > 0)
        .collect();
    items.sort_by(|a, b| (b.questions, b.before, a.id).cmp(&(a.questions, a.before, b.id)));
    let placed: u64 = items.iter().map(|view| view.questions).sum();
    Ok(Clustered {
        period,
        questions,
        other: questions.saturating_sub(placed),
        items,
    })
}

/// One cluster with its newest questions; of one that was merged, the one that stands for it.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn cluster(
    app: &App,
    caller: &Caller,
    id: ClusterId,
    input: &AnalysisInput,
) -> Result<ClusterView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let period = period_of(app, &rows, input).await?;
    let all = rows.clusters().await?;
    let roots = Roots::of(&all);
    let id = roots.root(id);
    let row = { all.iter() }
        .find(|row| row.id == id)
        .ok_or(AppError::NotFound("these questions"))?;
    let now = counted(&rows, period, input.agent).await?.clusters;
    let before = counted_before(&rows, period, input.agent).await?;
    let members: Vec<ClusterId> = all
        .iter()
        .map(|row| row.id)
        .filter(|member| roots.root(*member) == id)
        .collect();
    let examples = rows.questions_of_clusters(&members, EXAMPLES).await?;
    let example = |row: crate::store::entity::turn_cluster::Model| ClusterExample {
        conversation_id: row.conversation_id,
        question: row.question,
        at: row.asked_at,
    };
    Ok(ClusterView {
        examples: examples.into_iter().map(example).collect(),
        ..view(row, &all, &now, &before)
    })
}

/// Questions by cluster in steps of time, and all.
struct Counted {
    clusters: HashMap<String, Vec<u64>>,
    all: u64,
}

async fn counted(rows: &Rows<'_>, period: Period, agent: Option<AgentId>) -> Result<Counted, AppError> {
    let days = usize::try_from(period.days()).unwrap_or(1).max(1);
    let steps = days.min(STEPS);
    let mut counted = Counted {
        clusters: HashMap::new(),
        all: 0,
    };
    for tallied in rows.tallies_by_day(period, agent).await? {
        let amount = u64::try_from(tallied.amount).unwrap_or_default();
        match tallied.mark {
            Mark::Cluster(id) => {
                let day = usize::try_from(tallied.day.number() - period.first.number()).unwrap_or_default();
                let of = counted.clusters.entry(id).or_insert_with(|| vec![0; steps]);
                if let Some(step) = of.get_mut(day * steps / days) {
                    *step += amount;
                }
            }
            Mark::Questions => counted.all += amount,
            _ => {}
        }
    }
    Ok(counted)
}

async fn counted_before(
    rows: &Rows<'_>,
    period: Period,
    agent: Option<AgentId>,
) -> Result<HashMap<String, u64>, AppError> {
    let found = rows.tallies(period.before(), agent).await?;
    let of_cluster = |(mark, amount)| match mark {
        Mark::Cluster(id) => Some((id, u64::try_from(amount).unwrap_or_default())),
        _ => None,
    };
    Ok(found.into_iter().filter_map(of_cluster).collect())
}

fn view(
    row: &cluster::Model,
    all: &[cluster::Model],
    now: &HashMap<String, Vec<u64>>,
    before: &HashMap<String, u64>,
) -> ClusterView {
    let id = row.id.to_string();
    let merged = all
        .iter()
        .filter(|other| other.merged_into == Some(row.id) && other.questions > 0);
    ClusterView {
        id: row.id,
        name: row.name.clone(),
        is_kept: row.is_kept,
        example: row.example.clone(),
        questions: now.get(&id).map_or(0, |steps| steps.iter().sum()),
        before: before.get(&id).copied().unwrap_or(0),
        steps: now.get(&id).cloned().unwrap_or_default(),
        last_at: row.last_at,
        merged: merged
            .map(|row| MergedView {
                id: row.id,
                name: row.name.clone(),
            })
            .collect(),
        examples: Vec::new(),
    }
}

/// A person names a cluster, makes it a part of another one, or parts them again. Figures follow within moments.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] for what cannot be merged, [`AppError::Text`] for a name that is none, [`AppError::Forbidden`] or the
/// store's.
pub async fn change(app: &App, caller: &Caller, id: ClusterId, wish: &ClusterChange) -> Result<ClusterView, AppError> {
    caller.require(Scope::Knowledge)?;
    if let Some(name) = &wish.name {
        rename(app, caller, id, name).await?;
    }
    match wish.merged_into {
        Some(Some(into)) => merge(app, caller, id, into).await?,
        Some(None) => part(app, caller, id).await?,
        None => {}
    }
    cluster(app, caller, id, &AnalysisInput::default()).await
}

async fn rename(app: &App, caller: &Caller, id: ClusterId, name: &str) -> Result<(), AppError> {
    let name: String = Name::parse(name)?.as_str().to_owned();
    let (actor, by) = (caller.actor(), caller.member().ok());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let name = name.clone();
            Box::pin(async move {
                let row = tx.cluster(id).await?.ok_or(AppError::NotFound("these questions"))?;
                let entry = LogDraft::new(EventKind::ClusterRenamed, actor)
                    .about("cluster", id)
                    .with("name", name.clone())
                    .with("before", row.name.clone());
                tx.update(cluster::Model {
                    name,
                    named_by: by,
                    is_kept: true,
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

async fn merge(app: &App, caller: &Caller, id: ClusterId, into: ClusterId) -> Result<(), AppError> {
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let all = tx.clusters().await?;
                let roots = Roots::of(&all);
                let find = |id| {
                    all.iter()
                        .find(|row| row.id == id)
                        .ok_or(AppError::NotFound("these questions"))
                };
                let (row, other) = (find(id)?, find(roots.root(into))?);
                if row.merged_into.is_some() || row.id == other.id {
                    return Err(AppError::Conflict {
                        sentence: "these questions are one already; load them again".to_owned(),
                        extra: json!({ "merged_into": row.merged_into }),
                    });
                }
                tx.update(cluster::Model {
                    merged_into: Some(other.id),
                    ..row.clone()
                })
                .await?;
                tx.update(cluster::Model {
                    is_kept: true,
                    ..other.clone()
                })
                .await?;
                let members = all.iter().map(|row| row.id).filter(|member| roots.root(*member) == id);
                let members: Vec<ClusterId> = members.collect();
                tx.insights_due_for_clusters(&members, now).await?;
                analyse_soon(tx, now).await?;
                let entry = LogDraft::new(EventKind::ClusterMerged, actor)
                    .about("cluster", id)
                    .about("into", other.id);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

async fn part(app: &App, caller: &Caller, id: ClusterId) -> Result<(), AppError> {
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let all = tx.clusters().await?;
                let roots = Roots::of(&all);
                let row = { all.iter() }
                    .find(|row| row.id == id)
                    .ok_or(AppError::NotFound("these questions"))?;
                let Some(from) = row.merged_into else {
                    return Err(AppError::Conflict {
                        sentence: "these questions are a part of no others; nothing was changed".to_owned(),
                        extra: json!({}),
                    });
                };
                tx.update(cluster::Model {
                    merged_into: None,
                    is_kept: true,
                    ..row.clone()
                })
                .await?;
                let whole = roots.root(id);
                let members = all
                    .iter()
                    .map(|row| row.id)
                    .filter(|member| roots.root(*member) == whole);
                let members: Vec<ClusterId> = members.collect();
                tx.insights_due_for_clusters(&members, now).await?;
                analyse_soon(tx, now).await?;
                let entry = LogDraft::new(EventKind::ClusterUnmerged, actor)
                    .about("cluster", id)
                    .about("from", from);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

/// Figures are counted anew soon.
async fn analyse_soon(tx: &crate::store::Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    let job = crate::store::JobKind::Analyse;
    Ok(tx.schedule_no_later(job, tx.workspace_id(), now).await?)
}
