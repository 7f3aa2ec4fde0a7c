//! Verified answers come into use, and go out of it.

use super::{Prepared, Source};
use crate::app::knowledge::conflicts;
use crate::app::knowledge::index::wordings;
use crate::app::knowledge::parse::written_in;
use crate::app::{App, AppError};
use crate::domain::answer::{same_words, words_of};
use crate::domain::ids::{DocumentId, MemberId, VerifiedAnswerId};
use crate::domain::improve::answer::{AnswerDetails, ConflictDecision};
use crate::domain::improve::candidate::Change;
use crate::domain::text::Name;
use crate::domain::time::Timestamp;
use crate::store::entity::{answer_source, document, verified_answer};
use crate::store::{JobKind, Json, Rows, Tx};
use std::collections::HashSet;

/// Whether these details can stand beside this question.
///
/// # Errors
/// [`AppError::Invalid`], [`AppError::NotFound`], [`AppError::Text`] or the store's.
pub(in crate::app::knowledge) async fn check_details(
    app: &App,
    rows: &Rows<'_>,
    question: &str,
    details: &AnswerDetails,
) -> Result<(), AppError> {
    let details = details.clone().checked(question)?;
    if let Some(owner) = &details.owner {
        Name::parse(owner)?;
    }
    if details.expires_at.is_some_and(|end| end <= app.now()) {
        return Err(AppError::Invalid(
            "the last day of this answer is over; name a later one, or `never`".to_owned(),
        ));
    }
    if let Some(replaced) = details.replaces {
        let row = rows.verified_answer(replaced).await?;
        row.ok_or(AppError::NotFound("the verified answer that is to be replaced"))?;
    }
    if let Some(documents) = &details.documents
        && rows.documents_of(documents).await?.len() < documents.len()
    {
        return Err(AppError::NotFound("a document that the answer is to rest on"));
    }
    if details.variants.is_empty() {
        return Ok(());
    }
    let said: HashSet<String> = details.variants.iter().map(|text| words_of(text)).collect();
    for row in rows.verified_answers().await? {
        // Both of these go when this one comes.
        if details.replaces == Some(row.id) || same_words(&row.question, question) {
            continue;
        }
        let mut taken = wordings(row.id, &row.question, &row.variants.0);
        if let Some((_, taken)) = taken.find(|(_, text)| said.contains(&words_of(text))) {
            return Err(AppError::Invalid(format!(
                "“{taken}” leads to another verified answer already; change or retire that one first"
            )));
        }
    }
    Ok(())
}

pub(super) async fn retire(
    tx: &Tx<'_>,
    row: verified_answer::Model,
    (decision, by): (ConflictDecision, Option<MemberId>),
    now: Timestamp,
) -> Result<Change, AppError> {
    let id = row.id;
    for (entry, _) in wordings(id, &row.question, &row.variants.0) {
        tx.remove_vectors(entry.uuid()).await?;
    }
    tx.decide_conflicts(id, decision, by, now).await?;
    tx.update(verified_answer::Model {
        retired_at: Some(now),
        ..row
    })
    .await?;
    Ok(Change::RestoreAnswer { id })
}

/// A newer answer to the very same question takes the older one's place, and so does one that says so.
async fn retire_others(
    tx: &Tx<'_>,
    (question, replaces): (&str, Option<VerifiedAnswerId>),
    by: Option<MemberId>,
    now: Timestamp,
) -> Result<Vec<Change>, AppError> {
    let mut inverse = Vec::new();
    for old in tx.verified_answers().await? {
        if same_words(&old.question, question) || replaces == Some(old.id) {
            inverse.push(retire(tx, old, (ConflictDecision::Changed, by), now).await?);
        }
    }
    Ok(inverse)
}

pub(super) async fn add_answer(
    tx: &Tx<'_>,
    (id, question, answer): (VerifiedAnswerId, &str, &str),
    details: &AnswerDetails,
    of: Source,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Vec<Change>, AppError> {
    let author = of.author.ok_or(AppError::NoMember)?;
    let others = retire_others(tx, (question, details.replaces), of.author, now).await?;
    let detected = || written_in(&format!("{question}\n{answer}")).map(str::to_owned);
    let row = verified_answer::Model {
        id,
        workspace_id: tx.workspace_id(),
        question: question.to_owned(),
        answer: answer.to_owned(),
        member_id: author,
        conversation_id: of.conversation,
        outcome_id: of.outcome,
        uses: 0,
        created_at: now,
        retired_at: None,
        variants: Json(details.variants.clone()),
        language: details.language.clone().or_else(detected),
        owner: details.owner.clone(),
        expires_at: details.expires_at,
        replaces: details.replaces,
        confirmed_at: None,
        grounded_at: details.documents.is_some().then_some(now),
    };
    tx.insert(row).await?;
    if let Some(documents) = &details.documents {
        rest_on(tx, id, documents, now).await?;
    }
    for (entry, _) in wordings(id, question, &details.variants) {
        prepared.write(tx, entry, None, now).await?;
    }
    outdate_at(tx, details.expires_at).await?;
    conflicts::look_soon(tx, now).await?;
    Ok([Change::RetireAnswer { id }].into_iter().chain(others).collect())
}

/// Notes the documents that an answer rests on, as they are now; those that are gone are left out.
pub(in crate::app::knowledge) async fn rest_on(
    tx: &Tx<'_>,
    id: VerifiedAnswerId,
    documents: &[DocumentId],
    now: Timestamp,
) -> Result<(), AppError> {
    let sources = tx.documents_of(documents).await?.into_iter();
    let source = |row: document::Model| answer_source::Model {
        answer_id: id,
        document_id: row.id,
        workspace_id: row.workspace_id,
        title: row.title,
        body: row.body,
        content_hash: row.content_hash,
        noted_at: now,
    };
    Ok(tx.note_sources(id, sources.map(source).collect()).await?)
}

/// What went live together with an answer is no news to it: its sources are noted as they are afterwards.
pub(crate) async fn note_sources_anew(tx: &Tx<'_>, id: VerifiedAnswerId, now: Timestamp) -> Result<(), AppError> {
    let sources = tx.sources_of_answer(id).await?;
    let documents: Vec<DocumentId> = sources.into_iter().map(|source| source.document_id).collect();
    if documents.is_empty() {
        return Ok(());
    }
    rest_on(tx, id, &documents, now).await
}

pub(in crate::app::knowledge) async fn outdate_at(tx: &Tx<'_>, expires_at: Option<Timestamp>) -> Result<(), AppError> {
    if let Some(expires_at) = expires_at {
        tx.schedule_no_later(JobKind::Outdate, tx.workspace_id(), expires_at)
            .await?;
    }
    Ok(())
}

pub(super) async fn restore_answer(
    tx: &Tx<'_>,
    id: VerifiedAnswerId,
    by: Option<MemberId>,
    now: Timestamp,
) -> Result<Vec<Change>, AppError> {
    let row = tx.verified_answer(id).await?;
    let row = row.ok_or(AppError::NotFound("the verified answer"))?;
    if row.retired_at.is_none() {
        return Ok(Vec::new());
    }
    let others = retire_others(tx, (&row.question, None), by, now).await?;
    // One whose last day is over goes again at once.
    outdate_at(tx, row.expires_at).await?;
    tx.update(verified_answer::Model {
        retired_at: None,
        ..row
    })
    .await?;
    tx.schedule(JobKind::Embed, tx.workspace_id(), now).await?;
    Ok([Change::RetireAnswer { id }].into_iter().chain(others).collect())
}
