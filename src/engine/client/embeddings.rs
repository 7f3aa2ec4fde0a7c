//! Asks for embeddings, and believes no server that they are what they should be.

use std::time::{Duration, Instant};

use http::Method;
use serde::Deserialize;
use tokio::time::sleep;

use super::{EngineClient, Failed, RETRY_AFTER};
use crate::engine::{
    error::EngineError,
    wire::{EmbeddingsRequest, OneOrMany},
};

/// Texts sent in one request; more are sent one request after the other, so that a large import cannot hold the
/// engine for long.
const TEXTS_PER_REQUEST: usize = 64;

#[derive(Deserialize)]
struct Vectors {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl EngineClient {
    /// One vector of length one per text, in order. Texts longer than the model's window are cut to it by Holdpoint's
    /// engines and refused by others.
    pub async fn embed(&self, texts: &[String], deadline: Duration) -> Result<Vec<Vec<f32>>, EngineError> {
        let started = Instant::now();
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(texts.len());
        for part in texts.chunks(TEXTS_PER_REQUEST) {
            let left = || deadline.saturating_sub(started.elapsed());
            let answered = match self.embed_part(part, left()).await {
                // Nothing is changed by it, so it may be computed twice; once more is enough.
                Err(failed) if !failed.is_unsent && matches!(failed.error, EngineError::Unavailable { .. }) => {
                    if self.is_elsewhere() {
                        sleep(RETRY_AFTER.min(left())).await;
                    }
                    self.embed_part(part, left()).await
                }
                answered => answered,
            };
            vectors.extend(answered.map_err(|failed| with_limit(failed.error, deadline))?);
        }
        let dimensions = vectors.first().map_or(0, Vec::len);
        if vectors.iter().any(|vector| vector.len() != dimensions) {
            return Err(Failed::protocol("its embeddings differ in length").error);
        }
        Ok(vectors)
    }

    pub(super) async fn embed_part(&self, part: &[String], deadline: Duration) -> Result<Vec<Vec<f32>>, Failed> {
        let request = EmbeddingsRequest {
            model: self
                .capabilities
                .as_ref()
                .and_then(|known| known.embedding_model.clone()),
            input: OneOrMany::Many(part.to_vec()),
        };
        let answer: Vectors = self
            .ask(Method::POST, "/v1/embeddings", Some(&request), deadline)
            .await?;
        let mut entries = answer.data;
        let count = entries.len();
        let place_of = |(place, entry): (usize, &Entry)| entry.index.unwrap_or(place);
        let mut places: Vec<usize> = entries.iter().enumerate().map(place_of).collect();
        places.sort_unstable();
        if count != part.len() || places.iter().enumerate().any(|(place, index)| place != *index) {
            let texts = part.len();
            return Err(Failed::protocol(format!("{count} embeddings came for {texts} texts")));
        }
        // Stable, so that entries without an index stay as they came.
        entries.sort_by_key(|entry| entry.index);
        let vectors = entries.into_iter().map(|entry| entry.embedding);
        if self.is_elsewhere() {
            vectors.map(normalised).collect()
        } else {
            Ok(vectors.collect())
        }
    }
}

/// The vector with length one, which some servers leave to the caller.
fn normalised(mut vector: Vec<f32>) -> Result<Vec<f32>, Failed> {
    let length = vector.iter().map(|entry| entry * entry).sum::<f32>().sqrt();
    if !length.is_normal() {
        return Err(Failed::protocol("an embedding is no direction"));
    }
    // What is right already stays as it is, to the last bit.
    if (length - 1.0).abs() > 1e-4 {
        for entry in &mut vector {
            *entry /= length;
        }
    }
    Ok(vector)
}

/// The deadline a caller set counts, not what was left of it for one part.
fn with_limit(error: EngineError, limit: Duration) -> EngineError {
    match error {
        EngineError::DeadlineExceeded { .. } => EngineError::DeadlineExceeded { limit },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn vectors_get_length_one_and_what_has_no_direction_is_refused() {
        assert_eq!(normalised(vec![3.0, 4.0]).unwrap(), [0.6, 0.8]);
        for vector in [vec![], vec![0.0; 3], vec![f32::INFINITY, 1.0], vec![f32::MAX, f32::MAX]] {
            assert!(normalised(vector).is_err());
        }
    }
}
