//! Words that carry a question's content.

use std::collections::HashSet;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Function words of English and German: they tell nothing about what is asked.
const FUNCTION_WORDS: &str = " a about after all also am an and any are as at be been but by can could did do does for from get had has \
    have hello hey hi how i if in is it its just know let like may me might my need no not of off on or our out please shall she he should \
    so some tell than thank thanks that the their them then there these they this those to too up us want was we were what when where which \
    while who why will with would yes you your ok okay \
    aber alle als am an auch auf aus bei bin bis bitte da danke das dass dem den der des die dies diese ein eine einem einen einer er es für \
    gibt hab habe haben hallo hat ich ihr ihre im in ist ja kann können könnte man mein meine mich mir mit muss nein nicht noch nur oder sein \
    sie sind so um und uns unser unsere vom von vor war was wann wer wie wird wo würde zu zum zur ";

/// Words that make up greetings, thanks and short replies.
const COURTESIES: &str = " hello hi hey hallo moin thanks thank thx cheers you danke bitte please ok okay yes no yep nope ja nein bye goodbye \
    tschüss good great perfect nice guten gute morning morgen tag afternoon evening abend day night there so very much a lot schön sehr gut super ";

/// Does a message ask nothing: only courtesies, or no word at all? Their few words lie near some entry by chance
/// ("hello" near an address that begins with it), so the ranking is not asked.
pub(crate) fn is_small_talk(message: &str) -> bool {
    let message = message.to_lowercase();
    message
        .unicode_words()
        .all(|word| COURTESIES.split_ascii_whitespace().any(|known| known == word))
}

/// A list of short words. Most words are longer than any of them, and are not even looked up.
#[derive(Debug)]
pub(in crate::domain) struct KnownWords {
    words: HashSet<&'static str>,
    /// Bytes of the longest.
    longest: usize,
}

impl KnownWords {
    /// Words with white space between them.
    pub(in crate::domain) fn of(list: &'static str) -> Self {
        let words: HashSet<&str> = list.split_ascii_whitespace().collect();
        Self {
            longest: words.iter().map(|word| word.len()).max().unwrap_or_default(),
            words,
        }
    }

    /// Is it in the list?
    pub(in crate::domain) fn has(&self, word: &str) -> bool {
        word.len() <= self.longest && self.words.contains(word)
    }
}

/// Is `word` (lower-cased) one that carries no content?
pub(in crate::domain) fn is_function_word(word: &str) -> bool {
    static KNOWN: LazyLock<KnownWords> = LazyLock::new(|| KnownWords::of(FUNCTION_WORDS));
    KNOWN.has(word)
}

/// The content words of a text: normalised, lower-cased, without function words, cut to a common stem.
pub fn content_words(text: &str) -> HashSet<String> {
    let text: String = text.nfkc().collect::<String>().to_lowercase();
    text.unicode_words()
        .filter(|word| !is_function_word(word))
        .map(|word| stem(word).to_owned())
        .collect()
}

/// A text's words in their order, without punctuation, case and width: what two ways to write the same have in common. Empty for a text without
/// words.
pub fn words_of(text: &str) -> String {
    let text = text.nfkc().collect::<String>().to_lowercase();
    text.unicode_words().collect::<Vec<_>>().join(" ")
}

/// Are these the same words in the same order? A text without words equals none.
pub fn same_words(a: &str, b: &str) -> bool {
    let words = words_of(a);
    !words.is_empty() && words == words_of(b)
}

/// Share of the question's content words that occur in `passage`, `0.0..=1.0`; 0 when the question has none.
pub fn overlap(question: &str, passage: &str) -> f64 {
    share(&content_words(question), &content_words(passage))
}

/// Share of `wanted` found in `present`, `0.0..=1.0`.
#[expect(clippy::cast_precision_loss, reason = "counts of words")]
pub(super) fn share(wanted: &HashSet<String>, present: &HashSet<String>) -> f64 {
    if wanted.is_empty() {
        return 0.0;
    }
    wanted.intersection(present).count() as f64 / wanted.len() as f64
}

/// Cuts the commonest endings so that "deliver", "delivers" and "deliveries" meet. Crude on purpose: both sides are cut
/// alike, and a wrong cut costs one word of an overlap.
pub(in crate::domain) fn stem(word: &str) -> &str {
    for ending in ["ies", "ing", "es", "ed", "en", "s", "y", "e"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.chars().count() >= 4
        {
            return stem;
        }
    }
    word.strip_suffix('s')
        .filter(|stem| stem.chars().count() >= 3)
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn inflected_words_meet_and_function_words_are_left_out() {
        assert!((overlap("Do you deliver?", "Deliveries leave daily.") - 1.0).abs() < 1e-9);
        assert!((overlap("Can I bring dogs?", "A dog may come along.") - 0.5).abs() < 1e-9);
        assert!(overlap("Is it?", "It is.") < 1e-9);
    }

    #[test]
    fn width_and_case_do_not_matter() {
        assert!((overlap("ＷＩＦＩ", "WiFi") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_same_words_are_the_same_question() {
        assert!(same_words("Do you deliver on Sunday?", "do you deliver on  SUNDAY"));
        assert!(!same_words("Do you deliver?", "You do deliver?"));
        assert!(!same_words("?", "!"), "nothing was asked");
    }

    proptest! {
        #[test]
        fn overlap_of_any_texts_is_a_share(a in any::<String>(), b in any::<String>()) {
            prop_assert!((0.0..=1.0).contains(&overlap(&a, &b)));
        }
    }
}
