//! `holdpoint demo --check`: the questions of `examples/demo/questions.jsonl`, asked, reviewed and delivered.

use super::ask::{Reviewer, Visitor, now_ms};
use super::load::Loaded;
use super::transcript::{Entry, conclusion, summary};
use crate::cli::admin::{MEMBERS, TOKENS};
use crate::cli::api::Client;
use crate::cli::context::Context;
use crate::cli::exit::{Code, Failure};
use crate::cli::output;
use crate::cli::server::Server;
use crate::cli::show::{number, text};
use crate::domain::ids::RandomSource;
use crate::system::SystemRandom;
use crate::web::WebSettings;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;

const QUESTIONS: &str = include_str!("../../../examples/demo/questions.jsonl");
const REVIEWER: &str = "check@quillhaven.example";
/// Longest wait for the knowledge's vectors, which are made in the background.
const KNOWLEDGE_WITHIN: Duration = Duration::from_mins(2);

/// One line of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    /// What the visitor writes, in a conversation of its own.
    #[serde(rename = "question")]
    words: String,
    /// Answer mode the draft must have.
    expect: String,
    /// What the reviewer decides: `approve`, `edit` or `respond`.
    outcome: String,
    /// The reviewer's text, unless they approve.
    #[serde(default)]
    text: Option<String>,
}

/// Serves, asks, stops; fails unless every answer was delivered in the expected mode.
pub(super) async fn run(
    context: &Context,
    server: Server<'_>,
    web: WebSettings,
    client: &Client,
    loaded: &Loaded,
) -> Result<(), Failure> {
    let questions = questions()?;
    let (address, stop) = (server.address(), server.stopper());
    let token = reviewers_token(client).await?;

    let asking = async {
        let result = match wait_for_knowledge(client).await {
            Ok(()) => ask_all(context, &questions, address, &token, &loaded.agent).await,
            Err(failure) => Err(failure),
        };
        stop.cancel();
        result
    };
    let (end_of_serving, entries) = tokio::join!(server.serve(web), asking);
    end_of_serving?;
    let summary = summary(&entries?);
    context.answer(&summary, conclusion)?;
    if summary["ok"].as_bool().unwrap_or_default() {
        Ok(())
    } else {
        Err(Failure::new(
            Code::Failed,
            "the demo did not answer every question as it should; the transcript tells where",
        ))
    }
}

fn questions() -> Result<Vec<Question>, Failure> {
    let lines = QUESTIONS.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| Failure::failed(format!("the demo's questions.jsonl is damaged: {error}")))
        })
        .collect()
}

/// A token for a member who exists for checks only and whose password nobody knows.
async fn reviewers_token(client: &Client) -> Result<String, Failure> {
    let mut password = [0; 24];
    SystemRandom.fill(&mut password);
    let password = URL_SAFE_NO_PAD.encode(password);
    let member = json!({ "email": REVIEWER, "name": "Check", "role": "reviewer", "password": password });
    match client.post(MEMBERS, &member).await {
        // They are there from an earlier check.
        Err(failure) if failure.code == Code::Conflict => {}
        other => drop(other?),
    }
    let wish = json!({ "name": "demo --check", "email": REVIEWER, "scopes": ["read", "review"] });
    Ok(text(&client.post(TOKENS, &wish).await?, "/token").to_owned())
}

/// Answers would be found by words alone before the vectors are there.
async fn wait_for_knowledge(client: &Client) -> Result<(), Failure> {
    let bar = output::waiting("Reading the shop's knowledge");
    let mut waited = Duration::ZERO;
    let pause = Duration::from_millis(100);
    while client.get("/api/v1/status").await?["indexing"] == true && waited < KNOWLEDGE_WITHIN {
        tokio::time::sleep(pause).await;
        waited += pause;
    }
    bar.finish_and_clear();
    Ok(())
}

/// One after the other, as a visitor would: later questions profit from earlier corrections.
async fn ask_all(
    context: &Context,
    questions: &[Question],
    address: SocketAddr,
    token: &str,
    agent: &str,
) -> Result<Vec<Entry>, Failure> {
    let reviewer = Reviewer::new(address, token)?;
    let bar = output::filling("Asking", questions.len());
    let mut entries = Vec::new();
    for question in questions {
        let entry = ask_one(question, address, agent, &reviewer).await;
        bar.inc(1);
        if !context.json {
            let words = entry.in_words(entries.len() + 1);
            bar.suspend(|| output::print(&words))?;
        }
        entries.push(entry);
    }
    bar.finish_and_clear();
    Ok(entries)
}

async fn ask_one(question: &Question, address: SocketAddr, agent: &str, reviewer: &Reviewer) -> Entry {
    let mut entry = Entry {
        question: question.words.clone(),
        expected_mode: question.expect.clone(),
        outcome: question.outcome.clone(),
        ..Entry::default()
    };
    if let Err(failure) = follow(question, address, agent, reviewer, &mut entry).await {
        entry.problem = Some(failure.sentence);
    }
    entry
}

/// From the question to the answer on the visitor's screen; notes each step as it happens.
async fn follow(
    question: &Question,
    address: SocketAddr,
    agent: &str,
    reviewer: &Reviewer,
    entry: &mut Entry,
) -> Result<(), Failure> {
    let mut visitor = Visitor::arrive(address, agent).await?;
    let asked_at = visitor.ask(&question.words).await?;
    let item = reviewer.wait_for_item(&visitor.conversation).await?;
    let ready_at = number(&item, "/draft/created_at");
    let drafting = number(&item, "/draft/drafted_in_ms");
    entry.mode = Some(text(&item, "/draft/mode").to_owned());
    entry.draft = Some(text(&item, "/draft/text").to_owned());
    entry.times_ms.drafting = Some(drafting);
    entry.times_ms.listening = Some(ready_at - drafting - asked_at);

    let decided_at = reviewer
        .decide(&item, &question.outcome, question.text.as_deref())
        .await?;
    entry.times_ms.deciding = Some(decided_at - ready_at);

    let answer = visitor.read_answer().await?;
    entry.times_ms.delivering = Some(now_ms() - decided_at);
    entry.author = Some(text(&answer, "/author").to_owned());
    entry.answer = Some(text(&answer, "/text").to_owned());
    entry.delivered = true;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_questions_show_every_way_an_answer_is_found() {
        let questions = questions().unwrap();
        assert_eq!(questions.len(), 8);
        for (mode, outcome) in [
            ("compose", "edit"),
            ("verified", "approve"),
            ("abstain", "respond"),
            ("quote", "approve"),
        ] {
            assert!(
                questions.iter().any(|it| it.expect == mode && it.outcome == outcome),
                "{mode}, {outcome}"
            );
        }
        for question in &questions {
            assert_eq!(
                question.text.is_some(),
                question.outcome != "approve",
                "{}",
                question.words
            );
        }
    }
}
