//! Reviewers: each takes the most urgent item that nobody else has, looks at it, and decides.

use crate::Result;
use crate::client::{Client, Refused};
use crate::pace::{DECIDE_S, Dice, Pace, Phase};
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::time::sleep;

const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often an open page says that it is there.
const BEAT: Duration = Duration::from_secs(20);

/// What they did.
#[derive(Debug, Default)]
pub(crate) struct Worked {
    decided: BTreeMap<&'static str, u32>,
    /// Decisions, by the phase they were taken in.
    by_phase: BTreeMap<&'static str, u32>,
    /// Somebody, or the visitor, was faster.
    too_late: u32,
    pub(crate) failures: Vec<String>,
}

impl Worked {
    pub(crate) fn add(&mut self, other: &Self) {
        for (kind, count) in &other.decided {
            *self.decided.entry(kind).or_default() += count;
        }
        for (phase, count) in &other.by_phase {
            *self.by_phase.entry(phase).or_default() += count;
        }
        self.too_late += other.too_late;
        self.failures.extend(other.failures.iter().cloned());
    }

    pub(crate) fn in_words(&self, pace: Pace) -> String {
        let rates: Vec<String> = Phase::ALL
            .iter()
            .map(|phase| {
                let decided = self.by_phase.get(phase.name()).copied().unwrap_or(0);
                format!("{:.2} {}", f64::from(decided) / pace.lasts_s(*phase), phase.name())
            })
            .collect();
        let decided: Vec<String> = self
            .decided
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        format!(
            "   decided: {}; a second: {}; {} times somebody or the visitor was faster",
            decided.join(", "),
            rates.join(", "),
            self.too_late
        )
    }
}

pub(crate) async fn work(client: Client, pace: Pace, mut dice: Dice) -> Result<Worked> {
    let mut worked = Worked::default();
    let mut said_there: Option<Instant> = None;
    while !pace.is_over() {
        if said_there.is_none_or(|at| at.elapsed() >= BEAT) {
            client.post("/api/v1/presence", &json!({})).await?;
            said_there = Some(Instant::now());
        }
        match one(&client, &mut dice).await {
            Ok(Some(kind)) => {
                *worked.decided.entry(kind).or_default() += 1;
                *worked.by_phase.entry(pace.phase().name()).or_default() += 1;
            }
            Ok(None) => sleep(LOOK_AGAIN).await,
            Err(failure) => match failure.downcast_ref::<Refused>() {
                Some(refused) if matches!(refused.status, StatusCode::CONFLICT | StatusCode::NOT_FOUND) => {
                    worked.too_late += 1;
                }
                _ => worked.failures.push(format!("a reviewer: {failure}")),
            },
        }
    }
    Ok(worked)
}

/// Decides about one item; none if nothing waits.
async fn one(client: &Client, dice: &mut Dice) -> Result<Option<&'static str>> {
    let queue = client.get("/api/v1/queue?limit=20").await?;
    let empty = Vec::new();
    let waiting = queue["items"].as_array().unwrap_or(&empty);
    let Some(item) = waiting.iter().find(|item| item["lease"].is_null()) else {
        return Ok(None);
    };
    let path = format!("/api/v1/queue/{}", item["id"].as_str().unwrap_or_default());
    client.post(&format!("{path}/lease"), &json!({})).await?;
    let item = client.get(&path).await?;
    sleep(dice.about(DECIDE_S)).await;
    if dice.chance(0.03) {
        return talk(client, &item, dice).await.map(Some);
    }
    let kind = match dice.below(100) {
        // What a handoff shows of the AI can be read and not released.
        _ if item["may_release"] != true => "respond",
        0..80 => "approve",
        80..92 => "edit",
        92..96 => "reject",
        _ => "respond",
    };
    // Not kept as verified answers: the second agent would soon compose nothing any more.
    let mut outcome =
        json!({ "kind": kind, "revision": item["revision"], "wording": item["wording"], "remember": false });
    if matches!(kind, "edit" | "respond") {
        outcome["text"] = json!("A person has looked at this and wrote the answer.");
    }
    client.post(&format!("{path}/outcome"), &outcome).await?;
    Ok(Some(kind))
}

/// Takes the conversation over, writes twice and hands it back.
async fn talk(client: &Client, item: &Value, dice: &mut Dice) -> Result<&'static str> {
    let id = item["conversation_id"].as_str().unwrap_or_default();
    let path = format!("/api/v1/conversations/{id}");
    client.post(&format!("{path}/take-over"), &json!({})).await?;
    for nth in 0..2 {
        let message =
            json!({ "client_id": format!("{id}-{nth}-{}", dice.below(usize::MAX)), "text": "I am looking into it." });
        client.post(&format!("{path}/messages"), &message).await?;
        sleep(dice.about(DECIDE_S / 2.0)).await;
    }
    client.post(&format!("{path}/hand-back"), &json!({})).await?;
    Ok("take over")
}
