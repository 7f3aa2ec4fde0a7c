//! Who asks, what, and how patiently.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::join_all;
use holdpoint::engine::{
    ChatDelta, ChatMessage, ChatRequest, EngineClient, EngineError, Priority, ScoreRequest, Supervisor,
};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::{
    AMPLE,
    outcomes::{Outcomes, Request},
};

/// Chance that can be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// How a request ended.
pub(crate) enum End {
    Answered,
    /// The caller hung up.
    HungUp,
    Failed(EngineError),
    /// It was neither answered nor refused, long after its deadline.
    Hanging,
}

pub(crate) struct Caller {
    client: EngineClient,
    dice: Dice,
    outcomes: Arc<Mutex<Outcomes>>,
}

impl Caller {
    pub(crate) fn new(engine: &Supervisor, dice: Dice, outcomes: Arc<Mutex<Outcomes>>) -> Self {
        Self {
            client: engine.client(),
            dice,
            outcomes,
        }
    }

    pub(crate) async fn call_until(mut self, end: Instant) {
        while Instant::now() < end {
            let priorities = [Priority::Live, Priority::Copilot, Priority::Evaluation];
            let priority = priorities.into_iter().nth(self.dice.below(3).try_into().unwrap_or(0));
            let client = self
                .client
                .at_priority(priority.unwrap_or_default())
                .sharing(&format!("workspace-{}", self.dice.below(5)));
            if self.dice.below(400) == 0 {
                self.burst(&client).await;
            } else {
                let request = self.request();
                let began = Instant::now();
                let ended = perform(&client, &request, &mut self.dice).await;
                let is_gone = matches!(&ended, End::Failed(EngineError::Unavailable { .. }));
                self.note(&request, began, ended);
                if is_gone {
                    sleep(Duration::from_millis(500)).await;
                }
            }
            sleep(Duration::from_millis(self.dice.below(200))).await;
        }
    }

    fn note(&self, request: &Request, began: Instant, ended: End) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.note(request, began, ended);
    }

    /// More at once than may wait.
    async fn burst(&self, client: &EngineClient) {
        let began = Instant::now();
        let asked = (0..200).map(|number| {
            let chat = chat(format!("What is {number} plus one?"), 2);
            async move {
                ended(
                    timeout(AMPLE * 2, client.chat(chat, AMPLE))
                        .await
                        .map(|answer| answer.map(drop)),
                )
            }
        });
        for end in join_all(asked).await {
            self.note(&Request::Burst, began, end);
        }
    }

    fn request(&mut self) -> Request {
        let number = self.dice.below(1_000);
        let question = format!("Question {number}: what is {number} plus one?");
        match self.dice.below(20) {
            0..=5 => Request::Answer(shared(number, question)),
            6 | 7 => Request::Stream(shared(number, question)),
            8 | 9 => Request::HangUp(shared(number, question)),
            10 | 11 => Request::HangUpStream(shared(number, question)),
            12 => Request::Short(shared(number, question)),
            13 => Request::Schema(ChatRequest {
                schema: Some(json!({
                    "type": "object",
                    "properties": { "number": { "type": "integer" }, "sure": { "type": "boolean" } },
                    "required": ["number", "sure"],
                    "additionalProperties": false,
                })),
                max_tokens: Some(80),
                ..chat(question, 80)
            }),
            14 => Request::Refused(chat("word ".repeat(5_000), 8)),
            15 => Request::Refused(ChatRequest {
                schema: Some(json!({ "type": "nothing known" })),
                ..chat(question, 8)
            }),
            16 | 17 => Request::Score(question),
            _ => Request::Embed((0..=number % 40).map(|line| format!("{question} {line}")).collect()),
        }
    }
}

/// A question after instructions that a third of the callers share.
fn shared(number: u64, question: String) -> ChatRequest {
    let instructions = format!(
        "You answer for shop {}. {}",
        number % 3,
        "Be short and friendly. ".repeat(30)
    );
    let mut request = chat(question, u32::try_from(4 + number % 60).unwrap_or(4));
    request.messages.insert(0, ChatMessage::system(instructions));
    request.logprobs = number.is_multiple_of(2);
    if number.is_multiple_of(3) {
        request.temperature = 1.0;
    }
    request
}

fn chat(question: String, max_tokens: u32) -> ChatRequest {
    ChatRequest {
        messages: vec![ChatMessage::user(question)],
        max_tokens: Some(max_tokens),
        ..ChatRequest::default()
    }
}

async fn perform(client: &EngineClient, request: &Request, dice: &mut Dice) -> End {
    let patience = Duration::from_millis(dice.below(1_500));
    let answer = async {
        match request {
            Request::Answer(chat) | Request::Schema(chat) | Request::Refused(chat) => {
                client.chat(chat.clone(), AMPLE).await.map(drop)
            }
            Request::Short(chat) => client.chat(chat.clone(), patience).await.map(drop),
            Request::Stream(chat) => read(client, chat, u64::MAX).await,
            Request::HangUp(chat) => match timeout(patience, client.chat(chat.clone(), AMPLE)).await {
                Ok(answer) => answer.map(drop),
                Err(_elapsed) => return Ok(End::HungUp),
            },
            Request::HangUpStream(chat) => {
                return read(client, chat, dice.below(6)).await.map(|()| End::HungUp);
            }
            Request::Score(question) => {
                let request = ScoreRequest {
                    model: None,
                    adapter: None,
                    prompts: vec![vec![ChatMessage::user(question)], vec![ChatMessage::user("A number?")]],
                    answer: "It is a number that is one larger. ".repeat(4),
                };
                client.score(request, AMPLE).await.map(drop)
            }
            Request::Embed(texts) => client.embed(texts, AMPLE).await.map(drop),
            Request::Burst => Ok(()),
        }
        .map(|()| End::Answered)
    };
    match timeout(AMPLE * 2, answer).await {
        Ok(Ok(end)) => end,
        Ok(Err(error)) => End::Failed(error),
        Err(_elapsed) => End::Hanging,
    }
}

fn ended(outcome: Result<Result<(), EngineError>, tokio::time::error::Elapsed>) -> End {
    match outcome {
        Ok(Ok(())) => End::Answered,
        Ok(Err(error)) => End::Failed(error),
        Err(_elapsed) => End::Hanging,
    }
}

/// Reads an answer to its end, or hangs up after so many pieces.
async fn read(client: &EngineClient, chat: &ChatRequest, pieces: u64) -> Result<(), EngineError> {
    let mut stream = client.chat_stream(chat.clone(), AMPLE).await?;
    for _ in 0..pieces {
        match stream.next().await {
            Some(Ok(ChatDelta::Text(_))) => {}
            Some(Ok(ChatDelta::Done(_))) | None => return Ok(()),
            Some(Err(error)) => return Err(error),
        }
    }
    Ok(())
}
