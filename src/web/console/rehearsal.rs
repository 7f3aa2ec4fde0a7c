//! Rehearsals. They begin, are judged, end and are removed through the API.

use super::html;
use super::view::{
    PartLine, RehearsalPage, RehearsalRow, RehearsalSheetPage, RehearsalsPage, Section, SheetPicture, Words as _,
};
use super::viewer::Viewer;
use crate::app::agents;
use crate::app::evidence::percent;
use crate::app::rehearsal::{self, RehearsalView};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::ids::RehearsalId;
use crate::domain::rehearsal::{Part, Reading, RehearsalState};
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Rehearsals of a page.
const LISTED: u64 = 20;
/// Rows of a file that are named.
const NAMED: usize = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    after: Option<String>,
}

/// `GET /rehearsal`
pub(super) async fn list(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    let found = rehearsal::rehearsals(&web.app, caller, wanted.after.as_deref(), LISTED).await?;
    let agents = agents::agents(&web.app, caller).await?;
    let row = |row: RehearsalView| RehearsalRow {
        id: row.id.to_string(),
        name: row.name,
        agent: row.agent,
        by: row.by.unwrap_or_else(|| "on the command line".to_owned()),
        began: viewer.moment(row.created_at),
        says: row.progress.in_words,
    };
    html(&RehearsalsPage {
        shell: viewer.shell(Section::Quality),
        rows: found.items.into_iter().map(row).collect(),
        next: found.next,
        agents: agents
            .into_iter()
            .map(|agent| (agent.id.to_string(), agent.settings.name))
            .collect(),
        most: RehearsalsPage::MOST,
    })
}

/// `GET /rehearsal/{id}`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<RehearsalId>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    caller.require(Scope::Review)?;
    let shown = rehearsal::show(&web.app, caller, id).await?;
    let counts = shown.progress.counts;
    html(&RehearsalPage {
        shell: viewer.shell(Section::Quality),
        id: id.to_string(),
        name: shown.name,
        says: shown.progress.in_words,
        total: counts.total,
        drafted: counts.drafted(),
        answered: counts.answered(),
        most_judged: counts.answered().max(1),
        judged: counts.judged(),
        left_out: left_out(&shown.reading),
        may_end: caller.require(Scope::Knowledge).is_ok() && shown.progress.state != RehearsalState::Ended,
    })
}

fn left_out(reading: &Reading) -> Vec<String> {
    let named = reading.skipped.iter().take(NAMED);
    let mut said: Vec<String> = named.map(|row| format!("Row {}: {}.", row.row, row.why)).collect();
    if let Some(more) = reading.unusable.checked_sub(NAMED).filter(|more| *more > 0) {
        said.push(format!("{more} more that could not be used."));
    }
    let counted = [
        (reading.repeated, "asked before in the same words"),
        (reading.unanswered, "in a chat, and not answered by a person"),
        (reading.left_out, "more than the number that was wished"),
    ];
    let counted = counted.into_iter().filter(|(number, _)| *number > 0);
    said.extend(counted.map(|(number, words)| format!("Questions {words}: {number}.")));
    said
}

/// `GET /rehearsal/{id}/sheet`
pub(super) async fn sheet(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<RehearsalId>,
) -> Result<Response, Problem> {
    let view = rehearsal::sheet(&web.app, &viewer.caller, id).await?;
    let sheet = view.sheet;
    html(&RehearsalSheetPage {
        shell: viewer.shell(Section::Quality),
        id: id.to_string(),
        name: view.rehearsal.name,
        says: view.rehearsal.progress.in_words,
        picture: SheetPicture::of(&sheet.counts),
        sentences: view.in_words,
        gaps: sheet.gaps.into_iter().map(Into::into).collect(),
        topics: sheet
            .topics
            .into_iter()
            .map(|part| line(part.name.clone(), &part))
            .collect(),
        modes: sheet
            .modes
            .into_iter()
            .map(|part| line(mode(&part.name), &part))
            .collect(),
    })
}

/// What a mode is called.
fn mode(code: &str) -> String {
    let modes = [
        AnswerMode::Verified,
        AnswerMode::Quote,
        AnswerMode::Compose,
        AnswerMode::Abstain,
    ];
    let found = modes.into_iter().find(|mode| mode.as_str() == code);
    found.map_or(code, |mode| mode.words()).to_owned()
}

fn line(name: String, part: &Part) -> PartLine {
    let share = part.right_share.map(|share| {
        format!(
            "{} ({} to {})",
            percent(share.share),
            percent(share.lower),
            percent(share.upper)
        )
    });
    PartLine {
        name,
        counts: part.counts,
        share: share.unwrap_or_else(|| "nothing judged".to_owned()),
    }
}
