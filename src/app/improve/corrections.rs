//! What follows from an edit, on one screen: a person corrected a draft, and says what is to become of it beyond that one answer.
//!
//! What changes the AI's answers becomes one candidate, tried before it goes live like any other. The rest holds at once.

use super::candidates::proposed;
use super::questions::put_question;
use super::views::Names;
use super::{App, AppError, Caller, agents, knowledge};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::ids::{
    CandidateId, ConversationId, DocumentId, MemberId, OutcomeId, RegressionQuestionId, VerifiedAnswerId,
};
use crate::domain::improve::candidate::{Change, DocumentText, Origin, check};
use crate::domain::improve::correction::{Cause, Patch, Standing, Wish, WishError, presumed};
use crate::domain::log::{Actor, EventKind};
use crate::domain::review::OutcomeKind;
use crate::domain::settings::AgentSettings;
use crate::domain::text::{AnswerText, QuestionText};
use crate::domain::time::Timestamp;
use crate::store::entity::{contact, conversation, correction, document, draft, outcome, regression_question};
use crate::store::{Change as Written, Json, LogDraft, OutcomeStatus, Rows, Tx};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Messages with the words of a draft that are looked at.
const SCANNED: u64 = 200;

impl From<WishError> for AppError {
    fn from(error: WishError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// What was said to follow from an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorrectionView {
    /// The edit.
    pub outcome_id: OutcomeId,
    /// Why the draft was not good enough.
    pub causes: BTreeSet<Cause>,
    /// Draft and correction may leave in training data as a pair.
    pub keeps_pair: bool,
    /// What is tried before it goes live, if anything is.
    pub candidate_id: Option<CandidateId>,
    /// The question that must stay answered so, if there is one.
    pub regression_question_id: Option<RegressionQuestionId>,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A document that an edited draft rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestsOn {
    /// Which.
    pub document_id: DocumentId,
    /// Its title.
    pub title: String,
    /// The file it came from.
    pub source: String,
    /// What it says now.
    pub text: String,
}

/// Somebody else who was told what the draft says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Where.
    pub conversation_id: ConversationId,
    /// When.
    pub at: Timestamp,
    /// They left an address.
    pub has_email: bool,
}

/// Everything that is needed to say what follows from an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorrectionScreen {
    /// The edit.
    pub outcome_id: OutcomeId,
    /// Where it happened.
    pub conversation_id: ConversationId,
    /// `edit` or `respond`.
    pub kind: OutcomeKind,
    /// What was asked.
    pub question: String,
    /// What the AI had drafted; nothing where it had no answer.
    pub draft: Option<String>,
    /// What the person sent instead.
    pub text: String,
    /// It was remembered as a verified answer when it was sent.
    pub is_remembered: bool,
    /// The documents that the draft rests on and that are still there.
    pub documents: Vec<RestsOn>,
    /// What the LLM is told before it writes; only for those who may change it.
    pub instructions: Option<String>,
    /// Why the draft was not good enough, as far as it can be presumed.
    pub causes: BTreeSet<Cause>,
    /// Other visitors who were told exactly what the draft says, the newest first; at most 200.
    pub told: Vec<Told>,
    /// A mail server is set, so that they can be written to.
    pub can_mail: bool,
    /// What was said already.
    pub done: Option<CorrectionView>,
}

/// An edit with all that it is about.
pub(super) struct Corrected {
    pub(super) outcome: outcome::Model,
    pub(super) conversation: conversation::Model,
    draft: Option<draft::Model>,
    question: String,
    pub(super) text: String,
}

/// What a draft rests on, and what the LLM was told.
struct Ground {
    documents: Vec<document::Model>,
    settings: AgentSettings,
}

impl Corrected {
    /// # Errors
    /// [`AppError::NotFound`] for what is no edit or answer of the queue, or was taken back; or the store's.
    pub(super) async fn load(rows: &Rows<'_>, id: OutcomeId) -> Result<Self, AppError> {
        let missing = || AppError::NotFound("the correction");
        let outcome = rows.outcome(id).await?.ok_or_else(missing)?;
        let is_one = matches!(outcome.kind, OutcomeKind::Edit | OutcomeKind::Respond);
        let text = outcome.body.clone().filter(|text| !text.trim().is_empty());
        let (true, Some(text)) = (is_one && outcome.state != OutcomeStatus::Cancelled, text) else {
            return Err(missing());
        };
        let item = rows.item(outcome.item_id).await?.ok_or_else(missing)?;
        let conversation = rows.conversation(item.conversation_id).await?.ok_or_else(missing)?;
        let draft = match outcome.draft_id {
            Some(id) => rows.draft(id).await?,
            None => None,
        };
        let asked = rows.visitor_messages(item.turn_id).await?;
        let asked: Vec<&str> = asked.iter().map(|message| message.body.as_str()).collect();
        Ok(Self {
            question: asked.join("\n"),
            outcome,
            conversation,
            draft,
            text,
        })
    }

    /// What the AI had drafted.
    fn drafted(&self) -> Option<&str> {
        let text = self.draft.as_ref()?.body.as_str();
        (!text.trim().is_empty()).then_some(text)
    }

    fn causes(&self) -> BTreeSet<Cause> {
        let mode: Option<AnswerMode> = self.draft.as_ref().map(|draft| draft.mode);
        presumed(&self.outcome.reasons.0, mode)
    }

    async fn ground(&self, rows: &Rows<'_>) -> Result<Ground, AppError> {
        let mut ids: Vec<DocumentId> = Vec::new();
        for source in self.draft.iter().flat_map(|draft| &draft.sources.0) {
            ids.extend(source.document_id.filter(|id| !ids.contains(id)));
        }
        let mut documents = Vec::new();
        for id in ids {
            documents.extend(rows.document(id).await?);
        }
        let (_, settings) = agents::current_version(rows, self.conversation.agent_id).await?;
        Ok(Ground { documents, settings })
    }

    /// What can be undone is not built upon.
    ///
    /// # Errors
    /// [`AppError::Conflict`] inside the undo window, with how long that lasts.
    pub(super) fn is_final(&self, now: Timestamp) -> Result<(), AppError> {
        if self.outcome.state == OutcomeStatus::Final {
            return Ok(());
        }
        Err(AppError::Conflict {
            sentence: "the answer can still be undone; try again in a few seconds".to_owned(),
            extra: json!({ "retry_in_ms": self.outcome.final_at.ms_since(now).max(0) }),
        })
    }

    /// The conversations in which somebody else was told what the draft says, with when and the address they left. Never spam.
    pub(super) async fn told(
        &self,
        rows: &Rows<'_>,
    ) -> Result<Vec<(conversation::Model, Timestamp, Option<contact::Model>)>, AppError> {
        let Some(words) = self.drafted() else {
            return Ok(Vec::new());
        };
        let mut seen = HashSet::new();
        let mut said = rows.said_elsewhere(words, self.conversation.id, SCANNED).await?;
        said.retain(|message| seen.insert(message.conversation_id));
        let ids: Vec<ConversationId> = said.iter().map(|message| message.conversation_id).collect();
        let conversations = rows.conversations_among(&ids).await?;
        let mut conversations: HashMap<ConversationId, conversation::Model> =
            conversations.into_iter().map(|row| (row.id, row)).collect();
        let contacts = rows.contacts_among(&ids).await?;
        let mut contacts: HashMap<ConversationId, contact::Model> =
            contacts.into_iter().map(|row| (row.conversation_id, row)).collect();
        let told = said.into_iter().filter_map(|message| {
            let conversation = conversations.remove(&message.conversation_id)?;
            let contact = contacts.remove(&message.conversation_id);
            let is_spam = conversation.spam.is_some();
            (!is_spam).then_some((conversation, message.created_at, contact))
        });
        Ok(told.collect())
    }
}

/// Everything that is needed to say what follows from an edit.
///
/// # Errors
/// [`AppError::Forbidden`]; [`AppError::NotFound`] for what is no edit or answer of the queue; or the store's.
pub async fn correction(app: &App, caller: &Caller, id: OutcomeId) -> Result<CorrectionScreen, AppError> {
    caller.require(Scope::Knowledge)?;
    let rows = app.store().rows(caller.workspace_id);
    let corrected = Corrected::load(&rows, id).await?;
    let ground = corrected.ground(&rows).await?;
    let documents = ground.documents.into_iter().map(|row| RestsOn {
        document_id: row.id,
        title: row.title,
        source: row.source,
        text: row.body,
    });
    let told = corrected.told(&rows).await?.into_iter();
    let told = told.map(|(conversation, at, contact)| Told {
        conversation_id: conversation.id,
        at,
        has_email: contact.is_some(),
    });
    Ok(CorrectionScreen {
        outcome_id: id,
        conversation_id: corrected.conversation.id,
        kind: corrected.outcome.kind,
        draft: corrected.drafted().map(str::to_owned),
        is_remembered: corrected.outcome.remember,
        documents: documents.collect(),
        instructions: caller
            .require(Scope::Admin)
            .is_ok()
            .then_some(ground.settings.instructions),
        causes: corrected.causes(),
        told: told.collect(),
        can_mail: app.can_mail(),
        done: match rows.correction_of(id).await? {
            Some(row) => Some(view(&rows, row).await?),
            None => None,
        },
        question: corrected.question,
        text: corrected.text,
    })
}

async fn view(rows: &Rows<'_>, row: correction::Model) -> Result<CorrectionView, AppError> {
    Ok(CorrectionView {
        outcome_id: row.outcome_id,
        causes: row.causes.0,
        keeps_pair: row.keeps_pair,
        candidate_id: row.candidate_id,
        regression_question_id: row.regression_question_id,
        by: Names::default().of(rows, row.member_id).await?,
        at: row.created_at,
    })
}

/// Does what a person ticked after an edit: at most one candidate, a question of the regression set, and what is kept about the edit itself.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NoMember`]; [`AppError::NotFound`] for what is no edit or answer of the queue; [`AppError::Conflict`] when
/// somebody said it already, or the edit can still be undone; [`AppError::Invalid`] or [`AppError::Text`] for what cannot be done; or the store's.
pub async fn apply_correction(
    app: &App,
    caller: &Caller,
    id: OutcomeId,
    wish: Wish,
) -> Result<CorrectionView, AppError> {
    caller.require(Scope::Knowledge)?;
    if wish.instructions.is_some() {
        caller.require(Scope::Admin)?;
    }
    let (member, actor, now) = (caller.member()?, caller.actor(), app.now());
    let app_of_write = app.clone();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let (app, wish) = (app_of_write.clone(), wish.clone());
            Box::pin(async move { apply_in(&app, tx, id, (member, actor), &wish, now).await })
        })
        .await?;
    view(&app.store().rows(caller.workspace_id), row).await
}

async fn apply_in(
    app: &App,
    tx: &Tx<'_>,
    id: OutcomeId,
    (member, actor): (MemberId, Actor),
    wish: &Wish,
    now: Timestamp,
) -> Result<Written<correction::Model>, AppError> {
    let corrected = Corrected::load(tx, id).await?;
    if let Some(row) = tx.correction_of(id).await? {
        return Err(said_already(tx, row).await?);
    }
    corrected.is_final(now)?;
    let question: String = QuestionText::parse(wish.question.as_deref().unwrap_or(&corrected.question))?.into();
    let changes = changes(tx, &corrected, wish, &question).await?;
    let mut candidate_id = None;
    if !changes.is_empty() {
        check(&changes)?;
        knowledge::check_changes(app, tx, &changes).await?;
        let new = CandidateId::new(&*tx.sources().ids);
        let named = (new, knowledge::title_of(&question));
        proposed(tx, named, Origin::Correction, Some(member), &changes, Vec::new(), now).await?;
        candidate_id = Some(new);
    }
    let regression_question_id = if wish.regression_question {
        Some(keep_answered(tx, &corrected, question, member, now).await?)
    } else {
        None
    };
    let row = correction::Model {
        outcome_id: id,
        workspace_id: tx.workspace_id(),
        causes: Json(wish.causes.clone()),
        keeps_pair: wish.preference_pair,
        candidate_id,
        regression_question_id,
        member_id: member,
        created_at: now,
    };
    tx.insert(row.clone()).await?;
    let causes: Vec<&str> = wish.causes.iter().map(|cause| cause.as_str()).collect();
    let mut entry = LogDraft::new(EventKind::CorrectionApplied, actor)
        .about("outcome", id)
        .about("conversation", corrected.conversation.id)
        .with("causes", causes.join(" "))
        .with("keeps_pair", wish.preference_pair);
    if let Some(candidate) = candidate_id {
        entry = entry.about("candidate", candidate).about("changes", changes.len());
    }
    if let Some(question) = regression_question_id {
        entry = entry.about("regression_question", question);
    }
    Ok(Written::Logged(row, entry))
}

async fn said_already(rows: &Rows<'_>, row: correction::Model) -> Result<AppError, AppError> {
    let done = view(rows, row).await?;
    Ok(AppError::Conflict {
        sentence: format!(
            "{} has said already what follows from this edit; nothing was changed",
            done.by
        ),
        extra: json!({ "decided_by": done.by, "at": done.at, "candidate_id": done.candidate_id }),
    })
}

/// What the ticks change of the AI's answers.
async fn changes(tx: &Tx<'_>, corrected: &Corrected, wish: &Wish, question: &str) -> Result<Vec<Change>, AppError> {
    let ground = corrected.ground(tx).await?;
    let texts: Vec<(DocumentId, &str)> = { ground.documents.iter() }
        .map(|row| (row.id, row.body.as_str()))
        .collect();
    wish.check(&Standing {
        documents: &texts,
        instructions: &ground.settings.instructions,
        is_remembered: corrected.outcome.remember,
    })?;
    let mut changes = Vec::new();
    if wish.verified_answer {
        changes.push(Change::AddAnswer {
            id: VerifiedAnswerId::new(&*tx.sources().ids),
            question: question.to_owned(),
            answer: corrected.text.clone(),
            details: Box::default(),
        });
    }
    for patch in &wish.patches {
        let row = ground.documents.iter().find(|row| row.id == patch.document_id);
        changes.push(patched(row.ok_or(WishError::UnknownDocument)?, patch)?);
    }
    if let Some(instructions) = &wish.instructions {
        changes.push(Change::SetAgent {
            id: corrected.conversation.agent_id,
            from: Some(Box::new(ground.settings.clone())),
            settings: Box::new(AgentSettings {
                instructions: instructions.trim().to_owned(),
                ..ground.settings
            }),
        });
    }
    Ok(changes)
}

fn patched(row: &document::Model, patch: &Patch) -> Result<Change, AppError> {
    let Some(text) = &patch.text else {
        return Ok(Change::RemoveDocument {
            id: row.id,
            imported: None,
        });
    };
    Ok(Change::PutDocument {
        id: row.id,
        document: DocumentText {
            body: AnswerText::parse(text)?.into(),
            ..knowledge::text_of(row)
        },
    })
}

/// The question has to be answered with the corrected text from then on; one that said otherwise about the very same question goes.
async fn keep_answered(
    tx: &Tx<'_>,
    corrected: &Corrected,
    question: String,
    member: MemberId,
    now: Timestamp,
) -> Result<RegressionQuestionId, AppError> {
    let id = RegressionQuestionId::new(&*tx.sources().ids);
    let agent_id = corrected.conversation.agent_id;
    let row = regression_question::Model {
        id,
        workspace_id: tx.workspace_id(),
        question,
        answer: corrected.text.clone(),
        agent_id: Some(agent_id),
        conversation_id: Some(corrected.conversation.id),
        member_id: Some(member),
        created_at: now,
        removed_at: None,
    };
    put_question(tx, row, |older| older.agent_id.is_none_or(|agent| agent == agent_id)).await?;
    Ok(id)
}
