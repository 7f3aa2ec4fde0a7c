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

    /// The same with a beginning from the shelf, if that is worth copying and there is room for a copy of its own. What
    /// of it stands in the cache for others is used together with them: fewer cells make everybody's steps faster.
    pub(super) fn begin_from_shelf(&mut self, sequence: &Sequence) -> Option<(usize, usize)> {
        let (tokens, grows_to) = (sequence.beginning(), sequence.grows_to());
        let shelved = self.shelf.longest(tokens).filter(|_| sequence.reuse())?;
        let gain = shelved.length.saturating_sub(self.pool.known(tokens));
        if gain < WORTH_COPYING || !self.pool.fits(tokens, grows_to.max(shelved.whole), false) {
            return None;
        }
        // Room comes first: what is given up for it must not be what is to be shared.
        let room = self.pool.make_room(shelved.whole).ok()?;
        self.apply(&room);
        let begun = self.pool.begin(tokens, grows_to, true)?;
        let number = begun.number;
        let is_shared = |change: &Change| matches!(change, Change::Copy { .. });
        let (shared, before): (Vec<_>, Vec<_>) = begun.changes.into_iter().partition(is_shared);
        self.apply(&before);
        if shared.is_empty() && begun.cached > 0 {
            // The only number left is that of its own beginning in the cache: it goes on there.
            return Some((number, begun.cached));
        }
        let cached = match self.copy_back(number, shelved, begun.cached) {
            Ok(()) => shelved.length,
            Err(why) => {
                tracing::error!(
                    why,
                    "What was kept of a prompt could not be copied back; it is computed again"
                );
                self.apply(&[Change::Forget { number, from: 0 }]);
                begun.cached
            }
        };
        self.apply(&shared);
        let copied = tokens.get(begun.cached..cached).unwrap_or_default();
        if self.pool.extend(number, copied).is_err() {
            tracing::error!("The cache has less room than was made");
        }
        Some((number, cached))
    }

    /// Copies a state into the cache, for which there is room, but for the first `shared` tokens.
    fn copy_back(&mut self, number: usize, shelved: Shelved, shared: usize) -> Result<(), String> {
        let state = self.shelf.copy(shelved).ok_or("it is gone")?;
        let sequence = sequence_number(number).map_err(|error| error.to_string())?;
        self.context
            .state_seq_set(state, sequence)
            .map_err(|error| error.to_string())?;
        // What it goes on with belongs to another prompt.
        let from = shelved.length;
        apply_one(&mut self.context, Change::Forget { number, from })?;
        if shared > 0 {
            let end = u32::try_from(shared).map_err(|error| error.to_string())?;
            self.context
                .kv_cache_seq_rm(sequence, Some(0), Some(end))
                .map_err(|error| error.to_string())?;
        }
        let first = self.context.kv_cache_seq_pos_min(sequence);
        let last = self.context.kv_cache_seq_pos_max(sequence);
        if usize::try_from(first) == Ok(shared) && usize::try_from(last + 1) == Ok(from) {
            Ok(())
        } else {
            Err(format!("positions {first} to {last} of {from} tokens came back"))
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
