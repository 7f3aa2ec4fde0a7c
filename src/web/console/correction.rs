//! What follows from an edit, on one page.

use super::view::{CauseTick, CorrectionDone, CorrectionPage, DocumentTick, Section, ToldLine};
use super::viewer::Viewer;
use super::{html, visitor_name};
use crate::app::improve::{self, CorrectionView};
use crate::domain::ids::OutcomeId;
use crate::domain::improve::correction::Cause;
use crate::web::error::Problem;
use crate::web::extract::InPath;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /improve/corrections/{outcome_id}`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<OutcomeId>,
) -> Result<Response, Problem> {
    let screen = improve::correction(&web.app, &viewer.caller, id).await?;
    let causes = screen.causes;
    html(&CorrectionPage {
        shell: viewer.shell(Section::Improve),
        id: id.to_string(),
        conversation_id: screen.conversation_id.to_string(),
        question: screen.question,
        draft: screen.draft.unwrap_or_default(),
        text: screen.text,
        is_remembered: screen.is_remembered,
        causes: Cause::ALL
            .into_iter()
            .map(|cause| CauseTick {
                code: cause.as_str(),
                words: cause.in_words(),
                is_ticked: causes.contains(&cause),
            })
            .collect(),
        documents: { screen.documents.into_iter() }
            .map(|row| DocumentTick {
                id: row.document_id.to_string(),
                title: row.title,
                source: row.source,
                text: row.text,
            })
            .collect(),
        instructions: screen.instructions,
        reachable: screen.told.iter().filter(|told| told.has_email).count(),
        told: { screen.told.into_iter() }
            .map(|told| ToldLine {
                conversation_id: told.conversation_id.to_string(),
                visitor: visitor_name(&told.conversation_id),
                at: viewer.moment(told.at),
                has_email: told.has_email,
            })
            .collect(),
        can_mail: screen.can_mail,
        done: screen.done.map(|done| self::done(&viewer, &done)),
    })
}

fn done(viewer: &Viewer, done: &CorrectionView) -> CorrectionDone {
    let causes: Vec<&str> = done.causes.iter().map(|cause| cause.in_words()).collect();
    CorrectionDone {
        by: done.by.clone(),
        at: viewer.moment(done.at),
        causes: causes.join("; "),
        candidate_id: done.candidate_id.map(|id| id.to_string()).unwrap_or_default(),
        must_stay: done.regression_question_id.is_some(),
        no_pair: !done.keeps_pair,
    }
}
