//! Reads an event stream.

use crate::cli::exit::Failure;
use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name; `message` unless it has one.
    pub(crate) name: String,
    /// Its data.
    pub(crate) data: String,
}

/// Events as they come.
#[derive(Debug)]
pub(crate) struct Events {
    body: Incoming,
    unread: BytesMut,
}

impl Events {
    pub(super) fn new(body: Incoming) -> Self {
        Self {
            body,
            unread: BytesMut::new(),
        }
    }

    /// The next event; `None` when the server has ended the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            while let Some(end) = block_end(&self.unread) {
                let block = self.unread.split_to(end);
                if let Some(event) = event_in(&String::from_utf8_lossy(&block)) {
                    return Ok(Some(event));
                }
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.unread.extend_from_slice(data);
                    }
                }
                Some(Err(error)) => return Err(Failure::unavailable(format!("the event stream broke off ({error})"))),
                None => return Ok(None),
            }
        }
    }
}

/// Where the first block ends: behind its empty line.
fn block_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\n\n").map(|at| at + 2)
}

/// The event of a block; a block of comments is none.
fn event_in(block: &str) -> Option<Event> {
    let mut name = "message";
    let mut data = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = value,
            "data" => data.push(value),
            _ => {}
        }
    }
    (!data.is_empty()).then(|| Event {
        name: name.to_owned(),
        data: data.join("\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_becomes_an_event_and_a_heartbeat_none() {
        let event = event_in("id: 4\nevent: status\ndata: {\"a\":\ndata: 1}\n\n").unwrap();
        assert_eq!(
            event,
            Event {
                name: "status".to_owned(),
                data: "{\"a\":\n1}".to_owned()
            }
        );
        assert_eq!(event_in("data:x\n\n").unwrap().name, "message");
        assert_eq!(event_in(": still here\n\n"), None);
    }

    #[test]
    fn half_a_block_is_waited_for() {
        assert_eq!(block_end(b"data: 1\n"), None);
        assert_eq!(block_end(b"data: 1\n\nda"), Some(9));
    }
}
