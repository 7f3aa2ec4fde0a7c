//! The embedding model's loop: texts of all waiting requests, packed into steps in the order of their priority.

mod lane;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use llama_cpp_2::{
    llama_backend::LlamaBackend,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};

use super::{
    backend::{EmbedJob, Embedded, QUEUE_CAPACITY, Refusal},
    error::RunError,
    owner::{Desk, Loaded, ModelFacts},
    queue::Waiting,
};
use lane::{Lane, Size};

pub(crate) use lane::normalised;

/// Window used where the model does not say.
const DEFAULT_WINDOW_TOKENS: u32 = 512;
/// Longest window used: memory grows with its square, and a passage is shorter.
const LONGEST_WINDOW_TOKENS: u32 = 1024;
/// Requests taken out of the queue at the same time.
const MOST_ACTIVE: usize = QUEUE_CAPACITY;
/// Bytes of text looked at per token of window: far more than a token of language ever has, so that a huge input
/// is cut before it is tokenised.
const MOST_BYTES_PER_TOKEN: usize = 32;

/// What the loop needs to start.
pub(crate) struct EmbedSettings {
    pub(crate) path: PathBuf,
    pub(crate) threads: i32,
    /// True if the model says how token vectors are pooled; otherwise their mean is taken.
    pub(crate) model_pools: bool,
}

/// Loads the model, reports it, and serves the desk until its queue is closed.
pub(crate) fn work(backend: &Arc<LlamaBackend>, settings: &EmbedSettings, desk: &Desk<EmbedJob>, loaded: &Loaded<'_>) {
    let refuse = |why: String| {
        loaded.send(Err(RunError::Load {
            path: settings.path.clone(),
            why,
        }));
    };
    let model = match LlamaModel::load_from_file(backend, &settings.path, &LlamaModelParams::default()) {
        Ok(model) => model,
        Err(error) => return refuse(error.to_string()),
    };
    let window = match model.n_ctx_train() {
        0 => DEFAULT_WINDOW_TOKENS,
        trained => trained.min(LONGEST_WINDOW_TOKENS),
    };
    // One after the other on this thread: creating contexts at the same time is unsound.
    let lanes = Lane::open(&model, backend, settings, Size::bulk(window, settings.threads))
        .and_then(|bulk| Ok((Lane::open(&model, backend, settings, Size::quick(window))?, bulk)));
    let (quick, bulk) = match lanes {
        Ok(lanes) => lanes,
        Err(error) => return refuse(error.to_string()),
    };
    let facts = ModelFacts {
        context_tokens: window,
        slots: 1,
        memory_bytes: model.size(),
        dimensions: u32::try_from(model.n_embd_out()).unwrap_or(0),
    };
    loaded.send(Ok(facts));
    Embedder {
        model: &model,
        quick,
        bulk,
        active: Vec::new(),
    }
    .serve(desk);
}

/// A request that is being computed.
struct Active {
    job: EmbedJob,
    texts: Vec<Vec<LlamaToken>>,
    vectors: Vec<Vec<f32>>,
}

impl Active {
    fn is_complete(&self) -> bool {
        self.vectors.len() == self.texts.len()
    }
}

struct Embedder<'m> {
    model: &'m LlamaModel,
    /// For a short question, which a visitor waits for.
    quick: Lane<'m>,
    /// For everything else.
    bulk: Lane<'m>,
    active: Vec<Active>,
}

impl Embedder<'_> {
    fn serve(&mut self, desk: &Desk<EmbedJob>) {
        loop {
            if self.active.is_empty() && !desk.queue.wait() {
                return;
            }
            while self.active.len() < MOST_ACTIVE
                && let Some((_, job)) = desk.queue.pop(Instant::now())
            {
                self.take(job);
            }
            if desk.queue.is_closed() {
                return;
            }
            desk.running.store(self.active.len(), Ordering::Relaxed);
            self.step();
            self.finish();
            desk.running.store(self.active.len(), Ordering::Relaxed);
        }
    }

    fn take(&mut self, job: EmbedJob) {
        let texts = job.texts.iter().map(|text| self.tokenise(text)).collect();
        self.active.push(Active {
            job,
            texts,
            vectors: Vec::new(),
        });
        self.active
            .sort_by_key(|active| (active.job.terms.priority, active.job.terms.arrived));
    }

    /// Tokens of a text, cut to the window: the beginning of a long text stands for the whole.
    fn tokenise(&self, text: &str) -> Vec<LlamaToken> {
        let window = self.bulk.limits().window_tokens;
        let bytes = text.as_bytes();
        let looked_at = bytes
            .get(..window.saturating_mul(MOST_BYTES_PER_TOKEN))
            .unwrap_or(bytes);
        let mut tokens = self.model.vocab().tokenize(looked_at, true, false);
        if tokens.len() > window {
            // The last token closes the text, and the model was trained with it.
            let closing = tokens.last().copied();
            tokens.truncate(window.saturating_sub(1));
            tokens.extend(closing);
        }
        tokens
    }

    /// Computes as many texts as fit into one step, the most urgent request's first.
    fn step(&mut self) {
        self.leave_behind();
        let chosen = self.choose();
        let texts: Vec<&[LlamaToken]> = chosen
            .iter()
            .filter_map(|(request, text)| self.active.get(*request)?.texts.get(*text).map(Vec::as_slice))
            .collect();
        let lane = if self.quick.has_room_for(&texts) {
            &mut self.quick
        } else {
            &mut self.bulk
        };
        match lane.compute(&texts) {
            Ok(vectors) => {
                for ((request, _), vector) in chosen.iter().zip(vectors) {
                    if let Some(active) = self.active.get_mut(*request) {
                        active.vectors.push(vector);
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, "A step of the embedding model failed");
                answer_all(self.active.drain(..).collect(), &Refusal::failure(error));
            }
        }
    }

    /// Ends what nobody waits for any more, before it costs another step.
    fn leave_behind(&mut self) {
        let (gone, open) = self.active.drain(..).partition(|active| active.job.is_abandoned());
        self.active = open;
        // Heard only by callers who still listen: those whose deadline passed.
        answer_all(gone, &Refusal::deadline());
    }

    /// The next texts that fit into one step, as positions of their request and in it.
    fn choose(&self) -> Vec<(usize, usize)> {
        let mut chosen = Vec::new();
        let mut room = self.bulk.limits().step_tokens;
        for (request, active) in self.active.iter().enumerate() {
            for (text, tokens) in active.texts.iter().enumerate().skip(active.vectors.len()) {
                if chosen.len() == self.bulk.limits().sequences || tokens.len() > room {
                    return chosen;
                }
                room -= tokens.len();
                chosen.push((request, text));
            }
        }
        chosen
    }

    /// Answers the requests whose texts are all computed.
    fn finish(&mut self) {
        let (complete, open): (Vec<_>, Vec<_>) = self.active.drain(..).partition(Active::is_complete);
        self.active = open;
        for active in complete {
            let tokens: usize = active.texts.iter().map(Vec::len).sum();
            let embedded = Embedded {
                vectors: active.vectors,
                tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            };
            let _caller_is_gone = active.job.answer.send(Ok(embedded));
        }
    }
}

fn answer_all(requests: Vec<Active>, refusal: &Refusal) {
    for active in requests {
        let _caller_is_gone = active.job.answer.send(Err(refusal.clone()));
    }
}
