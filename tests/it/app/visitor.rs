//! A visitor with a conversation.

use super::client::{Answer, Client, Events};
use super::{TestApp, eventually};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

static MESSAGES: AtomicU32 = AtomicU32::new(1);

pub(crate) struct VisitorClient {
    pub(crate) client: Client,
    pub(crate) conversation_id: String,
    pub(crate) token: String,
}

impl VisitorClient {
    pub(crate) async fn start(app: &TestApp, agent_key: &str) -> Self {
        let anonymous = app.anonymous();
        let path = format!("/widget/v1/agents/{agent_key}/conversations");
        let started = anonymous.post(&path, &json!({})).await.created();
        let token = started["token"].as_str().unwrap().to_owned();
        Self {
            client: anonymous.bearer(&token),
            conversation_id: started["conversation_id"].as_str().unwrap().to_owned(),
            token,
        }
    }

    /// The same visitor at another address: after a restart.
    pub(crate) fn again_at(&self, app: &TestApp) -> Self {
        Self {
            client: app.anonymous().bearer(&self.token),
            conversation_id: self.conversation_id.clone(),
            token: self.token.clone(),
        }
    }

    /// Writes something new.
    pub(crate) async fn says(&self, text: &str) -> Value {
        let client_id = format!("m{:03}", MESSAGES.fetch_add(1, Ordering::Relaxed));
        self.post(&client_id, text).await.created()
    }

    pub(crate) async fn post(&self, client_id: &str, text: &str) -> Answer {
        self.client
            .post("/widget/v1/messages", &json!({ "client_id": client_id, "text": text }))
            .await
    }

    pub(crate) async fn conversation(&self) -> Value {
        self.client.get("/widget/v1/conversation").await.ok()
    }

    /// The first message of an author other than the visitor above a sequence.
    pub(crate) async fn answer_above(&self, seq: i64) -> Value {
        eventually("an answer", async || {
            let conversation = self.conversation().await;
            let answers = |message: &&Value| message["seq"].as_i64() > Some(seq) && message["author"] != "visitor";
            conversation["messages"]
                .as_array()
                .unwrap()
                .iter()
                .find(answers)
                .cloned()
        })
        .await
    }

    pub(crate) async fn events(&self, after: i64) -> Events {
        self.client.events(&format!("/widget/v1/events?after={after}")).await
    }
}
