//! What a program's chat request says anew, and how the same request is known again. Pure.
//!
//! A program sends the conversation so far with every request, as it remembers it. Only what the user said last counts; each such
//! message has a key made of everything the user has said up to it, so that the same request has the same keys and a longer
//! conversation never has them again. What assistants are said to have answered is not looked at: the program may have kept a
//! holding text, the answer, or nothing.

use super::time::Timestamp;
use sha2::{Digest, Sha256};

/// After an answer was handed out, the same request is a repetition for this long; later somebody asks the same once more.
pub const SAME_WITHIN_MS: i64 = 2 * 60_000;
/// Bytes of a key.
const KEY_BYTES: usize = 20;

/// Who says a line of the request. What instructs a model (`system`, `developer`) is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The visitor.
    User,
    /// Whoever answered them, as the program remembers it.
    Assistant,
}

/// A line of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who says it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Names a message of the user among all that they have said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageKey([u8; KEY_BYTES]);

/// A message that may not have been said yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its name.
    pub key: MessageKey,
    /// What it says.
    pub text: String,
}

impl MessageKey {
    fn of(kind: &str, parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        field(kind.as_bytes());
        for part in parts {
            field(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut key = [0; KEY_BYTES];
        key.copy_from_slice(digest.split_at(KEY_BYTES).0);
        Self(key)
    }

    /// The client-made id of the message when it is said for the first time (round 0), once more (1), and so on.
    pub fn client_id(self, round: u32) -> String {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hex}.{round}")
    }

    /// In which round it was said under this client-made id; none if that is another message's.
    fn round_of(self, client_id: &str) -> Option<u32> {
        let (_, round) = client_id.split_once('.')?;
        let round = round.parse().ok()?;
        (self.client_id(round) == client_id).then_some(round)
    }
}

/// The messages of the user after the last answer; none where the last line is not the user's. With an `Idempotency-Key` that alone,
/// and their place, names them.
pub fn new_messages(lines: &[Line], idempotency_key: Option<&str>) -> Vec<NewMessage> {
    let first = lines
        .iter()
        .rposition(|line| line.speaker == Speaker::Assistant)
        .map_or(0, |last| last + 1);
    let mut said: Vec<&str> = Vec::new();
    let mut new = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.speaker != Speaker::User {
            continue;
        }
        said.push(&line.text);
        if at < first {
            continue;
        }
        let key = match idempotency_key {
            Some(given) => MessageKey::of("given", &[given, &new.len().to_string()]),
            None => MessageKey::of("said", &said),
        };
        new.push(NewMessage {
            key,
            text: line.text.clone(),
        });
    }
    new
}

/// What is to be done about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It was made before: its last message is the one at this place among those that are known.
    Known(usize),
    /// These are to be said: places in the request, and client-made ids.
    Say(Vec<(usize, String)>),
}

/// The latest of the known client-made ids that is this message's, and its round.
fn latest(message: &NewMessage, known: &[&str]) -> Option<(usize, u32)> {
    let rounds = known.iter().enumerate();
    rounds
        .filter_map(|(at, id)| Some((at, message.key.round_of(id)?)))
        .next_back()
}

/// Where the last message of a request was said before, among the client-made ids that are known, in their order.
pub fn said_before(new: &[NewMessage], known: &[&str]) -> Option<usize> {
    latest(new.last()?, known).map(|(at, _)| at)
}

/// What a request adds to what is known; `asked_again` if a last message that was said before is meant once more.
pub fn plan(new: &[NewMessage], known: &[&str], asked_again: bool) -> Plan {
    let Some((last, before)) = new.split_last() else {
        return Plan::Say(Vec::new());
    };
    match latest(last, known) {
        Some((at, _)) if !asked_again => return Plan::Known(at),
        Some((_, round)) => return Plan::Say(vec![(before.len(), last.key.client_id(round + 1))]),
        None => {}
    }
    let unsaid = before
        .iter()
        .rposition(|message| latest(message, known).is_some())
        .map_or(0, |at| at + 1);
    let ids = new.iter().enumerate().skip(unsaid);
    Plan::Say(ids.map(|(at, message)| (at, message.key.client_id(0))).collect())
}

/// How the turn of a message stands that was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// It is answered, and the program was given the answer.
    pub handed_out: bool,
    /// When the program was last given something new of this conversation.
    pub handed_out_at: Option<Timestamp>,
    /// Nothing was said after it.
    pub is_latest: bool,
}

impl Before {
    /// Whether the same request now is a question of its own. One that says it is a repetition never is; one whose answer is
    /// still to come, or has not been handed out, asks for that; one that was just answered lost its answer on the way.
    pub fn is_asked_again(self, is_retry: bool, now: Timestamp) -> bool {
        let is_old = || self.handed_out_at.is_none_or(|at| now.ms_since(at) >= SAME_WITHIN_MS);
        !is_retry && self.handed_out && (!self.is_latest || is_old())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(text: &str) -> Line {
        Line {
            speaker: Speaker::User,
            text: text.to_owned(),
        }
    }

    fn assistant(text: &str) -> Line {
        Line {
            speaker: Speaker::Assistant,
            text: text.to_owned(),
        }
    }

    fn ids(plan: Plan) -> Vec<String> {
        match plan {
            Plan::Say(said) => said.into_iter().map(|(_, id)| id).collect(),
            Plan::Known(_) => Vec::new(),
        }
    }

    /// Everything that is said anew by these requests, one after the other.
    fn said(requests: &[Vec<Line>]) -> Vec<String> {
        let mut known: Vec<String> = Vec::new();
        for request in requests {
            let new = new_messages(request, None);
            let before: Vec<&str> = known.iter().map(String::as_str).collect();
            let more = ids(plan(&new, &before, false));
            known.extend(more);
        }
        known
    }

    #[test]
    fn only_what_the_user_said_after_the_last_answer_is_new() {
        let texts =
            |lines: &[Line]| -> Vec<String> { new_messages(lines, None).into_iter().map(|new| new.text).collect() };
        assert_eq!(texts(&[user("a"), assistant("b"), user("c"), user("d")]), ["c", "d"]);
        assert_eq!(texts(&[user("a"), assistant("b")]), [""; 0]);
        assert_eq!(texts(&[]), [""; 0]);
    }

    #[test]
    fn the_same_sentence_later_in_a_conversation_is_another_message() {
        let first = vec![user("Yes")];
        let second = vec![user("Yes"), assistant("Really?"), user("Yes")];
        let all = said(&[first.clone(), first, second.clone(), second]);
        assert_eq!(all.len(), 2, "{all:?}");
    }

    #[test]
    fn it_is_the_same_message_whatever_the_program_kept_of_the_answer() {
        let one = vec![user("a"), assistant("A colleague is checking this answer"), user("b")];
        let other = vec![user("a"), assistant("We open at ten."), user("b")];
        let neither = vec![user("a"), user("b")];
        assert_eq!(said(&[vec![user("a")], one, other, neither]).len(), 2);
    }

    #[test]
    fn who_is_meant_once_more_says_the_last_message_alone_under_another_id() {
        let new = new_messages(&[user("a"), user("b")], None);
        let first = ids(plan(&new, &[], false));
        let known: Vec<&str> = first.iter().map(String::as_str).collect();
        assert_eq!(plan(&new, &known, false), Plan::Known(1));
        let again = ids(plan(&new, &known, true));
        assert_eq!(again, [new[1].key.client_id(1)]);
        let known = [known[0], known[1], &again[0]];
        assert_eq!(plan(&new, &known, false), Plan::Known(2));
        assert_eq!(said_before(&new, &known), Some(2));
    }

    #[test]
    fn a_given_key_names_the_request_whatever_it_says() {
        let one = new_messages(&[user("a")], Some("k"));
        assert_eq!(one[0].key, new_messages(&[assistant("x"), user("b")], Some("k"))[0].key);
        assert_ne!(one[0].key, new_messages(&[user("a")], Some("l"))[0].key);
        assert_ne!(one[0].key, new_messages(&[user("a")], None)[0].key);
        let two = new_messages(&[user("a"), user("a")], Some("k"));
        assert_ne!(two[0].key, two[1].key);
    }

    #[test]
    fn a_question_whose_answer_was_handed_out_a_while_ago_is_asked_again() {
        let before = Before {
            handed_out: true,
            handed_out_at: Some(Timestamp(1_000)),
            is_latest: true,
        };
        let (soon, late) = (Timestamp(1_000 + SAME_WITHIN_MS - 1), Timestamp(1_000 + SAME_WITHIN_MS));
        assert!(!before.is_asked_again(false, soon), "its answer was lost on the way");
        assert!(before.is_asked_again(false, late));
        assert!(!before.is_asked_again(true, late), "it says that it is a repetition");
        let open = Before {
            handed_out: false,
            ..before
        };
        assert!(!open.is_asked_again(false, late), "the program comes for its answer");
        let passed = Before {
            is_latest: false,
            ..before
        };
        assert!(passed.is_asked_again(false, soon), "something else was asked since");
    }

    fn lines() -> impl Strategy<Value = Vec<Line>> {
        let line = ("[ab]{0,2}", any::<bool>())
            .prop_map(|(text, is_user)| if is_user { user(&text) } else { assistant(&text) });
        prop::collection::vec(line, 0..8)
    }

    proptest! {
        #[test]
        fn a_repetition_says_nothing_and_client_ids_are_fit_to_be_stored(lines in lines()) {
            let new = new_messages(&lines, None);
            let first = ids(plan(&new, &[], false));
            prop_assert_eq!(first.len(), new.len());
            prop_assert!(first.iter().all(|id| id.len() <= 64 && id.chars().all(|c| c.is_ascii_graphic())));
            let known: Vec<&str> = first.iter().map(String::as_str).collect();
            if let Some(last) = known.len().checked_sub(1) {
                prop_assert_eq!(plan(&new, &known, false), Plan::Known(last));
            }
        }

        #[test]
        fn a_longer_conversation_never_has_a_key_again(lines in lines(), more in "[ab]{0,2}", kept in "[ab]{0,2}") {
            let mut longer = lines.clone();
            longer.extend([assistant(&kept), user(&more)]);
            let before = new_messages(&lines, None);
            let after = new_messages(&longer, None);
            prop_assert_eq!(after.len(), 1);
            prop_assert!(before.iter().all(|message| message.key != after[0].key));
        }

        #[test]
        fn other_words_or_another_order_are_another_key(a in "[ab]{0,3}", b in "[ab]{0,3}", c in "[ab]{0,3}") {
            let key = |texts: [&str; 3]| new_messages(&texts.map(user), None).pop().map(|last| last.key);
            prop_assert_eq!(key([&a, &b, &c]) == key([&b, &a, &c]), a == b);
            prop_assert_eq!(key([&a, &b, &c]) == key([&a, &b, &a]), a == c);
        }
    }
}
