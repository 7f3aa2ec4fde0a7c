//! What is known of drafts, and what follows from it: scores, samples, statements, certificates.
//!
//! A draft is graded when it is decided about (`grade`), its verdict is noted when it is given (`note`), and one job for each
//! workspace does the rest (`keep`): it draws what is checked, closes months, fits scores and tests how far the gate may open. Everything
//! is figured out anew from rows; what is remembered between runs only says that there is nothing new.

mod accuracy;
mod answers;
mod carry;
mod certify;
mod closing;
mod draws;
mod drift;
mod grade;
mod in_force;
mod months;
mod note;
mod plan;
mod planner;
mod records;
mod settings;
mod tables;
mod verify;
mod view;
mod words;

pub use accuracy::{Accuracy, AccuracyRow, accuracy};
pub use answers::{AnswerRow, AnswersInput, Record, What, answers};
pub use closing::{ClosedView, closed};
pub use drift::DriftDay;
pub use planner::{PlanInput, PlanView, PresetView, Unplannable, planned};
pub use settings::{AutonomyInput, autonomy, set_autonomy};
pub use tables::{NoSuchTable, Table, table};
pub use verify::{DrawView, verify_draw};
pub use view::{CertificateView, CurvePoint, EpochView, MonthCounts, MonthView, Quality, quality};
pub(super) use words::some;
pub use words::{at_most, counted, percent};

pub(super) use answers::{labels, may_be_told, may_see_score, record_of, scores_shown};
pub(super) use carry::{carry_over, compare_if_models_changed, find_anew, found_otherwise, published};
pub(super) use drift::Looked;
pub(super) use grade::{Content, Decided, Grade, Lot, grade, grade_content, graded, is_compared};
pub(super) use in_force::end_certificate;
pub(super) use months::open as open_month;
pub(super) use note::{Asked, decided_without_verdict, judged, judged_again, leave_out, put};
pub(super) use records::told_until;
pub(super) use view::month_said;

use super::{App, AppError};
use crate::domain::ids::{JobId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::store::{Change, JobKind, Tx};

/// The job looks again after this long, in milliseconds, whatever happens: months end by themselves.
const LOOK_AGAIN_MS: i64 = 60 * 60_000;
/// After something happened it waits this long, in milliseconds, for more of it.
const SOON_MS: i64 = 2_000;

/// Has the job look soon.
///
/// # Errors
/// The store's.
pub(super) async fn look_soon(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    Ok(tx
        .schedule_no_later(JobKind::Evidence, tx.workspace_id(), now.plus_ms(SOON_MS))
        .await?)
}

/// The job: draws, closes months, fits, tests, watches.
///
/// # Errors
/// The store's; it is then tried again.
pub(super) async fn keep(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    // Whatever happens while it runs makes it run again; two of it never run at once.
    let again = app.now().plus_ms(LOOK_AGAIN_MS);
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.put_off_job(job_id, again).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await?;
    months::open_ahead(app, workspace_id).await?;
    draws::draw(app, workspace_id).await?;
    months::close(app, workspace_id).await?;
    drift::watch(app, workspace_id).await?;
    in_force::end_if_over(app, workspace_id).await?;
    certify::resume(app, workspace_id).await?;
    certify::test_if_due(app, workspace_id).await?;
    closing::tell_owners(app, workspace_id).await?;
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                tx.renew_job(job_id, again).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}
