//! How a message sounds: good or bad, angry, in distress.
//!
//! English is judged by VADER's words and rules; other languages by a short list of their own. Anger and distress are
//! words and phrases in many languages, with capitals, exclamation marks and a bad tone as reasons to believe them.

mod phrases;

use super::language::language;
use super::phrases::{Hit, Patterns};
use super::words::{Word, words};
use phrases::{ANGRY, BAD, CLASSES, DISTRESSED, GOOD, MILD, NEGATIONS, STRONGER};
use std::sync::LazyLock;
use vader_sentimental::SentimentIntensityAnalyzer;

/// Characters that are read: how somebody feels shows early, and VADER's time grows faster than a text.
const READ: usize = 2_000;
/// VADER's constant: how many points of valence make a clear sentiment.
const ALPHA: f64 = 15.0;
/// Score from which a message counts as angry. Chosen on one half of the data: see `docs/screening.md`.
pub const ANGRY_FROM: f64 = 0.5;

/// How a message sounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mood {
    /// -1 (very bad) to 1 (very good).
    pub sentiment: f64,
    /// 0 to 1; angry from [`ANGRY_FROM`].
    pub anger: f64,
    /// The words that sound angry, if any do.
    pub angry_words: Option<String>,
    /// The words of somebody in distress, if there are any.
    pub distressed_words: Option<String>,
}

impl Mood {
    /// Is the visitor angry?
    pub fn is_angry(&self) -> bool {
        self.anger >= ANGRY_FROM
    }
}

static ANGER: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(CLASSES, ANGRY.iter().map(|(_, pattern)| *pattern)));
static DISTRESS: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(CLASSES, DISTRESSED.iter().copied()));

/// How a message sounds.
pub fn mood(message: &str) -> Mood {
    let end = message.char_indices().nth(READ).map_or(message.len(), |(at, _)| at);
    let message = message.get(..end).unwrap_or_default();
    let words = words(message);
    let sentiment = sentiment(message, &words);
    let mut calm = 1.0;
    let mut strongest: Option<(f64, Hit)> = None;
    for hit in ANGER
        .find(&words)
        .into_iter()
        .filter(|hit| !is_negated(&words, hit.first))
    {
        let weight = ANGRY.get(hit.pattern).map_or(0.0, |(weight, _)| *weight);
        calm *= 1.0 - weight;
        if strongest.is_none_or(|(most, _)| weight > most) {
            strongest = Some((weight, hit));
        }
    }
    // Loudness alone is not anger: people are loud when they are glad.
    let is_bad = strongest.is_some() || sentiment < -0.3;
    if is_bad && shouts(message, &words) {
        calm *= 0.6;
    }
    if is_bad && message.matches(['!', '！']).count() + message.matches("?!").count() >= 2 {
        calm *= 0.75;
    }
    if sentiment < -0.3 {
        calm *= 1.0 + 0.5 * sentiment;
    }
    let quoted = |hit: Hit| super::between(message, &words, hit.first, hit.last).map(str::to_owned);
    let distressed = DISTRESS
        .find(&words)
        .into_iter()
        .find(|hit| !is_negated(&words, hit.first));
    Mood {
        sentiment,
        anger: 1.0 - calm,
        angry_words: strongest.and_then(|(_, hit)| quoted(hit)),
        distressed_words: distressed.and_then(quoted),
    }
}

/// Is a word among the two before a negation?
fn is_negated(words: &[Word], at: usize) -> bool {
    (1..=2)
        .filter_map(|back| at.checked_sub(back))
        .any(|before| listed(NEGATIONS, words.get(before)))
}

fn listed(list: &str, word: Option<&Word>) -> bool {
    word.is_some_and(|word| list.split_ascii_whitespace().any(|known| known == word.text))
}

/// Are most of its longer words in capitals?
fn shouts(message: &str, words: &[Word]) -> bool {
    let long: Vec<&str> = words
        .iter()
        .filter_map(|word| message.get(word.start..word.end))
        .filter(|word| {
            word.chars().count() >= 3 && word.chars().any(char::is_lowercase) != word.chars().any(char::is_uppercase)
        })
        .collect();
    let loud = long.iter().filter(|word| word.chars().any(char::is_uppercase)).count();
    loud >= 2 && loud * 2 > long.len()
}

fn sentiment(message: &str, words: &[Word]) -> f64 {
    let (own, known) = own_sentiment(words);
    let tongue = language(message);
    let english = tongue.is_none_or(|tongue| tongue == "en") && !(tongue.is_none() && known && !message.is_ascii());
    let value = if english {
        let vader = SentimentIntensityAnalyzer::new().polarity_scores(message).compound;
        if vader.abs() > own.abs() || tongue.is_some() {
            vader
        } else {
            own
        }
    } else {
        own
    };
    // Four places are more than anybody can tell, and the same on every machine.
    (value.clamp(-1.0, 1.0) * 10_000.0).round() / 10_000.0
}

/// Sentiment by the words of languages other than English, and whether it has any of them.
fn own_sentiment(words: &[Word]) -> (f64, bool) {
    let mut total: f64 = 0.0;
    let mut known = false;
    for (at, word) in words.iter().enumerate() {
        let valence = if listed(GOOD, Some(word)) {
            2.0
        } else if listed(BAD, Some(word)) {
            -2.0
        } else if listed(MILD, Some(word)) {
            -1.0
        } else {
            continue;
        };
        known = true;
        let before = |back: usize| at.checked_sub(back).and_then(|at| words.get(at));
        let louder = if listed(STRONGER, before(1)) { 1.3 } else { 1.0 };
        let turned = if is_negated(words, at) { -0.74 } else { 1.0 };
        total += valence * louder * turned;
    }
    (total / (total * total + ALPHA).sqrt(), known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn anger_is_heard_in_many_languages() {
        for text in [
            "This is absolutely unacceptable, I want my money back NOW!!!",
            "You people are useless. Worst service ever.",
            "Are you kidding me? Third time the parcel is lost!!",
            "Das ist eine Frechheit! Ich bin stinksauer.",
            "C'est inadmissible, je suis furieux !",
            "Esto es una vergüenza, estoy harto",
            "È una vergogna, siete dei truffatori!",
            "To jest skandal!",
            "Bu bir rezalet!",
            "Isto é um absurdo, estou furiosa",
            "Dit is belachelijk, ik ben woedend",
        ] {
            assert!(mood(text).is_angry(), "{text}: {:?}", mood(text));
        }
    }

    #[test]
    fn those_who_are_calm_or_glad_are_not_angry() {
        for text in [
            "Where is my parcel?",
            "I am not angry, I just wonder where it is.",
            "THANK YOU SO MUCH, I LOVE IT!!!",
            "Is the terrible weather a problem for delivery?",
            "Kann ich die Bestellung stornieren?",
            "Do you sell angry birds toys?",
            "My scooter is broken. Can it be repaired?",
        ] {
            assert!(!mood(text).is_angry(), "{text}: {:?}", mood(text));
        }
    }

    #[test]
    fn distress_is_heard() {
        for text in [
            "I want to kill myself",
            "I can't go on living like this",
            "ich will nicht mehr leben",
            "je veux mourir",
            "quiero morir",
            "help, the battery is on fire and my son is hurt",
        ] {
            assert!(mood(text).distressed_words.is_some(), "{text}");
        }
        for text in [
            "This colour is to die for",
            "Does the fire pit need gas?",
            "My phone battery died",
        ] {
            assert_eq!(mood(text).distressed_words, None, "{text}");
        }
    }

    #[test]
    fn sentiment_has_a_sign_in_many_languages() {
        for (good, bad) in [
            ("Great service, I love it", "Terrible service, I hate it"),
            (
                "Der Service ist wirklich toll und freundlich",
                "Der Service ist wirklich schlecht und unfreundlich",
            ),
            ("Le service est vraiment excellent", "Le service est vraiment horrible"),
            ("El servicio es muy bueno para mí", "El servicio es muy malo para mí"),
        ] {
            assert!(mood(good).sentiment > 0.2, "{good}: {:?}", mood(good));
            assert!(mood(bad).sentiment < -0.2, "{bad}: {:?}", mood(bad));
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_mood_within_bounds(text in any::<String>()) {
            let mood = mood(&text);
            prop_assert!((-1.0..=1.0).contains(&mood.sentiment));
            prop_assert!((0.0..=1.0).contains(&mood.anger));
        }
    }
}
