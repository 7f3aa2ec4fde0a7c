//! A full shop: `cargo bench --bench load [-- --minutes 10] [--visitors 200] [--reviewers 5] [--seed N]`.
//!
//! The real program as a release build with the real models, on a data directory of its own. Visitors talk to it over the
//! widget's API and listen to its event stream, each from an address of their own; reviewers work through the queue over
//! the review API. Every second visitor meets an agent that composes every answer. The middle of the run is an overload:
//! visitors ask about five times as often as the reviewers can decide. Afterwards the log, every transcript and the
//! server's own log are read, and the run fails if anything was lost, anybody talked over a person, or anything failed.

mod checks;
#[path = "../figures/client.rs"]
mod client;
#[path = "../models.rs"]
mod models;
mod pace;
mod reviewers;
#[path = "../figures/server.rs"]
#[expect(dead_code, reason = "the figures need more of it")]
mod server;
mod shop;
mod visitors;

use pace::{Dice, Pace, Phase};
use server::Server;
use shop::Shop;
use std::io::Write as _;
use std::time::Duration;
use tokio::task::JoinSet;
use visitors::Seen;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Failure>;

struct Options {
    minutes: f64,
    visitors: u16,
    reviewers: u16,
    seed: u64,
}

impl Options {
    fn read() -> Result<Self> {
        let mut options = Self {
            minutes: 10.0,
            visitors: 200,
            reviewers: 5,
            seed: 1,
        };
        // Cargo adds `--bench`.
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().ok_or(format!("{word} needs a value"))?;
            match word.as_str() {
                "--minutes" => options.minutes = value.parse()?,
                "--visitors" => options.visitors = value.parse()?,
                "--reviewers" => options.reviewers = value.parse()?,
                "--seed" => options.seed = value.parse()?,
                _ => {
                    let known = "--minutes, --visitors, --reviewers and --seed";
                    return Err(format!("there is no option {word}; there are {known}").into());
                }
            }
        }
        Ok(options)
    }
}

fn main() -> Result<()> {
    let options = Options::read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(load(&options))
}

/// How busy the machine is: with this run, and with whatever else there is.
fn machine() -> Result<String> {
    let load = std::fs::read_to_string("/proc/loadavg")?;
    let cores = std::thread::available_parallelism()?;
    let means: Vec<&str> = load.split_whitespace().take(2).collect();
    Ok(format!(
        "{cores} cores; load of the last 1 and 5 minutes: {}",
        means.join(" and ")
    ))
}

async fn load(options: &Options) -> Result<()> {
    let models = models::folder().ok_or("the default models are not there; `./install.sh models` fetches them")?;
    let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut server = Server::spawn("demo", &folder.path().join("data"), Some(&models))?;
    server.ready()?;
    let shop = Shop::open(&server, options.reviewers).await?;
    let pace = Pace::begin(
        Duration::from_secs_f64(options.minutes * 60.0),
        options.visitors,
        options.reviewers,
    );
    let mut out = std::io::stdout();
    writeln!(out, "{}\n{}", pace.in_words(), machine()?)?;

    let mut reviewing = JoinSet::new();
    for (nth, reviewer) in shop.reviewers.iter().cloned().enumerate() {
        reviewing.spawn(reviewers::work(
            reviewer,
            pace,
            Dice::new(options.seed, 10_000 + nth as u64),
        ));
    }
    let mut visiting = JoinSet::new();
    for nth in 0..options.visitors {
        let dice = Dice::new(options.seed, u64::from(nth));
        visiting.spawn(visitors::come_and_go(shop.door(nth), pace, dice));
    }
    let mut seen = Seen::default();
    while let Some(visited) = visiting.join_next().await {
        seen.add(visited??);
    }
    let mut worked = reviewers::Worked::default();
    while let Some(ended) = reviewing.join_next().await {
        worked.add(&ended??);
    }
    let found = checks::everything(&shop, &seen, pace, &server).await?;
    server.stop()?;

    for phase in Phase::ALL {
        writeln!(out, "{}", seen.in_words(phase, pace))?;
    }
    writeln!(out, "{}\n{}\n{}", worked.in_words(pace), found.in_words(), machine()?)?;
    let wrong: Vec<&str> = seen
        .failures
        .iter()
        .chain(&worked.failures)
        .chain(&found.wrong)
        .map(String::as_str)
        .collect();
    if wrong.is_empty() {
        writeln!(out, "Nothing was lost, nobody was talked over, nothing failed.")?;
        return Ok(());
    }
    Err(wrong.join("\n").into())
}
