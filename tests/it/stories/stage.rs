//! The running server that stories are played on, with books of its own about what must never happen.

use super::act::{Act, LEASE_MS, QUIET_MS, Sight, Step, UNDO_MS, Verdict, Who};
use super::screen::{Screen, Shown};
use crate::app::{AMPLE, Answer, Client, OWNER_PASSWORD, TestApp, VisitorClient};
use crate::invariants::violations;
use http::Method;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const POLICY: &str = r#"
[[topic]]
name = "hours"
words = ["open"]

[[topic]]
name = "repairs"
words = ["repair"]

[[topic]]
name = "refunds"
words = ["refund"]

[[topic]]
name = "vouchers"
words = ["vouchers"]

[[topic]]
name = "dogs"
words = ["dogs"]

[[rule]]
name = "Two for repairs"
when = { topic = "repairs" }
then = "hold"
quorum = 2
fallback = "holding_message"

[[rule]]
name = "Three for money"
when = { topic = "refunds" }
then = "hold"
quorum = 3
fallback = "take_email"

[[rule]]
name = "Vouchers or nothing"
when = { topic = "vouchers" }
then = "hold"
fallback = "refuse"

[[rule]]
name = "No dogs"
when = { topic = "dogs" }
then = "refuse"
"#;

/// What went wrong, in a sentence.
pub(super) type Outcome = Result<(), String>;

/// The server, its team, and a second look at its database.
pub(super) struct Stage {
    pub(super) app: TestApp,
    tokens: [String; 3],
    raw: DatabaseConnection,
    /// Requests that were accepted, by what they asked for: stories in which nothing succeeds prove nothing.
    pub(super) done: BTreeMap<&'static str, u32>,
}

impl Stage {
    pub(super) async fn build() -> Self {
        let app = TestApp::start().await;
        let owner = app.owner();
        let chain =
            json!({ "assign": true, "escalation": [{ "after_ms": 60_000 }, { "after_ms": 600_000, "mail": true }] });
        owner
            .json(Method::PUT, "/api/v1/team/settings", chain.to_string())
            .await
            .ok();
        let mut tokens = [const { String::new() }; 3];
        for (who, token) in Who::ALL.into_iter().zip(&mut tokens) {
            let mut email = crate::app::OWNER_EMAIL.to_owned();
            if who != Who::Mia {
                email = format!("{who:?}@quillhaven.example");
                let new = json!({ "email": email, "name": format!("{who:?}"), "password": OWNER_PASSWORD, "role": "reviewer" });
                owner.post("/api/v1/admin/members", &new).await.created();
            }
            let wish = json!({ "name": "stories", "email": email, "scopes": ["read", "review"] });
            let made = owner.post("/api/v1/admin/tokens", &wish).await.created();
            made["token"].as_str().unwrap().clone_into(token);
        }
        let policy = format!("/api/v1/agents/{}/policy", app.workspace.agent_id);
        let body = json!({ "toml": POLICY }).to_string();
        owner.json(Method::PUT, &policy, body).await.ok();
        owner.post("/api/v1/gate", &json!({ "release": ["hours"] })).await.ok();
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", app.database().display()));
        options.max_connections(1).sqlx_logging(false);
        let raw = Database::connect(options).await.unwrap();
        let done = BTreeMap::new();
        Self { app, tokens, raw, done }
    }

    fn member(&self, who: Who) -> Client {
        self.app.anonymous().bearer(&self.tokens[who as usize])
    }

    /// Time passes, and what falls due happens.
    async fn after(&self, ms: i64) {
        self.app.advance_ms(ms);
        let begun = Instant::now();
        loop {
            self.app.app.store().jobs_changed().notify_one();
            let jobs = self.app.app.store().next_jobs(1).await.unwrap();
            let now = holdpoint::domain::time::Clock::now(&*self.app.clock);
            let Some(due) = jobs.into_iter().find(|job| job.run_at <= now) else {
                return;
            };
            assert!(begun.elapsed() < AMPLE, "this job is never done: {due:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Plays a story in a conversation of its own, to its end and on until the visitor is answered.
    ///
    /// # Errors
    /// What should never be, in a sentence.
    pub(super) async fn play(&mut self, story: &[Step]) -> Outcome {
        let mut scene = Scene::open(self).await;
        let mut told = scene.tell(self, story).await;
        if told.is_ok() {
            told = scene.come_to_rest(self).await;
        }
        // Whatever came of it, the next story begins in peace.
        self.app.engine.revive().unwrap();
        told
    }

    /// What the database holds about this conversation and never should.
    async fn violations(&self, conversation: &str) -> Outcome {
        let found = violations(&self.raw).await.into_iter();
        let ours: Vec<&str> = found
            .filter(|(id, _)| id.to_string() == conversation)
            .map(|(_, what)| what)
            .collect();
        if ours.is_empty() {
            Ok(())
        } else {
            Err(format!("the database holds {}", ours.join(", and ")))
        }
    }
}

/// A visitor's conversation and what is known of it from outside.
pub(super) struct Scene {
    visitor: VisitorClient,
    screen: Screen,
    /// What the visitor wrote and the server took.
    taken: Vec<Taken>,
    /// Ids made so far for what is written.
    ids: u32,
    /// The whole conversation as it was after the last step.
    before: Value,
    /// The item that somebody last looked at.
    sight: Option<Sighted>,
}

/// A message that the server took.
struct Taken {
    client_id: String,
    seq: i64,
    text: String,
}

/// An item as it stood on somebody's screen.
#[derive(Clone)]
struct Sighted {
    id: String,
    revision: Value,
    wording: Value,
}

/// What a request needs to know.
struct Prepared {
    client_id: String,
    sighted: Option<Sighted>,
}

impl Scene {
    pub(super) async fn open(stage: &Stage) -> Self {
        Self::of(stage.app.visitor().await).await
    }

    /// In the conversation of a visitor who is there already.
    pub(super) async fn of(visitor: VisitorClient) -> Self {
        let screen = Screen::open(&visitor).await;
        let before = visitor.conversation().await;
        Self {
            visitor,
            screen,
            taken: Vec::new(),
            ids: 0,
            before,
            sight: None,
        }
    }

    /// The visitor writes.
    pub(super) async fn says(&self, text: &str) {
        self.visitor.says(text).await;
    }

    pub(super) async fn tell(&mut self, stage: &mut Stage, story: &[Step]) -> Outcome {
        for step in story {
            self.step(stage, *step)
                .await
                .map_err(|what| format!("{what} (after: {step})"))?;
        }
        Ok(())
    }

    async fn step(&mut self, stage: &mut Stage, step: Step) -> Outcome {
        match step {
            Step::One(act) => match act {
                Act::TimePasses(ms) => stage.after(ms).await,
                Act::TimeRushes(ms) => stage.app.advance_ms(ms),
                Act::LosesConnection => self.screen.reconnect(&self.visitor).await,
                Act::EngineFails => stage.app.engine.die(),
                Act::EngineReturns => stage.app.engine.revive().unwrap(),
                Act::Restarts => {
                    stage.app.restart().await;
                    self.visitor = self.visitor.again_at(&stage.app);
                    self.screen.reconnect(&self.visitor).await;
                }
                Act::SendsAgain => {
                    if let Some(Taken { client_id, seq, text }) = self.taken.last() {
                        let again = self.visitor.post(client_id, text).await.ok();
                        if again["seq"] != *seq {
                            return Err(format!("message {seq} sent again became message {}", again["seq"]));
                        }
                    }
                }
                act => self.ask(stage, act).await?,
            },
            Step::AtOnce(one, other) => {
                let (mine, theirs) = (self.prepare(stage, one).await, self.prepare(stage, other).await);
                let (first, second) =
                    tokio::join!(self.request(stage, one, &mine), self.request(stage, other, &theirs));
                self.noted(stage, one, mine, first)?;
                self.noted(stage, other, theirs, second)?;
            }
        }
        self.look(step).await
    }

    async fn ask(&mut self, stage: &mut Stage, act: Act) -> Outcome {
        let prepared = self.prepare(stage, act).await;
        let answer = self.request(stage, act, &prepared).await;
        self.noted(stage, act, prepared, answer)
    }

    /// What whoever acts has on the screen, if that matters, and an id for what they may write.
    async fn prepare(&mut self, stage: &Stage, act: Act) -> Prepared {
        self.ids += 1;
        let looks = match act {
            Act::Decides(_, _, Sight::Stale) if self.sight.is_some() => None,
            Act::Decides(who, ..) | Act::Looks(who) | Act::LooksAway(who) | Act::Undoes(who) => Some(who),
            _ => None,
        };
        if let Some(who) = looks {
            let whole = stage.member(who).get(&self.path("")).await.ok();
            if let Some(id) = whole["open_item"].as_str() {
                let item = stage.member(who).get(&format!("/api/v1/queue/{id}")).await.ok();
                self.sight = Some(Sighted {
                    id: id.to_owned(),
                    revision: item["revision"].clone(),
                    wording: item["wording"].clone(),
                });
            }
        }
        Prepared {
            client_id: format!("m-{}", self.ids),
            sighted: self.sight.clone(),
        }
    }

    fn path(&self, what: &str) -> String {
        format!("/api/v1/conversations/{}{what}", self.visitor.conversation_id)
    }

    /// Asks for it; none if there is nothing to ask about.
    async fn request(&self, stage: &Stage, act: Act, prepared: &Prepared) -> Option<Answer> {
        let nothing = json!({});
        let Prepared { client_id, sighted } = prepared;
        let post = async |who: Who, path: String, body: &Value| Some(stage.member(who).post(&path, body).await);
        let item = |what: &str| sighted.as_ref().map(|item| format!("/api/v1/queue/{}{what}", item.id));
        match act {
            Act::Asks(words) => Some(self.visitor.post(client_id, words.text()).await),
            Act::WantsPerson => {
                let wish =
                    json!({ "client_id": client_id, "text": "I would like to talk to a person.", "person": true });
                Some(self.visitor.client.post("/widget/v1/messages", &wish).await)
            }
            Act::EndsChat => Some(self.visitor.client.post("/widget/v1/close", &nothing).await),
            Act::Looks(who) => post(who, item("/lease")?, &nothing).await,
            Act::LooksAway(who) => Some(stage.member(who).delete(&item("/lease")?).await),
            Act::Undoes(who) => post(who, item("/undo")?, &nothing).await,
            Act::Decides(who, verdict, _) => {
                let Sighted { revision, wording, .. } = sighted.as_ref()?;
                let mut wish = json!({ "kind": verdict.code(), "revision": revision, "wording": wording });
                wish["remember"] = json!(false);
                if matches!(verdict, Verdict::Edit | Verdict::Respond) {
                    wish["text"] = json!(format!("{who:?}'s own words."));
                }
                post(who, item("/outcome")?, &wish).await
            }
            Act::TakesOver(who) => post(who, self.path("/take-over"), &nothing).await,
            Act::Writes(who) => {
                let text = json!({ "client_id": client_id, "text": "A person." });
                post(who, self.path("/messages"), &text).await
            }
            Act::HandsBack(who) => post(who, self.path("/hand-back"), &nothing).await,
            Act::Closes(who) => post(who, self.path("/close"), &nothing).await,
            Act::MarksSpam(who) => post(who, self.path("/spam"), &nothing).await,
            Act::ClearsSpam(who) => Some(stage.member(who).delete(&self.path("/spam")).await),
            _ => None,
        }
    }

    /// A refusal is fine, a failure is not; what was taken is written down.
    fn noted(&mut self, stage: &mut Stage, act: Act, prepared: Prepared, answer: Option<Answer>) -> Outcome {
        let Some(answer) = answer else {
            return Ok(());
        };
        let status = answer.status.as_u16();
        let visitor_writes = matches!(act, Act::Asks(_) | Act::WantsPerson);
        if !matches!(status, 200 | 201 | 204) && (visitor_writes || !matches!(status, 404 | 409)) {
            return Err(format!("{act}: the server answered {status}: {}", answer.text()));
        }
        if status == 409 && answer.json()["detail"].as_str().is_none_or(str::is_empty) {
            return Err(format!("{act}: refused without a word"));
        }
        if status < 300 {
            *stage.done.entry(kind(act)).or_default() += 1;
        }
        if visitor_writes {
            let message = answer.json();
            self.taken.push(Taken {
                client_id: prepared.client_id,
                seq: message["seq"].as_i64().unwrap(),
                text: message["text"].as_str().unwrap().to_owned(),
            });
        }
        Ok(())
    }

    /// What the visitor's side shows after a step: nothing vanishes, nothing moves, nobody is talked over.
    async fn look(&mut self, step: Step) -> Outcome {
        let now = self.visitor.conversation().await;
        let (old, new) = (messages(&self.before), messages(&now));
        if !new.starts_with(old) {
            return Err("what was said has changed".to_owned());
        }
        if !new.iter().zip(1..).all(|(message, seq)| message["seq"] == seq) {
            return Err("the sequence has a gap".to_owned());
        }
        for Taken { seq, text, .. } in &self.taken {
            let there = usize::try_from(seq - 1).ok().and_then(|at| new.get(at));
            if there.is_none_or(|message| message["author"] != "visitor" || message["text"] != text.as_str()) {
                return Err(format!("the visitor's message {seq} is lost"));
            }
        }
        let (one, other) = step.acts();
        let stayed = |conversation: &Value| conversation["status"]["owner"] == "person";
        let ended = one.ends_ownership() || other.is_some_and(Act::ends_ownership);
        let talks = new[old.len()..].iter().any(|message| message["author"] == "ai");
        if stayed(&self.before) && stayed(&now) && !ended && talks {
            return Err("the AI talks over a person".to_owned());
        }
        self.before = now;
        Ok(())
    }

    /// The visitor falls silent and everybody does their work: the visitor gets an answer, and their screen shows what was said.
    pub(super) async fn come_to_rest(&mut self, stage: &mut Stage) -> Outcome {
        stage.app.engine.revive().unwrap();
        for _ in 0..12 {
            stage.after(QUIET_MS).await;
            stage.after(UNDO_MS).await;
            self.look(Step::One(Act::TimePasses(0))).await?;
            if self.before["status"]["phase"] == "idle" {
                return self.ended(stage).await;
            }
            self.ask(stage, Act::ClearsSpam(Who::Mia)).await?;
            for who in Who::ALL {
                self.ask(stage, Act::HandsBack(who)).await?;
            }
            stage.after(LEASE_MS).await;
            for verdict in [Verdict::Approve, Verdict::Respond] {
                for who in Who::ALL {
                    self.ask(stage, Act::Decides(who, verdict, Sight::Fresh)).await?;
                }
            }
        }
        Err(format!("the visitor never got an answer: {}", self.before["status"]))
    }

    async fn ended(&mut self, stage: &Stage) -> Outcome {
        let said: Vec<Shown> = messages(&self.before).iter().map(shown).collect();
        let begun = Instant::now();
        while self.screen.shown().len() < said.len() && begun.elapsed() < AMPLE {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let shown = self.screen.shown();
        if shown != said {
            return Err(format!("the widget shows {shown:?}, but what was said is {said:?}"));
        }
        stage.violations(&self.visitor.conversation_id).await
    }
}

fn messages(conversation: &Value) -> &[Value] {
    conversation["messages"].as_array().unwrap()
}

fn shown(message: &Value) -> Shown {
    let text = |name: &str| message[name].as_str().unwrap().to_owned();
    (message["seq"].as_i64().unwrap(), text("author"), text("text"))
}

const fn kind(act: Act) -> &'static str {
    match act {
        Act::Asks(_) => "ask",
        Act::WantsPerson => "want a person",
        Act::EndsChat | Act::Closes(_) => "end",
        Act::Looks(_) | Act::LooksAway(_) => "look",
        Act::Decides(_, verdict, _) => verdict.code(),
        Act::Undoes(_) => "undo",
        Act::TakesOver(_) => "take over",
        Act::Writes(_) => "write",
        Act::HandsBack(_) => "hand back",
        Act::MarksSpam(_) | Act::ClearsSpam(_) => "spam",
        _ => "other",
    }
}
