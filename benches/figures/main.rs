//! The figures of `docs/performance.md`: `cargo bench --bench figures [-- [--json] [GROUP …]]`.
//!
//! The real program as a release build, the real models, a data directory of its own on the disk of the build. Groups:
//! `size`, `start`, `memory`, `drafts`, `writes`, `statistics`, `quality`, `search`; all of them when none is named. Models come from `HOLDPOINT_MODELS`, or
//! from where `install.sh` keeps them; without them, what needs them is skipped and says so.

#[expect(dead_code, reason = "the load script needs more of it")]
mod client;
mod drafts;
mod memory;
#[path = "../models.rs"]
mod models;
mod quality;
mod report;
mod search;
mod server;
mod start;
mod statistics;
mod writes;

use report::Report;
use std::path::PathBuf;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Failure>;

const GROUPS: [&str; 8] = [
    "size",
    "start",
    "memory",
    "drafts",
    "writes",
    "statistics",
    "quality",
    "search",
];

fn main() -> Result<()> {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let as_json = words.iter().any(|word| word == "--json");
    let named: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--json")
        .collect();
    if let Some(unknown) = named.iter().find(|name| !GROUPS.contains(name)) {
        return Err(format!("there is no group {unknown:?}; there are {}", GROUPS.join(", ")).into());
    }
    let wanted = |group: &str| named.is_empty() || named.contains(&group);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(measure(wanted))?;
    report.print(as_json)
}

async fn measure(wanted: impl Fn(&str) -> bool) -> Result<Report> {
    let mut report = Report::begin()?;
    let models = models::folder();
    if wanted("size") {
        let bytes = std::fs::metadata(server::PROGRAM)?.len();
        report.add(
            "binary",
            report::megabytes(bytes),
            "MB",
            Some(40.0),
            "engine, console and widget included",
        );
    }
    if wanted("start") {
        start::measure(&mut report)?;
    }
    if wanted("memory") {
        memory::without_models(&mut report).await?;
    }
    if wanted("memory") || wanted("drafts") {
        match &models {
            Some(models) => drafts::measure(&mut report, models, wanted("drafts"), wanted("memory")).await?,
            None => report.skip(
                "memory with the engine, drafts",
                "the default models are not there; `./install.sh models` fetches them, HOLDPOINT_MODELS tells where they are",
            ),
        }
    }
    if wanted("writes") {
        writes::measure(&mut report).await?;
    }
    if wanted("statistics") {
        statistics::measure(&mut report);
    }
    if wanted("quality") {
        quality::measure(&mut report).await?;
    }
    if wanted("search") {
        match &models {
            Some(models) => search::measure(&mut report, models).await?,
            None => report.skip("finding among 100 000 entries", "it needs the embedding model"),
        }
    }
    report.end()?;
    Ok(report)
}

/// A folder that goes away with the value, on the disk of the build: `/tmp` may be memory, which syncs in no time.
fn folder() -> Result<tempfile::TempDir> {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&root)?;
    Ok(tempfile::TempDir::with_prefix_in("f", root)?)
}
