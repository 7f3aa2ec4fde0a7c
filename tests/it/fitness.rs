//! What models are found fit for, and what follows from it: with the real default models where they are there, with the
//! scripted engine for everything around them.

use crate::app::{OPENING_HOURS, OWNER_PASSWORD, TestApp, eventually, fit_to_quote};
use holdpoint::app::fitness::{self, Wish};
use holdpoint::app::{App, Engine};
use holdpoint::domain::fitness::{Ability, Finding, Gauge, Language, Measure, Verdict};
use holdpoint::engine::scripted::MODEL_NAME;
use holdpoint::engine::{Supervisor, SupervisorSettings};
use holdpoint::store::{Location, Store};
use holdpoint::system;
use http::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const EMBEDDER: &str = "all-minilm-l6-v2-f16";
pub(crate) const CHAT_MODEL: &str = "smollm2-135m-instruct-q4_1";
/// Far more than it takes on any machine.
const AMPLE: Duration = Duration::from_mins(15);

pub(crate) fn model(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HOLDPOINT_TEST_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/models"),
        PathBuf::from,
    );
    let path = folder.join(name).with_extension("gguf");
    if !path.exists() {
        eprintln!("skipped: there is no model `{}`", path.display());
        return None;
    }
    Some(path)
}

/// The real engine with the default models.
pub(crate) struct Defaults {
    supervisor: Supervisor,
    with_chat: bool,
    folder: TempDir,
}

impl Defaults {
    /// None, with a message, where the models are not.
    pub(crate) async fn start(with_chat: bool) -> Option<Self> {
        Self::with_adapters(with_chat, Vec::new()).await
    }

    /// The same with adapters, by name.
    pub(crate) async fn with_adapters(with_chat: bool, adapters: Vec<(String, PathBuf)>) -> Option<Self> {
        let embed_model = Some(model(EMBEDDER)?);
        let chat_model = if with_chat { Some(model(CHAT_MODEL)?) } else { None };
        let folder = TempDir::new().unwrap();
        let supervisor = Supervisor::start(SupervisorSettings {
            program: Some(env!("CARGO_BIN_EXE_holdpoint").into()),
            embed_model,
            chat_model,
            adapters,
            ..SupervisorSettings::new(folder.path().join("engine.sock"))
        });
        let status = supervisor.settled(AMPLE).await;
        assert!(status.is_ready(), "{status:?}");
        Some(Self {
            supervisor,
            with_chat,
            folder,
        })
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine {
            client: self.supervisor.client(),
            embedder: EMBEDDER.to_owned(),
            chat_model: self.with_chat.then(|| CHAT_MODEL.to_owned()),
            status: Some(self.supervisor.watch()),
        }
    }

    pub(crate) async fn stop(self) {
        self.supervisor.stop().await;
    }
}

/// An app over the real engine.
struct Real {
    app: App,
    defaults: Defaults,
}

impl Real {
    async fn start(with_chat: bool) -> Option<Self> {
        let defaults = Defaults::start(with_chat).await?;
        let location = Location::Sqlite(defaults.folder.path().join("holdpoint.db"));
        let store = Store::open(&location, system::sources()).await.unwrap();
        Some(Self {
            app: App::new(store, Some(defaults.engine())),
            defaults,
        })
    }

    /// Runs the probe to its end.
    async fn measured(self, wish: Wish) -> Vec<(Option<String>, Finding)> {
        fitness::start(&self.app, &wish).unwrap();
        let ended = tokio::time::timeout(AMPLE, async {
            loop {
                let checks = fitness::checks(&self.app).await.unwrap();
                if checks.running.is_none() {
                    return checks;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        let checks = ended.await.unwrap();
        assert_eq!(checks.failed, None);
        self.app.stop().await;
        self.defaults.stop().await;
        checks
            .items
            .into_iter()
            .map(|check| (check.chat_model, check.finding))
            .collect()
    }
}

fn finding(found: &[(Option<String>, Finding)], language: Language, ability: Ability, chat: bool) -> &Finding {
    let fits = |(model, finding): &&(Option<String>, Finding)| {
        finding.language == language && finding.ability == ability && model.is_some() == chat
    };
    &found.iter().find(fits).unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn minilm_is_found_fit_to_quote_in_english_and_unfit_in_german() {
    let Some(real) = Real::start(false).await else {
        return;
    };
    let found = real
        .measured(Wish {
            embedder_only: true,
            ..Wish::default()
        })
        .await;
    let verdict = |language, ability| finding(&found, language, ability, false).verdict;
    assert_eq!(verdict(Language::En, Ability::Retrieve), Verdict::Fit, "{found:?}");
    assert_eq!(verdict(Language::En, Ability::Quote), Verdict::Fit, "{found:?}");
    assert_eq!(verdict(Language::De, Ability::Retrieve), Verdict::Unfit, "{found:?}");
    assert_eq!(verdict(Language::De, Ability::Quote), Verdict::Unfit, "{found:?}");
    // Not by a hair: questions that others ask would come to the same.
    let right_first = |language| {
        let measures = &finding(&found, language, Ability::Retrieve, false).measures;
        measures
            .iter()
            .find(|measure| measure.gauge == Gauge::RightFirst)
            .copied()
            .unwrap()
    };
    assert!(right_first(Language::En).share - right_first(Language::De).share > 0.4);
    for measure in &finding(&found, Language::En, Ability::Quote, false).measures {
        assert!(measure.lower > measure.bar + 0.03, "{measure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smollm2_135m_is_found_unfit_to_write_and_to_say_that_it_does_not_know() {
    let Some(real) = Real::start(true).await else {
        return;
    };
    let english = vec![Language::En];
    let found = real
        .measured(Wish {
            languages: english,
            ..Wish::default()
        })
        .await;
    let compose = finding(&found, Language::En, Ability::Compose, true);
    assert_eq!(compose.verdict, Verdict::Unfit, "{found:?}");
    assert!(compose.measures[0].share < 0.4, "{compose:?}");
    assert_eq!(
        finding(&found, Language::En, Ability::Abstain, true).verdict,
        Verdict::Unfit,
        "{found:?}"
    );
    // It is as sure of what it invents as of what it reads.
    let doubt = finding(&found, Language::En, Ability::Doubt, true);
    assert_ne!(doubt.verdict, Verdict::Fit, "{doubt:?}");
    // Where it writes nothing rightly there is nothing to tell apart.
    let gauges: Vec<Gauge> = doubt.measures.iter().map(|measure| measure.gauge).collect();
    assert!(
        gauges == [Gauge::ProbabilitiesTell] || compose.measures[0].share < 1e-9,
        "{doubt:?}"
    );
    let act = finding(&found, Language::En, Ability::Act, true);
    assert_ne!(act.verdict, Verdict::Fit, "{act:?}");
    // An engine that cannot follow a schema yet leaves that unmeasured; none makes this model fit.
    assert_ne!(
        finding(&found, Language::En, Ability::Grammar, true).verdict,
        Verdict::Fit,
        "{found:?}"
    );
}

// ---- what follows from it

/// Publishes the agent's next version.
async fn agent(app: &TestApp, change: Value) -> Value {
    let mut settings = json!({ "name": "Juno", "business": "Quillhaven Cycles" });
    settings
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    let path = format!("/api/v1/agents/{}", app.workspace.agent_id);
    app.owner().json(Method::PUT, &path, settings.to_string()).await.ok()
}

/// The item of a question that the FAQ answers.
async fn asked(app: &TestApp) -> Value {
    let visitor = app.visitor().await;
    visitor.says(OPENING_HOURS).await;
    app.item_of(&visitor).await
}

#[tokio::test]
async fn where_the_models_are_unfit_to_quote_nothing_is_quoted_and_the_settings_say_so() {
    let app = TestApp::start().await;
    let agent = agent(&app, json!({ "language": "de" })).await;
    assert_eq!(agent["modes"][1]["used"], false, "{agent}");
    assert!(
        agent["modes"][1]["in_words"]
            .as_str()
            .unwrap()
            .contains("nobody has measured"),
        "{agent}"
    );
    let item = asked(&app).await;
    assert_eq!(
        (&item["kind"], &item["mode"]),
        (&json!("handoff"), &Value::Null),
        "{item}"
    );
    // The knowledge does answer it: what is missing is a fit model. The agent speaks German, the visitor does not.
    assert_eq!(item["reasons"], json!(["unfit_model", "other_language"]), "{item}");
}

#[tokio::test]
async fn an_unfit_model_that_the_owner_allows_is_used_held_and_shown_as_unfit() {
    let app = TestApp::start().await;
    agent(&app, json!({ "language": "de", "allow_unfit": true })).await;
    let item = asked(&app).await;
    assert_eq!(
        (&item["kind"], &item["mode"]),
        (&json!("gate"), &json!("quote")),
        "{item}"
    );
    assert_eq!(item["draft"]["signals"]["unfit"], true, "{item}");
    let reasons = item["reasons"].as_array().unwrap();
    assert!(reasons.contains(&json!("unfit_model")), "{item}");
    let page = app.owner().with("Accept", "text/html").get("/queue").await.text();
    assert!(
        page.contains("has not been found fit for this kind of answer"),
        "{page}"
    );
}

#[tokio::test]
async fn a_fit_model_quotes_without_leave_and_without_a_mark() {
    let app = TestApp::start().await;
    let agent = agent(&app, json!({ "language": "en" })).await;
    assert_eq!(
        (&agent["modes"][1]["used"], &agent["modes"][2]["used"]),
        (&json!(true), &json!(false)),
        "{agent}"
    );
    let item = asked(&app).await;
    assert_eq!(
        (&item["mode"], &item["draft"]["signals"]["unfit"]),
        (&json!("quote"), &json!(false)),
        "{item}"
    );
}

#[tokio::test]
async fn an_agent_may_write_only_if_every_model_it_names_is_fit_with_its_adapter() {
    let app = TestApp::start().await;
    let fit = |ability| {
        Finding::of(
            ability,
            Language::En,
            vec![Measure::known(Gauge::RightlyWritten, 16, 1.0, 0.8)],
            None,
        )
    };
    let keep = async |model: &str| {
        let found = [fit(Ability::Compose)];
        fitness::keep(&app.app, MODEL_NAME, Some(model), &found).await.unwrap();
    };
    keep("big").await;
    let writes = async |change: Value| agent(&app, change).await["modes"][2]["used"].clone();
    assert_eq!(writes(json!({ "chat_models": ["big"] })).await, true);
    assert_eq!(writes(json!({})).await, false, "the default model was not measured");
    assert_eq!(writes(json!({ "chat_models": ["big", "small@office"] })).await, false);
    keep("big@office").await;
    assert_eq!(writes(json!({ "chat_models": ["big@office"] })).await, true);
    let with_adapter = json!({ "chat_models": ["big@office"], "adapter": "shop" });
    assert_eq!(
        writes(with_adapter.clone()).await,
        false,
        "with an adapter it is another one"
    );
    keep("big@office with adapter shop").await;
    // Settings that are the same again are no other version; what was found meanwhile counts.
    assert_eq!(writes(with_adapter).await, true);
}

#[tokio::test]
async fn a_verified_answer_is_served_word_for_word_whatever_the_models_are_unfit_for() {
    let app = TestApp::start().await;
    agent(&app, json!({ "language": "de" })).await;
    let answer = json!({ "question": "Habt ihr Ersatzschläuche?", "answer": "Ja, in allen Größen." });
    app.owner().post("/api/v1/verified-answers", &answer).await.created();
    let visitor = app.visitor().await;
    visitor.says("habt ihr ersatzschläuche").await;
    let item = app.item_of(&visitor).await;
    assert_eq!(
        (&item["kind"], &item["mode"]),
        (&json!("gate"), &json!("verified")),
        "{item}"
    );
    assert_eq!(item["draft"]["signals"]["unfit"], false, "{item}");
}

// ---- the API, the page, the figures

const CHECKS: &str = "/api/v1/admin/models/checks";

#[tokio::test]
async fn owners_measure_and_read_what_was_found_and_nobody_else() {
    let app = TestApp::start().await;
    app.anonymous().get(CHECKS).await.refused(401);
    app.program(&["read", "review", "knowledge"])
        .await
        .get(CHECKS)
        .await
        .refused(403);
    app.owner().post(CHECKS, &json!({ "depth": 3 })).await.refused(422);
    app.owner()
        .post(CHECKS, &json!({ "embedder": "another" }))
        .await
        .refused(422);
    let begun = app.owner().post(CHECKS, &json!({ "embedder_only": true })).await;
    assert_eq!(begun.status, 202);
    let checks = eventually("the end of the run", async || {
        let checks = app.administrator().get(CHECKS).await.ok();
        checks["running"].is_null().then_some(checks)
    })
    .await;
    assert_eq!(checks["failed"], Value::Null, "{checks}");
    let items = checks["items"].as_array().unwrap();
    let german = items
        .iter()
        .find(|item| item["language"] == "de" && item["ability"] == "quote")
        .unwrap();
    // The scripted engine compares words; invented customers use other words than the shops.
    assert_eq!(german["verdict"], "unfit", "{german}");
    assert!(
        german["measures"][0]["lower"].is_number() && german["at"].is_number(),
        "{german}"
    );
}

#[tokio::test]
async fn what_was_measured_with_other_questions_no_longer_counts() {
    let app = TestApp::start().await;
    let mut rows = app.app.store().model_checks().await.unwrap();
    assert!(!rows.is_empty());
    for row in &mut rows {
        row.probe_version -= 1;
    }
    app.app.store().put_model_checks(rows).await.unwrap();
    // What is in memory is read anew after the next run; a new app reads it at once.
    let fresh = App::new(app.app.store().clone(), Some(app.handle()));
    let caller = &app.workspace.caller;
    let agents = holdpoint::app::agents::agents(&fresh, caller).await.unwrap();
    assert!(agents[0].modes[1].unfit, "{agents:?}");
}

#[tokio::test]
async fn the_models_page_is_for_owners_and_shows_models_fitness_and_agents() {
    let app = TestApp::start().await;
    fit_to_quote(&app.app).await;
    let browser = app.owner().with("Accept", "text/html");
    assert_eq!(browser.get("/settings").await.header("location"), "/settings/models");
    let page = browser.get("/settings/models").await;
    assert_eq!(page.status, 200);
    let page = page.text();
    for words in [
        "<h1>Models</h1>",
        "quote the knowledge",
        "English",
        "fit",
        "What the agents do with them",
        "Juno",
        "Restarts",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    let part = browser.get("/parts/settings/models").await.text();
    assert!(!part.contains("<html") && part.contains("What they are fit for"));

    let wish =
        json!({ "name": "Jonas", "email": "jonas@quillhaven.example", "password": OWNER_PASSWORD, "role": "reviewer" });
    app.owner().post("/api/v1/admin/members", &wish).await.created();
    let wish = json!({ "email": "jonas@quillhaven.example", "password": OWNER_PASSWORD });
    let signed_in = app.anonymous().post("/api/v1/login", &wish).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let reviewer = app.anonymous().with("Cookie", &cookie).with("Accept", "text/html");
    assert_eq!(reviewer.get("/settings/models").await.status, 403);
    assert!(
        !reviewer.get("/queue").await.text().contains("/settings"),
        "no link that leads to a refusal"
    );
}

#[tokio::test]
async fn the_figures_are_for_admins_and_each_reads_the_queue_of_their_own_workspace() {
    let app = TestApp::start().await;
    app.other_workspace().await;
    asked(&app).await;
    app.anonymous().get("/metrics").await.refused(401);
    app.program(&["read", "review"])
        .await
        .get("/metrics")
        .await
        .refused(403);
    let answer = app.program(&["admin"]).await.get("/metrics").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    let own = answer.text();
    assert!(
        own.contains("holdpoint_review_items{workspace=\"quillhaven\"} 1"),
        "{own}"
    );
    assert!(!own.contains("corner-bakery"), "{own}");
    assert!(
        own.contains("holdpoint_engine_ready 1") && own.contains("holdpoint_model_steps_total{model="),
        "{own}"
    );
    let all = app.administrator().get("/metrics").await.text();
    assert!(all.contains("corner-bakery") && all.contains("quillhaven"), "{all}");
}
