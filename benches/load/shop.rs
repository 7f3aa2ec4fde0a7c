//! The demo's shop with a second agent and a team.

use crate::Result;
use crate::client::Client;
use crate::server::Server;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::time::Duration;

const FAQ: &str = include_str!("../../examples/demo/faq.json");
/// Nobody waits longer than this for a reviewer before something else happens: what is composed waits on and the visitor is told
/// so, everything else is handed to a person.
const POLICY: &str = r#"
[[rule]]
name = "Composed answers wait on"
when = { mode = "compose" }
then = "hold"
deadline_minutes = 1
fallback = "holding_message"

[[rule]]
name = "Others are for a person"
when = { mode = ["quote", "verified"] }
then = "hold"
deadline_minutes = 1
fallback = "hand_off"
"#;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Where one visitor comes in.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) client: Client,
    /// Public key of the agent.
    pub(crate) agent: String,
    pub(crate) questions: Vec<String>,
}

pub(crate) struct Shop {
    pub(crate) administrator: Client,
    pub(crate) reviewers: Vec<Client>,
    public: Client,
    agents: [String; 2],
    questions: Vec<String>,
}

impl Shop {
    /// The demo's agent, the same once more with nothing but composing, and so many reviewers.
    pub(crate) async fn open(server: &Server, reviewers: u16) -> Result<Self> {
        let administrator = server.socket();
        let agents = administrator.get("/api/v1/agents").await?;
        let first = &agents["items"][0];
        let mut settings = first["settings"].clone();
        settings["modes"] = json!(["compose"]);
        settings["allow_unfit"] = json!(true);
        let second = administrator.post("/api/v1/agents", &settings).await?;
        for agent in [first, &second] {
            let path = format!("/api/v1/agents/{}/policy", agent["id"].as_str().unwrap_or_default());
            administrator.put(&path, &json!({ "toml": POLICY })).await?;
        }
        let mut team = Vec::new();
        for nth in 0..reviewers {
            let email = format!("reviewer-{nth}@quillhaven.example");
            let member = json!({ "email": email, "name": format!("Reviewer {nth}"), "role": "reviewer", "password": "a heron on the quay" });
            administrator.post("/api/v1/admin/members", &member).await?;
            let wish = json!({ "name": "load", "email": email, "scopes": ["read", "review"] });
            let token = administrator.post("/api/v1/admin/tokens", &wish).await?;
            let token = token["token"].as_str().unwrap_or_default();
            team.push(server.public().with("authorization", format!("Bearer {token}")));
        }
        while administrator.get("/api/v1/status").await?["indexing"] == true {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let faq: Vec<Value> = serde_json::from_str(FAQ)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self {
            administrator,
            reviewers: team,
            public: server.public(),
            agents: [text(&first["public_key"]), text(&second["public_key"])],
            questions: faq.iter().map(|entry| text(&entry["question"])).collect(),
        })
    }

    /// Each visitor comes from an address of their own: one address may not begin many conversations.
    pub(crate) fn door(&self, visitor: u16) -> Door {
        let [high, low] = (visitor + 2).to_be_bytes();
        Door {
            client: self.public.clone().at(Ipv4Addr::new(127, 1, high, low)),
            agent: self.agents[usize::from(visitor % 2)].clone(),
            questions: self.questions.clone(),
        }
    }

    /// Every item of a paged list of the API.
    pub(crate) async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let mut page = self.administrator.get(&format!("{path}?limit=200{after}")).await?;
            if let Value::Array(more) = page["items"].take() {
                items.extend(more);
            }
            match &page["next"] {
                Value::Null => return Ok(items),
                Value::String(next) => after = format!("&after={next}"),
                next => after = format!("&after={next}"),
            }
        }
    }
}
