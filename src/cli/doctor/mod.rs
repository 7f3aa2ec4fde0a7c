//! `holdpoint doctor`: looks for what is wrong, and names a remedy for everything it finds.

mod machine;
mod models;
mod running;

use super::context::Context;
use super::exit::Failure;
use clap::Args;
use serde::Serialize;
use serde_json::json;

#[derive(Debug, Args)]
pub(crate) struct Doctor {}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at; stable, for programs.
    check: &'static str,
    ok: bool,
    /// What was seen.
    says: String,
    /// What to do about it; none if it is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn well(check: &'static str, says: impl Into<String>) -> Self {
        Self {
            check,
            ok: true,
            says: says.into(),
            remedy: None,
        }
    }

    fn wrong(check: &'static str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            check,
            ok: false,
            says: says.into(),
            remedy: Some(remedy.into()),
        }
    }

    fn in_words(&self) -> String {
        let mark = if self.ok { "ok   " } else { "WRONG" };
        let remedy = self
            .remedy
            .as_ref()
            .map_or_else(String::new, |remedy| format!("\n                 → {remedy}"));
        format!("{mark}  {:<10}{}{remedy}", self.check, self.says)
    }
}

impl Doctor {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let data_dir = context.data_dir();
        let mut findings = vec![
            machine::processor(),
            machine::memory(),
            machine::disk(data_dir.path()),
            machine::clock(),
            machine::data_dir(&data_dir),
        ];
        let (running, catalogue) = running::all(context).await;
        findings.extend(models::all(context.settings(), &catalogue));
        findings.extend(running);

        let wrong = findings.iter().filter(|finding| !finding.ok).count();
        let answer = json!({ "ok": wrong == 0, "findings": findings });
        context.answer(&answer, |_| {
            let conclusion = match wrong {
                0 => "All is well.".to_owned(),
                1 => "One thing needs attention.".to_owned(),
                many => format!("{many} things need attention."),
            };
            let lines: Vec<String> = findings.iter().map(Finding::in_words).collect();
            format!("{}\n\n{conclusion}", lines.join("\n"))
        })?;
        if wrong == 0 { Ok(()) } else { Err(Failure::findings()) }
    }
}
