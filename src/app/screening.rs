//! Screening a turn: the rules of `domain::screening` on the visitor's message, the passages and the draft, and the owner's
//! topics by meaning where there is an embedder.

use super::{App, AppError, Engine, policy as policies};
use crate::domain::draft::Source;
use crate::domain::ids::AgentId;
use crate::domain::retrieval::dot;
use crate::domain::screening::{Flag, Place, Screening, TopicExamples, TopicMatch, attempted, matches};
use crate::domain::settings::AgentSettings;
use crate::engine::{EngineClient, EngineError, Priority};
use crate::store::Rows;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Longest time for comparing a message with the topics' examples; then a person looks at it.
const DEADLINE: Duration = Duration::from_secs(5);
/// Longest time for one part of the examples while nobody waits for them.
const PART_DEADLINE: Duration = Duration::from_mins(1);
/// Examples sent to the embedder at once. What came back is kept, also if the next part fails.
const PART: usize = 32;
/// Vectors of examples kept: twice what the largest policy has.
const KEPT: usize = 20_000;
/// The examples of policies in force are looked at again after this long where some could not be read.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The vectors of topics' examples. Kept by embedder and text, so that a new policy or model can never meet old ones.
#[derive(Debug, Default)]
pub(super) struct Examples {
    kept: Mutex<Kept>,
    changed: Notify,
}

/// An embedder and a text.
type Example = (String, String);

#[derive(Debug, Default)]
struct Kept {
    vectors: HashMap<Example, (Arc<Vec<f32>>, u64)>,
    /// Counts the looks at it: how recently a vector was used.
    looks: u64,
}

impl Examples {
    /// Another policy is in force: its examples are prepared before anybody asks.
    pub(super) fn policy_changed(&self) {
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, embedder: &str, text: &str) -> Option<Arc<Vec<f32>>> {
        let mut kept = self.lock();
        kept.looks += 1;
        let now = kept.looks;
        let (vector, used) = kept.vectors.get_mut(&(embedder.to_owned(), text.to_owned()))?;
        *used = now;
        Some(Arc::clone(vector))
    }

    fn keep(&self, embedder: &str, text: &str, vector: Arc<Vec<f32>>) {
        let mut kept = self.lock();
        if kept.vectors.len() >= KEPT {
            // Half of them go at once, so that it happens seldom: those that were not used for the longest time.
            let mut used: Vec<u64> = kept.vectors.values().map(|(_, used)| *used).collect();
            let (_, middle, _) = used.select_nth_unstable(KEPT / 2);
            let middle = *middle;
            kept.vectors.retain(|_, (_, used)| *used > middle);
        }
        kept.looks += 1;
        let now = kept.looks;
        kept.vectors
            .insert((embedder.to_owned(), text.to_owned()), (vector, now));
    }

    /// Reads the examples that are not known yet, part by part.
    async fn learn(
        &self,
        engine: (&EngineClient, &str),
        topics: &[TopicExamples],
        left: impl Fn() -> Duration,
    ) -> Result<(), EngineError> {
        let (client, embedder) = engine;
        let mut unknown: Vec<String> = Vec::new();
        for text in topics.iter().flat_map(|topic| &topic.examples) {
            if self.known(embedder, text).is_none() && !unknown.contains(text) {
                unknown.push(text.clone());
            }
        }
        for part in unknown.chunks(PART) {
            for (text, vector) in part.iter().zip(client.embed(part, left()).await?) {
                self.keep(embedder, text, Arc::new(vector));
            }
        }
        Ok(())
    }
}

/// Keeps the examples of every policy in force ready, until the app stops: after a start, and whenever one is applied.
pub(super) async fn keep_ready(app: App) {
    let Some(engine) = app.engine() else { return };
    let work = async {
        loop {
            let pause = match prepare(&app, engine).await {
                Ok(()) => Duration::MAX,
                Err(error) => {
                    tracing::debug!(%error, "examples of topics cannot be read yet");
                    LOOK_AGAIN
                }
            };
            // It is over at the next policy that is applied, or after the pause.
            let _either = tokio::time::timeout(pause, app.inner.examples.changed.notified()).await;
        }
    };
    app.inner.stopping.run_until_cancelled(work).await;
}

async fn prepare(app: &App, engine: &Engine) -> Result<(), AppError> {
    for workspace in app.store().workspaces().await? {
        let rows = app.store().rows(workspace.id);
        let client = engine.client.at_priority(Priority::Evaluation);
        let client = client.sharing(&workspace.id.to_string());
        for agent in rows.agents().await? {
            let (_, topics) = topics(&rows, agent.id).await?;
            let examples = &app.inner.examples;
            examples
                .learn((&client, &engine.embedder), &topics, || PART_DEADLINE)
                .await
                .map_err(|error| AppError::Engine(error.to_string()))?;
        }
    }
    Ok(())
}

/// The owner's topics, as screening takes them, with the version of the policy they are from.
pub(super) async fn topics(rows: &Rows<'_>, agent_id: AgentId) -> Result<(i64, Vec<TopicExamples>), AppError> {
    let policy = policies::current(rows, agent_id).await?;
    let topics = policy.document.topics.iter().map(TopicExamples::from).collect();
    Ok((policy.version, topics))
}

/// The owner's topics that a message belongs to.
pub(super) struct Matched {
    pub(super) topics: Vec<TopicMatch>,
    /// The examples could not be compared, so that words alone decided: a topic may be missing.
    pub(super) unknown: bool,
}

/// What a visitor's message shows, before anything is drafted.
pub(super) async fn of_message(
    app: &App,
    rows: &Rows<'_>,
    message: &str,
    settings: &AgentSettings,
    topics: &[TopicExamples],
    priority: Priority,
) -> Screening {
    let matched = topics_of(app, rows, message, topics, priority).await;
    Screening {
        topics: matched.topics,
        topics_unknown: matched.unknown,
        ..Screening::of_message(message, &settings.language)
    }
}

/// Which of the owner's topics a message belongs to, by words and by meaning.
pub(super) async fn topics_of(
    app: &App,
    rows: &Rows<'_>,
    message: &str,
    topics: &[TopicExamples],
    priority: Priority,
) -> Matched {
    let has_examples = topics.iter().any(|topic| !topic.examples.is_empty());
    let compared = match app.engine() {
        _ if !has_examples => Some(Vec::new()),
        Some(engine) => similarities(app, rows, (engine, priority), message, topics)
            .await
            .inspect_err(|error| tracing::warn!(%error, "a message cannot be compared with the examples of topics"))
            .ok(),
        None => None,
    };
    Matched {
        topics: matches(message, topics, compared.as_deref().unwrap_or_default()),
        unknown: compared.is_none(),
    }
}

/// For each topic, the similarity of the message to its nearest example.
async fn similarities(
    app: &App,
    rows: &Rows<'_>,
    (engine, priority): (&Engine, Priority),
    message: &str,
    topics: &[TopicExamples],
) -> Result<Vec<f64>, EngineError> {
    let (examples, embedder) = (&app.inner.examples, engine.embedder.as_str());
    let client = engine.client.at_priority(priority);
    let client = client.sharing(&rows.workspace_id().to_string());
    let started = Instant::now();
    let deadline = match priority {
        Priority::Live | Priority::Copilot => DEADLINE,
        Priority::Evaluation => PART_DEADLINE,
    };
    let left = || deadline.saturating_sub(started.elapsed());
    let mut vectors = client.embed(&[message.to_owned()], left()).await?;
    let message_vector = vectors.pop().unwrap_or_default();
    examples.learn((&client, embedder), topics, left).await?;
    let mut found = Vec::with_capacity(topics.len());
    for topic in topics {
        let mut nearest = 0.0_f64;
        for text in &topic.examples {
            // Only a policy that is being replaced at this moment can have lost one again.
            let vector = examples
                .known(embedder, text)
                .ok_or(EngineError::DeadlineExceeded { limit: DEADLINE })?;
            nearest = nearest.max(f64::from(dot(&message_vector, &vector)));
        }
        found.push(nearest);
    }
    Ok(found)
}

/// Does a visitor's message give an AI orders?
pub(super) fn gives_orders(message: &str) -> bool {
    attempted(message, Place::Question).is_some()
}

/// Notices sources that give an AI orders. What a person has approved as an answer is not doubted, only what it answers.
pub(super) fn of_sources(screening: &mut Screening, sources: &[Source]) {
    for source in sources {
        if let Some(said) = orders(source) {
            screening.notice(Flag::InjectionInKnowledge, &format!("“{}”: {said}", source.title));
        }
    }
}

/// The sources that may be given to an LLM: those that give no orders. The others are noticed.
pub(super) fn trusted(screening: &mut Screening, sources: Vec<Source>) -> Vec<Source> {
    of_sources(screening, &sources);
    sources.into_iter().filter(|source| orders(source).is_none()).collect()
}

fn orders(source: &Source) -> Option<String> {
    if source.verified_answer_id.is_some() {
        // A person wrote or approved the answer; its question is a visitor's own words.
        return attempted(&source.title, Place::Question);
    }
    attempted(&source.title, Place::Knowledge).or_else(|| attempted(&source.text, Place::Knowledge))
}

/// Notices what a draft says that its sources do not.
pub(super) fn of_draft(screening: &mut Screening, unsupported: &[String]) {
    for said in unsupported {
        screening.notice(Flag::Unsupported, said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::ScriptedEngine;
    use std::cell::Cell;

    fn topic(examples: usize) -> TopicExamples {
        TopicExamples {
            name: "accidents".to_owned(),
            examples: (0..examples).map(|n| format!("My brake failed on ride {n}")).collect(),
            ..TopicExamples::default()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn examples_that_were_read_stay_known_when_the_time_is_over_before_the_last_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let engine = ScriptedEngine::start(folder.path().join("engine.sock")).unwrap();
        let client = EngineClient::new(engine.endpoint());
        let (examples, topics) = (Examples::default(), [topic(PART + 10)]);
        let parts = Cell::new(0);
        let one_part = || {
            parts.set(parts.get() + 1);
            if parts.get() == 1 {
                PART_DEADLINE
            } else {
                Duration::ZERO
            }
        };
        let cut = examples.learn((&client, "scripted"), &topics, one_part).await;
        assert!(cut.is_err());
        let known = |n: usize| examples.known("scripted", &topics[0].examples[n]).is_some();
        assert!(known(0) && known(PART - 1) && !known(PART));
        let before = engine.embedded_texts();
        let whole = examples.learn((&client, "scripted"), &topics, || PART_DEADLINE).await;
        assert!(whole.is_ok());
        let again = engine.embedded_texts() - before;
        // What the engine was doing when the time was over may be counted late.
        assert!((10..=20).contains(&again), "{again}: only those that were missing");
    }

    #[test]
    fn when_there_are_too_many_examples_those_in_use_stay() {
        let examples = Examples::default();
        let vector = Arc::new(vec![1.0]);
        for n in 0..KEPT {
            examples.keep("e", &n.to_string(), Arc::clone(&vector));
        }
        assert!(examples.known("e", "0").is_some());
        examples.keep("e", "one more", vector);
        assert!(examples.known("e", "0").is_some() && examples.known("e", "one more").is_some());
        assert!(examples.known("e", "1").is_none());
        assert!(examples.lock().vectors.len() <= KEPT);
    }
}
