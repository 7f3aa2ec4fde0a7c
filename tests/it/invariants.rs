//! The life of a turn, and what holds at the end of every story, by asking the database itself (invariants 1 to 3, 8, 10).

use super::store_bench::rows;
use super::store_world::{ANSWER, HOLD_MS, QUESTION, QUIET_MS, UNDO_MS, UNKNOWN, World, wish};
use holdpoint::app::visit::{self, Phase};
use holdpoint::app::{AppError, ErrorKind, knowledge, review, takeover};
use holdpoint::domain::answer::AnswerMode;
use holdpoint::domain::ids::ConversationId;
use holdpoint::domain::policy::Reason;
use holdpoint::domain::review::{ItemKind, OutcomeKind};
use sea_orm::DatabaseConnection;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::time::Duration;
use uuid::Uuid;

/// What must find nothing, whatever happened. Every query names the conversation.
const NEVER: [(&str, &str); 20] = [
    (
        "an AI message whose release, draft, turn and epoch do not belong together",
        "SELECT m.conversation_id FROM messages m LEFT JOIN releases r ON r.id = m.release_id AND r.workspace_id = m.workspace_id \
         LEFT JOIN drafts d ON d.id = r.draft_id \
         WHERE m.author = 'ai' AND (d.id IS NULL OR d.turn_id <> m.turn_id OR r.epoch <> m.epoch OR d.epoch <> r.epoch)",
    ),
    (
        "a release without its message",
        "SELECT t.conversation_id FROM releases r JOIN drafts d ON d.id = r.draft_id JOIN turns t ON t.id = d.turn_id \
         LEFT JOIN messages m ON m.release_id = r.id WHERE m.id IS NULL",
    ),
    (
        "a release that rests neither on a decision to send nor on a final approval of its draft",
        "SELECT m.conversation_id FROM releases r JOIN messages m ON m.release_id = r.id \
         LEFT JOIN decisions c ON c.id = r.decision_id AND c.draft_id = r.draft_id AND c.kind = 'send' \
         LEFT JOIN outcomes o ON o.id = r.outcome_id AND o.draft_id = r.draft_id AND o.state = 'final' AND o.kind IN ('approve', 'edit') \
         WHERE c.id IS NULL AND o.id IS NULL",
    ),
    (
        "an approved text that is not the draft's",
        "SELECT m.conversation_id FROM releases r JOIN messages m ON m.release_id = r.id JOIN drafts d ON d.id = r.draft_id \
         JOIN outcomes o ON o.id = r.outcome_id WHERE m.body <> o.body OR (o.kind = 'approve' AND o.body <> d.body)",
    ),
    (
        "an AI answer that does not know the visitor's latest words",
        "SELECT m.conversation_id FROM messages m JOIN releases r ON r.id = m.release_id JOIN drafts d ON d.id = r.draft_id \
         WHERE d.revision <> (SELECT count(*) FROM messages v WHERE v.turn_id = m.turn_id AND v.author = 'visitor' AND v.seq < m.seq)",
    ),
    (
        "an epoch that falls",
        "SELECT a.conversation_id FROM messages a JOIN messages b ON b.conversation_id = a.conversation_id AND b.seq > a.seq \
         WHERE b.epoch < a.epoch",
    ),
    (
        "an AI text under an older epoch after a takeover",
        "SELECT m.conversation_id FROM log_entries t JOIN log_entries l ON l.workspace_id = t.workspace_id AND l.seq > t.seq \
         AND l.kind = 'message.released' AND json_extract(l.refs, '$.conversation') = json_extract(t.refs, '$.conversation') \
         JOIN messages m ON lower(hex(m.id)) = replace(json_extract(l.refs, '$.message'), '-', '') \
         WHERE t.kind = 'conversation.taken_over' AND m.epoch <= CAST(json_extract(t.refs, '$.epoch') AS INTEGER)",
    ),
    (
        "an AI message that the log does not know as released",
        "SELECT m.conversation_id FROM messages m WHERE m.author = 'ai' AND 1 <> (SELECT count(*) FROM log_entries l \
         WHERE l.kind = 'message.released' AND replace(json_extract(l.refs, '$.message'), '-', '') = lower(hex(m.id)))",
    ),
    (
        "a closed item without exactly one final outcome, or an open one with any",
        "SELECT i.conversation_id FROM review_items i WHERE (i.state = 'closed') <> \
         ((SELECT count(*) FROM outcomes o WHERE o.item_id = i.id AND o.state = 'final') = 1)",
    ),
    (
        "a pending item without exactly one pending outcome, or another one with any",
        "SELECT i.conversation_id FROM review_items i WHERE (i.state = 'pending') <> \
         ((SELECT count(*) FROM outcomes o WHERE o.item_id = i.id AND o.state = 'pending') = 1)",
    ),
    (
        "a turn that was neither answered nor refused, nor ended with the conversation, and counts as answered",
        "SELECT t.conversation_id FROM turns t WHERE t.state = 'answered' \
         AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.turn_id = t.id AND m.author IN ('ai', 'person')) \
         AND NOT EXISTS (SELECT 1 FROM drafts d JOIN decisions c ON c.draft_id = d.id WHERE d.turn_id = t.id AND c.kind = 'refuse') \
         AND NOT EXISTS (SELECT 1 FROM review_items i JOIN outcomes o ON o.item_id = i.id WHERE i.turn_id = t.id \
         AND o.kind = 'expire' AND json_extract(i.terms, '$.fallback') = 'refuse') \
         AND NOT EXISTS (SELECT 1 FROM log_entries l WHERE l.kind = 'conversation.closed' \
         AND replace(json_extract(l.refs, '$.conversation'), '-', '') = lower(hex(t.conversation_id)))",
    ),
    (
        "a turn that collects and that nobody will draft for",
        "SELECT t.conversation_id FROM turns t JOIN conversations c ON c.id = t.conversation_id WHERE t.state = 'collecting' AND \
         (c.owner <> 'ai' OR NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'draft' AND j.subject_id = c.id))",
    ),
    (
        "a held turn without a draft in the queue",
        "SELECT t.conversation_id FROM turns t WHERE t.state = 'held' AND NOT EXISTS \
         (SELECT 1 FROM review_items i WHERE i.turn_id = t.id AND i.state <> 'closed' AND i.kind = 'gate')",
    ),
    (
        "a draft in the queue that was made before the conversation changed hands",
        "SELECT i.conversation_id FROM review_items i JOIN conversations c ON c.id = i.conversation_id JOIN drafts d ON d.id = i.draft_id \
         WHERE i.state <> 'closed' AND i.kind = 'gate' AND d.epoch <> c.epoch",
    ),
    (
        "a visitor whom nobody sees waiting",
        "SELECT t.conversation_id FROM turns t JOIN conversations c ON c.id = t.conversation_id WHERE t.state = 'waiting' AND \
         c.owner <> 'person' AND c.spam IS NULL AND NOT EXISTS (SELECT 1 FROM review_items i WHERE i.turn_id = t.id AND i.state <> 'closed')",
    ),
    (
        "an open item that no deadline or undo window will move",
        "SELECT i.conversation_id FROM review_items i LEFT JOIN outcomes o ON o.item_id = i.id AND o.state = 'pending' \
         WHERE (i.state = 'pending' AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'finalise' AND j.subject_id = i.conversation_id AND j.run_at >= o.final_at)) \
         OR (i.state = 'open' AND i.kind = 'gate' AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'expire' AND j.subject_id = i.conversation_id AND j.run_at >= i.deadline_at))",
    ),
    (
        "an answer that fewer people approved than had to",
        "SELECT i.conversation_id FROM releases r JOIN outcomes o ON o.id = r.outcome_id JOIN review_items i ON i.id = o.item_id \
         WHERE json_extract(i.terms, '$.quorum') > 1 + (SELECT count(DISTINCT a.member_id) FROM approvals a WHERE a.item_id = i.id \
         AND a.withdrawn_at IS NULL AND a.revision = i.revision AND a.wording = i.wording AND a.member_id <> o.member_id)",
    ),
    (
        "spam that somebody works on",
        "SELECT c.id FROM conversations c WHERE c.spam IS NOT NULL AND (c.owner <> 'ai' \
         OR EXISTS (SELECT 1 FROM review_items i WHERE i.conversation_id = c.id AND i.state <> 'closed') \
         OR EXISTS (SELECT 1 FROM jobs j WHERE j.subject_id = c.id AND j.kind <> 'close'))",
    ),
    (
        "a gap between messages",
        "SELECT c.id FROM conversations c WHERE c.last_seq <> (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id) \
         OR c.last_seq <> (SELECT coalesce(max(m.seq), 0) FROM messages m WHERE m.conversation_id = c.id)",
    ),
    (
        "a verdict that contradicts its outcome",
        "SELECT i.conversation_id FROM outcomes o JOIN review_items i ON i.id = o.item_id LEFT JOIN verdicts v ON v.outcome_id = o.id \
         WHERE (o.state = 'final' AND o.draft_id IS NOT NULL AND o.verdict IS NOT NULL) <> (v.id IS NOT NULL) OR v.label <> o.verdict",
    ),
];

/// The conversations in which something is that must never be, each with what it is.
pub(crate) async fn violations(raw: &DatabaseConnection) -> Vec<(ConversationId, &'static str)> {
    let mut found = Vec::new();
    for (what, sql) in NEVER {
        for row in rows(raw, sql).await {
            let id: Uuid = row.try_get_by_index(0).unwrap();
            found.push((id.into(), what));
        }
    }
    let released = "SELECT m.conversation_id, m.body, r.salt, r.text_digest FROM messages m JOIN releases r ON r.id = m.release_id";
    for row in rows(raw, released).await {
        let id: Uuid = row.try_get_by_index(0).unwrap();
        let body: String = row.try_get_by_index(1).unwrap();
        let (salt, digest): (Vec<u8>, Vec<u8>) = (row.try_get_by_index(2).unwrap(), row.try_get_by_index(3).unwrap());
        if Sha256::digest([salt.as_slice(), body.as_bytes()].concat()).as_slice() != digest {
            found.push((id.into(), "a released text whose digest is another one's"));
        }
    }
    found
}

async fn holds(world: &World) {
    assert_eq!(violations(world.raw()).await, []);
    world.verifies().await;
}

fn refusal(result: Result<(), AppError>) -> (String, serde_json::Value) {
    let error = result.unwrap_err();
    match error.kind() {
        ErrorKind::Conflict(extra) => (error.to_string(), extra),
        other => panic!("{other:?}: {error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_draft_reaches_the_visitor_when_the_undo_window_is_over() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.posts(&visitor, QUESTION).await;
    assert_eq!(world.status(&visitor).await.phase, Phase::Listening);
    world.after(QUIET_MS).await;
    assert_eq!(world.status(&visitor).await.phase, Phase::Checking);
    let item = world.item().await;
    assert_eq!(item.draft.as_ref().map(|draft| draft.mode), Some(AnswerMode::Quote));
    assert_eq!(world.said(&visitor).await, [format!("visitor: {QUESTION}")]);

    world
        .decides(item.summary.id, wish(OutcomeKind::Approve, 1, None))
        .await
        .unwrap();
    world.after(UNDO_MS - 1).await;
    assert_eq!(
        world.transcript(&visitor).await.messages.len(),
        1,
        "inside the undo window"
    );
    world.after(1).await;
    let expected = [format!("visitor: {QUESTION}"), format!("ai: {ANSWER}")];
    assert_eq!(world.said(&visitor).await, expected);
    assert_eq!(world.status(&visitor).await.phase, Phase::Idle);
    assert!(world.queue().await.is_empty());
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_can_be_undone_inside_its_window_and_not_after() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, QUESTION).await;
    let id = world.item().await.summary.id;
    world.decides(id, wish(OutcomeKind::Approve, 1, None)).await.unwrap();
    let second = world.decides(id, wish(OutcomeKind::Reject, 1, None)).await;
    assert_eq!(refusal(second).0, "Mia approved this already; nothing was changed");
    let (foreign, _) = refusal(review::undo(&world.app, &world.shop.tom, id).await);
    assert_eq!(foreign, "only the colleague who decided can undo it");
    review::undo(&world.app, &world.shop.mia, id).await.unwrap();
    world.after(UNDO_MS * 2).await;
    assert_eq!(world.transcript(&visitor).await.messages.len(), 1);

    world.decides(id, wish(OutcomeKind::Approve, 1, None)).await.unwrap();
    world.after(UNDO_MS).await;
    let (late, _) = refusal(review::undo(&world.app, &world.shop.mia, id).await);
    assert_eq!(late, "it is too late to undo: the decision is final");
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_the_next_answer_to_a_paraphrase_and_no_model_writes_it() {
    let world = World::new().await;
    let first = world.visitor().await;
    world.asks(&first, QUESTION).await;
    let item = world.item().await;
    let corrected = "Send it back within 60 days; we pay for it.";
    world
        .decides(item.summary.id, wish(OutcomeKind::Edit, 1, Some(corrected)))
        .await
        .unwrap();
    world.after(UNDO_MS).await;
    assert_eq!(world.said(&first).await.last().unwrap(), &format!("ai: {corrected}"));

    let chats = world.engine.lock().unwrap().chats();
    let second = world.visitor().await;
    world.asks(&second, "Hi! How do I return an order, please?").await;
    let draft = world.item().await.draft.unwrap();
    assert_eq!((draft.mode, draft.text.as_str()), (AnswerMode::Verified, corrected));
    assert_eq!(world.engine.lock().unwrap().chats(), chats);
    // Held like everything else while the gate is closed.
    assert_eq!(world.said(&second).await.len(), 1);
    let answers = knowledge::verified_answers(&world.app, &world.shop.mia).await.unwrap();
    let [answer] = answers.as_slice() else {
        panic!("{answers:?}")
    };
    assert_eq!((answer.author.as_str(), answer.uses), ("Mia", 1));
    assert_eq!(answer.conversation_id, Some(first.conversation_id));
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_draft_ends_and_the_visitor_is_answered_by_a_person() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, QUESTION).await;
    let gate = world.item().await;
    world
        .decides(gate.summary.id, wish(OutcomeKind::Reject, 1, None))
        .await
        .unwrap();
    world.after(UNDO_MS).await;
    let handoff = world.item().await;
    assert_eq!(handoff.summary.kind, ItemKind::Handoff);
    assert_eq!(handoff.reasons, [Reason::Rejected]);
    assert_eq!(world.status(&visitor).await.phase, Phase::WaitingForPerson);
    assert_eq!(world.status(&visitor).await.owner, "nobody");
    let approve = world
        .decides(handoff.summary.id, wish(OutcomeKind::Approve, 1, None))
        .await;
    assert!(refusal(approve).0.starts_with("there is no draft to release here"));

    world
        .decides(
            handoff.summary.id,
            wish(OutcomeKind::Respond, 1, Some("Just bring it by.")),
        )
        .await
        .unwrap();
    world.after(UNDO_MS).await;
    let said = world.said(&visitor).await;
    assert_eq!(said.last().unwrap(), "person: Just bring it by.");
    assert!(said[1].starts_with("system: "), "{said:?}");
    assert!(!said.iter().any(|line| line.starts_with("ai: ")));
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_knowledge_does_not_answer_goes_to_a_person_and_then_the_ai_owns_the_conversation_again() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, UNKNOWN).await;
    let item = world.item().await;
    assert_eq!(item.summary.kind, ItemKind::Handoff);
    assert_eq!(item.reasons, [Reason::MissingKnowledge]);
    world
        .decides(item.summary.id, wish(OutcomeKind::Respond, 1, Some("They would.")))
        .await
        .unwrap();
    world.after(UNDO_MS).await;
    assert_eq!(world.said(&visitor).await.last().unwrap(), "person: They would.");
    assert_eq!(world.status(&visitor).await.owner, "ai");

    world.asks(&visitor, QUESTION).await;
    assert_eq!(world.item().await.summary.kind, ItemKind::Gate);
    // What the person wrote has become an answer of its own.
    let other = world.visitor().await;
    world.asks(&other, UNKNOWN).await;
    let verified = world
        .queue()
        .await
        .iter()
        .any(|item| item.mode == Some(AnswerMode::Verified));
    assert!(verified);
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_person_gets_one() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world
        .asks(&visitor, "I want to talk to a human. How can I return my order?")
        .await;
    let item = world.item().await;
    assert_eq!(
        (item.summary.kind, item.reasons),
        (ItemKind::Handoff, vec![Reason::CustomerRequest])
    );
    holds(&world).await;
}

/// The visitor asks, and the AI is at work on it and would be for ever. Whatever it is asked next takes no time.
async fn being_drafted(world: &World, visitor: &visit::Visitor) {
    let engine = || world.engine.lock().unwrap();
    engine().set_delay(Duration::from_hours(1));
    world.posts(visitor, QUESTION).await;
    let embedded = engine().embedded_texts();
    world.clock.advance(QUIET_MS);
    world.store().jobs_changed().notify_one();
    while engine().embedded_texts() == embedded {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    engine().set_delay(Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_the_ai_was_drafting_goes_out_after_a_takeover_and_it_drafts_again_after_the_hand_back() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let (mia, tom, id) = (&world.shop.mia, &world.shop.tom, visitor.conversation_id);
    let mut drafting = holdpoint::app::live::drafting(&world.app);
    being_drafted(&world, &visitor).await;
    assert!(drafting.recv().await.unwrap().active);
    takeover::take_over(&world.app, mia, id).await.unwrap();
    assert!(!drafting.recv().await.unwrap().active);
    world.settle().await;
    assert!(
        world.queue().await.is_empty(),
        "a draft made before the takeover joined the queue"
    );
    let status = world.status(&visitor).await;
    assert_eq!(
        (status.owner.as_str(), status.colleague.as_deref()),
        ("person", Some("Mia"))
    );

    let twice = takeover::take_over(&world.app, mia, id).await;
    assert_eq!(refusal(twice).0, "you have already taken this conversation over");
    let other = takeover::take_over(&world.app, tom, id).await;
    assert_eq!(refusal(other).1, json!({ "owned_by": "Mia" }));
    takeover::write(&world.app, mia, id, "m-1", "Let me see.")
        .await
        .unwrap();
    takeover::write(&world.app, mia, id, "m-1", "Let me see.")
        .await
        .unwrap();
    world.asks(&visitor, "Thank you! How much is delivery?").await;
    assert!(
        world.queue().await.is_empty(),
        "the AI drafted for a conversation it does not own"
    );

    takeover::hand_back(&world.app, mia, id).await.unwrap();
    world.after(QUIET_MS).await;
    let item = world.item().await;
    assert_eq!(item.summary.question, "Thank you! How much is delivery?");
    assert_eq!(
        world.said(&visitor).await,
        [
            format!("visitor: {QUESTION}"),
            "person: Let me see.".to_owned(),
            "visitor: Thank you! How much is delivery?".to_owned(),
        ]
    );
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_begun_before_a_takeover_has_no_effect_after_the_hand_back_either() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let (mia, id) = (&world.shop.mia, visitor.conversation_id);
    being_drafted(&world, &visitor).await;
    takeover::take_over(&world.app, mia, id).await.unwrap();
    takeover::hand_back(&world.app, mia, id).await.unwrap();
    world.settle().await;
    assert_eq!(world.item().await.summary.kind, ItemKind::Gate);
    let epochs = rows(world.raw(), "SELECT epoch FROM drafts").await;
    let epochs: Vec<i64> = epochs.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(epochs, [2], "the AI drafts anew under the epoch it was given");
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_from_the_queue_cancels_what_was_about_to_go_out() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, QUESTION).await;
    let id = world.item().await.summary.id;
    world.decides(id, wish(OutcomeKind::Approve, 1, None)).await.unwrap();
    let taken = review::decide(&world.app, &world.shop.tom, id, wish(OutcomeKind::TakeOver, 1, None)).await;
    taken.unwrap();
    world.after(UNDO_MS * 2).await;
    assert_eq!(world.said(&visitor).await, [format!("visitor: {QUESTION}")]);
    let again = world.decides(id, wish(OutcomeKind::Approve, 1, None)).await;
    let (sentence, extra) = refusal(again);
    assert_eq!(sentence, "Tom took over this already; nothing was changed");
    assert_eq!(
        (extra.get("kind"), extra.get("decided_by")),
        (Some(&json!("take_over")), Some(&json!("Tom")))
    );
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_of_words_that_were_overtaken_is_refused_with_the_new_ones() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, QUESTION).await;
    let before = world.item().await;
    world.posts(&visitor, "And how much is delivery?").await;
    let id = before.summary.id;
    let (sentence, extra) = refusal(world.decides(id, wish(OutcomeKind::Approve, 1, None)).await);
    assert_eq!(
        sentence,
        "the visitor wrote again; read the new message and decide once more"
    );
    assert_eq!(
        extra,
        json!({ "revision": 2, "new_messages": ["And how much is delivery?"] })
    );
    // The new number without a new draft approves nothing.
    let (sentence, _) = refusal(world.decides(id, wish(OutcomeKind::Approve, 2, None)).await);
    assert!(sentence.starts_with("there is no draft to release here"), "{sentence}");

    world.after(QUIET_MS).await;
    let after = world.item().await;
    assert_eq!((after.summary.id, after.summary.revision), (id, 2), "the same item");
    assert_eq!(after.summary.deadline_at, before.summary.deadline_at);
    assert_eq!(after.summary.waiting_since, before.summary.waiting_since);
    assert!(after.may_release);
    world.decides(id, wish(OutcomeKind::Approve, 2, None)).await.unwrap();
    world.after(UNDO_MS).await;
    let said = world.said(&visitor).await;
    assert_eq!((said.len(), said[2].starts_with("ai: ")), (3, true), "{said:?}");
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_inside_the_undo_window_cancels_the_approval() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, QUESTION).await;
    let id = world.item().await.summary.id;
    world.decides(id, wish(OutcomeKind::Approve, 1, None)).await.unwrap();
    world.posts(&visitor, "No, wait: I have no receipt!").await;
    world.after(UNDO_MS).await;
    assert!(!world.said(&visitor).await.iter().any(|line| line.starts_with("ai: ")));
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_never_approves_it_tells_the_visitor_and_calls_a_person() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.asks(&visitor, QUESTION).await;
    world.after(HOLD_MS - 1).await;
    assert_eq!(world.item().await.summary.kind, ItemKind::Gate);
    world.after(1).await;
    let item = world.item().await;
    assert_eq!(
        (item.summary.kind, item.reasons),
        (ItemKind::Handoff, vec![Reason::Timeout])
    );
    let said = world.said(&visitor).await;
    assert_eq!(said.len(), 2);
    assert!(
        said[1].starts_with("system: I would rather have a colleague answer this."),
        "{said:?}"
    );
    // However long it takes, nothing of the AI goes out.
    world.after(HOLD_MS * 100).await;
    assert_eq!(world.said(&visitor).await.len(), 2);
    // What no person closed is no measure of how long people take.
    assert_eq!(world.status(&visitor).await.estimate_ms, None);
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_engine_words_are_looked_for_and_everything_else_goes_to_a_person() {
    let world = World::new().await;
    world.engine.lock().unwrap().die();
    let (known, unknown) = (world.visitor().await, world.visitor().await);
    world.asks(&known, QUESTION).await;
    let item = world.item().await;
    assert_eq!(item.summary.kind, ItemKind::Gate);
    assert!(item.reasons.contains(&Reason::EngineUnavailable), "{:?}", item.reasons);
    assert_eq!(item.draft.map(|draft| draft.text).as_deref(), Some(ANSWER));
    world.asks(&unknown, UNKNOWN).await;
    assert_eq!(world.status(&unknown).await.phase, Phase::WaitingForPerson);
    assert_eq!(world.queue().await.len(), 2);
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_dies_in_mid_draft_does_not_leave_the_visitor_alone() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    world.engine.lock().unwrap().set_delay(Duration::from_secs(30));
    world.posts(&visitor, QUESTION).await;
    let mut drafting = holdpoint::app::live::drafting(&world.app);
    world.clock.advance(QUIET_MS);
    world.store().jobs_changed().notify_one();
    assert!(drafting.recv().await.unwrap().active);
    world.engine.lock().unwrap().die();
    world.settle().await;
    let item = world.item().await;
    assert!(item.reasons.contains(&Reason::EngineUnavailable), "{:?}", item.reasons);
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_twice_is_one_message() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let post = || visit::post(&world.app, &visitor, "client-1", QUESTION);
    let (first, second, third) = tokio::join!(post(), post(), post());
    let posted = [first.unwrap(), second.unwrap(), third.unwrap()];
    assert_eq!(posted.iter().filter(|posted| !posted.repeated).count(), 1);
    let ids: HashSet<_> = posted.iter().map(|posted| posted.message.id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.transcript(&visitor).await.messages.len(), 1);
    world.after(QUIET_MS).await;
    assert_eq!(world.item().await.summary.revision, 1);
    holds(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn knowledge_imported_while_older_knowledge_is_embedded_is_embedded_too() {
    let world = World::new().await;
    let import = |name: &str, question: &str| knowledge::Import {
        name: name.to_owned(),
        collection: String::new(),
        format: None,
        bytes: json!([{ "question": question, "answer": "Yes, gladly." }])
            .to_string()
            .into_bytes(),
        ..knowledge::Import::default()
    };
    world.engine.lock().unwrap().set_delay(Duration::from_millis(100));
    let one = import("one.json", "Can dogs visit?");
    knowledge::import(&world.app, &world.shop.mia, one).await.unwrap();
    let begun = world.engine.lock().unwrap().embedded_texts();
    while world.engine.lock().unwrap().embedded_texts() == begun {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let two = import("two.json", "Can parrots visit?");
    knowledge::import(&world.app, &world.shop.mia, two).await.unwrap();
    world.settle().await;
    let missing = "SELECT count(*) FROM documents d WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.owner_id = d.id)";
    assert_eq!(world.bench.number(missing).await, 0);
}
