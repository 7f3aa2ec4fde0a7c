//! How the next token of an answer is chosen.

use llama_cpp_2::{
    context::LlamaContext,
    model::LlamaModel,
    sampling::LlamaSampler,
    token::{LlamaToken, data::LlamaTokenData, data_array::LlamaTokenDataArray},
};

use crate::engine::{
    guard::{Batch, StepError},
    logprob::highest,
    wire::ChatCompletionRequest,
};

/// Candidates looked at for one that does not end the answer. Models have far fewer tokens that do.
const BESIDE_THE_END: usize = 32;

/// The rule of one answer: the likeliest token or one by chance, within a grammar if there is one.
pub(super) struct Choice {
    /// Draws by chance, from the given state; `None` takes the likeliest.
    drawn: Option<LlamaSampler>,
    grammar: Option<LlamaSampler>,
    never_ends: bool,
}

impl Choice {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever wants an answer repeatable names a seed; without one any will do"
    )]
    pub(super) fn new(request: &ChatCompletionRequest, grammar: Option<LlamaSampler>) -> Self {
        let temperature = request.temperature.unwrap_or(1.0);
        let drawn = (temperature > 0.0).then(|| {
            let seed = request.seed.unwrap_or_else(rand::random);
            LlamaSampler::chain_simple([LlamaSampler::temp(temperature), LlamaSampler::dist(seed)])
        });
        Self {
            drawn,
            grammar,
            never_ends: request.ignore_eos,
        }
    }

    /// Chooses from the result in `row` of the last step.
    pub(super) fn choose(
        &mut self,
        model: &LlamaModel,
        context: &LlamaContext<'_>,
        batch: &Batch,
        row: usize,
    ) -> Result<LlamaToken, StepError> {
        let logits = batch.logits(context, row)?;
        let likeliest = likeliest(logits).ok_or(StepError::NoNumbers)?;
        let token = match &mut self.drawn {
            None => likeliest,
            // A draw from undefined numbers would be undefined too.
            Some(_) if logits.iter().any(|logit| logit.is_nan()) => return Err(StepError::NoNumbers),
            Some(sampler) => sampler.sample(context, batch.row_number(row)?),
        };
        if self.never_ends && model.vocab().is_eog(token) {
            let others = highest(logits, BESIDE_THE_END).into_iter().map(token_at);
            return Ok(others
                .into_iter()
                .find(|token| !model.vocab().is_eog(*token))
                .unwrap_or(token));
        }
        match &mut self.grammar {
            None => Ok(token),
            Some(grammar) => within(grammar, self.drawn.as_mut(), logits, token),
        }
    }
}

/// The token itself if the grammar allows it, else the best that it does. Nearly always the first: asking it about one
/// token is a thousand times cheaper than about all.
fn within(
    grammar: &mut LlamaSampler,
    drawn: Option<&mut LlamaSampler>,
    logits: &[f32],
    token: LlamaToken,
) -> Result<LlamaToken, StepError> {
    let mut one = LlamaTokenDataArray::new(vec![LlamaTokenData::new(token, 1.0, 0.0)], false);
    one.apply_sampler(grammar);
    let is_allowed = one.data.first().is_some_and(|data| data.logit().is_finite());
    let chosen = if is_allowed {
        token
    } else {
        let all = logits
            .iter()
            .enumerate()
            .map(|(index, logit)| LlamaTokenData::new(token_at(index), *logit, 0.0));
        let mut all = LlamaTokenDataArray::from_iter(all, false);
        all.apply_sampler(grammar);
        all.data.retain(|data| data.logit().is_finite());
        match drawn {
            Some(sampler) if !all.data.is_empty() => {
                all.apply_sampler(sampler);
                all.selected_token()
            }
            _ => all
                .data
                .iter()
                .max_by(|one, other| one.logit().total_cmp(&other.logit()))
                .map(LlamaTokenData::id),
        }
        .ok_or(StepError::OutsideGrammar)?
    };
    grammar
        .try_accept(chosen)
        .map_err(|_refused| StepError::OutsideGrammar)?;
    Ok(chosen)
}

/// The first of the highest logits; `None` if there is none among them that is a number.
fn likeliest(logits: &[f32]) -> Option<LlamaToken> {
    // Lanes that do not depend on one another, so that the compiler can compare several numbers at once.
    const LANES: usize = 16;
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = logits.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, logit) in lanes.iter_mut().zip(chunk) {
            *lane = if logit > lane { *logit } else { *lane };
        }
    }
    let best = lanes
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |best, logit| best.max(*logit));
    if !best.is_finite() {
        return None;
    }
    #[expect(clippy::float_cmp, reason = "it is one of them, bit by bit")]
    logits.iter().position(|logit| *logit == best).map(token_at)
}

/// The token at a place of the logits; the vocabulary is far smaller than an `i32`.
pub(super) fn token_at(index: usize) -> LlamaToken {
    LlamaToken::new(i32::try_from(index).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_highest_is_taken_wherever_it_stands() {
        for size in [1, 15, 16, 17, 100] {
            for best in 0..size {
                let mut logits = vec![-1.0_f32; size];
                logits[best] = 2.5;
                logits[size - 1] = logits[size - 1].max(0.0);
                assert_eq!(likeliest(&logits), Some(token_at(best)), "{best} of {size}");
            }
        }
        assert_eq!(likeliest(&[1.0, 3.0, 3.0]), Some(token_at(1)));
    }

    #[test]
    fn undefined_numbers_are_no_answer() {
        assert_eq!(likeliest(&[f32::NAN; 40]), None);
        assert_eq!(likeliest(&[f32::NEG_INFINITY; 3]), None);
        assert_eq!(likeliest(&[f32::INFINITY, 1.0]), None);
        assert_eq!(likeliest(&[]), None);
        let mut some = [f32::NAN; 33];
        some[20] = -4.0;
        assert_eq!(likeliest(&some), Some(token_at(20)));
    }
}
