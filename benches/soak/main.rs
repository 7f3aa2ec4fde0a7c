//! Half an hour of everything at once: `cargo bench --bench soak [-- --minutes 30] [--seed N] [--program FILE]`.
//!
//! Callers of all priorities and workspaces ask an engine whatever it can be asked, hang up, run out of time and send
//! too much, while its process is killed every minute or two. Every request has to end with an answer or with the
//! reason why there is none, and memory has to stay flat. During the last third nothing is killed, so that one engine
//! lives long enough to show a leak. Models come from `HOLDPOINT_MODELS`, or from where `install.sh` keeps them.

mod callers;
mod memory;
#[path = "../models.rs"]
mod models;
mod outcomes;

use std::{
    io::Write as _,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use holdpoint::engine::{Supervisor, SupervisorSettings};
use tokio::{task::JoinSet, time::sleep};

use callers::{Caller, Dice};
use memory::Memory;
use outcomes::Outcomes;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Failure>;

/// Callers at the same time: more than the engine has places for.
const CALLERS: u64 = 16;
/// Far more than any request takes.
const AMPLE: Duration = Duration::from_mins(3);

struct Options {
    minutes: f64,
    seed: u64,
    program: PathBuf,
}

impl Options {
    fn read() -> Result<Self> {
        let mut options = Self {
            minutes: 30.0,
            seed: 1,
            program: env!("CARGO_BIN_EXE_holdpoint").into(),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            // Cargo adds `--bench`.
            if word == "--bench" {
                continue;
            }
            let value = words.next().ok_or(format!("{word} needs a value"))?;
            match word.as_str() {
                "--minutes" => options.minutes = value.parse()?,
                "--seed" => options.seed = value.parse()?,
                "--program" => options.program = value.into(),
                _ => {
                    return Err(format!("there is no option {word}; there are --minutes, --seed and --program").into());
                }
            }
        }
        Ok(options)
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.minutes * 60.0)
    }
}

fn main() -> Result<()> {
    let options = Options::read()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(soak(options))
}

async fn soak(options: Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(models) = models::folder() else {
        return Err("the default models are not there; `./install.sh models` fetches them".into());
    };
    let mut settings = SupervisorSettings::new(folder.path().join("engine.sock"));
    settings.program = Some(options.program.clone());
    settings.embed_model = Some(models.join(models::NAMES[0]));
    settings.chat_model = Some(models.join(models::NAMES[1]));
    settings.context_tokens = std::num::NonZero::new(2048);
    // What is kept in main memory on purpose is to be full soon: what grows after that is a leak.
    settings.cache_tokens = Some(4096);
    let engine = Arc::new(Supervisor::start(settings));
    let status = engine.settled(AMPLE).await;
    if !status.is_ready() {
        return Err(format!("the engine did not start: {status:?}").into());
    }

    let began = Instant::now();
    let end = began + options.length();
    let outcomes = Arc::new(Mutex::new(Outcomes::default()));
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let caller = Caller::new(&engine, Dice::new(options.seed * 1_000 + number), Arc::clone(&outcomes));
        callers.spawn(caller.call_until(end));
    }
    let no_more_kills = began + options.length().mul_f64(2.0 / 3.0);
    // Every minute or two of half an hour.
    let (soon, late) = (options.length() / 40, options.length() / 15);
    let mut dice = Dice::new(options.seed);
    let wait = move || soon + late.saturating_sub(soon) * u32::try_from(dice.below(100)).unwrap_or(0) / 100;
    let killing = kill_now_and_then(&engine, wait, no_more_kills, &outcomes);
    let mut memory = Memory::default();
    tokio::join!(killing, memory.watch(&engine, end));
    while let Some(ended) = callers.join_next().await {
        ended?;
    }
    let left = idle(&engine).await?;

    let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:.1} minutes, {CALLERS} callers, seed {}",
        options.minutes, options.seed
    )?;
    writeln!(out, "{outcomes}\n{memory}\n{left}")?;
    let mut wrong = outcomes.wrong();
    wrong.extend(memory.wrong());
    if wrong.is_empty() {
        writeln!(out, "passed")?;
        return Ok(());
    }
    Err(wrong.join("\n").into())
}

/// Ends the engine's process without a warning, again and again.
async fn kill_now_and_then(
    engine: &Supervisor,
    mut wait: impl FnMut() -> Duration,
    until: Instant,
    outcomes: &Mutex<Outcomes>,
) {
    loop {
        let wait = wait();
        if Instant::now() + wait >= until {
            return;
        }
        sleep(wait).await;
        let Some(pid) = engine.status().pid else { continue };
        let began = Instant::now();
        let killed = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        let is_another = |status: &holdpoint::engine::EngineStatus| status.is_ready() && status.pid != Some(pid);
        let is_back = engine.watch().wait_for(is_another).await.is_ok();
        let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.killed(began, Instant::now());
        if !is_back || !killed.is_ok_and(|status| status.success()) {
            outcomes.unexplained("the engine was killed and did not come back".to_owned());
            return;
        }
    }
}

/// Waits until the engine has nothing to do, and says what it did since it was last started.
async fn idle(engine: &Supervisor) -> Result<String> {
    let began = Instant::now();
    loop {
        let health = engine.client().health(AMPLE).await?;
        if health
            .models
            .iter()
            .all(|model| model.running == 0 && model.waiting == 0)
        {
            let lines = health
                .models
                .iter()
                .map(|model| format!("{}: {:?}", model.name, model.counters));
            return Ok(lines.collect::<Vec<_>>().join("\n"));
        }
        if began.elapsed() > AMPLE {
            return Err(format!("nobody asks any more, and it is not idle: {health:?}").into());
        }
        sleep(Duration::from_millis(100)).await;
    }
}
