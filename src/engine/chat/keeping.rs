//! What has been computed is not computed again: beginnings come from the cache, from the shelf, or from those who run.

use super::{
    Chat, as_u64,
    pool::{Change, common},
    sequence::Sequence,
    shelf::Shelved,
};
use crate::engine::{backend::ChatJob, guard::sequence_number, owner::Desk};
use llama_cpp_2::context::{LlamaContext, session::LlamaStateSeqFlags};

/// A beginning is copied back from the shelf if it saves at least so many tokens: that takes as long as computing ten.
const WORTH_COPYING: usize = 48;

impl Chat<'_> {
    /// Its number, and how many of its tokens stand in the cache already.
    pub(super) fn begin_from_cache(&mut self, sequence: &Sequence) -> Option<(usize, usize)> {
        let begun = self
            .pool
            .begin(sequence.beginning(), sequence.grows_to(), sequence.reuse())?;
        self.apply(&begun.changes);
        Some((begun.number, begun.cached))
    }

    /// The same with a beginning from the shelf, if that is worth copying and there is room for a copy of its own.
    pub(super) fn begin_from_shelf(&mut self, sequence: &Sequence) -> Option<(usize, usize)> {
        let (tokens, grows_to) = (sequence.beginning(), sequence.grows_to());
        let shelved = self.shelf.longest(tokens).filter(|_| sequence.reuse())?;
        let in_cache = self.pool.known(tokens);
        let gain = shelved.length.saturating_sub(in_cache);
        // A long state for a short gain would push out more than it brings.
        if gain < WORTH_COPYING
            || gain.saturating_mul(8) < shelved.whole
            || !self.pool.fits(tokens, grows_to.max(shelved.whole), false)
        {
            return None;
        }
        let begun = self.pool.begin(tokens, grows_to, false)?;
        self.apply(&begun.changes);
        let number = begun.number;
        let cached = match self.copy_back(number, shelved) {
            Ok(()) => shelved.length,
            Err(why) => {
                tracing::error!(
                    why,
                    "What was kept of a prompt could not be copied back; it is computed again"
                );
                self.apply(&[Change::Forget { number, from: 0 }]);
                0
            }
        };
        // Room for the whole of it was made.
        let copied = tokens.get(..cached).unwrap_or_default();
        if self.pool.extend(number, copied).is_err() {
            tracing::error!("The cache has less room than was made");
        }
        Some((number, cached))
    }

    fn copy_back(&mut self, number: usize, shelved: Shelved) -> Result<(), String> {
        let changes = self
            .pool
            .make_room(shelved.whole)
            .map_err(|_no_room| "there is no room".to_owned())?;
        self.apply(&changes);
        let state = self.shelf.copy(shelved).ok_or("it is gone")?;
        let sequence = sequence_number(number).map_err(|error| error.to_string())?;
        self.context
            .state_seq_set(state, sequence)
            .map_err(|error| error.to_string())?;
        // What it goes on with belongs to another prompt.
        let from = shelved.length;
        apply_one(&mut self.context, Change::Forget { number, from })?;
        let stands = (
            self.context.kv_cache_seq_pos_min(sequence),
            self.context.kv_cache_seq_pos_max(sequence),
        );
        if usize::try_from(stands.1 + 1).is_ok_and(|length| length == from) && stands.0 == 0 {
            Ok(())
        } else {
            Err(format!(
                "positions {} to {} of {from} tokens came back",
                stands.0, stands.1
            ))
        }
    }

    /// Puts what has been computed of a sequence on the shelf, before it leaves the cache.
    pub(super) fn shelve(&mut self, number: usize) {
        let tokens = self.pool.tokens(number);
        if tokens.len() < WORTH_COPYING || !self.shelf.takes(tokens.len()) || self.shelf.has(tokens) {
            return;
        }
        let tokens = tokens.to_vec();
        let state = sequence_number(number)
            .map_err(|error| error.to_string())
            .and_then(|number| {
                let state = self.context.state_seq_get(number, LlamaStateSeqFlags::empty());
                state.map_err(|error| error.to_string())
            });
        match state {
            Ok(state) => self.shelf.put(tokens, state),
            Err(why) => tracing::error!(why, "What was computed of a prompt could not be kept"),
        }
    }

    /// Takes a sequence out of the cache. A conversation goes on: its beginning is kept.
    pub(super) fn end(&mut self, sequence: &Sequence) {
        if sequence.reuse() && sequence.is_conversation() {
            self.shelve(sequence.number());
        }
        let changes = self.pool.end(sequence.number(), sequence.reuse());
        self.apply(&changes);
    }

    /// Lets everybody who still reads take over what others have read of the same meanwhile.
    pub(super) fn share_beginnings(&mut self, desk: &Desk<ChatJob>) {
        for place in 0..self.running.len() {
            let Some(sequence) = self
                .running
                .get(place)
                .filter(|sequence| sequence.reuse() && sequence.reads())
            else {
                continue;
            };
            let (position, change) = self.pool.catch_up(sequence.number(), sequence.beginning());
            if let (Some(change), Some(sequence)) = (change, self.running.get_mut(place)) {
                let spared = sequence.catch_up(position);
                desk.count(|counters| counters.cached_tokens += as_u64(spared));
                self.apply(&[change]);
            }
        }
    }

    /// True if one before it is about to read what it needs too.
    pub(super) fn waits_for_another(&self, place: usize) -> bool {
        let Some(sequence) = self
            .running
            .get(place)
            .filter(|sequence| sequence.reuse() && sequence.reads())
        else {
            return false;
        };
        let before = self.running.iter().take(place);
        before.filter(|other| other.reuse() && other.reads()).any(|other| {
            let shared = common(other.tokens(), sequence.beginning()).min(sequence.beginning().len().saturating_sub(1));
            shared > sequence.position().max(other.position())
        })
    }

    /// Makes the library's cache what the pool says it is.
    pub(super) fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            if let Err(error) = apply_one(&mut self.context, *change) {
                // The numbers are bounded by the limits, so this is not reached; if it were, the next step's results
                // would be wrong without a word.
                tracing::error!(%error, ?change, "The attention cache could not be changed");
            }
        }
    }
}

fn apply_one(context: &mut LlamaContext<'_>, change: Change) -> Result<(), String> {
    let number = |number: usize| sequence_number(number).map_err(|error| error.to_string());
    let position = |position: usize| u32::try_from(position).map_err(|error| error.to_string());
    match change {
        Change::Copy { from, to, start, end } => context
            .kv_cache_seq_cp(number(from)?, number(to)?, Some(position(start)?), Some(position(end)?))
            .map_err(|error| error.to_string()),
        Change::Forget { number: of, from } => {
            match context.kv_cache_seq_rm(number(of)?, Some(position(from)?), None) {
                Ok(_whether_anything_stood_there) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        }
    }
}
