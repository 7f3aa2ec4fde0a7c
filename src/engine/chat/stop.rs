//! Ends an answer at one of the texts that its caller named. Pure.

/// Holds back what may be the beginning of such a text.
#[derive(Debug, Default)]
pub(super) struct StopTexts {
    texts: Vec<String>,
    held: String,
}

impl StopTexts {
    /// Empty texts stop nothing.
    pub(super) fn new(texts: Vec<String>) -> Self {
        Self {
            texts: texts.into_iter().filter(|text| !text.is_empty()).collect(),
            held: String::new(),
        }
    }

    /// Takes new text. Returns what may be shown, and whether the answer ends here.
    pub(super) fn push(&mut self, text: &str) -> (String, bool) {
        if self.texts.is_empty() {
            return (text.to_owned(), false);
        }
        self.held.push_str(text);
        if let Some(at) = self.texts.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.held.truncate(at);
            return (std::mem::take(&mut self.held), true);
        }
        let shown = self.held.len() - self.longest_beginning_of_a_stop();
        let rest = self.held.split_off(shown);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// What was held back when the answer ended otherwise.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// Bytes at the end of what is held that a stop text begins with.
    fn longest_beginning_of_a_stop(&self) -> usize {
        let ends = self
            .held
            .char_indices()
            .map(|(at, _)| self.held.get(at..).unwrap_or_default());
        let mut ends = ends.filter(|end| self.texts.iter().any(|stop| stop.starts_with(end)));
        ends.next().map_or(0, str::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut watch = StopTexts::new(stops.iter().map(|stop| (*stop).to_owned()).collect());
        let mut all = String::new();
        for piece in pieces {
            let (shown, stopped) = watch.push(piece);
            all.push_str(&shown);
            if stopped {
                return (all, true);
            }
        }
        all.push_str(&watch.finish());
        (all, false)
    }

    #[test]
    fn the_answer_ends_before_the_stop_text_even_across_pieces() {
        assert_eq!(
            run(&["\nUser:"], &["Yes.", "\nUs", "er: and"]),
            ("Yes.".to_owned(), true)
        );
        assert_eq!(
            run(&["END", "N"], &["aE", "ND"]),
            ("a".to_owned(), true),
            "the earliest wins"
        );
    }

    #[test]
    fn what_only_looked_like_a_stop_text_is_shown_after_all() {
        assert_eq!(run(&["</a>"], &["x</", "b>", "</"]), ("x</b></".to_owned(), false));
        assert_eq!(run(&["", "é!"], &["caf", "é", "?"]), ("café?".to_owned(), false));
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "[ab ]{0,40}", stop in "[ab]{1,4}", cuts in prop::collection::vec(0_usize..40, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text[from..cut]);
                from = cut;
            }
            let expected = match text.find(&stop) {
                Some(at) => (text[..at].to_owned(), true),
                None => (text.clone(), false),
            };
            prop_assert_eq!(run(&[&stop], &pieces), expected);
        }
    }
}
