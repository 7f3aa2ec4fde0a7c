//! Measuring how well questions are gathered, on questions whose kinds are known (`holdpoint analyse eval --clusters`).

use crate::app::{App, AppError};
use crate::stats::clusters::{Clusters, k_means, mutual_information, purity};
use crate::stats::random::SplitMix64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Texts embedded at a time.
const BATCH: usize = 64;
/// Longest time for one batch.
const DEADLINE: Duration = Duration::from_mins(2);
/// Questions of a page, after which waiting ones are gathered.
const PAGE: usize = 32;
/// Starts of k-means, of which the best counts.
const STARTS: u64 = 5;
/// Orders of arrival at most.
const MOST_ORDERS: u64 = 20;

/// What is measured on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterTrial {
    /// Questions with their kinds, as people labelled them.
    pub questions: Vec<(String, String)>,
    /// Questions of no kind, if there are any.
    #[serde(default)]
    pub outside: Vec<String>,
    /// In how many orders the questions come.
    pub orders: u64,
    /// Where chance begins.
    pub seed: u64,
}

/// How well clusters agree with the kinds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Agreement {
    /// Share of questions of their cluster's most frequent kind; those that wait count as one cluster.
    pub purity: f64,
    /// Normalised mutual information.
    pub nmi: f64,
    /// How many clusters.
    pub clusters: usize,
    /// Share of questions that wait.
    pub waiting: f64,
    /// Share of the questions of no kind that would wait; none without such.
    pub outside_waiting: Option<f64>,
    /// Seconds of computing.
    pub seconds: f64,
}

/// The figures of a trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterReport {
    /// Questions.
    pub n: usize,
    /// Kinds.
    pub kinds: usize,
    /// Of each order of arrival.
    pub orders: Vec<Agreement>,
    /// k-means with the true number of kinds, on all questions at once.
    pub k_means: Agreement,
    /// k-means with as many clusters as were found in the first order.
    pub k_means_as_many: Agreement,
}

/// Gathers the questions in several orders, and with k-means beside it on the very same vectors.
///
/// # Errors
/// [`AppError::Engine`] without an embedder, [`AppError::Invalid`] without questions.
pub async fn evaluate(app: &App, trial: ClusterTrial) -> Result<ClusterReport, AppError> {
    let engine = app
        .engine()
        .ok_or_else(|| AppError::Engine("no embedding model is configured".to_owned()))?;
    if trial.questions.is_empty() {
        return Err(AppError::Invalid("there are no questions in these files".to_owned()));
    }
    let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(trial.questions.len());
    let texts: Vec<String> = { trial.questions.iter() }
        .map(|(text, _)| text.clone())
        .chain(trial.outside.iter().cloned())
        .collect();
    for batch in texts.chunks(BATCH) {
        let made = engine.client.embed(batch, DEADLINE).await;
        vectors.extend(made.map_err(|error| AppError::Engine(error.to_string()))?);
    }
    let outside = vectors.split_off(trial.questions.len().min(vectors.len()));
    // Minutes of computing: not on a thread that serves visitors.
    tokio::task::spawn_blocking(move || report(&trial, &vectors, &outside))
        .await
        .map_err(|ended| AppError::Internal(ended.to_string()))
}

fn report(trial: &ClusterTrial, vectors: &[Vec<f32>], outside: &[Vec<f32>]) -> ClusterReport {
    let kinds: BTreeSet<&str> = trial.questions.iter().map(|(_, kind)| kind.as_str()).collect();
    let names: Vec<&str> = kinds.into_iter().collect();
    let labels: Vec<usize> = { trial.questions.iter() }
        .map(|(_, kind)| names.binary_search(&kind.as_str()).unwrap_or(0))
        .collect();
    let orders: Vec<Agreement> = (0..trial.orders.clamp(1, MOST_ORDERS))
        .map(|order| one_order(vectors, &labels, outside, trial.seed.wrapping_add(order)))
        .collect();
    let borrowed: Vec<&[f32]> = vectors.iter().map(Vec::as_slice).collect();
    let usual = |clusters: usize| {
        let began = Instant::now();
        let found = k_means(&borrowed, clusters, STARTS, trial.seed);
        Agreement {
            purity: purity(&found, &labels),
            nmi: mutual_information(&found, &labels),
            clusters,
            waiting: 0.0,
            outside_waiting: None,
            seconds: began.elapsed().as_secs_f64(),
        }
    };
    let as_many = orders.first().map_or(1, |order| order.clusters);
    ClusterReport {
        n: vectors.len(),
        kinds: names.len(),
        k_means: usual(names.len()),
        k_means_as_many: usual(as_many),
        orders,
    }
}

fn one_order(vectors: &[Vec<f32>], labels: &[usize], outside: &[Vec<f32>], seed: u64) -> Agreement {
    let began = Instant::now();
    let mut random = SplitMix64::new(seed);
    let mut order: Vec<usize> = (0..vectors.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, random.below(at + 1));
    }
    let mut clusters = Clusters::default();
    for page in order.chunks(PAGE) {
        for vector in page.iter().filter_map(|at| vectors.get(*at)) {
            clusters.take(vector.clone());
        }
        clusters.gather();
    }
    let found: Vec<usize> = { clusters.questions().iter() }
        .map(|question| question.cluster.map_or(usize::MAX, |cluster| clusters.root(cluster)))
        .collect();
    let labels: Vec<usize> = order.iter().filter_map(|at| labels.get(*at).copied()).collect();
    let waiting = found.iter().filter(|cluster| **cluster == usize::MAX).count();
    let far = outside.iter().filter(|vector| !clusters.has_near(vector)).count();
    Agreement {
        purity: purity(&found, &labels),
        nmi: mutual_information(&found, &labels),
        clusters: clusters.live(),
        waiting: share(waiting, found.len()),
        outside_waiting: (!outside.is_empty()).then(|| share(far, outside.len())),
        seconds: began.elapsed().as_secs_f64(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}
