//! Settings: the agents. What is changed goes to the API, which decides what is live at once; this only shows what there is.

use super::html;
use super::view::{
    AdapterChoice, AgentFields, AgentPage, AgentRow, AgentVersionCard, AgentsPage, ModelChoice, Section,
};
use super::viewer::Viewer;
use crate::app::agents::{self, AgentView, VersionView};
use crate::app::improve;
use crate::app::knowledge;
use crate::app::models::{self, FileState, Fits, ModelView};
use crate::app::policy::is_owner;
use crate::domain::account::Scope;
use crate::domain::agent_change::{Difference, FIELDS, changes_answers, differences};
use crate::domain::answer::AnswerMode;
use crate::domain::ids::AgentId;
use crate::domain::model::Purpose;
use crate::domain::model_ref::ModelRef;
use crate::domain::persona::Tone;
use crate::domain::settings::AgentSettings;
use crate::web::demo::own_origin;
use crate::web::error::Problem;
use crate::web::extract::InPath;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde_json::Value;

/// Versions that are listed.
const LISTED: u64 = 20;
/// Languages that texts and the model check know.
const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("de", "German")];

/// `GET /agents`
pub(super) async fn list(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let agents = agents::agents(&web.app, &viewer.caller).await?;
    let default = web.app.engine().and_then(|engine| engine.chat_model.clone());
    html(&AgentsPage {
        shell: viewer.shell(Section::Settings),
        agents: agents.into_iter().map(|agent| row(agent, default.as_deref())).collect(),
    })
}

fn row(agent: AgentView, default: Option<&str>) -> AgentRow {
    let settings = agent.settings;
    let mut writer = match settings.chat_models.as_slice() {
        [] => default.unwrap_or("nothing; answers are quoted").to_owned(),
        models => models.join(", then "),
    };
    if let Some(adapter) = settings.adapter {
        writer = format!("{writer} with adapter {adapter}");
    }
    AgentRow {
        id: agent.id.to_string(),
        name: settings.name,
        business: settings.business,
        version: agent.version,
        tone: match (settings.tone, settings.tone_words.trim()) {
            (Tone::AsInstructed, words) => words.to_owned(),
            (tone, _) => tone.in_words().to_owned(),
        },
        starters: settings.starters.len(),
        writer,
        origins: settings.origins.join(", "),
    }
}

/// `GET /agents/{id}`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    headers: HeaderMap,
    InPath(id): InPath<AgentId>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    caller.require(Scope::Admin)?;
    let agent = agents::agent(&web.app, caller, id).await?;
    let versions = agents::versions(&web.app, caller, id, None, LISTED).await?;
    let tried_on = agents::tried_on(&web.app, caller, id).await?;
    html(&AgentPage {
        shell: viewer.shell(Section::Settings),
        id: id.to_string(),
        key: agent.public_key.clone(),
        version: agent.version,
        origin: own_origin(&web, &headers),
        tried_on: match tried_on {
            0 => String::new(),
            1 => "1 question".to_owned(),
            many => format!("about {many} questions"),
        },
        is_owner: is_owner(caller),
        answering: FIELDS
            .iter()
            .filter(|field| field.changes_answers)
            .map(|field| field.field)
            .collect(),
        labels: FIELDS.iter().map(|field| (field.field, field.label)).collect(),
        waiting: improve::waiting_for(&web.app, caller, id)
            .await?
            .into_iter()
            .map(|row| (row.id.to_string(), row.title))
            .collect(),
        has_more: versions.next.is_some(),
        versions: cards(&viewer, &agent.settings, &versions.items),
        fields: fields(&web, &viewer, agent).await?,
    })
}

async fn fields(web: &Web, viewer: &Viewer, agent: AgentView) -> Result<AgentFields, Problem> {
    let settings = agent.settings;
    let mut languages: Vec<(String, String, bool)> = LANGUAGES
        .iter()
        .map(|(code, name)| ((*code).to_owned(), (*name).to_owned(), *code == settings.language))
        .collect();
    if !languages.iter().any(|(_, _, chosen)| *chosen) {
        languages.push((settings.language.clone(), settings.language.clone(), true));
    }
    let mut known = knowledge::collections(&web.app, &viewer.caller).await?;
    known.extend(settings.collections.iter().cloned());
    known.sort_unstable();
    known.dedup();
    let files = models::list(&web.app)
        .await
        .map_or_else(|_none_kept| Vec::new(), |view| view.items);
    let fits = models::adapters(&web.app).await?;
    let default = web.app.engine().and_then(|engine| engine.chat_model.clone());
    let remote: Vec<String> = web
        .app
        .engines()
        .remote()
        .iter()
        .map(|engine| engine.name().to_owned())
        .collect();
    Ok(AgentFields {
        languages,
        modes: agent
            .modes
            .iter()
            .map(|usage| {
                let wanted = settings.modes.contains(&usage.mode);
                (usage.mode.as_str(), mode_words(usage.mode), wanted, usage.in_words)
            })
            .collect(),
        collections: known
            .into_iter()
            .map(|name| (name.clone(), settings.collections.contains(&name)))
            .collect(),
        origins: settings.origins.join("\n"),
        models: model_choices(&settings, default.as_deref(), &files, &remote),
        other_models: settings.chat_models.get(1..).unwrap_or_default().join("\n"),
        adapters: adapter_choices(&settings, fits),
        name: settings.name,
        business: settings.business,
        greeting: settings.greeting,
        starters: settings.starters.join("\n"),
        disclosure: settings.disclosure,
        instructions: settings.instructions,
        tones: Tone::ALL
            .map(|tone| (tone.as_str(), tone.in_words(), tone == settings.tone))
            .to_vec(),
        tone_words: settings.tone_words,
        allow_unfit: settings.allow_unfit,
        support_signal: settings.support_signal,
        presence: settings.presence,
    })
}

const fn mode_words(mode: AnswerMode) -> &'static str {
    match mode {
        AnswerMode::Verified => "Verified answers, word for word",
        AnswerMode::Quote => "Quotes of the best passage",
        AnswerMode::Compose => "Answers that the chat model writes from passages",
        AnswerMode::Abstain => "None",
    }
}

fn model_choices(
    settings: &AgentSettings,
    default: Option<&str>,
    files: &[ModelView],
    remote: &[String],
) -> Vec<ModelChoice> {
    let chosen = settings.chat_models.first().cloned().unwrap_or_default();
    let choice = |value: String, name: &str, words: String| ModelChoice {
        is_chosen: value == chosen,
        name: name.to_owned(),
        value,
        words,
    };
    let of_default = match default {
        Some(name) => format!("What this machine uses: {name}"),
        None => "What this machine uses: none, answers are quoted".to_owned(),
    };
    let mut choices = vec![choice(String::new(), default.unwrap_or_default(), of_default)];
    for file in files {
        if file.purpose == Some(Purpose::Chat) && file.state == FileState::Present && file.pinned {
            let words = format!("{} ({})", file.name, size(file.bytes));
            choices.push(choice(file.name.clone(), &file.name, words));
        }
    }
    for engine in remote {
        choices.push(choice(
            format!("@{engine}"),
            "",
            format!("What the engine {engine} uses"),
        ));
    }
    if !choices.iter().any(|choice| choice.is_chosen) {
        let is_remote = chosen.parse::<ModelRef>().is_ok_and(|model| model.engine.is_some());
        let words = if is_remote {
            chosen.clone()
        } else {
            format!("{chosen} (not on this machine)")
        };
        choices.push(choice(chosen.clone(), &chosen, words));
    }
    choices
}

fn adapter_choices(settings: &AgentSettings, fits: Vec<Fits>) -> Vec<AdapterChoice> {
    let chosen = settings.adapter.as_deref();
    let mut choices: Vec<AdapterChoice> = fits
        .into_iter()
        .map(|fits| AdapterChoice {
            words: match fits.models.as_slice() {
                [] => format!("{} ({}), fits no model here", fits.adapter, size(fits.bytes)),
                models => format!("{} ({}), for {}", fits.adapter, size(fits.bytes), models.join(", ")),
            },
            fits: fits.models.join(" "),
            is_chosen: chosen == Some(&fits.adapter),
            value: fits.adapter,
        })
        .collect();
    if let Some(name) = chosen.filter(|_| !choices.iter().any(|choice| choice.is_chosen)) {
        choices.push(AdapterChoice {
            value: name.to_owned(),
            words: format!("{name} (not on this machine)"),
            fits: String::new(),
            is_chosen: true,
        });
    }
    choices
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

/// Each version beside the one before it.
fn cards(viewer: &Viewer, live: &AgentSettings, versions: &[VersionView]) -> Vec<AgentVersionCard> {
    let formers = versions.iter().skip(1).map(Some).chain([None]);
    let card = |(version, former): (&VersionView, Option<&VersionView>)| {
        let labels: Vec<&str> = version.changed.iter().map(|field| label(field)).collect();
        let changes = former.map_or_else(Vec::new, |former| {
            let change = |field: &&'static str| {
                let (before, after) = (value(&former.settings, field), value(&version.settings, field));
                (label(field), before, after)
            };
            version.changed.iter().map(change).collect()
        });
        AgentVersionCard {
            number: version.number,
            is_live: version.is_live,
            by: version.by.clone().unwrap_or_default(),
            at: viewer.moment(version.at),
            changed: labels.join(", "),
            changes,
            can_return: !version.is_live && changes_answers(live, &version.settings),
        }
    };
    versions.iter().zip(formers).map(card).collect()
}

/// What differs, one field on a line.
pub(super) fn changed_in_words(from: &AgentSettings, to: &AgentSettings) -> String {
    let line = |field: &Difference| {
        let (before, after) = (value(from, field.field), value(to, field.field));
        format!("{}: {before} → {after}", field.label)
    };
    let lines: Vec<String> = differences(from, to).iter().map(line).collect();
    lines.join("\n")
}

fn label(field: &str) -> &'static str {
    FIELDS
        .iter()
        .find(|known| known.field == field)
        .map_or("", |known| known.label)
}

/// What a field says, for people.
fn value(settings: &AgentSettings, field: &str) -> String {
    let all = serde_json::to_value(settings).unwrap_or_default();
    let words = match &all[field] {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        _ => String::new(),
    };
    if words.is_empty() { "–".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_always_among_the_choices() {
        for (models, adapter) in [(vec![], None), (vec!["big@office"], Some("tone")), (vec!["gone"], None)] {
            let settings = AgentSettings {
                chat_models: models.into_iter().map(str::to_owned).collect(),
                adapter: adapter.map(str::to_owned),
                ..AgentSettings::default()
            };
            let choices = model_choices(&settings, Some("small"), &[], &["office".to_owned()]);
            assert_eq!(
                choices.iter().filter(|choice| choice.is_chosen).count(),
                1,
                "{choices:?}"
            );
            let adapters = adapter_choices(&settings, Vec::new());
            assert_eq!(adapters.len(), usize::from(adapter.is_some()));
        }
    }

    #[test]
    fn a_field_is_told_as_people_read_it() {
        let settings = AgentSettings {
            origins: vec!["https://a.example".to_owned(), "https://b.example".to_owned()],
            ..AgentSettings::default()
        };
        assert_eq!(value(&settings, "origins"), "https://a.example, https://b.example");
        assert_eq!(
            (value(&settings, "allow_unfit"), value(&settings, "adapter")),
            ("no".to_owned(), "–".to_owned())
        );
        assert_eq!(label("chat_models"), "chat models");
        let other = AgentSettings {
            adapter: Some("tone".to_owned()),
            ..settings.clone()
        };
        assert_eq!(changed_in_words(&settings, &other), "adapter: – → tone");
    }
}
