//! The log: per workspace, gapless and hash-chained; the audit trail and the event stream in one (invariant 8).
//!
//! An entry has an unerasable part (sequence, time, kind, actor, references) and an erasable one (salt and content).
//! The chain covers the first and `SHA-256(salt ‖ content)`: after salt and content are erased together it still
//! verifies, and what was erased cannot be guessed back.

use super::ids::{MemberId, VisitorId, WorkspaceId};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A visitor.
    Visitor(VisitorId),
    /// A member of the workspace.
    Member(MemberId),
    /// The AI.
    Ai,
    /// Holdpoint itself: deadlines, finalisation, jobs.
    System,
    /// The administrator of the machine, on the command line.
    Admin,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visitor(id) => write!(f, "visitor:{id}"),
            Self::Member(id) => write!(f, "member:{id}"),
            Self::Ai => f.write_str("ai"),
            Self::System => f.write_str("system"),
            Self::Admin => f.write_str("admin"),
        }
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $wire:literal),+ $(,)?) => {
        /// What happened. The names are the event stream's and the webhooks'.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $wire)] $name),+
        }

        impl EventKind {
            /// Its name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),+ }
            }
        }
    };
}

events! {
    /// A workspace was made.
    WorkspaceCreated = "workspace.created",
    /// A member joined.
    MemberJoined = "member.joined",
    /// A member signed in.
    MemberSignedIn = "member.signed_in",
    /// An agent version was published.
    AgentPublished = "agent.published",
    /// A token was made.
    TokenCreated = "token.created",
    /// A token was revoked.
    TokenRevoked = "token.revoked",
    /// A set-up link was made.
    SetupLinkCreated = "setup_link.created",
    /// A conversation began.
    ConversationCreated = "conversation.created",
    /// The AI gave up: a person has to answer.
    ConversationHandedOff = "conversation.handed_off",
    /// A person took over.
    ConversationTakenOver = "conversation.taken_over",
    /// A person returned the conversation to the AI.
    ConversationHandedBack = "conversation.handed_back",
    /// A visitor or a person wrote.
    MessageCreated = "message.created",
    /// An AI text went out.
    MessageReleased = "message.released",
    /// The widget has shown messages.
    MessageDelivered = "message.delivered",
    /// A draft waits for a person.
    ReviewRequested = "review.requested",
    /// A reviewer looks at an item, or looks away.
    ReviewLeased = "review.leased",
    /// A reviewer decided.
    ReviewDecided = "review.decided",
    /// A decision was undone.
    ReviewUndone = "review.undone",
    /// A decision became final without a text (reject).
    ReviewClosed = "review.closed",
    /// Nobody decided in time.
    ReviewExpired = "review.expired",
    /// Knowledge was imported.
    KnowledgeImported = "knowledge.imported",
    /// A document was removed.
    KnowledgeRemoved = "knowledge.removed",
    /// A verified answer was added.
    VerifiedAnswerAdded = "verified_answer.added",
    /// A verified answer was retired.
    VerifiedAnswerRetired = "verified_answer.retired",
    /// The gate opened or closed.
    GateChanged = "gate.changed",
}

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first entry of a workspace follows.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The unerasable part of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whose log.
    pub workspace_id: WorkspaceId,
    /// 1, 2, 3, … without a gap.
    pub seq: i64,
    /// When it was committed.
    pub at: Timestamp,
    /// What happened: [`EventKind::as_str`].
    pub kind: String,
    /// Who did it: [`Actor`] as text.
    pub actor: String,
    /// Ids and numbers it is about, by name.
    pub refs: BTreeMap<String, String>,
}

/// Length of a salt, in bytes. Fixed, so that no byte can move between salt and content under the same digest.
pub const SALT_BYTES: usize = 16;

/// `SHA-256(salt ‖ content)`, the part of the chain that survives erasure.
pub fn content_digest(salt: &[u8; SALT_BYTES], content: &str) -> Hash {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(content.as_bytes());
    Hash(hash.finalize().into())
}

/// The hash of an entry: over its predecessor's hash, its header and its content digest, each field with its length
/// before it, so that no two different entries have the same bytes.
pub fn entry_hash(previous: Hash, header: &Header, content_digest: Hash) -> Hash {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(&previous.0);
    field(header.workspace_id.uuid().as_bytes());
    field(&header.seq.to_be_bytes());
    field(&header.at.0.to_be_bytes());
    field(header.kind.as_bytes());
    field(header.actor.as_bytes());
    for (name, value) in &header.refs {
        field(name.as_bytes());
        field(value.as_bytes());
    }
    field(&content_digest.0);
    Hash(hash.finalize().into())
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The unerasable part.
    pub header: Header,
    /// Salt ([`SALT_BYTES`] long) and content, until they are erased.
    pub content: Option<(Vec<u8>, String)>,
    /// Digest of salt and content.
    pub content_digest: Hash,
    /// Hash of the entry before.
    pub previous: Hash,
    /// Hash of this entry.
    pub hash: Hash,
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An entry is missing or out of order.
    #[error("entry {expected} is missing: entry {found} follows in its place")]
    Gap {
        /// The sequence expected.
        expected: i64,
        /// The sequence found.
        found: i64,
    },
    /// An entry does not follow from the one before.
    #[error("entry {0} does not follow from the one before: an entry was replaced or removed")]
    BrokenLink(i64),
    /// An entry was changed.
    #[error("entry {0} was changed after it was written")]
    Altered(i64),
    /// The content of an entry was changed.
    #[error("the content of entry {0} was changed after it was written")]
    ContentAltered(i64),
}

/// Walks a chain entry by entry; works offline, from nothing but the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainVerifier {
    next_seq: i64,
    head: Hash,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self {
            next_seq: 1,
            head: Hash::GENESIS,
        }
    }
}

impl ChainVerifier {
    /// Checks the next entry.
    ///
    /// # Errors
    /// The first [`ChainError`].
    pub fn accept(&mut self, entry: &Entry) -> Result<(), ChainError> {
        let seq = entry.header.seq;
        if seq != self.next_seq {
            return Err(ChainError::Gap {
                expected: self.next_seq,
                found: seq,
            });
        }
        if entry.previous != self.head {
            return Err(ChainError::BrokenLink(seq));
        }
        if let Some((salt, content)) = &entry.content
            && !<&[u8; SALT_BYTES]>::try_from(salt.as_slice())
                .is_ok_and(|salt| content_digest(salt, content) == entry.content_digest)
        {
            return Err(ChainError::ContentAltered(seq));
        }
        if entry_hash(entry.previous, &entry.header, entry.content_digest) != entry.hash {
            return Err(ChainError::Altered(seq));
        }
        self.next_seq += 1;
        self.head = entry.hash;
        Ok(())
    }

    /// Hash of the last accepted entry.
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// Entries accepted so far.
    pub const fn entries(&self) -> i64 {
        self.next_seq - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use uuid::Uuid;

    fn workspace() -> WorkspaceId {
        WorkspaceId::from(Uuid::from_u128(7))
    }

    fn seal(header: Header, salt: [u8; SALT_BYTES], content: &str, previous: Hash) -> Entry {
        let digest = content_digest(&salt, content);
        Entry {
            hash: entry_hash(previous, &header, digest),
            header,
            content: Some((salt.to_vec(), content.to_owned())),
            content_digest: digest,
            previous,
        }
    }

    fn chain() -> impl Strategy<Value = Vec<Entry>> {
        let refs = prop::collection::btree_map("[a-c]{0,2}", "[a-c]{0,2}", 0..3);
        let entry = (
            any::<i64>(),
            "[a-c]{0,2}",
            "[a-c]{0,2}",
            refs,
            any::<[u8; SALT_BYTES]>(),
            ".{0,4}",
        );
        prop::collection::vec(entry, 1..8).prop_map(|entries| {
            let mut head = Hash::GENESIS;
            let mut seq = 0;
            let seal_next = |(at, kind, actor, refs, salt, content): (i64, _, _, _, _, String)| {
                seq += 1;
                let header = Header {
                    workspace_id: workspace(),
                    seq,
                    at: Timestamp(at),
                    kind,
                    actor,
                    refs,
                };
                let entry = seal(header, salt, &content, head);
                head = entry.hash;
                entry
            };
            entries.into_iter().map(seal_next).collect()
        })
    }

    fn verify(entries: &[Entry]) -> Result<ChainVerifier, ChainError> {
        let mut verifier = ChainVerifier::default();
        entries.iter().try_for_each(|entry| verifier.accept(entry))?;
        Ok(verifier)
    }

    /// One change to one field of one entry.
    #[derive(Debug, Clone, Copy)]
    enum Change {
        Workspace(u128),
        Seq(i64),
        At(i64),
        Kind,
        Actor,
        RefAdded,
        RefRemoved,
        RefChanged,
        RefNameTakesFromValue,
        Salt(usize),
        SaltGivesToContent,
        SaltTakesFromContent,
        Content,
        ContentDigest(usize),
        Previous(usize),
        OwnHash(usize),
    }

    fn change() -> impl Strategy<Value = Change> {
        let bit = || 0usize..256;
        let mask = || (0u32..64).prop_map(|n| 1i64.rotate_left(n));
        prop_oneof![
            (0u32..128).prop_map(|n| Change::Workspace(1 << n)),
            mask().prop_map(Change::Seq),
            mask().prop_map(Change::At),
            Just(Change::Kind),
            Just(Change::Actor),
            Just(Change::RefAdded),
            Just(Change::RefRemoved),
            Just(Change::RefChanged),
            Just(Change::RefNameTakesFromValue),
            (0usize..128).prop_map(Change::Salt),
            Just(Change::SaltGivesToContent),
            Just(Change::SaltTakesFromContent),
            Just(Change::Content),
            bit().prop_map(Change::ContentDigest),
            bit().prop_map(Change::Previous),
            bit().prop_map(Change::OwnHash),
        ]
    }

    fn flip(bytes: &mut [u8], bit: usize) {
        bytes[bit / 8] ^= 1 << (bit % 8);
    }

    fn apply(change: Change, entry: &mut Entry) {
        let header = &mut entry.header;
        match change {
            Change::Workspace(mask) => {
                header.workspace_id = Uuid::from_u128(workspace().uuid().as_u128() ^ mask).into()
            }
            Change::Seq(mask) => header.seq ^= mask,
            Change::At(mask) => header.at.0 ^= mask,
            Change::Kind => header.kind.push('a'),
            Change::Actor => header.actor.push('a'),
            Change::RefAdded => {
                header.refs.insert("new".to_owned(), String::new());
            }
            Change::RefRemoved => {
                header.refs.pop_first();
            }
            Change::RefChanged => header.refs.values_mut().take(1).for_each(|value| value.push('a')),
            Change::RefNameTakesFromValue => {
                if let Some((name, value)) = header.refs.pop_first() {
                    let (first, rest) = value.split_at(value.len().min(1));
                    header.refs.insert(format!("{name}{first}"), rest.to_owned());
                }
            }
            Change::ContentDigest(bit) => flip(&mut entry.content_digest.0, bit),
            Change::Previous(bit) => flip(&mut entry.previous.0, bit),
            Change::OwnHash(bit) => flip(&mut entry.hash.0, bit),
            Change::Salt(_) | Change::SaltGivesToContent | Change::SaltTakesFromContent | Change::Content => {
                let Some((salt, content)) = &mut entry.content else {
                    return;
                };
                match change {
                    Change::Salt(bit) => flip(salt, bit),
                    Change::SaltGivesToContent if salt.last().is_some_and(u8::is_ascii) => {
                        let byte = salt.pop().unwrap_or_default();
                        content.insert(0, char::from(byte));
                    }
                    Change::SaltTakesFromContent if content.starts_with(|c: char| c.is_ascii()) => {
                        salt.push(content.as_bytes()[0]);
                        content.remove(0);
                    }
                    Change::Content => content.push('a'),
                    _ => {}
                }
            }
        }
    }

    proptest! {
        #[test]
        fn an_untouched_chain_verifies(entries in chain()) {
            let verified = verify(&entries);
            let expected = ChainVerifier {
                next_seq: i64::try_from(entries.len()).unwrap() + 1,
                head: entries.last().unwrap().hash,
            };
            prop_assert_eq!(verified, Ok(expected));
        }

        #[test]
        fn erasing_any_contents_leaves_the_chain_whole(mut entries in chain(), erased in any::<[bool; 8]>()) {
            let head = verify(&entries).unwrap().head();
            for (entry, erase) in entries.iter_mut().zip(erased) {
                entry.content = entry.content.take().filter(|_| !erase);
            }
            prop_assert_eq!(verify(&entries).map(|v| v.head()), Ok(head));
        }

        #[test]
        fn any_change_of_any_field_is_found(entries in chain(), at in any::<Index>(), change in change()) {
            let mut changed = entries.clone();
            apply(change, at.get_mut(&mut changed));
            prop_assume!(changed != entries);
            prop_assert!(verify(&changed).is_err());
        }

        #[test]
        fn erasing_does_not_hide_a_change_of_what_cannot_be_erased(entries in chain(), at in any::<Index>(), change in change()) {
            let mut changed = entries;
            for entry in &mut changed {
                entry.content = None;
            }
            let erased = changed.clone();
            apply(change, at.get_mut(&mut changed));
            prop_assume!(changed != erased);
            prop_assert!(verify(&changed).is_err());
        }

        #[test]
        fn a_removed_entry_is_found(mut entries in chain(), at in any::<Index>()) {
            prop_assume!(entries.len() > 1);
            entries.remove(at.index(entries.len() - 1));
            let gap = matches!(verify(&entries), Err(ChainError::Gap { .. }));
            prop_assert!(gap);
        }

        /// Nothing in a chain tells that it once went on: that is why heads are printed in statements and digests.
        #[test]
        fn a_chain_cut_off_at_its_end_has_another_head(mut entries in chain(), keep in any::<Index>()) {
            let whole = verify(&entries).unwrap();
            entries.truncate(keep.index(entries.len()));
            let cut = verify(&entries).unwrap();
            prop_assert_ne!(cut.head(), whole.head());
            prop_assert!(cut.entries() < whole.entries());
        }

        #[test]
        fn swapped_entries_are_found(mut entries in chain(), one in any::<Index>(), other in any::<Index>()) {
            let (one, other) = (one.index(entries.len()), other.index(entries.len()));
            prop_assume!(one != other);
            entries.swap(one, other);
            prop_assert!(verify(&entries).is_err());
        }

        #[test]
        fn a_doubled_entry_is_found(mut entries in chain(), from in any::<Index>(), to in any::<Index>()) {
            let copy = from.get(&entries).clone();
            entries.insert(to.index(entries.len() + 1), copy);
            prop_assert!(verify(&entries).is_err());
        }

        #[test]
        fn an_entry_that_was_resealed_alone_is_found(mut entries in chain(), at in any::<Index>()) {
            prop_assume!(entries.len() > 1);
            let at = at.index(entries.len() - 1);
            let old = &entries[at];
            entries[at] = seal(old.header.clone(), [9; SALT_BYTES], "something else", old.previous);
            let next = i64::try_from(at).unwrap() + 2;
            prop_assert_eq!(verify(&entries).map(|v| v.entries()), Err(ChainError::BrokenLink(next)));
        }

        #[test]
        fn an_inserted_entry_is_found_even_if_everything_behind_it_is_renumbered(mut entries in chain(), at in any::<Index>()) {
            let at = at.index(entries.len());
            let old = &entries[at];
            entries.insert(at, seal(old.header.clone(), [9; SALT_BYTES], "never happened", old.previous));
            for entry in &mut entries[at + 1..] {
                entry.header.seq += 1;
            }
            prop_assert!(verify(&entries).is_err());
        }
    }

    #[test]
    fn bytes_cannot_move_between_fields_under_the_same_hash() {
        let header = |kind: &str, actor: &str, refs: &[(&str, &str)]| Header {
            workspace_id: workspace(),
            seq: 1,
            at: Timestamp(0),
            kind: kind.to_owned(),
            actor: actor.to_owned(),
            refs: refs
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        let headers = [
            header("ab", "c", &[]),
            header("a", "bc", &[]),
            header("abc", "", &[]),
            header("", "", &[("ab", "c")]),
            header("", "", &[("a", "bc")]),
            header("", "", &[("abc", "")]),
            header("", "", &[("", "abc")]),
            header("", "", &[("a", ""), ("b", "c")]),
            header("", "", &[("a", "b"), ("c", "")]),
        ];
        let hashes: std::collections::HashSet<Hash> = headers
            .iter()
            .map(|header| entry_hash(Hash::GENESIS, header, content_digest(&[0; SALT_BYTES], "")))
            .collect();
        assert_eq!(hashes.len(), headers.len());
    }

    #[test]
    fn the_hash_of_an_entry_never_changes_between_versions() {
        let header = Header {
            workspace_id: workspace(),
            seq: 1,
            at: Timestamp(1_700_000_000_000),
            kind: EventKind::MessageReleased.as_str().to_owned(),
            actor: Actor::Ai.to_string(),
            refs: BTreeMap::from([("release".to_owned(), "r".to_owned())]),
        };
        let entry = seal(header, [1; SALT_BYTES], "{}", Hash::GENESIS);
        assert_eq!(
            entry.hash.to_string(),
            "cc02478364ba2956536dd61e2cd0c249f1b0fb3002b1f5fe80dc290759459876"
        );
    }

    #[test]
    fn an_event_has_the_same_name_in_the_log_and_on_the_wire() {
        for kind in [
            EventKind::MessageReleased,
            EventKind::SetupLinkCreated,
            EventKind::ReviewExpired,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
