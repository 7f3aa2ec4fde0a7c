//! `/api/v1`: the JSON API for people and programs; `docs/api.md` describes it. One file a resource.

mod accounts;
mod actions;
mod admin;
mod agency;
mod agents;
mod analysis;
mod approvals;
mod candidates;
mod canned;
mod checks;
mod conversations;
mod corrections;
mod engage;
mod improve;
mod knowledge;
mod live;
mod log;
mod mails;
mod models;
mod notes;
mod policy;
mod quality;
mod quality_checks;
mod queue;
mod rehearsals;
mod reports;
mod retrieval;
mod status;
mod team;
mod topics;
mod training;
mod verified_answers;
mod webhooks;

use super::state::Web;
use super::{idempotency, layers};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};
use serde::Deserialize;

/// Rows of a page when a list does not say `?limit=`.
const PAGE: u64 = 50;
/// Rows of a page at most.
const LARGEST_PAGE: u64 = 200;

pub(super) fn routes(web: &Web) -> Router<Web> {
    // A repetition under the same `Idempotency-Key` creates nothing more.
    let creating = Router::new()
        .route("/conversations/{id}/messages", post(conversations::write))
        .route("/conversations/{id}/notes", get(notes::list).post(notes::add))
        .route("/canned-replies", get(canned::list).post(canned::add))
        .route("/knowledge/import", post(knowledge::import))
        .route("/knowledge/sitemap", post(knowledge::sitemap))
        .route("/knowledge/page", post(knowledge::page))
        .route(
            "/knowledge/sources",
            get(knowledge::sources).delete(knowledge::remove_source),
        )
        .route("/knowledge/expired", get(knowledge::expired))
        .route("/admin/setup-link", post(admin::setup_link))
        .route(
            "/admin/workspaces",
            get(admin::workspaces).post(admin::create_workspace),
        )
        .route("/admin/members", get(admin::members).post(admin::add_member))
        .route("/admin/tokens", post(admin::create_token))
        .route("/admin/mail/test", post(mails::test))
        .merge(telling())
        .route(
            "/verified-answers",
            get(verified_answers::list).post(verified_answers::add),
        )
        .route("/retrieval-versions", get(retrieval::list).post(retrieval::tune))
        .route("/admin/models/checks", get(checks::list).post(checks::start))
        .route("/agents", get(agents::list).post(agents::create))
        .route("/actions", get(actions::list).post(actions::propose))
        .layer(from_fn_with_state(web.clone(), idempotency::once));
    Router::new()
        .route("/status", get(status::status))
        .route("/setup", post(accounts::set_up))
        .route("/login", post(accounts::sign_in))
        .route("/logout", post(accounts::sign_out))
        .route("/me", get(accounts::me))
        .route("/queue", get(queue::list))
        .route("/queue/{item}", get(queue::item))
        .route("/queue/{item}/lease", post(queue::lease).delete(queue::release_lease))
        .route("/queue/{item}/outcome", post(queue::decide))
        .route("/queue/{item}/undo", post(queue::undo))
        .route("/conversations", get(conversations::list))
        .route("/live", get(live::list))
        .route("/conversations/{id}", get(conversations::one))
        .route("/conversations/{id}/take-over", post(conversations::take_over))
        .route("/conversations/{id}/hand-back", post(conversations::hand_back))
        .route("/conversations/{id}/hand-over", post(conversations::hand_over))
        .route(
            "/conversations/{id}/spam",
            post(team::mark_spam).delete(team::clear_spam),
        )
        .route("/spam", get(team::spam))
        .route("/team", get(team::members))
        .route("/team/members/{id}", put(team::set_profile))
        .route("/team/settings", get(team::settings).put(team::set_settings))
        .route("/team/desk", get(team::my_desk).put(team::set_my_desk))
        .route(
            "/presence",
            get(team::present).post(team::heartbeat).delete(team::leave),
        )
        .route("/conversations/{id}/close", post(conversations::close))
        .route("/canned-replies/{id}", put(canned::change).delete(canned::remove))
        .route("/agents/{id}", get(agents::one).put(agents::change))
        .route("/agents/{id}/versions", get(agents::versions))
        .route("/agents/{id}/policy", get(policy::show).put(policy::apply))
        .route("/agents/{id}/policy/check", post(policy::check))
        .route("/agents/{id}/policy/versions", get(policy::versions))
        .route("/agents/{id}/policy/diff", get(policy::diff))
        .route("/conversations/{id}/explain", get(policy::explain))
        .route("/gate", get(policy::gate).post(policy::change_gate))
        .route("/admin/time-zone", put(admin::set_time_zone))
        .route("/admin/tokens/{id}", delete(admin::revoke_token))
        .merge(of_models())
        .merge(told_of())
        .merge(of_several())
        .route("/training/export", post(training::export))
        .route("/log", get(log::list))
        .route("/log/export", get(log::export))
        .route("/log/verify", get(log::verify))
        .route("/events", get(log::events))
        .merge(creating)
        .merge(deciding())
        .merge(judging())
        .merge(verified_answers::routes())
        .merge(known())
        .merge(rehearsals::routes(web))
        .merge(candidates::routes(web))
        .merge(improve::routes(web))
        .merge(corrections::routes(web))
        .merge(reports::routes(web))
        .merge(engage::routes(web))
        .merge(topics::routes())
        .layer(from_fn(layers::to_its_end))
        // These take minutes and change nothing that counts: they end with whoever asked for them.
        .route("/conversations/{id}/copilot", post(conversations::copilot))
        .route("/knowledge/evaluate", post(knowledge::evaluate))
        .route("/analysis/evaluate-clusters", post(topics::evaluate))
        .route("/knowledge/evaluate-tuning", post(knowledge::evaluate_tuning))
        .route("/admin/models/verify", post(models::verify))
        .route("/agents/{id}/policy/what-if", post(policy::what_if))
}

/// The models that answer, and those that could.
fn of_models() -> Router<Web> {
    Router::new()
        .route("/admin/models", get(models::list).post(models::add))
        .route("/admin/models/pulls", get(models::pulls).post(models::pull))
        .route("/admin/models/pulls/{id}", get(models::one_pull).delete(models::cancel))
        .route("/admin/models/{name}", delete(models::remove))
        .route("/admin/models/{name}/use", post(models::use_model))
}

/// Who is to be told what happens: what a repetition must not make twice.
fn telling() -> Router<Web> {
    Router::new().route("/webhooks/test", post(webhooks::test)).route(
        "/webhooks/subscriptions",
        get(webhooks::subscriptions).post(webhooks::subscribe),
    )
}

/// Who is told what happens, and how that went.
fn told_of() -> Router<Web> {
    Router::new()
        .route("/webhooks/deliveries", get(webhooks::list))
        .route("/webhooks/deliveries/{id}", get(webhooks::delivery))
        .route("/webhooks/deliveries/{id}/retry", post(webhooks::retry))
        .route("/webhooks/secret", post(webhooks::secret))
        .route(
            "/webhooks/subscriptions/{id}",
            get(webhooks::subscription)
                .patch(webhooks::change)
                .delete(webhooks::unsubscribe),
        )
        .route("/webhooks/subscriptions/{id}/secret", post(webhooks::renew))
        .route("/webhooks/subscriptions/{id}/test", post(webhooks::test_subscription))
        .route("/webhooks/subscriptions/{id}/replay", post(webhooks::replay))
}

/// Several workspaces of one person, and what each may use.
fn of_several() -> Router<Web> {
    Router::new()
        .route("/places", get(accounts::places))
        .route("/agency", get(agency::list))
        .route("/limits", get(admin::limits))
        .route("/admin/limits", put(admin::set_limits))
}

/// What is known, and finding in it.
fn known() -> Router<Web> {
    Router::new()
        .route("/knowledge/documents", get(knowledge::documents))
        .route(
            "/knowledge/documents/{id}",
            get(knowledge::document).delete(knowledge::remove),
        )
        .route("/knowledge/search", get(knowledge::search))
}

/// Actions: what may be proposed, what was, and what people and agents do with it; and the mails that leave.
fn deciding() -> Router<Web> {
    Router::new()
        .route("/mails", get(mails::list))
        .route("/mails/{id}/retry", post(mails::retry))
        // An agent's own name for a call is what keeps it from being asked twice.
        .route("/approvals", get(approvals::list).post(approvals::ask))
        .route("/approvals/stream", get(approvals::stream))
        .route("/approvals/{id}", get(approvals::one))
        .route("/approvals/{id}/consume", post(approvals::consume))
        .route("/approvals/{id}/cancel", post(approvals::cancel))
        .route("/approvals/{id}/decision", post(approvals::decide))
        .route("/approvals/{id}/undo", post(approvals::undo))
        .route(
            "/approvals/{id}/lease",
            post(approvals::lease).delete(approvals::release_lease),
        )
        .route("/actions/{id}", get(actions::one))
        .route("/actions/{id}/found-out", post(actions::found_out))
        .route("/actions/{id}/entry.ics", get(actions::calendar))
        .route("/tools", get(actions::tools))
        .route(
            "/tools/{name}",
            get(actions::tool).put(actions::define).delete(actions::remove),
        )
        .route("/secrets", get(actions::secrets))
        .route(
            "/secrets/{name}",
            put(actions::put_secret).delete(actions::remove_secret),
        )
}

/// Checks, and what follows from their verdicts.
fn judging() -> Router<Web> {
    Router::new()
        .route("/checks", get(quality_checks::count))
        .route("/checks/next", post(quality_checks::next))
        .route("/checks/{id}/lease", delete(quality_checks::release_lease))
        .route("/checks/{id}/verdict", post(quality_checks::judge))
        .route("/reviewers", get(quality_checks::reviewers))
        .route("/quality", get(quality::show))
        .route("/quality/draw", get(quality::draw))
        .route("/quality/accuracy", get(quality::accuracy))
        .route("/quality/answers", get(quality::answers))
        .route("/quality/tables/{table}", get(quality::table))
        .route("/analysis", get(analysis::show))
        .route("/analysis/marked", get(analysis::marked))
        .route("/analysis/conversations", get(analysis::conversations))
        .route("/analysis/tables/{table}", get(analysis::table))
        .route("/planner", get(quality::plan))
        .route("/autonomy", get(quality::autonomy).put(quality::set_autonomy))
}

/// Which page of a list.
#[derive(Debug, Deserialize)]
struct PageQuery {
    limit: Option<u64>,
    after: Option<String>,
}

impl PageQuery {
    fn limit(&self) -> u64 {
        limited(self.limit)
    }
}

fn limited(wish: Option<u64>) -> u64 {
    wish.unwrap_or(PAGE).clamp(1, LARGEST_PAGE)
}
