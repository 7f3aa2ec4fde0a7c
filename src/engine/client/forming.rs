//! An answer's text while it is being written.

use tokio::sync::watch;

/// What is kept of it, in bytes. More than anybody reads before it is finished.
const MOST_BYTES: usize = 16 * 1024;

/// Where the text of an answer can be read while an engine writes it: all of it so far. A cheap clone.
///
/// It is the latest state that is read; whoever is slow misses those in between.
#[derive(Debug, Clone, Default)]
pub struct Forming {
    text: watch::Sender<String>,
}

impl Forming {
    /// The text as it grows.
    pub fn read(&self) -> watch::Receiver<String> {
        self.text.subscribe()
    }

    /// An engine begins: what another one wrote before it was given up is gone.
    pub(super) fn begin(&self) {
        self.text.send_if_modified(|text| {
            let had_some = !text.is_empty();
            text.clear();
            had_some
        });
    }

    /// An engine has written on.
    pub(super) fn add(&self, piece: &str) {
        self.text.send_if_modified(|text| {
            let fits = text.len() + piece.len() <= MOST_BYTES;
            if fits {
                text.push_str(piece);
            }
            fits
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_grows_to_a_bound_and_begins_anew_with_the_next_engine() {
        let forming = Forming::default();
        let text = forming.read();
        forming.add("Returns ");
        forming.add("are free.");
        assert_eq!(*text.borrow(), "Returns are free.");
        forming.add(&"x".repeat(MOST_BYTES));
        assert_eq!(*text.borrow(), "Returns are free.");
        forming.begin();
        assert_eq!(*text.borrow(), "");
    }
}
