//! The pages of the browser console.
//!
//! Two halves, kept apart on purpose: [`view`] holds what the pages show, as plain data with its template,
//! and knows nothing of where it comes from; the handlers beside it read through `app` and fill it in.
//! Every decision a person makes on a page goes to the JSON API, so a page never changes anything itself; only signing in
//! and out are forms of their own.

mod action_card;
mod action_sentences;
mod actions;
mod agency;
mod agents;
mod analyse;
mod answers;
mod blind;
mod checks;
mod compare;
mod conversations;
mod correction;
mod engage;
mod engage_sentences;
mod entrance;
mod flags;
mod improve;
mod knowledge;
mod limits;
mod log;
mod models;
mod overview;
mod policy;
mod quality;
mod queue;
mod reached;
mod rehearsal;
mod replies;
mod reports;
mod sentences;
mod team;
mod thread;
mod tools;
mod topics;
pub mod view;
mod viewer;
mod webhooks;

pub(in crate::web) use quality::encoded;

use super::error::Problem;
use super::router::Pages;
use super::state::Web;
use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use view::ProblemPage;

/// The console's routes, and its page for refusals.
pub fn pages() -> Pages {
    let routes = Router::<Web>::new()
        .route("/", get(async || Redirect::to("/queue")))
        .route("/setup", get(entrance::set_up_page).post(entrance::set_up))
        .route("/login", get(entrance::sign_in_page).post(entrance::sign_in))
        .route("/logout", post(entrance::sign_out))
        .route("/switch", post(entrance::switch))
        .route("/queue", get(queue::page))
        .route("/queue/{item}", get(queue::page_at))
        .route("/parts/queue", get(queue::list_part))
        .route("/parts/queue/{item}", get(queue::item_part))
        .route("/parts/queue/actions/{id}", get(actions::queue_part))
        .route("/actions", get(actions::list_page))
        .route("/actions/leads", get(engage::leads))
        .route("/actions/leads/{id}", get(engage::lead))
        .route("/actions/{id}", get(actions::page))
        .route("/parts/actions", get(actions::list_part))
        .route("/parts/actions/{id}", get(actions::part))
        .route("/checks", get(checks::page))
        .route("/agency", get(agency::page))
        .route("/live", get(overview::page))
        .route("/parts/live", get(overview::part))
        .route("/parts/live/wall", get(engage::wall_part))
        .route("/conversations", get(conversations::list_page))
        .route("/conversations/{id}", get(conversations::page))
        .route("/parts/conversations", get(conversations::list_part))
        .route("/parts/conversations/{id}", get(conversations::part))
        .route("/knowledge", get(knowledge::documents_page))
        .route("/knowledge/verified", get(answers::list_page))
        .route("/knowledge/answers/{id}", get(answers::page))
        .route("/knowledge/documents/{id}", get(knowledge::document_page))
        .route("/parts/knowledge", get(knowledge::documents_part))
        .route("/settings", get(async || Redirect::to("/settings/models")))
        .route("/agents", get(agents::list))
        .route("/agents/{id}", get(agents::page))
        .route("/settings/models", get(models::page))
        .route("/parts/settings/models", get(models::part))
        .route("/settings/policy", get(policy::page))
        .route("/settings/team", get(team::page))
        .route("/settings/tools", get(tools::list))
        .route("/settings/tools/{name}", get(tools::page))
        .route("/settings/new-tool", get(tools::new))
        .route("/settings/webhooks", get(webhooks::list))
        .route("/settings/webhooks/{id}", get(webhooks::page))
        .route("/settings/goals", get(engage::goals))
        .route("/settings/limits", get(limits::page))
        .route("/settings/replies", get(replies::page))
        .route("/quality", get(quality::page))
        .route("/quality/answers", get(quality::answers))
        .route("/improve", get(improve::page))
        .route("/improve/{id}", get(improve::candidate))
        .route("/improve/{id}/compare", get(blind::page))
        .route("/improve/corrections/{id}", get(correction::page))
        .route("/analyse", get(analyse::page))
        .route("/analyse/conversations", get(analyse::conversations_page))
        .route("/analyse/goals", get(reached::page))
        .route("/analyse/topics", get(topics::list))
        .route("/analyse/topics/{id}", get(topics::one))
        .route("/rehearsal", get(rehearsal::list))
        .route("/rehearsal/{id}", get(rehearsal::page))
        .route("/rehearsal/{id}/sheet", get(rehearsal::sheet))
        .route("/reports", get(reports::page))
        .route("/reports/{id}", get(reports::one))
        .route("/log", get(log::page))
        .route("/parts/log", get(log::part));
    Pages {
        routes,
        error_page: Some(problem_page),
    }
}

/// A refusal as a page.
fn problem_page(problem: &Problem, request_id: &str) -> Response {
    let detail = Some(problem.detail.clone().into_owned());
    let page = ProblemPage::for_status(problem.status.as_u16(), detail, request_id.to_owned());
    match page.render() {
        Ok(html) => (problem.status, Html(html)).into_response(),
        // A page about a refusal that cannot be written must not hide the refusal.
        Err(_) => (problem.status, problem.detail.clone().into_owned()).into_response(),
    }
}

/// A template as an answer.
fn html(page: &impl Template) -> Result<Response, Problem> {
    match page.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(cause) => {
            tracing::error!(%cause, "A page cannot be written");
            Err(Problem::internal_error())
        }
    }
}

/// What a visitor without a name is called: the end of the conversation's id, which is random.
fn visitor_name(conversation_id: &impl ToString) -> String {
    let id = conversation_id.to_string();
    let end: String = id.chars().skip(id.chars().count().saturating_sub(4)).collect();
    format!("Visitor {end}")
}

/// The same with the program that speaks for them, if one does.
fn visitor_through(conversation_id: &impl ToString, program: Option<&str>) -> String {
    let name = visitor_name(conversation_id);
    match program {
        Some(program) => format!("{name}, through {program}"),
        None => name,
    }
}

/// A clause of the domain as a sentence: with a capital letter and a full stop.
fn sentence(clause: &str) -> String {
    super::error::sentence(clause)
}
