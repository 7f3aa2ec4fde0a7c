//! Invented shop texts from a seed: the same on every machine, so that two servers read the same prompts.

use crate::stats::random::SplitMix64;

const THINGS: [&str; 24] = [
    "lamp", "table", "jacket", "kettle", "bicycle", "mattress", "backpack", "camera", "blanket", "printer", "sofa",
    "watch", "tent", "pan", "keyboard", "mirror", "coat", "drill", "bench", "radio", "pillow", "scooter", "clock",
    "shelf",
];
const KINDS: [&str; 20] = [
    "blue", "large", "wooden", "light", "used", "new", "warm", "green", "folding", "heavy", "small", "red", "quiet",
    "round", "simple", "strong", "white", "dark", "soft", "old",
];
const DEEDS: [&str; 18] = [
    "can be returned",
    "is delivered",
    "is repaired",
    "is ready for collection",
    "is sent to the customer",
    "can be changed",
    "is paid for",
    "is kept for you",
    "comes with a manual",
    "is checked by hand",
    "is made to order",
    "can be rented",
    "is out of stock",
    "goes back to the maker",
    "is cleaned and packed",
    "is shown in the shop",
    "can be insured",
    "is sold",
];
const WHENS: [&str; 18] = [
    "within three days",
    "on Monday morning",
    "after the first order",
    "before the end of the month",
    "without a receipt",
    "at no extra cost",
    "in both of our shops",
    "if the box is closed",
    "during opening hours",
    "by the next working day",
    "for half the price",
    "when the season is over",
    "with a valid ticket",
    "at the front desk",
    "after two weeks",
    "for club members only",
    "as long as we have some",
    "once a year",
];
const OPENINGS: [&str; 14] = [
    "The",
    "Every",
    "Your",
    "Our",
    "Any",
    "A",
    "This",
    "That",
    "One",
    "Each",
    "Some customers ask whether the",
    "We promise that the",
    "Please note that the",
    "It is true that the",
];

/// Writes texts; each call goes on where the last one ended.
#[derive(Debug)]
pub(super) struct Words(SplitMix64);

impl Words {
    pub(super) const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// Sentences of about as many tokens as asked for (three words are about four), at least one sentence.
    pub(super) fn text(&mut self, tokens: usize) -> String {
        let mut text = self.sentence();
        // A number sets texts with the same first words apart at once.
        text.insert_str(0, &format!("{}: ", self.0.below(9_000) + 1_000));
        while text.split(' ').count() * 4 / 3 < tokens {
            text.push(' ');
            text.push_str(&self.sentence());
        }
        text
    }

    /// A short question.
    pub(super) fn question(&mut self) -> String {
        let (kind, thing, when) = (self.one(&KINDS), self.one(&THINGS), self.one(&WHENS));
        format!("What happens to the {kind} {thing} {when}, and whom do I ask about it?")
    }

    fn sentence(&mut self) -> String {
        let (opening, kind, thing) = (self.one(&OPENINGS), self.one(&KINDS), self.one(&THINGS));
        let (deed, when) = (self.one(&DEEDS), self.one(&WHENS));
        format!("{opening} {kind} {thing} {deed} {when}.")
    }

    fn one<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among.get(self.0.below(among.len())).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_writes_the_same_and_another_seed_something_else() {
        let write = |seed| Words::new(seed).text(80);
        assert_eq!(write(3), write(3));
        assert_ne!(write(3), write(4));
    }

    #[test]
    fn a_text_is_about_as_long_as_asked_for() {
        for tokens in [20, 100, 400] {
            let words = Words::new(1).text(tokens).split(' ').count();
            assert!(
                words <= tokens + 15 && words * 3 >= tokens * 2,
                "{words} words for {tokens} tokens"
            );
        }
    }
}
