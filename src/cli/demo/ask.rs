//! A visitor and a reviewer, both as programs: what the widget and the console do, over the same loopback port.

use crate::cli::api::{Address, Client, Event, Events, HttpClient, escaped};
use crate::cli::exit::Failure;
use crate::cli::show::{list, number, text};
use crate::domain::time::Clock;
use crate::system::SystemClock;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// Longest wait for a draft: a small machine writes slowly.
const DRAFT_WITHIN: Duration = Duration::from_mins(2);
/// Longest wait for a decided answer; the undo window is part of it.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// How often the queue is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    SystemClock.now().0
}

/// Somebody on the shop's page, with one conversation.
pub(super) struct Visitor {
    client: Client,
    events: Events,
    pub(super) conversation: String,
    /// Sequence of the visitor's latest message.
    asked_seq: i64,
}

impl Visitor {
    /// Opens the widget.
    pub(super) async fn arrive(address: SocketAddr, agent: &str) -> Result<Self, Failure> {
        let http = HttpClient::new(Address::Tcp(address));
        let anyone = Client::anonymous(http.clone());
        let path = format!("/widget/v1/agents/{}/conversations", escaped(agent));
        let started = anyone.post(&path, &json!({})).await?;
        let client = Client::over_tcp(http, text(&started, "/token"))?;
        let events = client.events("/widget/v1/events?after=0").await?;
        Ok(Self {
            client,
            events,
            conversation: text(&started, "/conversation_id").to_owned(),
            asked_seq: 0,
        })
    }

    /// Writes; returns when it was committed.
    pub(super) async fn ask(&mut self, question: &str) -> Result<i64, Failure> {
        let client_id = format!("{}-{}", self.conversation, self.asked_seq + 1);
        let message = json!({ "client_id": client_id, "text": question });
        let message = self.client.post("/widget/v1/messages", &message).await?;
        self.asked_seq = number(&message, "/seq");
        Ok(number(&message, "/at"))
    }

    /// Waits until an answer is on the screen and says so: that is "delivered".
    pub(super) async fn read_answer(&mut self) -> Result<Value, Failure> {
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.next_answer()).await;
        let answer = answer.map_err(|_elapsed| Failure::failed("no answer reached the widget within a minute"))??;
        self.client
            .post("/widget/v1/acknowledge", &json!({ "seq": answer["seq"] }))
            .await?;
        Ok(answer)
    }

    async fn next_answer(&mut self) -> Result<Value, Failure> {
        loop {
            let Some(Event { name, data }) = self.events.next().await? else {
                return Err(Failure::unavailable("the widget's event stream ended"));
            };
            if name != "message" {
                continue;
            }
            let message: Value = serde_json::from_str(&data).unwrap_or_default();
            let is_answer = matches!(text(&message, "/author"), "ai" | "person");
            if is_answer && number(&message, "/seq") > self.asked_seq {
                return Ok(message);
            }
        }
    }
}

/// Somebody with the queue open.
pub(super) struct Reviewer {
    client: Client,
}

impl Reviewer {
    pub(super) fn new(address: SocketAddr, token: &str) -> Result<Self, Failure> {
        Ok(Self {
            client: Client::over_tcp(HttpClient::new(Address::Tcp(address)), token)?,
        })
    }

    /// Waits until the conversation's item can be decided.
    pub(super) async fn wait_for_item(&self, conversation: &str) -> Result<Value, Failure> {
        let item = tokio::time::timeout(DRAFT_WITHIN, async {
            loop {
                if let Some(item) = self.item_of(conversation).await? {
                    return Ok(item);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        item.await
            .unwrap_or_else(|_elapsed| Err(Failure::failed("no draft reached the queue within two minutes")))
    }

    async fn item_of(&self, conversation: &str) -> Result<Option<Value>, Failure> {
        let queue = self.client.get("/api/v1/queue?limit=200").await?;
        let found = list(&queue, "/items")
            .iter()
            .find(|item| text(item, "/conversation_id") == conversation);
        let Some(found) = found else { return Ok(None) };
        let item = self
            .client
            .get(&format!("/api/v1/queue/{}", escaped(text(found, "/id"))))
            .await?;
        Ok(item["draft"].is_object().then_some(item))
    }

    /// Takes the item as the console does, decides, and returns when the decision was taken.
    pub(super) async fn decide(&self, item: &Value, kind: &str, answer: Option<&str>) -> Result<i64, Failure> {
        let path = format!("/api/v1/queue/{}", escaped(text(item, "/id")));
        self.client.post(&format!("{path}/lease"), &json!({})).await?;
        let mut outcome = json!({ "kind": kind, "revision": item["revision"] });
        if let Some(answer) = answer {
            outcome["text"] = answer.into();
        }
        let decided = self.client.post(&format!("{path}/outcome"), &outcome).await?;
        Ok(number(&decided, "/final_at") - number(&decided, "/undo_ms"))
    }
}
