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

proptest! {
    #[test]
    fn what_is_taken_along_verifies_elsewhere_without_any_content(entries in chain()) {
        let taken: Vec<Entry> = entries
            .iter()
            .map(|entry| {
                let line = serde_json::to_string(&Line::from(entry.clone())).unwrap();
                serde_json::from_str::<Line>(&line).unwrap().try_into().unwrap()
            })
            .collect();
        prop_assert_eq!(verify(&taken), verify(&entries));
        prop_assert!(taken.iter().all(|entry| entry.content.is_none()));
    }
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
        Change::Workspace(mask) => header.workspace_id = Uuid::from_u128(workspace().uuid().as_u128() ^ mask).into(),
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
