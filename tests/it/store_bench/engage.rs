//! Somebody to be called back, a goal, and that it was reached.

use super::{AT, Planted};
use holdpoint::domain::goal::{ConversionSource, GoalKind, Worth};
use holdpoint::domain::lead::LeadStage;
use holdpoint::domain::money::Currency;
use holdpoint::store::entity::{conversion, goal, lead, lead_occurrence};
use holdpoint::store::{StoreError, Tx};
use uuid::Uuid;

impl Planted {
    pub(super) async fn plant_engage(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        tx.insert(lead::Model {
            id: self.lead,
            workspace_id,
            contact_key: "mailto:ann@example.org".to_owned(),
            name: "Ann".to_owned(),
            contact: "ann@example.org".to_owned(),
            note: String::new(),
            stage: LeadStage::New,
            owner_id: Some(self.member),
            occurrences: 1,
            created_at: AT,
            asked_at: AT,
            changed_at: AT,
        })
        .await?;
        tx.insert(lead_occurrence::Model {
            id: Uuid::now_v7().into(),
            workspace_id,
            lead_id: self.lead,
            action_id: self.action,
            conversation_id: Some(self.conversation),
            name: "Ann".to_owned(),
            contact: "ann@example.org".to_owned(),
            note: String::new(),
            consent: "To call me back.".to_owned(),
            at: AT,
        })
        .await?;
        tx.insert(goal::Model {
            id: self.goal,
            workspace_id,
            name: "Ordered".to_owned(),
            kind: GoalKind::Event,
            reached_on: "purchase".to_owned(),
            worth: Worth::Fixed,
            value: 500,
            created_at: AT,
            retired_at: None,
        })
        .await?;
        tx.insert(conversion::Model {
            id: self.conversion,
            workspace_id,
            goal_id: self.goal,
            conversation_id: self.conversation,
            value: Some(500),
            currency: Some(Currency::EURO),
            source: ConversionSource::Page,
            order_ref: Some("A7".to_owned()),
            at: AT,
            confirmed_at: None,
        })
        .await
    }
}
