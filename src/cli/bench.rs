//! `holdpoint bench`: how fast this machine is, measured as a client meets it.

mod client;
mod figures;
mod mix;
mod seed;
mod streams;
mod visitors;
mod words;

use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;

use self::client::{AskError, Question, Server};
use self::figures::Figure;
use self::mix::{MixSettings, Round};
use self::visitors::Visit;
use super::context::Context;
use super::exit::Failure;
use super::output;
use crate::engine::{ChatMessage, EngineState, Priority, Supervisor, SupervisorSettings};

/// Longest wait for the model to load.
const ENGINE_WITHIN: Duration = Duration::from_mins(5);
/// Evaluation requests of the backlog where `backlog` is asked for without a number.
const BACKLOG: u16 = 32;
/// Name of the socket of an engine that is started for the measurement.
const SOCKET: &str = "engine.sock";
/// Alternating measurements where there are two sides, and repetitions where there is one.
const PAIRS: u32 = 7;
const REPETITIONS: u32 = 3;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// How fast the chat model reads and writes, alone and for many visitors at once
    Engine(Box<EngineBench>),
    /// Fill an empty data directory with very many made-up conversations
    Seed(seed::Seed),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Without --socket an engine is started with the configured chat model (--chat-model, \
    --engine-threads and --engine-context change it) and ends with the measurement. A machine that does other work \
    meanwhile makes every figure worse."
)]
pub(crate) struct EngineBench {
    /// What to measure [default: read, write and mix; backlog where --backlog is given]
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Measure the engine that listens on this Unix socket instead of starting one
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Another OpenAI-compatible server to measure in turns with ours, and to compare with
    #[arg(long, value_name = "URL")]
    against: Option<String>,
    /// Answers that our engine writes at the same time [default: 8]
    #[arg(long, value_name = "COUNT", conflicts_with = "socket")]
    slots: Option<NonZero<u16>>,
    /// Tokens of our engine's cache beyond one request's [default: as many as one request may have]
    #[arg(long, value_name = "TOKENS", conflicts_with = "socket")]
    cache: Option<u32>,
    /// How often each side is measured, in turns [default: 7 with --against, else 3]
    #[arg(long, value_name = "COUNT")]
    pairs: Option<NonZero<u32>>,
    /// Requests at once, for read and write
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', default_value = "1,2,4,8")]
    streams: Vec<NonZero<u16>>,
    /// Length of the prompts that are read, tokens (about)
    #[arg(long, value_name = "TOKENS", default_value_t = 256)]
    prompt_tokens: usize,
    /// Length of the answers that are written, tokens
    #[arg(long, value_name = "TOKENS", default_value_t = 128)]
    answer_tokens: u32,
    /// Evaluation requests kept waiting while four visitors ask, to see what they notice of it
    #[arg(long, value_name = "COUNT")]
    backlog: Option<NonZero<u16>>,
    #[command(flatten)]
    mix: MixSettings,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Reading prompts
    Read,
    /// Writing answers
    Write,
    /// Visitors who come, ask and ask on
    Mix,
    /// Four visitors with and without a backlog of evaluation work
    Backlog,
}

impl Bench {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Engine(bench) => bench.run(context).await,
            Self::Seed(seed) => seed.run(context).await,
        }
    }
}

impl EngineBench {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let own = match &self.socket {
            Some(_) => None,
            None => Some(self.start_engine(context).await?),
        };
        let report = self.measure(own.as_ref()).await;
        if let Some(own) = own {
            own.stop().await;
        }
        let report = report?;
        let words = figures::table(&report.figures);
        let value = serde_json::to_value(&report)
            .map_err(|error| Failure::failed(format!("the figures cannot be printed ({error})")))?;
        context.answer(&value, |_| words)
    }

    async fn start_engine(&self, context: &Context) -> Result<OwnEngine, Failure> {
        let settings = context.settings();
        let model = settings.chat_model.as_ref().ok_or_else(|| {
            Failure::usage("no chat model is configured, so there is nothing to measure; name one with --chat-model")
        })?;
        OwnEngine::start(|socket| SupervisorSettings {
            chat_model: Some(model.path.clone()),
            threads: settings.engine_threads,
            context_tokens: settings.engine_context,
            slots: self.slots.or(settings.engine_slots),
            cache_tokens: self.cache.or(settings.engine_cache.map(NonZero::get)),
            ..SupervisorSettings::new(socket)
        })
        .await
    }

    async fn measure(&self, own: Option<&OwnEngine>) -> Result<Report, Failure> {
        let socket = own.map(|own| own.socket().clone()).or_else(|| self.socket.clone());
        let ours = opened(Server::on_socket(&socket.unwrap_or_default()), "our engine").await?;
        let theirs = match &self.against {
            Some(url) => Some(opened(Server::at(url), url).await?),
            None => None,
        };
        let pairs = match (self.pairs, &theirs) {
            (Some(pairs), _) => pairs.get(),
            (None, Some(_)) => PAIRS,
            (None, None) => REPETITIONS,
        };
        let parts = self.parts();
        let steps = parts.iter().map(|part| self.steps_of(*part)).sum::<usize>() * usize::try_from(pairs).unwrap_or(1);
        let mut turns = Turns {
            sides: Sides { ours, theirs },
            pairs,
            bar: output::filling("Measuring", steps),
            figures: Vec::new(),
        };
        for part in parts {
            self.measure_part(part, &mut turns)
                .await
                .map_err(|error| Failure::unavailable(format!("the measurement broke off: {error}")))?;
        }
        turns.bar.finish_and_clear();
        Ok(Report {
            model: turns.sides.ours.model().map(ToOwned::to_owned),
            against: self.against.clone(),
            against_model: turns
                .sides
                .theirs
                .as_ref()
                .and_then(Server::model)
                .map(ToOwned::to_owned),
            pairs,
            settings: json!({
                "prompt_tokens": self.prompt_tokens,
                "answer_tokens": self.answer_tokens,
                "backlog": self.backlog(),
                "mix": self.mix,
            }),
            figures: turns.figures,
        })
    }

    fn parts(&self) -> Vec<Part> {
        if !self.parts.is_empty() {
            return self.parts.clone();
        }
        let mut parts = vec![Part::Read, Part::Write, Part::Mix];
        parts.extend(self.backlog.map(|_| Part::Backlog));
        parts
    }

    fn backlog(&self) -> usize {
        usize::from(self.backlog.map_or(BACKLOG, NonZero::get))
    }

    /// Measurements of one pair, for the progress bar.
    fn steps_of(&self, part: Part) -> usize {
        match part {
            Part::Read | Part::Write => self.streams.len(),
            Part::Mix => 1,
            Part::Backlog => 2,
        }
    }

    async fn measure_part(&self, part: Part, turns: &mut Turns) -> Result<(), AskError> {
        match part {
            Part::Read => {
                for streams in self.streams.iter().map(|streams| usize::from(streams.get())) {
                    let read = async |server: &Server, round| {
                        streams::read_speed(server, streams, self.prompt_tokens, self.mix.seed + round).await
                    };
                    let (ours, theirs) = turns.take(read).await?;
                    turns.note(format!("reading, {}", at_once(streams)), "tokens/s", ours, theirs);
                }
            }
            Part::Write => {
                for streams in self.streams.iter().map(|streams| usize::from(streams.get())) {
                    let write = async |server: &Server, round| {
                        streams::write_speed(server, streams, self.answer_tokens, self.mix.seed + round).await
                    };
                    let (ours, theirs) = turns.take(write).await?;
                    turns.note(format!("writing, {}", at_once(streams)), "tokens/s", ours, theirs);
                }
            }
            Part::Mix => {
                let visit = async |server: &Server, round| visitors::mix(server, &self.mix, of_this_run(round)).await;
                let (ours, theirs) = turns.take(visit).await?;
                turns.note_visits("mix", &ours, &theirs);
            }
            Part::Backlog => self.measure_backlog(turns).await?,
        }
        Ok(())
    }

    async fn measure_backlog(&self, turns: &mut Turns) -> Result<(), AskError> {
        // Other visitors than those of the mix, whose prompts the servers know by now.
        let alone = async |server: &Server, round| {
            visitors::beside_backlog(server, &self.mix, of_this_run(round + 1_000), 0).await
        };
        let beside = async |server: &Server, round| {
            visitors::beside_backlog(server, &self.mix, of_this_run(round + 2_000), self.backlog()).await
        };
        let (ours_alone, theirs_alone) = turns.take(alone).await?;
        let (ours_beside, theirs_beside) = turns.take(beside).await?;
        turns.note_visits("four visitors alone", &ours_alone, &theirs_alone);
        turns.note_visits("beside the backlog", &ours_beside, &theirs_beside);
        let slower = |beside: &[Visit], alone: &[Visit]| -> Vec<f64> {
            let pairs = beside.iter().zip(alone);
            pairs
                .map(|(beside, alone)| beside.first_token_p95_ms / alone.first_token_p95_ms)
                .collect()
        };
        turns.note(
            "first token p95, beside the backlog : alone",
            "times",
            slower(&ours_beside, &ours_alone),
            slower(&theirs_beside, &theirs_alone),
        );
        Ok(())
    }
}

/// A round with words that no other run of the program uses.
fn of_this_run(number: u64) -> Round {
    Round {
        number,
        run: u64::from(std::process::id()),
    }
}

fn at_once(streams: usize) -> String {
    match streams {
        1 => "1 request".to_owned(),
        _ => format!("{streams} requests at once"),
    }
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Report {
    model: Option<String>,
    against: Option<String>,
    against_model: Option<String>,
    pairs: u32,
    settings: serde_json::Value,
    figures: Vec<Figure>,
}

/// The servers under measurement.
struct Sides {
    ours: Server,
    theirs: Option<Server>,
}

/// Measurements that alternate between the sides, so that whatever slows the machine down for a while meets both.
struct Turns {
    sides: Sides,
    pairs: u32,
    bar: ProgressBar,
    figures: Vec<Figure>,
}

impl Turns {
    /// Measures ours, theirs, ours, theirs and so on. Both sides of a pair get the same round and so the same texts.
    async fn take<T>(
        &self,
        measure: impl AsyncFn(&Server, u64) -> Result<T, AskError>,
    ) -> Result<(Vec<T>, Vec<T>), AskError> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for pair in 0..u64::from(self.pairs) {
            ours.push(measure(&self.sides.ours, pair).await?);
            if let Some(server) = &self.sides.theirs {
                theirs.push(measure(server, pair).await?);
            }
            self.bar.inc(1);
        }
        Ok((ours, theirs))
    }

    fn note(&mut self, name: impl Into<String>, unit: &'static str, ours: Vec<f64>, theirs: Vec<f64>) {
        self.figures.push(Figure::new(name, unit, ours, theirs));
    }

    fn note_visits(&mut self, of: &str, ours: &[Visit], theirs: &[Visit]) {
        type Part = (&'static str, &'static str, fn(&Visit) -> f64);
        let parts: [Part; 9] = [
            ("first token, median", "ms", |visit| visit.first_token_p50_ms),
            ("first token, p95", "ms", |visit| visit.first_token_p95_ms),
            ("whole answer, median", "ms", |visit| visit.whole_p50_ms),
            ("whole answer, p95", "ms", |visit| visit.whole_p95_ms),
            ("written", "tokens/s", |visit| visit.written_per_s),
            ("prompts answered", "tokens/s", |visit| visit.read_per_s),
            ("of the prompts reused", "%", |visit| visit.reused * 100.0),
            ("answers", "", |visit| f64::from(visit.answers)),
            ("answers that did not come", "", |visit| f64::from(visit.failed)),
        ];
        for (name, unit, part) in parts {
            let values = |visits: &[Visit]| visits.iter().map(part).collect();
            self.note(format!("{of}: {name}"), unit, values(ours), values(theirs));
        }
    }
}

/// Connects, learns the model's name and lets the server answer once, which no figure should include.
async fn opened(server: Result<Server, AskError>, which: &str) -> Result<Server, Failure> {
    let warm = async {
        let mut server = server?;
        server.learn_model().await?;
        let hello = Question {
            messages: vec![ChatMessage::user("Say hello.")],
            answer_tokens: 8,
            may_reuse: false,
            priority: Priority::Live,
        };
        server.ask(&hello).await?;
        Ok(server)
    };
    warm.await
        .map_err(|error: AskError| Failure::unavailable(format!("{which} gives no answer: {error}")))
}

/// An engine of our own, for the time of the measurement.
struct OwnEngine {
    supervisor: Supervisor,
    folder: PathBuf,
}

impl OwnEngine {
    /// Starts it on a socket of its own, beside whatever else runs.
    async fn start(settings: impl FnOnce(PathBuf) -> SupervisorSettings) -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("holdpoint-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::failed(format!("{} cannot be made ({error})", folder.display())))?;
        let supervisor = Supervisor::start(settings(folder.join(SOCKET)));
        let bar = output::waiting("Loading the model");
        let status = supervisor.settled(ENGINE_WITHIN).await;
        bar.finish_and_clear();
        let own = Self { supervisor, folder };
        let why = match status.state {
            EngineState::Ready => return Ok(own),
            EngineState::NotConfigured => "there is no chat model; name one with --chat-model".to_owned(),
            EngineState::Failed { why } | EngineState::Restarting { why, .. } => why,
            EngineState::Starting | EngineState::Stopped => "the model did not load in time".to_owned(),
        };
        own.stop().await;
        Err(Failure::unavailable(why))
    }

    fn socket(&self) -> PathBuf {
        self.folder.join(SOCKET)
    }

    async fn stop(self) {
        self.supervisor.stop().await;
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::debug!(%error, folder = %self.folder.display(), "The folder of the engine's socket stays behind");
        }
    }
}
