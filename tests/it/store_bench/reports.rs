//! A report, a link to it, and the logo at its head.

use super::{AT, Planted};
use holdpoint::domain::report::{LogoKind, ReportKind};
use holdpoint::store::entity::{report, report_link, report_logo};
use holdpoint::store::{Json, StoreError, Tx};
use serde_json::json;

impl Planted {
    pub(super) async fn plant_reports(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let facts = json!({
            "kind": "digest", "span": { "from": "2026-05-04", "to": "2026-05-10" }, "counted_on": "2026-05-11",
            "business": "B", "zone": "UTC", "now": {}, "before": null, "days": [], "autonomy": [], "quality": [],
            "open_gaps": 0, "published": 0, "topics": [], "notices": [],
        });
        let kept = json!({
            "language": "en", "sender": "B", "accent": "#000000", "title": "T", "period": "P", "headline": "H", "tiles": [],
            "changes": [], "pictures": [], "worth": { "roi": null, "left_out": [] }, "quality": [], "topics": [], "next": [],
            "notes": [], "facts": facts,
        });
        tx.insert(report::Model {
            id: self.report,
            workspace_id: self.workspace,
            kind: ReportKind::Digest,
            from_day: "2026-05-04".to_owned(),
            to_day: "2026-05-10".to_owned(),
            report: Json(serde_json::from_value(kept).unwrap()),
            made_at: AT,
            sent_at: None,
        })
        .await?;
        tx.insert(report_link::Model {
            id: self.report_link,
            workspace_id: self.workspace,
            report_id: self.report,
            // Two ids are 32 bytes, and no other workspace's.
            token_hash: [
                *uuid::Uuid::from(self.report).as_bytes(),
                *uuid::Uuid::from(self.report_link).as_bytes(),
            ]
            .concat(),
            recipient: None,
            created_at: AT,
            expires_at: AT,
            revoked_at: None,
        })
        .await?;
        tx.insert(report_logo::Model {
            workspace_id: self.workspace,
            kind: LogoKind::Png,
            content: vec![1],
            changed_at: AT,
        })
        .await
    }
}
