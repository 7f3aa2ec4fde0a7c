//! `holdpoint demo --months 6`: half a year of three invented businesses, made by the application itself under a clock that is moved by hand, with
//! the scripted engine. Nothing is written past the application.
//!
//! What visitors do and who reviews when comes from a seed (`story.rs`, `visitor.rs`, `team.rs`, `chapters.rs`); everything that follows from it, what
//! is answered, held, sampled, certified and closed, is what the application made of it. The same seed and end make the same logs.
//!
//! It is built in a folder of its own without waiting for the disk, synced once, and only then becomes the data directory's database: what is
//! interrupted is no half year.

mod business;
mod chapters;
mod play;
mod report;
mod sources;
mod stage;
mod story;
mod team;
mod visitor;

pub(super) use report::in_words;

use crate::app::{App, AppError, Engine, Engines, fitness};
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::fresh::Fresh;
use crate::cli::output;
use crate::domain::fitness::{Ability, Finding, Gauge, Language, Measure};
use crate::domain::ids::RandomSource;
use crate::domain::time::{Clock, Timestamp};
use crate::engine::EngineClient;
use crate::engine::scripted::{MODEL_NAME, ScriptedEngine};
use crate::store::{Location, Store};
use crate::system::{SystemClock, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::ValueEnum;
use play::Play;
use serde_json::Value;
use sources::StoryClock;
use stage::{Stage, Terms};
use std::path::PathBuf;
use std::sync::Arc;
use story::DAY_MS;

/// How much happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Size {
    /// About a thousand conversations
    Small,
    /// About seven thousand
    Normal,
    /// About twenty thousand
    Large,
}

impl Size {
    /// Beside what is normal, for the first business and for the others: the small story is whole in the first one only.
    const fn scale(self, nth: u64) -> f64 {
        match self {
            Self::Small if nth == 1 => 0.46,
            Self::Small => 0.055,
            Self::Normal => 1.0,
            Self::Large => 3.0,
        }
    }

    /// Bad answers in a thousand that the owners allow: as few as the verdicts of so many conversations can certify, also once a third of them says nothing
    /// any more.
    const fn limit_permille(self) -> u32 {
        match self {
            Self::Small => 100,
            Self::Normal | Self::Large => 120,
        }
    }

    /// Days until those who work there notice that the knowledge is wrong: with fewer visitors it takes longer.
    const fn noticed_after_days(self) -> i64 {
        match self {
            Self::Small => 11,
            Self::Normal | Self::Large => 7,
        }
    }
}

/// What is to be built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) months: u32,
    pub(super) size: Size,
    pub(super) seed: u64,
    /// The end of the story; now if it is not said.
    pub(super) until: Option<Timestamp>,
}

/// Builds it as the data directory's database, which must not exist yet, and tells what there is.
///
/// # Errors
/// Where there is a database, or the reason why it could not be built; then nothing is left of it.
pub(super) async fn build(context: &Context, wish: Wish) -> Result<Value, Failure> {
    let fresh = Fresh::begin(context)?;
    let report = build_in(&fresh.location(), context.data_dir().engine_socket(), wish).await?;
    fresh.finish()?;
    Ok(report)
}

async fn build_in(location: &Location, socket: PathBuf, wish: Wish) -> Result<Value, Failure> {
    let end = wish.until.unwrap_or_else(|| SystemClock.now());
    #[expect(clippy::cast_possible_truncation, reason = "days")]
    let days = (f64::from(wish.months) * 30.4) as i64;
    let begin = end.plus_ms(-days * DAY_MS);
    let (sources, clock) = sources::sources(wish.seed, begin);
    let store = Store::open_to_build(location, sources).await?;
    let engine = ScriptedEngine::start(socket).map_err(|error| Failure::failed(error.to_string()))?;
    engine.read_fenced_passages();
    let handle = Engine {
        client: EngineClient::new(engine.endpoint()),
        embedder: MODEL_NAME.to_owned(),
        chat_model: Some(MODEL_NAME.to_owned()),
        status: None,
    };
    let app = App::equipped(store, Engines::new(Some(handle), Vec::new()), None);
    let played = play(&app, clock, wish, (begin, end)).await;
    app.stop().await;
    drop(engine);
    played
}

async fn play(
    app: &App,
    clock: Arc<StoryClock>,
    wish: Wish,
    (begin, end): (Timestamp, Timestamp),
) -> Result<Value, Failure> {
    let mut password = [0; 9];
    SystemRandom.fill(&mut password);
    let password = URL_SAFE_NO_PAD.encode(password);
    found_fit(app).await.map_err(told)?;
    let mut stages = Vec::new();
    for (business, nth) in business::all()?.into_iter().zip(1_u64..) {
        let seed = wish.seed.wrapping_mul(1_000).wrapping_add(nth);
        let visits = story::visits(&business, begin, end, wish.size.scale(nth), seed);
        let terms = Terms {
            password: &password,
            limit_permille: wish.size.limit_permille(),
            noticed_after_days: wish.size.noticed_after_days(),
        };
        stages.push(Stage::set_up(app, business, visits, terms, seed ^ 0x5EED).await?);
    }
    let visits = stages.iter().map(|stage| stage.visits.len()).sum();
    let bar = output::filling("Living through half a year", visits);
    let mut play = Play::new((app.clone(), clock), stages, (begin, end), bar);
    let ended = play.run().await;
    play.bar.finish_and_clear();
    ended?;
    let mut report = play.report().await.map_err(told)?;
    report["password"] = password.into();
    Ok(report)
}

/// What the checks of models say of the default embedder, which the scripted one stands for.
async fn found_fit(app: &App) -> Result<(), AppError> {
    for language in Language::ALL {
        let measure = Measure::known(Gauge::RightlyQuoted, 100, 0.9, 0.8);
        let finding = Finding::of(Ability::Quote, language, vec![measure], None);
        fitness::keep(app, MODEL_NAME, None, &[finding]).await?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn told(error: AppError) -> Failure {
    Failure::failed(format!("the demo's half year could not be built: {error}"))
}
