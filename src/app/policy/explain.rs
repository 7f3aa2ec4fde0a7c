//! Why the AI's drafts of a conversation went out, were held, or not.

use super::gate::ReleasedView;
use super::zone;
use crate::app::views::Names;
use crate::app::{App, AppError, Caller, evidence};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::ids::{AgentId, ConversationId, DraftId};
use crate::domain::policy::{
    DecisionKind, Document, Facts, GateState, POLICY_VERSION, Policy, RuleExplained, Terms, explain,
};
use crate::domain::time::Timestamp;
use crate::store::Rows;
use crate::store::entity::decision;
use serde::Serialize;
use std::collections::HashMap;

/// A decision with everything it rested on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftExplained {
    /// The draft.
    pub draft_id: DraftId,
    /// What was asked.
    pub question: String,
    /// How the draft was found.
    pub mode: AnswerMode,
    /// When it was decided.
    pub at: Timestamp,
    /// What was decided.
    pub decision: DecisionKind,
    /// Why, in words, the strictest first.
    pub reasons: Vec<String>,
    /// By which version of the policy; 0 for what is built in alone.
    pub policy_version: i64,
    /// How the draft waits, if it does.
    pub terms: Terms,
    /// How sure it was, if that was recorded: for those who manage, once nobody judges it any more.
    pub confidence: Option<f64>,
    /// Topics it belongs to, if they were recorded.
    pub topics: Vec<String>,
    /// Every rule of that version with its conditions; none for decisions of before there were policies.
    pub rules: Vec<RuleExplained>,
    /// The releases without a certificate that let it out, if it went out by itself.
    pub released: Vec<ReleasedView>,
}

/// Explains every decision about a conversation, oldest first: each under the gate and the policy that were in force then.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn explain_conversation(
    app: &App,
    caller: &Caller,
    id: ConversationId,
) -> Result<Vec<DraftExplained>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let conversation = rows
        .conversation(id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    let turns: Vec<_> = rows.turns_of(id).await?.into_iter().map(|turn| turn.id).collect();
    let mut policies = Policies::of(conversation.agent_id, &rows).await?;
    let mut names = Names::default();
    let mut explained = Vec::new();
    for draft in rows.drafts_of_turns(&turns).await? {
        let Some(row) = rows.decision_of(draft.id).await? else {
            continue;
        };
        let policy = policies.version(&rows, row.policy_version).await?;
        let facts = row.facts.as_ref().map(|facts| &facts.0);
        let rules = facts.map(|facts| explain(&row.gate.0, &policy, facts).rules);
        let topics = facts
            .iter()
            .flat_map(|facts| &facts.screening.topics)
            .map(|topic| topic.name.clone());
        let topics = topics.collect();
        let released = released(&rows, &mut names, &row).await?;
        let mut reasons: Vec<String> = row
            .reasons
            .0
            .iter()
            .map(|reason| reason.in_words().to_owned())
            .collect();
        reasons.extend(sentences(&policy.document, &row.rules.0));
        explained.push(DraftExplained {
            draft_id: draft.id,
            question: draft.question,
            mode: draft.mode,
            at: row.created_at,
            decision: row.kind,
            reasons,
            policy_version: row.policy_version,
            terms: row.terms.0,
            confidence: if evidence::may_see_score(app, &rows, caller, draft.id).await? {
                row.confidence
            } else {
                None
            },
            topics,
            rules: rules.unwrap_or_default(),
            released,
        });
    }
    Ok(explained)
}

/// Versions of one agent's policy, each read once.
pub(super) struct Policies {
    agent_id: AgentId,
    zone: jiff::tz::TimeZone,
    known: HashMap<i64, Document>,
}

impl Policies {
    pub(super) async fn of(agent_id: AgentId, rows: &Rows<'_>) -> Result<Self, AppError> {
        Ok(Self {
            agent_id,
            zone: zone(rows).await?,
            known: HashMap::from([(POLICY_VERSION, Document::default())]),
        })
    }

    pub(super) async fn version(&mut self, rows: &Rows<'_>, version: i64) -> Result<Policy, AppError> {
        let document = match self.known.get(&version) {
            Some(document) => document.clone(),
            None => rows
                .policy_version(self.agent_id, version)
                .await?
                .map(|row| row.document.0)
                .unwrap_or_default(),
        };
        self.known.insert(version, document.clone());
        Ok(Policy {
            version,
            document,
            zone: self.zone.clone(),
        })
    }
}

/// The releases that let a decision's draft out without a certificate.
pub(in crate::app) async fn released(
    rows: &Rows<'_>,
    names: &mut Names,
    row: &decision::Model,
) -> Result<Vec<ReleasedView>, AppError> {
    let mut views = Vec::new();
    let (DecisionKind::Send, Some(facts)) = (row.kind, &row.facts) else {
        return Ok(views);
    };
    for released in row.gate.0.lets_through(&facts.0.screening) {
        views.push(ReleasedView {
            topic: released.topic.clone(),
            by: names.of(rows, released.by).await?,
            at: released.at,
        });
    }
    Ok(views)
}

/// The topics of a draft that are released without a certificate, although it was not sent by itself: what a reviewer should know.
pub(in crate::app) fn open_topics<'a>(gate: &'a GateState, facts: &Facts) -> Vec<&'a str> {
    let of_topic = |name: &str| gate.released().iter().find(|released| released.topic == name);
    let topics = facts.screening.topics.iter().filter_map(|topic| of_topic(&topic.name));
    topics.map(|released| released.topic.as_str()).collect()
}

/// The owner's rules that took part in a decision, as clauses.
///
/// # Errors
/// The store's.
pub async fn rules_in_words(
    rows: &Rows<'_>,
    agent_id: AgentId,
    row: &decision::Model,
) -> Result<Vec<String>, AppError> {
    if row.rules.0.is_empty() {
        return Ok(Vec::new());
    }
    let version = rows.policy_version(agent_id, row.policy_version).await?;
    let document = version.map(|version| version.document.0).unwrap_or_default();
    Ok(sentences(&document, &row.rules.0))
}

fn sentences(document: &Document, names: &[String]) -> Vec<String> {
    let sentence = |name: &String| match document.rule(name) {
        Some(rule) if !rule.reason.is_empty() => format!("your rule “{name}”: {}", rule.reason),
        _ => format!("your rule “{name}”"),
    };
    names.iter().map(sentence).collect()
}
