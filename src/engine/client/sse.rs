//! Server-sent events, cut out of a body that arrives in pieces of any size.

/// Largest event accepted, bytes; larger ones are not what was asked for.
const LARGEST_EVENT_BYTES: usize = 1 << 20;

/// Collects pieces and yields the data of whole events. Comments and other fields are passed over.
#[derive(Debug, Default)]
pub(super) struct Events {
    received: Vec<u8>,
    /// How much of `received` was handed out as lines.
    read: usize,
    /// How much of `received` is known to hold no further end of a line.
    searched: usize,
    data: String,
    has_data: bool,
}

/// An event is larger than any answer can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Events {
    /// Takes the next piece of the body.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), TooLarge> {
        self.received.drain(..self.read);
        self.searched -= self.read;
        self.read = 0;
        // The piece itself may hold many whole events; only what stays open must be small.
        if self.received.len().max(self.data.len()) > LARGEST_EVENT_BYTES {
            return Err(TooLarge);
        }
        self.received.extend_from_slice(piece);
        Ok(())
    }

    /// The data of the next whole event.
    pub(super) fn next(&mut self) -> Option<String> {
        while let Some(line) = self.next_line() {
            let line = String::from_utf8_lossy(&self.received[line.0..line.1]);
            if line.is_empty() {
                if std::mem::take(&mut self.has_data) {
                    return Some(std::mem::take(&mut self.data));
                }
            } else if let Some(data) = line.strip_prefix("data:") {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
                self.has_data = true;
            }
        }
        None
    }

    /// What was received after the last whole event, as one more event: some servers forget the last empty line.
    pub(super) fn rest(&mut self) -> Option<String> {
        if self.received.len() > self.read {
            self.received.extend_from_slice(b"\n\n");
        } else {
            self.received.push(b'\n');
        }
        self.next()
    }

    /// Where the next line stands, without its end: a line feed, or a carriage return and a line feed.
    fn next_line(&mut self) -> Option<(usize, usize)> {
        let Some(end) = self.received[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.received.len();
            return None;
        };
        let (start, end) = (self.read, self.searched + end);
        self.read = end + 1;
        self.searched = self.read;
        let has_return = end > start && self.received[end - 1] == b'\r';
        Some((start, end - usize::from(has_return)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for piece in pieces {
            events.push(piece).unwrap();
            found.extend(std::iter::from_fn(|| events.next()));
        }
        found
    }

    #[test]
    fn comments_other_fields_and_either_end_of_line_are_understood() {
        let body = b": ping\n\nevent: x\r\ndata: a\r\n\r\nid: 7\ndata:b\ndata: c\n\nretry: 5\n\ndata\n\n";
        assert_eq!(events(&[body]), ["a", "b\nc"]);
    }

    #[test]
    fn an_event_without_its_end_is_the_rest() {
        let mut events = Events::default();
        events.push(b"data: a\n\ndata: [DONE]").unwrap();
        assert_eq!(events.next().as_deref(), Some("a"));
        assert_eq!(events.next(), None);
        assert_eq!(events.rest().as_deref(), Some("[DONE]"));
        assert_eq!(events.rest(), None);
        events.push(b"data: b\n").unwrap();
        assert_eq!(events.rest().as_deref(), Some("b"));
    }

    #[test]
    fn an_event_that_never_ends_is_refused() {
        let piece = vec![b'x'; 1 << 16];
        let mut endless = Events::default();
        assert!((0..64).any(|_| endless.push(&piece).is_err() || endless.next().is_some()));
        let mut lines = Events::default();
        let line = [b"data: ", &piece[..], b"\n"].concat();
        assert!((0..64).any(|_| lines.push(&line).is_err() || lines.next().is_some()));
    }

    proptest! {
        #[test]
        fn how_the_body_was_cut_into_pieces_makes_no_difference(
            lines in proptest::collection::vec("(data: ?[a-zé]{0,4}|: ?[a-z]{0,3}|)(\r\n|\n)", 0..24),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let body = lines.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();
            prop_assert_eq!(events(&pieces), events(&[&body]));
        }
    }
}
