//! Visitors: they ask, listen, wait, lose patience, go, and others come in their place.

use crate::Result;
use crate::client::{Client, Events, Refused};
use crate::pace::{Dice, MOST_QUESTIONS, PATIENCE_S, Pace, Phase, READ_S};
use crate::shop::Door;
use holdpoint::stats::quantile::quantile;
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// What a message was answered with.
#[derive(Debug, Clone, Copy)]
struct Asked {
    phase: Phase,
    /// Seconds until an answer of the AI or a person was on the screen; none if the visitor gave up before.
    answered_after_s: Option<f64>,
    /// The largest estimate that was shown meanwhile, seconds.
    estimate_s: Option<f64>,
    /// They were told that a person will answer.
    waited_for_person: bool,
}

/// What visitors saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    asked: Vec<Asked>,
    /// Messages that the server took, by conversation: their sequence and text.
    pub(crate) taken: HashMap<String, Vec<(i64, String)>>,
    /// Messages in the order in which they came to the screen, by conversation: sequence and author.
    pub(crate) shown: HashMap<String, Vec<(i64, String)>>,
    /// Messages that were refused for now and sent again.
    put_off: u32,
    pub(crate) failures: Vec<String>,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.asked.extend(other.asked);
        self.taken.extend(other.taken);
        self.shown.extend(other.shown);
        self.put_off += other.put_off;
        self.failures.extend(other.failures);
    }

    pub(crate) fn in_words(&self, phase: Phase, pace: Pace) -> String {
        let asked: Vec<&Asked> = self.asked.iter().filter(|asked| asked.phase == phase).collect();
        let waits: Vec<f64> = asked.iter().filter_map(|asked| asked.answered_after_s).collect();
        let estimates: Vec<f64> = asked.iter().filter_map(|asked| asked.estimate_s).collect();
        let of = |values: &[f64], q: f64| quantile(values, q).map_or("-".to_owned(), |value| format!("{value:.0} s"));
        format!(
            "{:>10}: {} questions ({:.2} a second), {} answered (median {}, 90 % within {}), estimate shown: median {}, 90 % up to {}; {} waited for a person",
            phase.name(),
            asked.len(),
            f64::from(u32::try_from(asked.len()).unwrap_or(u32::MAX)) / pace.lasts_s(phase),
            waits.len(),
            of(&waits, 0.5),
            of(&waits, 0.9),
            of(&estimates, 0.5),
            of(&estimates, 0.9),
            asked.iter().filter(|asked| asked.waited_for_person).count(),
        )
    }
}

/// One visitor after the other in one place, until the run is over.
pub(crate) async fn come_and_go(door: Door, pace: Pace, mut dice: Dice) -> Result<Seen> {
    let mut seen = Seen::default();
    while !pace.is_over() {
        pace.until_somebody_comes(&mut dice).await;
        if pace.is_over() {
            break;
        }
        if let Err(failure) = visit(&door, pace, &mut dice, &mut seen).await {
            seen.failures.push(format!("a visitor: {failure}"));
        }
    }
    Ok(seen)
}

async fn visit(door: &Door, pace: Pace, dice: &mut Dice, seen: &mut Seen) -> Result<()> {
    let path = format!("/widget/v1/agents/{}/conversations", door.agent);
    let nothing = json!({});
    let started = again(&mut seen.put_off, || door.client.post(&path, &nothing)).await?;
    let id = started["conversation_id"].as_str().unwrap_or_default().to_owned();
    let key = started["token"].as_str().unwrap_or_default();
    let client = door.client.clone().with("authorization", format!("Bearer {key}"));
    let mut screen = Screen {
        events: client.events("/widget/v1/events?after=0").await?,
        shown: Vec::new(),
        estimate_s: None,
        waits_for_person: false,
    };
    let mut taken = Vec::new();
    for nth in 0..=dice.below(usize::from(MOST_QUESTIONS)) {
        let text = door.questions[dice.below(door.questions.len())].clone();
        let message = json!({ "client_id": format!("{id}-{nth}"), "text": text });
        let phase = pace.phase();
        let sent = again(&mut seen.put_off, || client.post("/widget/v1/messages", &message)).await?;
        let seq = sent["seq"].as_i64().ok_or("a message without a sequence")?;
        taken.push((seq, text));
        let asked_at = Instant::now();
        (screen.estimate_s, screen.waits_for_person) = (None, false);
        let patience = dice.about(PATIENCE_S).min(pace.left() + Duration::from_secs(1));
        let answered = match timeout(patience, screen.answer_after(&client, seq)).await {
            Ok(answered) => answered.map(|()| Some(asked_at.elapsed().as_secs_f64()))?,
            Err(_out_of_patience) => None,
        };
        seen.asked.push(Asked {
            phase,
            answered_after_s: answered,
            estimate_s: screen.estimate_s,
            waited_for_person: screen.waits_for_person,
        });
        if answered.is_none() || pace.is_over() {
            break;
        }
        sleep(dice.about(READ_S).min(pace.left())).await;
    }
    seen.shown.insert(id.clone(), screen.shown);
    seen.taken.insert(id, taken);
    Ok(())
}

/// The visitor's chat.
struct Screen {
    events: Events,
    shown: Vec<(i64, String)>,
    estimate_s: Option<f64>,
    waits_for_person: bool,
}

impl Screen {
    /// Shows what comes until it is an answer to the message with this sequence, and says that it was shown.
    async fn answer_after(&mut self, client: &Client, asked: i64) -> Result<()> {
        loop {
            let event = self.events.next().await?;
            if let (Some(seq), Some(author)) = (event["seq"].as_i64(), event["author"].as_str()) {
                self.shown.push((seq, author.to_owned()));
                if seq > asked && matches!(author, "ai" | "person") {
                    client.post("/widget/v1/acknowledge", &json!({ "seq": seq })).await?;
                    return Ok(());
                }
            } else if event["phase"].is_string() {
                self.waits_for_person |= event["phase"] == "waiting_for_person";
                let estimate_s = event["estimate_ms"].as_f64().map(|ms| ms / 1_000.0);
                self.estimate_s = self.estimate_s.into_iter().chain(estimate_s).reduce(f64::max);
            }
        }
    }
}

/// What the widget does when it is asked to come back later.
async fn again<F: Future<Output = Result<Value>>>(put_off: &mut u32, ask: impl Fn() -> F) -> Result<Value> {
    for _ in 0..60 {
        match ask().await {
            Err(failure) if is_later(&failure) => {
                *put_off += 1;
                sleep(Duration::from_secs(1)).await;
            }
            answer => return answer,
        }
    }
    Err("a message was put off for a minute".into())
}

fn is_later(failure: &crate::Failure) -> bool {
    failure.downcast_ref::<Refused>().is_some_and(|refused| {
        matches!(
            refused.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        )
    })
}
