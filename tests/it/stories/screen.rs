//! What stands on a visitor's screen, put there by the rule of `assets/static/widget.js`: a message is shown when all before it
//! have been shown, and every connection starts from a snapshot.

use crate::app::{Events, VisitorClient};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

/// Sequence, author and text.
pub(super) type Shown = (i64, String, String);

#[derive(Debug, Default)]
struct Log {
    shown: Vec<Shown>,
    /// Everything up to this sequence is on the screen.
    up_to: i64,
    /// Committed, but one before them is missing.
    early: BTreeMap<i64, Value>,
}

impl Log {
    fn show(&mut self, message: &Value) {
        let text = |name: &str| message[name].as_str().unwrap().to_owned();
        self.up_to = message["seq"].as_i64().unwrap();
        self.shown.push((self.up_to, text("author"), text("text")));
    }

    fn receive(&mut self, message: Value) {
        let seq = message["seq"].as_i64().unwrap();
        if seq > self.up_to {
            self.early.insert(seq, message);
        }
        while let Some(next) = self.early.remove(&(self.up_to + 1)) {
            self.show(&next);
        }
    }

    fn receive_snapshot(&mut self, snapshot: &Value) {
        for message in snapshot["messages"].as_array().unwrap() {
            if message["seq"].as_i64() > Some(self.up_to) {
                self.show(message);
            }
        }
    }
}

/// A visitor's screen that follows the conversation.
pub(super) struct Screen {
    log: Arc<Mutex<Log>>,
    following: JoinHandle<()>,
}

impl Screen {
    pub(super) async fn open(visitor: &VisitorClient) -> Self {
        let log = Arc::default();
        let following = follow(visitor, &log).await;
        Self { log, following }
    }

    /// What it had is gone, and it connects anew.
    pub(super) async fn reconnect(&mut self, visitor: &VisitorClient) {
        self.following.abort();
        self.following = follow(visitor, &self.log).await;
    }

    /// Everything on it, from top to bottom.
    pub(super) fn shown(&self) -> Vec<Shown> {
        self.log.lock().unwrap().shown.clone()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.following.abort();
    }
}

async fn follow(visitor: &VisitorClient, log: &Arc<Mutex<Log>>) -> JoinHandle<()> {
    let snapshot = visitor.conversation().await;
    log.lock().unwrap().receive_snapshot(&snapshot);
    // From before the snapshot's end, as a widget that asked for both at the same time would.
    let after = (snapshot["seq"].as_i64().unwrap() - 1).max(0);
    let events = visitor.events(after).await;
    tokio::spawn(receive(events, log.clone()))
}

async fn receive(mut events: Events, log: Arc<Mutex<Log>>) {
    while let Some(event) = events.read().await {
        if event.name == "message" {
            log.lock().unwrap().receive(event.data);
        }
    }
}
