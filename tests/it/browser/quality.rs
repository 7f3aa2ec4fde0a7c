//! The quality page in a browser.

use super::node::Script;
use super::shop;
use crate::app::{OPENING_HOURS, OWNER_EMAIL, OWNER_PASSWORD, TestApp};
use crate::checks::{colleague, known};
use crate::evidence::habits;
use crate::quality::plant;
use holdpoint::app::AppError;
use holdpoint::domain::evidence::JudgedBy;
use holdpoint::domain::review::VerdictLabel;
use holdpoint::domain::time::{Clock as _, Timestamp};
use holdpoint::store::entity::{certificate, evidence};
use holdpoint::store::{Change, Made};

const DAY_MS: i64 = 24 * 60 * 60_000;

/// As if a check of what was sent had been judged on each of the days before, under the same certificate, every second one as bad; and two reviewers had judged for long.
async fn watched(app: &TestApp) {
    let now = app.clock.now();
    let written = app.app.store().write(app.workspace.caller.workspace_id, move |tx| {
        Box::pin(async move {
            for (row, day) in tx
                .evidence_made(Made::Since(Timestamp(0)), None, 10_000)
                .await?
                .into_iter()
                .zip(0..)
            {
                let label = if day % 2 == 0 {
                    VerdictLabel::Acceptable
                } else {
                    VerdictLabel::Bad
                };
                tx.update(evidence::Model {
                    is_sent: true,
                    band: Some(0),
                    probability: Some(1.0),
                    is_drawn: Some(true),
                    label: Some(label),
                    judged_by: Some(JudgedBy::Sample),
                    judged_at: Some(now.plus_ms((day - 7) * DAY_MS)),
                    ..row
                })
                .await?;
            }
            for row in tx.certificates(10).await? {
                let issued_at = now.plus_ms(-8 * DAY_MS);
                tx.update(certificate::Model { issued_at, ..row }).await?;
            }
            Ok::<_, AppError>(Change::Unlogged(()))
        })
    });
    written.await.unwrap();
    colleague(app, "Noor").await;
    let rows = app.app.store().rows(app.workspace.caller.workspace_id);
    for (member, user) in rows.members().await.unwrap() {
        habits(app, member.id, 120, if user.name == "Noor" { 20 } else { 0 }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_reads_the_curve_plans_and_sets_the_limit_by_keyboard() {
    let Some(script) = Script::find("console-quality.mjs") else {
        return;
    };
    let app = shop().await;
    for _ in 0..6 {
        let visitor = app.visitor().await;
        visitor.says(OPENING_HOURS).await;
        app.item_of(&visitor).await;
    }
    plant(&app).await;
    watched(&app).await;
    assert_eq!(known(&app).await.len(), 6);
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_OWNER", OWNER_EMAIL)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("quality")
        .run(async |_step| {})
        .await;
}
