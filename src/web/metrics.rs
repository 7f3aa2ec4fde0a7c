//! `GET /metrics`: what the machine is doing, in the text format of Prometheus. For owners, admins and their tokens, and on
//! the socket; `docs/api.md` lists the figures.

use super::error::Problem;
use super::extract::Operator;
use super::state::Web;
use crate::app::machine::{self, Machine, Waiting};
use crate::engine::{ModelHealth, ModelState};
use crate::store::JobKind;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use std::fmt::{Display, Write};

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`
pub(super) async fn metrics(State(web): State<Web>, operator: Operator) -> Result<Response, Problem> {
    let machine = machine::machine(&web.app).await;
    let waiting = machine::waiting(&web.app, operator.workspace_id).await?;
    Ok(([(CONTENT_TYPE, FORMAT)], text(&machine, &waiting)).into_response())
}

/// The figures as text.
fn text(machine: &Machine, waiting: &Waiting) -> String {
    let mut page = Page::default();
    let ready = u8::from(machine.engine.ready);
    page.gauge("holdpoint_engine_ready", "1 when the AI engine answers.")
        .value(&[], ready);
    page.counter(
        "holdpoint_engine_restarts_total",
        "Restarts of the engine since the server started.",
    )
    .value(&[], machine.restarts);
    if let Some(health) = &machine.health {
        page.gauge("holdpoint_engine_memory_bytes", "Resident memory of the engine.")
            .value(&[], health.rss_bytes);
        if let Some(budget) = health.memory_budget_bytes {
            page.gauge(
                "holdpoint_engine_memory_budget_bytes",
                "What the loaded models may need together.",
            )
            .value(&[], budget);
        }
        models(&mut page, &health.models);
    }
    let mut items = page.gauge("holdpoint_review_items", "Review items that wait for a person.");
    for (workspace, count) in &waiting.review_items {
        items.value(&[("workspace", workspace)], count);
    }
    let mut jobs = page.gauge("holdpoint_jobs", "Jobs that are due or still to come.");
    for (kind, count) in &waiting.jobs {
        jobs.value(&[("kind", job_name(*kind))], count);
    }
    page.gauge("holdpoint_failing_jobs", "Jobs that have failed at least once.")
        .value(&[], waiting.failing_jobs);
    page.0
}

const fn job_name(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Draft => "draft",
        JobKind::Finalise => "finalise",
        JobKind::Expire => "expire",
        JobKind::Escalate => "escalate",
        JobKind::Recall => "recall",
        JobKind::Embed => "embed",
        JobKind::Mail => "mail",
        JobKind::Reply => "reply",
        JobKind::Close => "close",
        JobKind::Deliver => "deliver",
        JobKind::Announce => "announce",
        JobKind::Evidence => "evidence",
        JobKind::CarryOver => "carry_over",
        JobKind::FindAnew => "find_anew",
        JobKind::Rehearse => "rehearse",
        JobKind::Replay => "replay",
        JobKind::Write => "write",
        JobKind::Publish => "publish",
        JobKind::Gaps => "gaps",
        JobKind::Analyse => "analyse",
        JobKind::Report => "report",
        JobKind::Act => "act",
        JobKind::Conflicts => "conflicts",
        JobKind::Outdate => "outdate",
    }
}

type Reading = fn(&ModelHealth) -> u64;

/// Gauges of a model: name, meaning, where it stands.
const GAUGES: [(&str, &str, Reading); 7] = [
    (
        "holdpoint_model_ready",
        "1 when the model is loaded and answers.",
        |model| u64::from(model.state == ModelState::Ready),
    ),
    (
        "holdpoint_model_memory_bytes",
        "What the model needs in memory.",
        |model| model.memory_bytes,
    ),
    (
        "holdpoint_model_slots",
        "Requests computed at the same time, at most.",
        |model| u64::from(model.slots),
    ),
    ("holdpoint_model_waiting", "Requests that wait for a place.", |model| {
        u64::from(model.waiting)
    }),
    (
        "holdpoint_model_running",
        "Requests that are being computed.",
        |model| u64::from(model.running),
    ),
    (
        "holdpoint_model_cache_entries",
        "Beginnings of prompts that are kept.",
        |model| model.counters.cache_entries,
    ),
    ("holdpoint_model_cache_tokens", "Tokens they hold.", |model| {
        model.counters.cache_tokens
    }),
];

/// Counters of a model since it was loaded.
const COUNTERS: [(&str, &str, Reading); 6] = [
    ("holdpoint_model_steps_total", "Steps computed.", |model| {
        model.counters.steps
    }),
    (
        "holdpoint_model_step_tokens_total",
        "Tokens computed; divided by the steps, the mean batch.",
        |model| model.counters.step_tokens,
    ),
    ("holdpoint_model_prompt_tokens_total", "Tokens of prompts.", |model| {
        model.counters.prompt_tokens
    }),
    (
        "holdpoint_model_cached_tokens_total",
        "Those of them that had been kept; divided by the tokens of prompts, the hit rate.",
        |model| model.counters.cached_tokens,
    ),
    ("holdpoint_model_written_tokens_total", "Tokens written.", |model| {
        model.counters.written_tokens
    }),
    (
        "holdpoint_model_cache_evictions_total",
        "Kept beginnings given up for want of room.",
        |model| model.counters.evictions,
    ),
];

/// How requests ended.
const ENDINGS: [(&str, Reading); 5] = [
    ("answered", |model| model.counters.answered),
    ("cancelled", |model| model.counters.cancelled),
    ("refused", |model| model.counters.refused),
    ("failed", |model| model.counters.failed),
    ("suspended", |model| model.counters.suspended),
];

fn models(page: &mut Page, models: &[ModelHealth]) {
    for (name, meaning, read) in GAUGES {
        page.gauge(name, meaning).each(models, read);
    }
    for (name, meaning, read) in COUNTERS {
        page.counter(name, meaning).each(models, read);
    }
    let mut busy = page.counter("holdpoint_model_busy_seconds_total", "Time spent computing.");
    for model in models {
        busy.value(&labels(model), Milliseconds(model.counters.busy_ms));
    }
    let mut requests = page.counter(
        "holdpoint_model_requests_total",
        "Requests by how they ended; suspended ones go on later.",
    );
    for model in models {
        for (ending, read) in ENDINGS {
            let [name, purpose] = labels(model);
            requests.value(&[name, purpose, ("ended", ending)], read(model));
        }
    }
}

fn labels(model: &ModelHealth) -> [(&'static str, &str); 2] {
    let purpose = match model.purpose {
        crate::engine::ModelPurpose::Chat => "chat",
        crate::engine::ModelPurpose::Embed => "embed",
    };
    [("model", &model.name), ("purpose", purpose)]
}

/// Milliseconds written as seconds, exactly.
struct Milliseconds(u64);

impl Display for Milliseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

/// The text as it grows.
#[derive(Default)]
struct Page(String);

/// One figure, to be given its values.
struct Family<'a> {
    page: &'a mut String,
    name: &'static str,
}

impl Page {
    fn gauge(&mut self, name: &'static str, meaning: &str) -> Family<'_> {
        self.family(name, meaning, "gauge")
    }

    fn counter(&mut self, name: &'static str, meaning: &str) -> Family<'_> {
        self.family(name, meaning, "counter")
    }

    fn family(&mut self, name: &'static str, meaning: &str, kind: &str) -> Family<'_> {
        // Writing to a String cannot fail.
        let _written = writeln!(self.0, "# HELP {name} {meaning}\n# TYPE {name} {kind}");
        Family {
            page: &mut self.0,
            name,
        }
    }
}

impl Family<'_> {
    fn value(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _written = writeln!(self.page, "{}{labels} {value}", self.name);
    }

    fn each(&mut self, models: &[ModelHealth], read: Reading) {
        for model in models {
            self.value(&labels(model), read(model));
        }
    }
}

/// A label's value: a file's name may hold anything.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::status::EngineView;
    use crate::engine::{Counters, Health, ModelPurpose};

    fn machine(name: &str) -> Machine {
        let model = ModelHealth {
            name: name.to_owned(),
            purpose: ModelPurpose::Chat,
            adapter: None,
            state: ModelState::Ready,
            why: None,
            is_default: true,
            memory_bytes: 100,
            context_tokens: 2_048,
            slots: 4,
            dimensions: 0,
            waiting: 2,
            running: 1,
            counters: Counters {
                busy_ms: 1_050,
                prompt_tokens: 300,
                cached_tokens: 200,
                ..Counters::default()
            },
        };
        Machine {
            engine: EngineView {
                ready: true,
                in_words: String::new(),
                embedder: None,
                chat_model: None,
            },
            health: Some(Health {
                status: "ok".to_owned(),
                version: "1".to_owned(),
                pid: 1,
                threads: 2,
                rss_bytes: 5,
                memory_budget_bytes: None,
                models: vec![model],
            }),
            restarts: 3,
        }
    }

    fn waiting() -> Waiting {
        Waiting {
            review_items: vec![("shop".to_owned(), 7)],
            jobs: [
                (JobKind::Draft, 1),
                (JobKind::Finalise, 0),
                (JobKind::Expire, 0),
                (JobKind::Embed, 0),
            ],
            failing_jobs: 0,
        }
    }

    #[test]
    fn every_line_is_a_comment_or_a_figure_with_a_number() {
        let text = text(&machine("a"), &waiting());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("holdpoint_") && value.parse::<f64>().is_ok(), "{line}");
        }
        for line in [
            "holdpoint_engine_restarts_total 3",
            r#"holdpoint_model_waiting{model="a",purpose="chat"} 2"#,
            r#"holdpoint_model_cached_tokens_total{model="a",purpose="chat"} 200"#,
            r#"holdpoint_model_busy_seconds_total{model="a",purpose="chat"} 1.050"#,
            r#"holdpoint_review_items{workspace="shop"} 7"#,
        ] {
            assert!(
                text.lines().any(|written| written == line),
                "{line} is missing in\n{text}"
            );
        }
    }

    #[test]
    fn a_models_name_cannot_break_out_of_its_label() {
        let text = text(&machine("a\"} 1\nevil 2\\"), &waiting());
        assert!(!text.lines().any(|line| line.starts_with("evil")));
        assert!(text.contains(r#"model="a\"} 1\nevil 2\\""#), "{text}");
    }
}
