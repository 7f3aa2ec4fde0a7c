//! From the end of a turn to the draft in the queue, through the widget's API, with the demo's knowledge and real models.

use crate::client::{Client, Events};
use crate::memory::{self, Memory};
use crate::report::{Report, median, quantile};
use crate::server::Server;
use crate::{Result, folder};
use holdpoint::domain::time::Clock;
use holdpoint::domain::turn::QUIET_MS;
use holdpoint::system::SystemClock;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const FAQ: &str = include_str!("../../examples/demo/faq.json");
/// Turns that end before any is counted: caches fill, statements are prepared.
const WARM_UP: usize = 6;
/// Turns that are counted; with the others fewer than one address may begin in a minute.
const TURNS: usize = 48;
/// Between two questions: longer than a draft takes, so that each finds the machine idle.
const APART: Duration = Duration::from_millis(300);
/// Far more than a draft takes.
const AMPLE: Duration = Duration::from_secs(30);

const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// One turn, milliseconds since 1970.
struct Turn {
    ended_at: i64,
    seen_at: i64,
    mode: String,
    ready_at: i64,
    drafted_in_ms: i64,
}

pub(crate) async fn measure(report: &mut Report, models: &Path, drafts: bool, memory: bool) -> Result<()> {
    let folder = folder()?;
    let mut server = Server::spawn("demo", &folder.path().join("data"), Some(models))?;
    server.ready()?;
    let administrator = server.socket();
    let questions = learn(&administrator).await?;
    if memory {
        let engine = memory::engine_of(server.pid())?;
        let idle = Memory::when_idle(server.pid()).await?;
        idle.report(
            report,
            "memory, server with the engine",
            Some(memory::SERVER),
            "the demo's knowledge loaded, 5 s idle",
        );
        Memory::now(engine)?.report(
            report,
            "memory, engine child",
            None,
            "both default models, most of it their mapped files",
        );
    }
    if drafts {
        let turns = ask(&server, &administrator, &questions).await?;
        tell(report, &turns);
    }
    if drafts && memory {
        let engine = memory::engine_of(server.pid())?;
        let idle = Memory::when_idle(server.pid()).await?;
        idle.report(
            report,
            "memory, server after these turns",
            Some(memory::SERVER),
            "5 s after the last",
        );
        Memory::now(engine)?.report(report, "memory, engine child after these turns", None, "");
    }
    server.stop()
}

/// Half of the FAQ becomes verified answers too. Returns the questions once all of them can be found by meaning.
async fn learn(administrator: &Client) -> Result<Vec<String>> {
    let faq: Vec<Value> = serde_json::from_str(FAQ)?;
    let member =
        json!({ "email": "mia@quillhaven.example", "name": "Mia", "role": "owner", "password": "a heron on the quay" });
    administrator.post("/api/v1/admin/members", &member).await?;
    let mia = administrator.clone().with("holdpoint-member", "mia@quillhaven.example");
    let mut questions = Vec::new();
    for (number, entry) in faq.iter().enumerate() {
        if number % 2 == 0 {
            mia.post("/api/v1/verified-answers", entry).await?;
        }
        questions.push(entry["question"].as_str().unwrap_or_default().to_owned());
    }
    for (number, question) in questions.iter().enumerate() {
        let source = if number % 2 == 0 {
            "verified_answer_id"
        } else {
            "document_id"
        };
        let path = format!("/api/v1/knowledge/search?q={}", escaped(question));
        let mut waited = Duration::ZERO;
        loop {
            let found = administrator.get(&path).await?;
            let is_it = |passage: &Value| passage["title"] == json!(question) && passage[source].is_string();
            if found["items"].as_array().is_some_and(|items| items.iter().any(is_it)) {
                break;
            }
            if waited >= AMPLE {
                return Err(format!("{question:?} cannot be found by meaning").into());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
    }
    Ok(questions)
}

/// For a query.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        let _a_string_takes_all = write!(escaped, "%{byte:02x}");
        escaped
    })
}

/// Every question in a conversation of its own, one after the other.
async fn ask(server: &Server, administrator: &Client, questions: &[String]) -> Result<Vec<Turn>> {
    let agents = administrator.get("/api/v1/agents").await?;
    let agent = agents["items"][0]["public_key"]
        .as_str()
        .ok_or("the demo has no agent")?
        .to_owned();
    let mut events = administrator.events("/api/v1/events?after=0").await?;
    let asking = async {
        let mut ended_at = HashMap::new();
        for (number, question) in questions.iter().cycle().take(WARM_UP + TURNS).enumerate() {
            let (conversation, at) = ask_one(&server.public(), &agent, question, number).await?;
            if number >= WARM_UP {
                ended_at.insert(conversation, at + QUIET_MS);
            }
            tokio::time::sleep(APART).await;
        }
        Ok(ended_at)
    };
    let waiting = async {
        let seen = tokio::time::timeout(AMPLE + APART * 64, held(&mut events, WARM_UP + TURNS));
        seen.await.map_err(|_elapsed| "not every turn got a draft")?
    };
    let (ended_at, seen): (HashMap<String, i64>, _) = tokio::try_join!(asking, waiting)?;
    let mut turns = Vec::new();
    for (conversation, item, seen_at) in seen {
        let Some(&ended_at) = ended_at.get(&conversation) else {
            continue;
        };
        let item = administrator.get(&format!("/api/v1/queue/{item}")).await?;
        let draft = &item["draft"];
        turns.push(Turn {
            ended_at,
            seen_at,
            mode: draft["mode"].as_str().unwrap_or_default().to_owned(),
            ready_at: draft["created_at"].as_i64().unwrap_or_default(),
            drafted_in_ms: draft["drafted_in_ms"].as_i64().unwrap_or_default(),
        });
    }
    Ok(turns)
}

/// Asks; returns the conversation and when the message was committed.
async fn ask_one(public: &Client, agent: &str, question: &str, number: usize) -> Result<(String, i64)> {
    let started = public
        .post(&format!("/widget/v1/agents/{agent}/conversations"), &json!({}))
        .await?;
    let token = started["token"].as_str().unwrap_or_default();
    let visitor = public.clone().with("authorization", format!("Bearer {token}"));
    let message = json!({ "client_id": number.to_string(), "text": question });
    let message = visitor.post("/widget/v1/messages", &message).await?;
    let conversation = started["conversation_id"].as_str().unwrap_or_default();
    Ok((
        conversation.to_owned(),
        message["at"].as_i64().ok_or("a message without a time")?,
    ))
}

/// Waits for so many items; of each its conversation, its id and when its event arrived.
async fn held(events: &mut Events, many: usize) -> Result<Vec<(String, String, i64)>> {
    let mut seen = Vec::new();
    while seen.len() < many {
        let entry = events.next().await?;
        let now = SystemClock.now().0;
        if entry["kind"] == "review.requested" {
            let part = |name: &str| entry["refs"][name].as_str().unwrap_or_default().to_owned();
            seen.push((part("conversation"), part("item"), now));
        }
    }
    Ok(seen)
}

fn tell(report: &mut Report, turns: &[Turn]) {
    for (name, mode) in [("draft ready, quoted", "quote"), ("draft ready, verified", "verified")] {
        let of_mode: Vec<&Turn> = turns.iter().filter(|turn| turn.mode == mode).collect();
        let ms = |value: fn(&Turn) -> i64| -> Vec<f64> {
            let number = |turn: &&Turn| f64::from(i32::try_from(value(turn)).unwrap_or(i32::MAX));
            of_mode.iter().map(number).collect()
        };
        let seen = ms(|turn| turn.seen_at - turn.ended_at);
        let note = format!(
            "median of {}; 95 %: {:.0}, slowest: {:.0}; until the draft was written: {:.0}; drafting alone: {:.0}",
            seen.len(),
            quantile(&seen, 0.95),
            quantile(&seen, 1.0),
            median(&ms(|turn| turn.ready_at - turn.ended_at)),
            median(&ms(|turn| turn.drafted_in_ms)),
        );
        report.add(name, median(&seen), "ms", Some(30.0), note);
    }
    let others = turns
        .iter()
        .filter(|turn| turn.mode != "quote" && turn.mode != "verified")
        .count();
    if others > 0 {
        report.add(
            "drafts in another mode, left out",
            f64::from(u32::try_from(others).unwrap_or(u32::MAX)),
            "turns",
            None,
            "",
        );
    }
}
