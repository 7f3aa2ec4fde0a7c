//! What a changed policy would have done with the drafts of the past.

use super::change::{checked, difference};
use super::explain::Policies;
use super::text::{ProblemView, Written, to_toml};
use super::{current, gate};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::{AgentId, MemberId};
use crate::domain::policy::{Comparison, Document, Facts, GateState, Past, Policy, Topic, decide, screened_anew};
use crate::domain::time::Timestamp;
use crate::store::Decided;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Drafts read at once: what is kept between them does not grow with the past.
const BATCH: u64 = 500;
/// Days that are looked at unless the asker says otherwise.
const DAYS: u32 = 30;
/// Days that are looked at at most.
const MOST_DAYS: u32 = 366;
const DAY_MS: i64 = 24 * 60 * 60_000;
/// Of a question, this many characters are shown.
const SHOWN: usize = 160;

/// What is to be tried.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// The policy; the one in force if none is given.
    #[serde(default)]
    pub toml: Option<String>,
    /// The same as JSON.
    #[serde(default)]
    pub document: Option<serde_json::Value>,
    /// Topics released without a certificate; those that are released now if not given.
    #[serde(default)]
    pub release: Option<Vec<String>>,
    /// Days of the past to look at, 30 unless given.
    #[serde(default)]
    pub days: Option<u32>,
}

/// What it would have done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhatIfView {
    /// What must be changed before it can be tried; nothing else is told then.
    pub problems: Vec<ProblemView>,
    /// Days of the past that were looked at.
    pub days_considered: u32,
    /// The version in force that it is compared with.
    pub version: i64,
    /// Drafts that were compared.
    pub drafts: u64,
    /// Older drafts of which it was not recorded what decided about them.
    pub left_out: u64,
    /// New or changed topics: drafts were matched with their words only, because their examples were not compared then.
    pub matched_by_words: Vec<String>,
    /// Both policies over the same drafts, under the gate as it is now (or with `release`).
    #[serde(flatten)]
    pub comparison: Comparison,
    /// What it changes, line by line.
    pub diff: String,
}

impl WhatIf {
    fn written(&self) -> Option<Written> {
        match (&self.toml, &self.document) {
            (Some(toml), _) => Some(Written::Toml(toml.clone())),
            (None, Some(document)) => Some(Written::Document(document.clone())),
            (None, None) => None,
        }
    }
}

/// Tries a policy on the past and changes nothing. Both policies decide anew about every draft, from what was recorded of it, and
/// under the gate as it is now: what differs is what applying it would change.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn what_if(app: &App, caller: &Caller, agent_id: AgentId, wish: WhatIf) -> Result<WhatIfView, AppError> {
    caller.require(Scope::Admin)?;
    let rows = app.store().rows(caller.workspace_id);
    rows.agent(agent_id).await?.ok_or(AppError::NotFound("the agent"))?;
    let in_force = current(&rows, agent_id).await?;
    let gate = gate::workspace(&rows).await?.gate.0;
    let days_considered = wish.days.unwrap_or(DAYS).clamp(1, MOST_DAYS);
    let mut view = WhatIfView {
        problems: Vec::new(),
        days_considered,
        version: in_force.version,
        drafts: 0,
        left_out: 0,
        matched_by_words: Vec::new(),
        comparison: Comparison::default(),
        diff: String::new(),
    };
    let document = match wish.written() {
        None => in_force.document.clone(),
        Some(written) => match checked(app, caller, &written).await? {
            Ok(document) => document,
            Err(problems) => return Ok(WhatIfView { problems, ..view }),
        },
    };
    view.diff = difference(&to_toml(&in_force.document), &to_toml(&document));
    let tried = Policy {
        version: in_force.version + 1,
        document,
        zone: in_force.zone.clone(),
    };
    let mut trial = Trial {
        screened: Policies::of(agent_id, &rows).await?,
        gate_then: gate_with(&gate, wish.release.as_deref(), caller, app.now()),
        gate,
        now: in_force,
        then: tried,
    };
    view.matched_by_words = trial.matched_by_words();
    let mut versions = HashSet::new();
    let mut foreign = HashSet::new();
    let since = app.now().plus_ms(-DAY_MS * i64::from(days_considered));
    let mut after = None;
    loop {
        let page = rows.decided_since(after, since, BATCH).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.decision.id);
        for decided in &page {
            let version_id = decided.agent_version_id;
            if !versions.contains(&version_id) && !foreign.contains(&version_id) {
                let is_ours = rows
                    .agent_version(version_id)
                    .await?
                    .is_some_and(|row| row.agent_id == agent_id);
                if is_ours { &mut versions } else { &mut foreign }.insert(version_id);
            }
            if versions.contains(&version_id) {
                let screened = trial
                    .screened
                    .version(&rows, decided.decision.policy_version)
                    .await?
                    .document;
                trial.add(&mut view, decided, &screened);
            }
        }
        // Whatever else the machine has to do comes in between.
        tokio::task::yield_now().await;
    }
    Ok(view)
}

/// The gate as it would be with just these topics released.
fn gate_with(gate: &GateState, release: Option<&[String]>, caller: &Caller, at: Timestamp) -> GateState {
    // Nobody's name is kept: it is only tried.
    let by = caller
        .member()
        .unwrap_or_else(|_admin| MemberId::from(uuid::Uuid::nil()));
    match release {
        None => gate.clone(),
        Some(topics) => gate
            .keeping(|topic| topics.iter().any(|name| name == topic))
            .releasing(topics, by, at),
    }
}

struct Trial {
    /// The policies whose topics the drafts were screened for.
    screened: Policies,
    gate: GateState,
    gate_then: GateState,
    now: Policy,
    then: Policy,
}

impl Trial {
    fn matched_by_words(&self) -> Vec<String> {
        let is_known = |name: &str, then: &Topic| {
            self.now
                .document
                .topic(name)
                .is_some_and(|now| now.finds_the_same_as(then))
        };
        let topics = self.then.document.topics.iter();
        topics
            .filter(|topic| !is_known(&topic.name, topic))
            .map(|topic| topic.name.clone())
            .collect()
    }

    fn add(&self, view: &mut WhatIfView, decided: &Decided, screened: &Document) {
        let Some(facts) = &decided.decision.facts else {
            view.left_out += 1;
            return;
        };
        let facts = &facts.0;
        let with_topics_of = |policy: &Policy| Facts {
            screening: screened_anew(&facts.screening, &policy.document, screened, &decided.question),
            ..facts.clone()
        };
        let question: String = decided.question.chars().take(SHOWN).collect();
        let past = Past {
            conversation_id: decided.conversation_id,
            draft_id: decided.decision.draft_id,
            question: &question,
            day: &day(decided.decision.created_at, &self.now.zone),
        };
        let now = decide(&self.gate, &self.now, &with_topics_of(&self.now));
        let then = decide(&self.gate_then, &self.then, &with_topics_of(&self.then));
        view.drafts += 1;
        view.comparison.add(past, &now, &then);
    }
}

/// The day by the workspace's clocks.
fn day(at: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(
        |_no_calendar_has_it| "unknown".to_owned(),
        |at| zone.to_datetime(at).date().to_string(),
    )
}
