//! `holdpoint improve changes`: what is tried before it goes live, published, taken back.

use super::api::escaped;
use super::output::{self, short};
use super::queue::Page;
use super::show::{list, more, number, text};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

const CHANGES: &str = "/api/v1/improve/candidates";

#[derive(Debug, Args)]
pub(super) struct Changes {
    #[command(flatten)]
    page: Page,
    #[command(subcommand)]
    command: Option<OfChange>,
}

#[derive(Debug, Subcommand)]
enum OfChange {
    /// One of them: what it changes and which questions it answers otherwise
    Show(Named),
    /// Try it once more on questions of the past
    Replay(Named),
    /// Make it live; over a regression only with a reason
    Publish(Because),
    /// Take back what is live
    TakeBack(Because),
}

#[derive(Debug, Args)]
struct Named {
    /// Id of the change
    id: String,
}

#[derive(Debug, Args)]
struct Because {
    /// Id of the change
    id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Changes {
    /// What is asked of the server: the path, the body if something is done, and how the answer is told.
    pub(super) fn wish(self) -> (String, Option<Value>, fn(&Value) -> String) {
        let of = |id: &str, what: &str| format!("{CHANGES}/{}{what}", escaped(id));
        match self.command {
            None => (format!("{CHANGES}{}", self.page.query()), None, listed),
            Some(OfChange::Show(wish)) => (of(&wish.id, ""), None, shown),
            Some(OfChange::Replay(wish)) => (of(&wish.id, "/replay"), Some(json!({})), |_| {
                "It is being tried once more.".to_owned()
            }),
            Some(OfChange::Publish(wish)) => {
                let body = json!({ "reason": wish.reason });
                (of(&wish.id, "/publish"), Some(body), begun_or_live)
            }
            Some(OfChange::TakeBack(wish)) => {
                let body = json!({ "reason": wish.reason });
                (of(&wish.id, "/roll-back"), Some(body), |_| "Taken back.".to_owned())
            }
        }
    }
}

fn listed(answer: &Value) -> String {
    let rows: Vec<[String; 5]> = list(answer, "/items")
        .iter()
        .map(|row| {
            [
                text(row, "/id").to_owned(),
                short(text(row, "/title"), 40),
                text(row, "/origin").to_owned(),
                text(row, "/state").to_owned(),
                short(text(row, "/in_words"), 80),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "Nothing has been changed yet.".to_owned();
    }
    output::table(["CHANGE", "ABOUT", "FROM", "STATE", "WHAT IT DOES"], &rows) + &more(answer)
}

fn shown(answer: &Value) -> String {
    let about = |name: &str| text(answer, &format!("/candidate/{name}")).to_owned();
    let mut told = format!("{} ({})\n{}\n", about("title"), about("state"), about("in_words"));
    let blind = text(answer, "/comparison/in_words");
    if !blind.is_empty() {
        told.push_str(&format!("{blind}\n"));
    }
    for case in list(answer, "/cases") {
        let side = |name: &str| {
            let of = |what: &str| text(case, &format!("/{name}/{what}"));
            match (of("mode"), of("text")) {
                ("compose", "") => "written by the AI".to_owned(),
                (_, "") => "no answer".to_owned(),
                (_, said) => short(said, 100),
            }
        };
        told.push_str(&format!(
            "  {}: {}\n    was: {}\n    is:  {}\n",
            text(case, "/effect"),
            short(text(case, "/question"), 100),
            side("before"),
            side("after"),
        ));
    }
    let is_worse = number(answer, "/candidate/found/worse") > 0 || text(answer, "/comparison/finding") == "worse";
    if is_worse && about("state") == "waiting" {
        told.push_str("Publish it over that with: --reason TEXT\n");
    }
    told
}

fn begun_or_live(answer: &Value) -> String {
    if text(answer, "/candidate/state") == "publishing" {
        return "It is going live, a few changes at a time.".to_owned();
    }
    "It is live.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_gets_worse_and_that_a_reason_is_needed() {
        let answer = json!({
            "candidate": { "title": "Hours", "state": "waiting", "in_words": "Worse: 1.", "found": { "worse": 1 } },
            "cases": [{ "effect": "broken", "question": "When?", "before": { "text": "At nine." }, "after": { "text": "" } }],
            "comparison": { "in_words": "Read blind, it is worse." },
        });
        let told = shown(&answer);
        for part in [
            "Hours (waiting)",
            "broken: When?",
            "was: At nine.",
            "is:  no answer",
            "Read blind, it is worse.",
            "--reason TEXT",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert_eq!(listed(&json!({ "items": [] })), "Nothing has been changed yet.");
    }
}
