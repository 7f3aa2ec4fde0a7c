//! The one way in which what the AI knows changes: each change says what takes it back.

mod answers;

pub(crate) use answers::note_sources_anew;
pub(super) use answers::{check_details, outdate_at, rest_on};

use super::conflicts;
use super::index::{EntryId, wordings};
use super::tuned;
use super::vectors::{NewVectors, content_hash, embed};
use crate::app::{App, AppError, agents, evidence};
use crate::domain::ids::{ConversationId, DocumentId, MemberId, OutcomeId, RetrievalVersionId, WorkspaceId};
use crate::domain::improve::answer::ConflictDecision;
use crate::domain::improve::candidate::{Change, DocumentText};
use crate::domain::log::Actor;
use crate::domain::text::{AnswerText, Name, QuestionText, SourceName};
use crate::domain::time::Timestamp;
use crate::domain::tuning::RetrievalState;
use crate::engine::Priority;
use crate::store::entity::{document, retrieval_version};
use crate::store::{JobKind, Rows, Tx};
use answers::{add_answer, restore_answer, retire};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;
use uuid::Uuid;

/// Who a change is of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Source {
    /// The author of what is new.
    pub(crate) author: Option<MemberId>,
    /// Where an answer comes from.
    pub(crate) conversation: Option<ConversationId>,
    /// The outcome that it comes from.
    pub(crate) outcome: Option<OutcomeId>,
    /// Who makes the change; none for the administrator of the machine.
    pub(crate) by: Option<MemberId>,
    /// An import makes it, or it takes back what one made. Everything else is a correction of what imports left.
    pub(crate) imports: bool,
}

/// Vectors of what changes bring in, by entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prepared(HashMap<Uuid, NewVectors>);

impl Prepared {
    /// Embeds what these changes bring in. What cannot be embedded now, a job embeds later.
    pub(crate) async fn of(app: &App, workspace_id: WorkspaceId, changes: &[Change], priority: Priority) -> Self {
        let texts: Vec<(Uuid, (&str, &str))> = changes
            .iter()
            .flat_map(|change| match change {
                Change::AddAnswer {
                    id,
                    question,
                    answer,
                    details,
                } => wordings(*id, question, &details.variants)
                    .map(|(entry, wording)| (entry.uuid(), (wording, answer.as_str())))
                    .collect(),
                Change::PutDocument { id, document } => {
                    vec![(id.uuid(), (document.title.as_str(), document.body.as_str()))]
                }
                _ => Vec::new(),
            })
            .collect();
        if texts.is_empty() {
            return Self::default();
        }
        let inputs: Vec<(&str, &str)> = texts.iter().map(|(_, texts)| *texts).collect();
        match embed(app, workspace_id, &inputs, priority).await {
            Ok(made) => Self(texts.iter().map(|(id, _)| *id).zip(made).collect()),
            Err(error) => {
                tracing::warn!(%error, "what is new cannot be embedded yet; a job will");
                Self::default()
            }
        }
    }

    async fn write(
        &self,
        tx: &Tx<'_>,
        entry: EntryId,
        collection: Option<&str>,
        now: Timestamp,
    ) -> Result<(), AppError> {
        match self.0.get(&entry.uuid()) {
            Some(vectors) => vectors.write(tx, entry, collection).await,
            None => Ok(tx.schedule(JobKind::Embed, tx.workspace_id(), now).await?),
        }
    }
}

/// Whether what these changes name is there and can be used. Texts are bounded as those that people write.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`], [`AppError::Text`] or the store's.
pub(crate) async fn check_changes(app: &App, rows: &Rows<'_>, changes: &[Change]) -> Result<(), AppError> {
    for change in changes {
        match change {
            Change::AddAnswer {
                id,
                question,
                answer,
                details,
            } => {
                QuestionText::parse(question)?;
                AnswerText::parse(answer)?;
                if rows.verified_answer(*id).await?.is_some() {
                    return Err(AppError::Invalid(
                        "there is a verified answer with that id; choose a fresh one".to_owned(),
                    ));
                }
                check_details(app, rows, question, details).await?;
            }
            Change::RestoreAnswer { id } | Change::RetireAnswer { id } => {
                let row = rows.verified_answer(*id).await?;
                row.ok_or(AppError::NotFound("the verified answer"))?;
            }
            Change::PutDocument { document, .. } => {
                Name::parse(&document.collection)?;
                SourceName::parse(&document.source)?;
                AnswerText::parse(&document.body)?;
                if !document.title.is_empty() {
                    QuestionText::parse(&document.title)?;
                }
            }
            Change::RemoveDocument { id, .. } => {
                rows.document(*id).await?.ok_or(AppError::NotFound("the document"))?;
            }
            Change::SetAgent { id, settings, .. } => {
                let (_, live) = agents::current_version(rows, *id).await?;
                agents::check(app, &live, settings).await?;
            }
            Change::RankWith { id: Some(id) } => {
                let engine = app.engine().ok_or_else(super::no_engine)?;
                tuned::adapter(rows, &engine.embedder, *id).await?;
            }
            Change::RankWith { id: None } => {}
        }
    }
    Ok(())
}

/// Makes a change, and tells what takes it back: in this order, nothing where nothing was changed.
///
/// # Errors
/// [`AppError::NotFound`] for what is not there, [`AppError::NoMember`] for an answer without an author; or the store's.
pub(crate) async fn apply(
    tx: &Tx<'_>,
    change: &Change,
    of: Source,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Vec<Change>, AppError> {
    match change {
        Change::AddAnswer {
            id,
            question,
            answer,
            details,
        } => add_answer(tx, (*id, question, answer), details, of, prepared, now).await,
        Change::RestoreAnswer { id } => restore_answer(tx, *id, of.author, now).await,
        Change::RetireAnswer { id } => {
            let row = tx.verified_answer(*id).await?.filter(|row| row.retired_at.is_none());
            match row {
                Some(row) => retire(tx, row, (ConflictDecision::Retired, of.author), now)
                    .await
                    .map(|inverse| vec![inverse]),
                None => Ok(Vec::new()),
            }
        }
        Change::PutDocument { id, document } => put_document(tx, (*id, document), of.imports, prepared, now).await,
        Change::RemoveDocument { id, imported } => {
            let Some(row) = tx.document(*id).await? else {
                return Ok(Vec::new());
            };
            let inverse = Change::PutDocument {
                id: *id,
                document: text_of(&row),
            };
            tx.update(document::Model {
                removed_at: Some(now),
                imported_hash: if of.imports {
                    read_hash(imported.as_deref())
                } else {
                    row.imported_hash
                },
                ..row
            })
            .await?;
            tx.remove_vectors(id.uuid()).await?;
            conflicts::look_soon(tx, now).await?;
            Ok(vec![inverse])
        }
        Change::SetAgent { id, settings, from } => {
            let by = of.by.map_or(Actor::Admin, Actor::Member);
            agents::set(tx, *id, (settings, from.as_deref()), by, now).await
        }
        Change::RankWith { id } => rank_with(tx, *id, now).await,
    }
}

async fn rank_with(tx: &Tx<'_>, id: Option<RetrievalVersionId>, now: Timestamp) -> Result<Vec<Change>, AppError> {
    let former = tx.retrieval_in_use().await?;
    if former == id {
        return Ok(Vec::new());
    }
    let set = async |id: RetrievalVersionId, state| -> Result<(), AppError> {
        let row = tx.retrieval_version(id).await?;
        let row = row.ok_or(AppError::NotFound("the version of the ranking"))?;
        Ok(tx.update(retrieval_version::Model { state, ..row }).await?)
    };
    if let Some(former) = former {
        set(former, RetrievalState::Retired).await?;
    }
    if let Some(id) = id {
        set(id, RetrievalState::InUse).await?;
    }
    evidence::found_otherwise(tx, None, now).await?;
    Ok(vec![Change::RankWith { id: former }])
}

async fn put_document(
    tx: &Tx<'_>,
    (id, text): (DocumentId, &DocumentText),
    imports: bool,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Vec<Change>, AppError> {
    let former = document_of(tx, id, text).await?;
    let id = former.as_ref().map_or(id, |row| row.id);
    let row = document::Model {
        id,
        workspace_id: tx.workspace_id(),
        collection: text.collection.clone(),
        external_id: text.external_id.clone(),
        title: text.title.clone(),
        body: text.body.clone(),
        kind: text.kind,
        source: text.source.clone(),
        anchor: text.anchor.clone(),
        position: text.position,
        content_hash: content_hash(&text.title, &text.body),
        created_at: former.as_ref().map_or(now, |row| row.created_at),
        updated_at: now,
        removed_at: None,
        // What is known about a source is said by who imports it: another text says nothing against it.
        language: text.language.clone().or_else(|| former.as_ref()?.language.clone()),
        owner: text.owner.clone().or_else(|| former.as_ref()?.owner.clone()),
        expires_at: text.expires_at.or_else(|| former.as_ref()?.expires_at),
        imported_hash: if imports {
            read_hash(text.imported.as_deref())
        } else {
            former.as_ref().and_then(|row| row.imported_hash.clone())
        },
    };
    outdate_at(tx, row.expires_at).await?;
    let inverse = match &former {
        Some(former) if former.removed_at.is_none() => Change::PutDocument {
            id,
            document: text_of(former),
        },
        former => Change::RemoveDocument {
            id,
            imported: former.as_ref().and_then(imported_of),
        },
    };
    if former.is_some() {
        tx.update(row).await?;
        // They are of the text it had.
        tx.remove_vectors(id.uuid()).await?;
    } else {
        tx.insert(row).await?;
    }
    prepared
        .write(tx, EntryId::Document(id), Some(&text.collection), now)
        .await?;
    conflicts::look_soon(tx, now).await?;
    Ok(vec![inverse])
}

/// The document that a text is of, also one that was removed: what came in under its name meanwhile is the same document.
///
/// # Errors
/// The store's.
pub(crate) async fn document_of(
    rows: &Rows<'_>,
    id: DocumentId,
    text: &DocumentText,
) -> Result<Option<document::Model>, AppError> {
    if let Some(row) = rows.document_or_removed(id).await? {
        return Ok(Some(row));
    }
    let named = (&*text.collection, &*text.source, &*text.external_id);
    Ok(rows.document_named(named).await?)
}

/// What a document says, and where it stands.
pub(crate) fn text_of(row: &document::Model) -> DocumentText {
    DocumentText {
        collection: row.collection.clone(),
        external_id: row.external_id.clone(),
        title: row.title.clone(),
        body: row.body.clone(),
        kind: row.kind,
        source: row.source.clone(),
        anchor: row.anchor.clone(),
        position: row.position,
        language: row.language.clone(),
        owner: row.owner.clone(),
        expires_at: row.expires_at,
        imported: imported_of(row),
    }
}

/// The content as an import left it last, as changes write it.
fn imported_of(row: &document::Model) -> Option<String> {
    row.imported_hash.as_deref().map(|hash| STANDARD.encode(hash))
}

fn read_hash(imported: Option<&str>) -> Option<Vec<u8>> {
    STANDARD.decode(imported?).ok()
}
