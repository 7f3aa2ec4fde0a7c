//! Screening a turn: the rules of `domain::screening` on the visitor's message, the passages and the draft, and the owner's
//! topics by meaning where there is an embedder.

use super::error::trouble_of;
use super::{App, Engine};
use crate::domain::draft::Source;
use crate::domain::policy::EngineTrouble;
use crate::domain::retrieval::dot;
use crate::domain::screening::{Flag, Place, Screening, TopicExamples, TopicMatch, attempted, matches};
use crate::domain::settings::AgentSettings;
use crate::engine::EngineError;
use crate::store::Rows;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest time for comparing a message with the topics' examples; then words alone decide.
const DEADLINE: Duration = Duration::from_secs(5);
/// Vectors of examples kept: far more than the topics of one machine have.
const KEPT: usize = 4_096;

/// The vectors of topics' examples. Kept by embedder and text, so that a new policy or model can never meet old ones.
#[derive(Debug, Default)]
pub(super) struct Examples(Mutex<HashMap<Example, Arc<Vec<f32>>>>);

/// An embedder and a text.
type Example = (String, String);

impl Examples {
    fn known(&self, embedder: &str, text: &str) -> Option<Arc<Vec<f32>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(embedder.to_owned(), text.to_owned())).cloned()
    }

    fn keep(&self, embedder: &str, text: &str, vector: Arc<Vec<f32>>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert((embedder.to_owned(), text.to_owned()), vector);
    }
}

/// The owner's topics that a message belongs to.
pub(super) struct Matched {
    pub(super) topics: Vec<TopicMatch>,
    /// Why the examples could not be compared, so that words alone decided: a topic may be missing.
    pub(super) trouble: Option<EngineTrouble>,
}

/// What a visitor's message shows, before anything is drafted, and why a topic may be missing from it.
pub(super) async fn of_message(
    app: &App,
    rows: &Rows<'_>,
    message: &str,
    settings: &AgentSettings,
    topics: &[TopicExamples],
) -> (Screening, Option<EngineTrouble>) {
    let matched = topics_of(app, rows, message, topics).await;
    let screening = Screening {
        topics: matched.topics,
        ..Screening::of_message(message, &settings.language)
    };
    (screening, matched.trouble)
}

/// Which of the owner's topics a message belongs to, by words and, where there is an embedder, by meaning.
pub(super) async fn topics_of(app: &App, rows: &Rows<'_>, message: &str, topics: &[TopicExamples]) -> Matched {
    let compared = match app.engine() {
        Some(engine) if topics.iter().any(|topic| !topic.examples.is_empty()) => {
            similarities(app, rows, engine, message, topics).await
        }
        _ => Ok(Vec::new()),
    };
    let (similarities, trouble) = match compared {
        Ok(similarities) => (similarities, None),
        Err(error) => {
            tracing::warn!(%error, "topics are matched by their words alone");
            (Vec::new(), Some(trouble_of(&error)))
        }
    };
    Matched {
        topics: matches(message, topics, &similarities),
        trouble,
    }
}

/// For each topic, the similarity of the message to its nearest example.
async fn similarities(
    app: &App,
    rows: &Rows<'_>,
    engine: &Engine,
    message: &str,
    topics: &[TopicExamples],
) -> Result<Vec<f64>, EngineError> {
    let examples = &app.inner.examples;
    let mut asked = vec![message.to_owned()];
    for text in topics.iter().flat_map(|topic| &topic.examples) {
        if examples.known(&engine.embedder, text).is_none() && !asked.contains(text) {
            asked.push(text.clone());
        }
    }
    let client = engine.client.sharing(&rows.workspace_id().to_string());
    let mut vectors = client.embed(&asked, DEADLINE).await?.into_iter().map(Arc::new);
    let message_vector = vectors.next().unwrap_or_default();
    let mut fresh: HashMap<&str, Arc<Vec<f32>>> = HashMap::new();
    for (text, vector) in asked.iter().skip(1).zip(vectors) {
        examples.keep(&engine.embedder, text, Arc::clone(&vector));
        fresh.insert(text, vector);
    }
    // The message may be an example itself, word for word.
    fresh.insert(message, Arc::clone(&message_vector));
    let nearest = |topic: &TopicExamples| {
        let of = |text: &String| {
            fresh
                .get(text.as_str())
                .cloned()
                .or_else(|| examples.known(&engine.embedder, text))
        };
        let near = topic
            .examples
            .iter()
            .filter_map(of)
            .map(|vector| f64::from(dot(&message_vector, &vector)));
        near.fold(0.0, f64::max)
    };
    Ok(topics.iter().map(nearest).collect())
}

/// Notices sources that give an AI orders. What a person has approved as an answer is not doubted.
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
        return None;
    }
    attempted(&source.title, Place::Knowledge).or_else(|| attempted(&source.text, Place::Knowledge))
}

/// Notices what a draft says that its sources do not.
pub(super) fn of_draft(screening: &mut Screening, unsupported: &[String]) {
    for said in unsupported {
        screening.notice(Flag::Unsupported, said);
    }
}
