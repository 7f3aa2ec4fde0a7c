//! Live's wall; people to be called back; goals. What is changed goes to the API.

use super::actions::tabs;
use super::sentences::{Names, href, sentence};
use super::view::{
    FeedLine, GoalRow, GoalsPage, LeadCard, LeadPage, LeadsPage, OccurrenceRow, OwnerChoice, PathBar, Section,
    StageChoice, WallPart,
};
use super::viewer::Viewer;
use super::{html, visitor_name};
use crate::app::accounts;
use crate::app::accounts::MemberView;
use crate::app::engage::{self, GoalView, LeadView, LeadWish, ReachedView};
use crate::app::history::{self, EntryView};
use crate::domain::account::Scope;
use crate::domain::goal::{ConversionSource, GoalKind, Worth};
use crate::domain::ids::{ConversationId, LeadId, MemberId};
use crate::domain::lead::{LeadStage, contact_key};
use crate::domain::money::Currency;
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Lines of what happened.
const FEED: usize = 20;
/// Entries of the log that are looked through for them.
const LOOKED_AT: u64 = 300;
/// Leads of a page.
const LISTED: u64 = 50;

/// What the feed tells: what visitors, the AI and people do in conversations, and what comes of it.
const TOLD: [&str; 18] = [
    "conversation.created",
    "conversation.handed_off",
    "conversation.taken_over",
    "conversation.handed_back",
    "conversation.closed",
    "conversation.rated",
    "conversation.marked_spam",
    "message.created",
    "message.released",
    "review.requested",
    "review.expired",
    "visitor.left_email",
    "visitor.returned",
    "action.proposed",
    "action.executed",
    "conversion.recorded",
    "conversion.confirmed",
    "lead.changed",
];

/// `GET /parts/live/wall`
pub(super) async fn wall_part(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    html(&wall(&web, &viewer).await?)
}

/// The wall as it is now.
pub(super) async fn wall(web: &Web, viewer: &Viewer) -> Result<WallPart, Problem> {
    let wall = engage::wall(&web.app, &viewer.caller).await?;
    let entries = history::before(&web.app, &viewer.caller, None, LOOKED_AT).await?;
    let names = Names::of(&web.app, &viewer.caller).await?;
    let told = entries.iter().filter(|entry| TOLD.contains(&entry.kind.as_str()));
    let most = wall.paths.first().map_or(1, |first| first.visitors.max(1));
    let first = wall.first_answer;
    Ok(WallPart {
        visitors: if wall.is_full {
            format!("{} or more", wall.visitors)
        } else {
            wall.visitors.to_string()
        },
        paths: wall
            .paths
            .iter()
            .map(|at| PathBar {
                path: at.path.to_string(),
                visitors: at.visitors,
                percent: (at.visitors * 100 / most).max(1),
            })
            .collect(),
        agents: wall.agents,
        going_on: (
            wall.conversations.ai,
            wall.conversations.person,
            wall.conversations.waiting,
        ),
        answers: [(waited(first.ai_ms), first.ai), (waited(first.person_ms), first.person)],
        leads: wall.leads_last_hour,
        conversions: wall.conversions_today,
        manages: viewer.caller.require(Scope::Admin).is_ok(),
        feed: told.take(FEED).map(|entry| line(viewer, entry, &names)).collect(),
    })
}

fn line(viewer: &Viewer, entry: &EntryView, names: &Names) -> FeedLine {
    let conversation = entry.refs.get("conversation");
    FeedLine {
        seq: entry.seq,
        sentence: sentence(entry, names),
        href: conversation.map_or_else(|| href(entry), |id| format!("/conversations/{id}")),
        at: viewer.moment(entry.at),
    }
}

/// A wait as people say it.
fn waited(ms: Option<i64>) -> String {
    let Some(ms) = ms else { return "–".to_owned() };
    let seconds = ms / 1_000;
    match seconds {
        ..1 => "under 1 s".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Listed {
    after: Option<String>,
    /// A stage, or nothing for all.
    #[serde(default)]
    stage: String,
    /// `me`, `nobody`, a member, or nothing for all.
    #[serde(default)]
    owner: String,
}

/// `GET /actions/leads?stage=…&owner=…&after=CURSOR`
pub(super) async fn leads(
    State(web): State<Web>,
    viewer: Viewer,
    Query(listed): Query<Listed>,
) -> Result<Response, Problem> {
    let stage = LeadStage::ALL.into_iter().find(|stage| stage.as_str() == listed.stage);
    let owner = Some(listed.owner.clone()).filter(|owner| !owner.is_empty());
    let wish = LeadWish { stage, owner };
    let found = engage::leads(&web.app, &viewer.caller, &wish, listed.after.as_deref(), LISTED).await?;
    let members = accounts::members(&web.app, &viewer.caller).await?;
    let mut stages = vec![("", "Any stage", stage.is_none())];
    stages.extend(stage_choices(stage));
    let is_chosen = |code: &str| listed.owner == code;
    let mut owners = vec![
        (String::new(), "Anybody".to_owned(), is_chosen("")),
        ("me".to_owned(), "Mine".to_owned(), is_chosen("me")),
        ("nobody".to_owned(), "Nobody yet".to_owned(), is_chosen("nobody")),
    ];
    owners.extend(members.iter().map(|member| {
        let id = member.id.to_string();
        let chosen = is_chosen(&id);
        (id, member.name.clone(), chosen)
    }));
    // A code is letters and digits: nothing of it has to be escaped. What is no code is not repeated.
    let owner = owners
        .iter()
        .find(|(code, ..)| is_chosen(code))
        .map_or("", |(code, ..)| code.as_str());
    let query = [("stage", stage.map_or("", LeadStage::as_str)), ("owner", owner)]
        .into_iter()
        .filter(|(_, code)| !code.is_empty())
        .map(|(name, code)| format!("{name}={code}"))
        .collect::<Vec<_>>()
        .join("&");
    html(&LeadsPage {
        shell: viewer.shell(Section::Actions),
        tabs: tabs("leads"),
        is_narrowed: stage.is_some() || !owner.is_empty(),
        query,
        stages,
        rows: found
            .items
            .into_iter()
            .map(|lead| card(&viewer, lead, &members))
            .collect(),
        owners,
        next: found.next,
    })
}

/// `GET /actions/leads/{id}`
pub(super) async fn lead(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<LeadId>,
) -> Result<Response, Problem> {
    let mut lead = engage::lead(&web.app, &viewer.caller, id).await?;
    let members = accounts::members(&web.app, &viewer.caller).await?;
    let asked = std::mem::take(&mut lead.asked);
    html(&LeadPage {
        shell: viewer.shell(Section::Actions),
        lead: card(&viewer, lead, &members),
        asked: asked
            .into_iter()
            .map(|asked| OccurrenceRow {
                at: viewer.moment(asked.at),
                who: format!("{} {}", asked.name, asked.contact).trim().to_owned(),
                note: asked.note,
                consent: asked.consent,
                conversation: asked.conversation_id.map(named),
                action: asked.action_id.to_string(),
            })
            .collect(),
    })
}

fn named(id: ConversationId) -> (String, String) {
    (id.to_string(), visitor_name(&id))
}

fn stage_choices(chosen: Option<LeadStage>) -> impl Iterator<Item = StageChoice> {
    LeadStage::ALL.into_iter().map(move |stage| {
        let words = match stage {
            LeadStage::New => "New",
            LeadStage::Contacted => "Contacted",
            LeadStage::Won => "Won",
            LeadStage::Lost => "Lost",
        };
        (stage.as_str(), words, Some(stage) == chosen)
    })
}

fn owner_choices(members: &[MemberView], chosen: Option<MemberId>) -> Vec<OwnerChoice> {
    let nobody = (String::new(), "Nobody yet".to_owned(), chosen.is_none());
    let one = |member: &MemberView| (member.id.to_string(), member.name.clone(), Some(member.id) == chosen);
    std::iter::once(nobody).chain(members.iter().map(one)).collect()
}

fn card(viewer: &Viewer, lead: LeadView, members: &[MemberView]) -> LeadCard {
    let key = contact_key(&lead.contact);
    LeadCard {
        id: lead.id.to_string(),
        name: if lead.name.trim().is_empty() {
            "No name".to_owned()
        } else {
            lead.name
        },
        contact: lead.contact,
        contact_href: if key.starts_with("text:") { String::new() } else { key },
        note: lead.note,
        stages: stage_choices(Some(lead.stage)).collect(),
        owners: owner_choices(members, lead.owner_id),
        occurrences: lead.occurrences,
        conversation: lead.conversation_id.map(named),
        action: lead.action_id.map(|id| id.to_string()),
        at: viewer.moment(lead.asked_at),
    }
}

/// `GET /settings/goals`
pub(super) async fn goals(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let goals = engage::goals(&web.app, &viewer.caller).await?;
    let currency = engage::currency(&web.app, &viewer.caller).await?;
    html(&GoalsPage {
        shell: viewer.shell(Section::Settings),
        currencies: Currency::all().map(|one| (one.code(), one == currency)).collect(),
        currency: currency.code(),
        decimals: currency.decimals(),
        goals: goals.into_iter().map(|goal| row(goal, currency)).collect(),
    })
}

fn row(goal: GoalView, currency: Currency) -> GoalRow {
    let (kind, how) = match goal.kind {
        GoalKind::Url => ("url", format!("A visitor opens {}", goal.on)),
        GoalKind::Event => ("event", format!("A page tells of the event {}", goal.on)),
        GoalKind::Api => ("api", "The shop’s server reports it".to_owned()),
    };
    let (worth, worth_words) = match goal.worth {
        Worth::None => ("none", "counted only".to_owned()),
        Worth::Fixed => ("fixed", format!("worth {} each time", currency.show(goal.value))),
        Worth::Given => (
            "given",
            format!("worth what is told, from pages up to {}", currency.show(goal.value)),
        ),
    };
    GoalRow {
        id: goal.id.to_string(),
        name: goal.name,
        how,
        kind,
        on: goal.on,
        worth,
        value: if goal.value > 0 {
            currency.plain(goal.value)
        } else {
            String::new()
        },
        worth_words,
        reached: goal.reached.iter().map(reached).collect(),
        is_retired: goal.retired_at.is_some(),
    }
}

fn reached(sum: &ReachedView) -> String {
    let times = match sum.conversions {
        1 => "Once".to_owned(),
        more => format!("{more} times"),
    };
    let says = match sum.source {
        ConversionSource::Api => "confirmed by the shop’s server",
        ConversionSource::Page => "as pages say",
    };
    match sum.currency {
        Some(currency) => format!("{times}, {says}: {}", currency.show(sum.value)),
        None => format!("{times}, {says}"),
    }
}
