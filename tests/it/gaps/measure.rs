//! Measures how well questions gather: the table of `docs/improve.md`.
//!
//!     cargo test --test it measure_gaps -- --ignored --nocapture
//!
//! Questions of known intents come in several orders; what gathers is compared with the intents.

use holdpoint::domain::improve::gap::{Centroid, Place, place};
use holdpoint::engine::{Supervisor, SupervisorSettings};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const EMBEDDER: &str = "all-minilm-l6-v2-f16.gguf";
const AMPLE: Duration = Duration::from_mins(15);
/// Likenesses that are tried.
const TRIED: [f64; 7] = [0.35, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65];
/// Orders in which the questions come.
const ORDERS: u8 = 3;

/// Questions with the intent of each.
type Set = Vec<(String, String)>;

fn model() -> Option<PathBuf> {
    let folder = std::env::var_os("HOLDPOINT_TEST_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/models"),
        PathBuf::from,
    );
    Some(folder.join(EMBEDDER)).filter(|path| path.exists())
}

fn by_lot(text: &str, order: u8) -> Vec<u8> {
    let hash = Sha256::new().chain_update([order]).chain_update(text);
    hash.finalize().to_vec()
}

/// So many questions of each intent, chosen by the hash of their words.
fn chosen(all: Set, each: usize) -> Set {
    let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (text, intent) in all {
        of.entry(intent).or_default().push(text);
    }
    let mut chosen = Vec::new();
    for (intent, mut texts) in of {
        texts.sort_by_key(|text| by_lot(text, 0));
        texts.truncate(each);
        chosen.extend(texts.into_iter().map(|text| (text, intent.clone())));
    }
    chosen
}

fn sets() -> Option<Vec<(&'static str, Set)>> {
    let data = std::env::var_os("HOLDPOINT_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let mut banking = csv::Reader::from_path(data.join("banking77/train.csv")).ok()?;
    let banking = banking.records().filter_map(Result::ok);
    let banking = banking.map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
    let clinc = std::fs::read_to_string(data.join("clinc150/clinc_train_val.json")).ok()?;
    let clinc: HashMap<String, Set> = serde_json::from_str(&clinc).ok()?;
    Some(vec![
        ("banking77", chosen(banking, 12)),
        ("clinc150", chosen(clinc.get("train")?.clone(), 8)),
    ])
}

/// The gap of each question, when they come in this order.
fn gathered(vectors: &[Vec<f32>], order: &[usize], near: f64) -> Vec<usize> {
    let (mut gaps, mut of) = (Vec::<Centroid>::new(), vec![0; vectors.len()]);
    for &at in order {
        of[at] = match place(&vectors[at], &gaps, near) {
            Place::In(gap) => {
                gaps[gap].add(&vectors[at]);
                gap
            }
            Place::New => {
                gaps.push(Centroid::of(&vectors[at]));
                gaps.len() - 1
            }
        };
    }
    of
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Two ways to group the same questions, side by side.
struct Table {
    /// For each two groups that share questions: how many, and the sizes of both.
    cells: Vec<[f64; 3]>,
    /// Sizes of the groups of the one.
    one: Vec<f64>,
    /// And of the other.
    other: Vec<f64>,
}

fn counted<G: Ord>(groups: impl Iterator<Item = G>) -> BTreeMap<G, f64> {
    let mut counts = BTreeMap::new();
    for group in groups {
        *counts.entry(group).or_insert(0.0) += 1.0;
    }
    counts
}

fn table(a: &[usize], b: &[usize]) -> Table {
    let (one, other) = (counted(a.iter()), counted(b.iter()));
    let both = counted(a.iter().zip(b));
    Table {
        cells: both.iter().map(|((a, b), n)| [*n, one[a], other[b]]).collect(),
        one: one.into_values().collect(),
        other: other.into_values().collect(),
    }
}

/// Adjusted Rand index: 1 for the same groups, about 0 for groups by lot.
fn adjusted_rand(a: &[usize], b: &[usize]) -> f64 {
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let Table { cells, one, other } = table(a, b);
    let both: f64 = cells.iter().map(|[n, ..]| pairs(*n)).sum();
    let (a_pairs, b_pairs): (f64, f64) = (one.into_iter().map(pairs).sum(), other.into_iter().map(pairs).sum());
    let by_lot = a_pairs * b_pairs / pairs(float(a.len()));
    (both - by_lot) / (f64::midpoint(a_pairs, b_pairs) - by_lot)
}

/// Normalised mutual information, by the mean of both entropies.
fn shared_information(a: &[usize], b: &[usize]) -> f64 {
    let all = float(a.len());
    let Table { cells, one, other } = table(a, b);
    let shared: f64 = cells.iter().map(|[n, a, b]| n / all * (all * n / (a * b)).ln()).sum();
    let entropy = |of: &[f64]| -> f64 { -of.iter().map(|n| n / all * (n / all).ln()).sum::<f64>() };
    2.0 * shared / (entropy(&one) + entropy(&other))
}

#[test]
fn what_measures_groups_is_right_where_it_is_known() {
    let (a, b) = ([0, 0, 1, 1, 2, 2], [5, 5, 7, 7, 9, 9]);
    assert!((adjusted_rand(&a, &b) - 1.0).abs() < 1e-9 && (shared_information(&a, &b) - 1.0).abs() < 1e-9);
    // Half of the pairs of the one: (2 - 0.8) / (2.5 - 0.8), with three and two pairs, and two in both.
    let coarse = [0, 0, 0, 1, 1, 1];
    let expected = (2.0 - 18.0 / 15.0) / (4.5 - 18.0 / 15.0);
    assert!((adjusted_rand(&a, &coarse) - expected).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints a table; takes minutes"]
async fn measure_gaps() {
    let (Some(model), Some(sets)) = (model(), sets()) else {
        eprintln!("skipped: the model or ../shared/data is not here");
        return;
    };
    let folder = TempDir::new().unwrap();
    let supervisor = Supervisor::start(SupervisorSettings {
        program: Some(env!("CARGO_BIN_EXE_holdpoint").into()),
        embed_model: Some(model),
        ..SupervisorSettings::new(folder.path().join("engine.sock"))
    });
    assert!(supervisor.settled(AMPLE).await.is_ready());
    let client = supervisor.client();
    for (name, set) in sets {
        let texts: Vec<String> = set.iter().map(|(text, _)| text.clone()).collect();
        let mut vectors = Vec::with_capacity(texts.len());
        for part in texts.chunks(64) {
            vectors.extend(client.embed(part, AMPLE).await.unwrap());
        }
        let intents: BTreeMap<&str, usize> = set.iter().map(|(_, intent)| (intent.as_str(), 0)).collect();
        let numbers: HashMap<&str, usize> = intents.into_keys().zip(0..).collect();
        let intents: Vec<usize> = set.iter().map(|(_, intent)| numbers[intent.as_str()]).collect();
        eprintln!("{name}: {} questions, {} intents", set.len(), numbers.len());
        for near in TRIED {
            let runs: Vec<Vec<usize>> = (1..=ORDERS)
                .map(|order| {
                    let mut come: Vec<usize> = (0..set.len()).collect();
                    come.sort_by_key(|at| by_lot(&texts[*at], order));
                    gathered(&vectors, &come, near)
                })
                .collect();
            let mean = |of: &dyn Fn(&Vec<usize>) -> f64| runs.iter().map(of).sum::<f64>() / f64::from(ORDERS);
            eprintln!(
                "  {near:.2}: adjusted Rand {:.3}, shared information {:.3}, {:.0} gaps, two orders {:.3}",
                mean(&|run| adjusted_rand(run, &intents)),
                mean(&|run| shared_information(run, &intents)),
                mean(&|run| float(run.iter().max().map_or(0, |last| last + 1))),
                adjusted_rand(&runs[0], &runs[1]),
            );
        }
    }
    supervisor.stop().await;
}
