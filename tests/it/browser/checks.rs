//! Quality checks in a real browser.

use super::node::Script;
use super::shop;
use crate::app::OWNER_PASSWORD;
use crate::checks::{known, release, sent};
use holdpoint::app::accounts;
use holdpoint::domain::review::VerdictLabel;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quality_checks_are_worked_off_by_keyboard_alone_and_on_a_phone() {
    let Some(script) = Script::find("console-checks.mjs") else {
        return;
    };
    let app = shop().await;
    release(&app).await;
    sent(&app, 4).await;
    let link = accounts::create_setup_link(&app.app, &app.workspace.caller)
        .await
        .unwrap();
    script
        .env("HOLDPOINT_BASE", format!("http://{}", app.address()))
        .env("HOLDPOINT_SETUP_TOKEN", &link.token)
        .env("HOLDPOINT_PASSWORD", OWNER_PASSWORD)
        .pictures("checks")
        .run(async |_step| {})
        .await;
    let labels: Vec<_> = known(&app).await.into_iter().map(|row| row.label).collect();
    let of = |label| labels.iter().filter(|&&given| given == label).count();
    let counts = [Some(VerdictLabel::Acceptable), Some(VerdictLabel::Bad), None].map(of);
    assert_eq!(
        counts,
        [2, 1, 1],
        "nobody else has said that they cannot judge: {labels:?}"
    );
}
