//! A long queue for measuring: rows as the app writes them, without the time that ten thousand visitors would take.

use crate::app::TestApp;
use holdpoint::app::AppError;
use holdpoint::domain::answer::{AnswerMode, Signals};
use holdpoint::domain::conversation::{Author, Epoch};
use holdpoint::domain::ids::{AgentId, AgentVersionId};
use holdpoint::domain::policy::{Reason, Terms};
use holdpoint::domain::review::ItemKind;
use holdpoint::domain::screening::Screening;
use holdpoint::domain::time::Timestamp;
use holdpoint::domain::turn::TurnState;
use holdpoint::store::entity::{conversation, draft, message, review_item, turn, visitor};
use holdpoint::store::{Change, ItemStatus, Json, OwnerKind, StoreError, Tx};
use uuid::Uuid;

/// Rows in one write.
const AT_ONCE: usize = 25;
const QUESTION: &str = "How much does a tune-up cost?";
const ANSWER: &str = "A standard tune-up costs £65 and takes about two days.";

/// Makes this many drafts wait.
pub(super) async fn plant(app: &TestApp, count: usize) {
    let workspace_id = app.workspace.caller.workspace_id;
    let agent: AgentId = app.workspace.agent_id.parse().unwrap();
    let rows = app.app.store().rows(workspace_id);
    let version = rows.agent(agent).await.unwrap().unwrap().version_id.unwrap();
    let now = Timestamp(i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap());
    for batch in 0..count.div_ceil(AT_ONCE) {
        let at = now.plus_ms(-1_000 * i64::try_from(count.div_ceil(AT_ONCE) - batch).unwrap());
        let planted = app.app.store().write(workspace_id, move |tx| {
            Box::pin(async move {
                for _ in 0..AT_ONCE {
                    plant_one(tx, agent, version, at).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        });
        planted.await.unwrap();
    }
}

#[expect(clippy::too_many_lines, reason = "rows, one after the other")]
async fn plant_one(tx: &Tx<'_>, agent_id: AgentId, version: AgentVersionId, at: Timestamp) -> Result<(), StoreError> {
    let workspace_id = tx.workspace_id();
    let fresh = Uuid::now_v7;
    let (visitor_id, conversation_id) = (fresh().into(), fresh().into());
    let (turn_id, draft_id) = (fresh().into(), fresh().into());
    tx.insert(visitor::Model {
        id: visitor_id,
        workspace_id,
        token_hash: fresh().as_bytes().to_vec(),
        created_at: at,
        address_mark: None,
    })
    .await?;
    tx.insert(conversation::Model {
        id: conversation_id,
        workspace_id,
        agent_id,
        visitor_id,
        owner: OwnerKind::Ai,
        owner_member_id: None,
        epoch: Epoch(0),
        last_seq: 1,
        delivered_seq: 1,
        created_at: at,
        updated_at: at,
        spam: None,
        closed_at: None,
        answer_due_at: None,
        training_consent: None,
    })
    .await?;
    tx.insert(turn::Model {
        id: turn_id,
        workspace_id,
        conversation_id,
        number: 1,
        state: TurnState::Held,
        revision: 1,
        opened_at: at,
        burst_at: at,
        last_message_at: at,
    })
    .await?;
    tx.insert(message::Model {
        id: fresh().into(),
        workspace_id,
        conversation_id,
        turn_id: Some(turn_id),
        seq: 1,
        author: Author::Visitor,
        member_id: None,
        body: QUESTION.to_owned(),
        client_id: Some("c-1".to_owned()),
        release_id: None,
        epoch: Epoch(0),
        created_at: at,
        delivered_at: None,
    })
    .await?;
    tx.insert(draft::Model {
        id: draft_id,
        workspace_id,
        turn_id,
        revision: 1,
        epoch: Epoch(0),
        agent_version_id: version,
        mode: AnswerMode::Quote,
        question: QUESTION.to_owned(),
        body: ANSWER.to_owned(),
        sources: Json(Vec::new()),
        screening: Json(Screening::default()),
        signals: Json(Signals::default()),
        drafted_in_ms: 20,
        created_at: at,
    })
    .await?;
    tx.insert(review_item::Model {
        id: fresh().into(),
        workspace_id,
        conversation_id,
        turn_id,
        kind: ItemKind::Gate,
        state: ItemStatus::Open,
        revision: 1,
        draft_id: Some(draft_id),
        reasons: Json(vec![Reason::GateClosed]),
        waiting_since: at,
        deadline_at: at.plus_ms(86_400_000),
        leased_by: None,
        leased_until: None,
        created_at: at,
        closed_at: None,
        terms: Json(Terms::default()),
        wording: 0,
        delayed_at: None,
        rank_at: at,
        escalated: 0,
        likeness: None,
        topics: Json(Vec::new()),
    })
    .await
}
