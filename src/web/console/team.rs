//! Settings: how the team works together, and whom the escalation chain tells. The form is filled and saved through the API; this
//! names whom there is to choose from.

use super::html;
use super::view::{Section, TeamPage};
use super::viewer::Viewer;
use crate::app::team;
use crate::domain::account::Scope;
use crate::web::error::Problem;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /settings/team`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    viewer.caller.require(Scope::Admin)?;
    let members = team::members(&web.app, &viewer.caller).await?;
    let mut skills: Vec<String> = members.iter().flat_map(|member| member.skills.clone()).collect();
    skills.sort_unstable();
    skills.dedup();
    html(&TeamPage {
        shell: viewer.shell(Section::Settings),
        members: members
            .into_iter()
            .map(|member| (member.email.to_lowercase(), member.name))
            .collect(),
        skills,
    })
}
