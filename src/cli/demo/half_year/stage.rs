//! A business in its workspace: set up once, then played.

use super::business::Business;
use super::story::Visit;
use super::told;
use crate::app::accounts::{self, NewMember};
use crate::app::policy::{Applied, Written};
use crate::app::visit::Visitor;
use crate::app::{App, Caller, Who, actions, agents, evidence, knowledge, policy};
use crate::cli::exit::Failure;
use crate::domain::account::Role;
use crate::domain::ids::{AgentId, ConversationId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::stats::random::SplitMix64;
use crate::store::{JobKind, Rows};
use serde_json::json;
use std::collections::HashMap;

/// Name of the knowledge's file.
const FILE: &str = "faq.json";
const COLLECTION: &str = "shop";

/// Somebody at the queue.
#[derive(Debug, Clone)]
pub(super) struct Colleague {
    pub(super) caller: Caller,
    pub(super) speed: f64,
    pub(super) error: f64,
    /// Until when they are at work on something.
    pub(super) busy_until: Timestamp,
    /// Checks they have judged today.
    pub(super) checks_today: u32,
}

/// A visitor who has come.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
pub(super) struct Guest {
    pub(super) visitor: Visitor,
    /// What the last message is about, as far as anybody there can answer it.
    pub(super) asked: Option<usize>,
    /// Sequence of their last message.
    pub(super) said_seq: i64,
    pub(super) said_at: Timestamp,
    /// Messages they have written.
    pub(super) said: u32,
    /// They have looked so often without an answer.
    pub(super) looked: u32,
    pub(super) has_asked_second: bool,
    pub(super) has_asked_back: bool,
    pub(super) was_angry: bool,
    /// They got something wrong.
    pub(super) was_misled: bool,
    pub(super) is_gone: bool,
}

/// What of the story has happened.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_field_names, reason = "each is a moment")]
pub(super) struct Chapters {
    pub(super) opens_at: Option<Timestamp>,
    pub(super) launched_at: Option<Timestamp>,
    /// Since when the knowledge was wrong.
    pub(super) mistaken_at: Option<Timestamp>,
    /// Since when those who work there know that it is.
    pub(super) noticed_at: Option<Timestamp>,
    /// When the alarm closed the gate.
    pub(super) alarmed_at: Option<Timestamp>,
    pub(super) corrected_at: Option<Timestamp>,
    /// When a certificate let answers out again.
    pub(super) earned_again_at: Option<Timestamp>,
}

/// On which terms it is played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// Everybody's.
    pub(super) password: &'a str,
    pub(super) limit_permille: u32,
    pub(super) noticed_after_days: i64,
}

/// A business, its people and its visitors.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) business: Business,
    pub(super) workspace_id: WorkspaceId,
    pub(super) agent_id: AgentId,
    pub(super) agent_key: String,
    pub(super) team: Vec<Colleague>,
    pub(super) visits: Vec<Visit>,
    pub(super) guests: HashMap<usize, Guest>,
    pub(super) chapters: Chapters,
    pub(super) noticed_after_days: i64,
    pub(super) random: SplitMix64,
}

impl Stage {
    /// Makes workspace, people, knowledge, agent, policy and what can be asked to be done.
    pub(super) async fn set_up(
        app: &App,
        business: Business,
        visits: Vec<Visit>,
        terms: Terms<'_>,
        seed: u64,
    ) -> Result<Self, Failure> {
        let workspace_id = accounts::create_workspace(app, &business.slug, &business.name)
            .await
            .map_err(told)?;
        let admin = Caller::admin(workspace_id);
        accounts::set_time_zone(app, &admin, &business.zone_name)
            .await
            .map_err(told)?;
        let mut team = Vec::new();
        for (nth, person) in business.people.iter().enumerate() {
            let role = if nth == 0 { Role::Owner } else { Role::Reviewer };
            let new = NewMember {
                email: person.email.clone(),
                name: person.name.clone(),
                password: Some(terms.password.to_owned()),
                role,
            };
            let id = accounts::add_member(app, &admin, new).await.map_err(told)?;
            team.push(Colleague {
                caller: Caller {
                    workspace_id,
                    who: Who::Member {
                        id,
                        name: person.name.clone(),
                        role,
                    },
                    scopes: role.scopes().to_vec(),
                    program: None,
                },
                speed: person.speed,
                error: person.error,
                busy_until: Timestamp(0),
                checks_today: 0,
            });
        }
        let agent = agents::create(app, &admin, business.agent.clone())
            .await
            .map_err(told)?;
        let stage = Self {
            workspace_id,
            agent_id: agent.id,
            agent_key: agent.public_key,
            team,
            visits,
            guests: HashMap::new(),
            chapters: Chapters::default(),
            noticed_after_days: terms.noticed_after_days,
            random: SplitMix64::new(seed),
            business,
        };
        stage.publish(app, false, false).await?;
        stage.rule(app, terms.limit_permille).await?;
        Ok(stage)
    }

    /// The owner's rules, the limit, and the form.
    async fn rule(&self, app: &App, limit_permille: u32) -> Result<(), Failure> {
        let owner = self.owner()?;
        let policy = Written::Toml(self.business.policy.to_owned());
        let applied = policy::apply(app, owner, self.agent_id, &policy, None)
            .await
            .map_err(told)?;
        if let Applied::Refused(problems) = applied {
            return Err(Failure::failed(format!(
                "the demo's policy of {} is damaged: {problems:?}",
                self.business.slug
            )));
        }
        let autonomy = evidence::AutonomyInput {
            limit_permille: Some(limit_permille),
            reviews_a_day: Some(12),
            ..evidence::AutonomyInput::default()
        };
        evidence::set_autonomy(app, owner, autonomy).await.map_err(told)?;
        let talk = &self.business.talk;
        let tool = serde_json::from_value(json!({
            "name": "call_back",
            "title": talk.lead_label,
            "description": talk.lead_label,
            "schema": {
                "type": "object",
                "properties": {
                    "name": { "type": "string", "maxLength": 80 },
                    "contact": { "type": "string", "maxLength": 80 },
                    "note": { "type": "string", "maxLength": 400 }
                },
                "required": ["name", "contact"],
                "additionalProperties": false
            },
            "run": { "kind": "lead", "name": "{name}", "contact": "{contact}", "note": "{note}" },
            "risk": "low",
            "offer": { "form": { "label": talk.lead_label } },
            "says": { "asked": talk.lead_asked }
        }));
        let tool = tool.map_err(|error| Failure::failed(format!("the demo's form is damaged: {error}")))?;
        actions::define(app, owner, tool).await.map_err(told)?;
        Ok(())
    }

    /// The owner brings the knowledge's file in.
    pub(super) async fn publish(&self, app: &App, has_launch: bool, has_mistake: bool) -> Result<(), Failure> {
        let import = knowledge::Import {
            name: FILE.to_owned(),
            collection: COLLECTION.to_owned(),
            bytes: self.business.file(has_launch, has_mistake),
            ..knowledge::Import::default()
        };
        knowledge::import(app, self.owner()?, import).await.map_err(told)?;
        Ok(())
    }

    pub(super) fn owner(&self) -> Result<&Caller, Failure> {
        let first = self.team.first().map(|colleague| &colleague.caller);
        first.ok_or_else(|| Failure::failed("a business of the demo has nobody who works there"))
    }

    pub(super) fn rows<'a>(&self, app: &'a App) -> Rows<'a> {
        app.store().rows(self.workspace_id)
    }

    /// When somebody of the business is there first, from `at` on.
    pub(super) fn open_at(&mut self, at: Timestamp) -> Timestamp {
        let zone = &self.business.zone;
        if self.business.hours.is_open(at, zone) {
            return at;
        }
        let opens = self.business.hours.next_open(at, zone).unwrap_or(at);
        // Sooner than what waited overnight is late.
        let later = i64::try_from(self.random.below(9 * 60_000)).unwrap_or_default();
        opens.plus_ms(60_000 + later)
    }

    pub(super) fn conversation(&self, visit: usize) -> Option<ConversationId> {
        self.guests.get(&visit).map(|guest| guest.visitor.conversation_id)
    }

    /// Whether those who work there take the wrong knowledge for right at `at`.
    pub(super) fn believes(&self, at: Timestamp) -> bool {
        self.chapters.mistaken_at.is_some() && self.chapters.noticed_at.is_none_or(|noticed| at < noticed)
    }
}

/// Jobs that are done at the moment they are due. Everything else is looked after every few hours.
pub(super) const fn is_prompt(kind: JobKind) -> bool {
    matches!(
        kind,
        JobKind::Draft
            | JobKind::Finalise
            | JobKind::Expire
            | JobKind::Escalate
            | JobKind::Recall
            | JobKind::Reply
            | JobKind::Close
            | JobKind::Act
            | JobKind::Embed
            | JobKind::CarryOver
            | JobKind::FindAnew
            | JobKind::Replay
            | JobKind::Write
            | JobKind::Publish
    )
}
