//! `holdpoint sample next|judge|reviewers`: quality checks, as the console's page works them off.

use super::api::{Client, escaped};
use super::context::Context;
use super::exit::Failure;
use super::queue::{ReasonCode, Verdict};
use super::show::{decimal, list, number, text};
use clap::Args;
use serde_json::{Value, json};

/// What a verdict says.
#[derive(Debug, Args)]
pub(crate) struct Judge {
    /// Id of the check, as `sample next` prints it
    check: String,
    /// Could the answer have gone out?
    #[arg(long, value_enum)]
    verdict: Verdict,
    /// What was wrong with a bad one; may be repeated
    #[arg(long = "reason", value_enum, value_name = "CODE")]
    reasons: Vec<ReasonCode>,
    /// Note for colleagues
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Judge {
    pub(crate) async fn run(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let reasons: Vec<&str> = self.reasons.iter().map(|reason| reason.code()).collect();
        let verdict = json!({ "label": self.verdict.code(), "reasons": reasons, "note": self.note });
        let path = format!("/api/v1/checks/{}/verdict", escaped(&self.check));
        context.answer(&client.post(&path, &verdict).await?, judged)
    }
}

fn judged(answer: &Value) -> String {
    if answer.pointer("/hasty").and_then(Value::as_bool) == Some(true) {
        return "That was faster than the answer can be read, so it does not count; somebody is asked once more."
            .to_owned();
    }
    let notes = list(answer, "/notes").iter();
    let words = notes.map(|said| {
        format!(
            "A colleague, who judged it before ({}): {}",
            text(said, "/label"),
            text(said, "/note")
        )
    });
    std::iter::once("Kept.".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Shows the next check.
pub(crate) async fn next(context: &Context, client: &Client) -> Result<(), Failure> {
    context.answer(&client.post("/api/v1/checks/next", &json!({})).await?, check)
}

fn check(answer: &Value) -> String {
    let Some(check) = answer.pointer("/check").filter(|check| !check.is_null()) else {
        return "Nothing to check.".to_owned();
    };
    let mut lines = vec![format!(
        "Quality check {} ({} to check; nobody is waiting)",
        text(check, "/id"),
        number(answer, "/waiting")
    )];
    let said = list(check, "/conversation").iter();
    lines.extend(said.map(|line| format!("    {}: {}", text(line, "/author"), text(line, "/text"))));
    lines.push(format!("Question:  {}", text(check, "/question")));
    lines.push(format!("Answer:    {}", text(check, "/text")));
    for source in list(check, "/sources") {
        lines.push(format!(
            "Source:    {}: {}",
            text(source, "/title"),
            text(source, "/text")
        ));
    }
    lines.push(format!(
        "Could it have gone out? holdpoint sample judge {} --verdict acceptable|bad|cannot-judge --as EMAIL",
        text(check, "/id")
    ));
    lines.join("\n")
}

/// Shows how reviewers judge.
pub(crate) async fn reviewers(context: &Context, client: &Client) -> Result<(), Failure> {
    context.answer(&client.get("/api/v1/reviewers").await?, in_words)
}

fn in_words(answer: &Value) -> String {
    let team = (number(answer, "/team/doubles") > 0).then(|| {
        let parts = agreement(answer.pointer("/team").unwrap_or(&Value::Null));
        format!("All together: two reviewers agree on {}", parts.join("; "))
    });
    let each = list(answer, "/reviewers").iter().map(reviewer);
    team.into_iter().chain(each).collect::<Vec<_>>().join("\n")
}

/// Agreement in percent with its interval, and AC1 from where it is known.
fn agreement(one: &Value) -> Vec<String> {
    let percent = |pointer: &str| decimal(one, pointer) * 100.0;
    let mut parts = vec![format!(
        "{:.0} % of {} (95 %: {:.0} to {:.0} %)",
        percent("/agreement"),
        number(one, "/doubles"),
        percent("/agreement_interval/0"),
        percent("/agreement_interval/1"),
    )];
    if one.pointer("/ac1").is_some_and(Value::is_number) {
        parts.push(format!(
            "AC1 {:.2} (95 %: {:.2} to {:.2})",
            decimal(one, "/ac1"),
            decimal(one, "/ac1_interval/0"),
            decimal(one, "/ac1_interval/1"),
        ));
    }
    parts
}

fn reviewer(one: &Value) -> String {
    let mut parts = vec![format!("{} verdicts", number(one, "/verdicts"))];
    let known = |pointer: &str| one.pointer(pointer).is_some_and(Value::is_number);
    if known("/median_decision_ms") {
        parts.push(format!(
            "{:.0} s each (median)",
            decimal(one, "/median_decision_ms") / 1_000.0
        ));
    }
    if known("/hasty") {
        parts.push(format!("{:.0} % too fast to count", decimal(one, "/hasty") * 100.0));
    }
    if known("/agreement") {
        let agrees = agreement(one);
        parts.push(format!("agrees with colleagues on {}", agrees.join("; ")));
    }
    if known("/gold/judged") {
        parts.push(format!(
            "{} of {} known answers right (95 %: {:.0} to {:.0} %)",
            number(one, "/gold/right"),
            number(one, "/gold/judged"),
            decimal(one, "/gold/lower") * 100.0,
            decimal(one, "/gold/upper") * 100.0
        ));
    }
    if number(one, "/repeats/judged") > 0 {
        parts.push(format!(
            "the same verdict as before on {} of {}",
            number(one, "/repeats/same"),
            number(one, "/repeats/judged")
        ));
    }
    let word = match text(one, "/word") {
        "" => String::new(),
        word => format!("\n    {word}"),
    };
    format!("{}: {}{word}", text(one, "/name"), parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_a_reviewer_is_not_said() {
        let new =
            json!({ "reviewers": [{ "name": "Noor", "verdicts": 0, "gold": null, "hasty": null, "word": null }] });
        assert_eq!(in_words(&new), "Noor: 0 verdicts");
        let known = json!({ "reviewers": [{
            "name": "Mia", "verdicts": 40, "median_decision_ms": 12_400.0, "hasty": 0.25, "agreement": 0.9, "doubles": 10, "agreement_interval": [0.555, 0.997],
            "gold": { "judged": 4, "right": 3, "lower": 0.194, "upper": 0.994 }, "repeats": { "judged": 2, "same": 2 }, "word": "Take your time.",
        }] });
        assert_eq!(
            in_words(&known),
            "Mia: 40 verdicts; 12 s each (median); 25 % too fast to count; agrees with colleagues on 90 % of 10 (95 %: 56 to 100 %); \
             3 of 4 known answers right (95 %: 19 to 99 %); the same verdict as before on 2 of 2\n    Take your time."
        );
    }

    #[test]
    fn a_check_says_where_its_verdict_goes_and_nothing_waits_when_there_is_none() {
        assert_eq!(check(&json!({ "check": null, "waiting": 0 })), "Nothing to check.");
        let one = json!({ "waiting": 2, "check": {
            "id": "abc", "question": "Open?", "text": "At nine.", "sources": [{ "title": "Hours", "text": "Nine to six." }],
            "conversation": [{ "author": "visitor", "text": "Hello" }],
        } });
        let words = check(&one);
        for part in [
            "Quality check abc (2 to check",
            "visitor: Hello",
            "Answer:    At nine.",
            "Hours: Nine to six.",
        ] {
            assert!(words.contains(part), "{words}");
        }
    }
}
