//! Writing verified answers down, changing them, taking them out of use.

use super::live::{go_live, title_of};
use crate::app::knowledge::change::{check_details, outdate_at, rest_on};
use crate::app::knowledge::compare::last_day;
use crate::app::knowledge::parse::written_in;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, DocumentId, VerifiedAnswerId};
use crate::domain::improve::answer::{AnswerDetails, AnswerError};
use crate::domain::improve::candidate::Change;
use crate::domain::log::EventKind;
use crate::domain::text::{AnswerText, Name, QuestionText, said};
use crate::domain::time::Timestamp;
use crate::store::entity::verified_answer;
use crate::store::{Change as Stored, LogDraft, Rows};
use serde::{Deserialize, Serialize};

impl From<AnswerError> for AppError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Text(error) => Self::Text(error),
            other => Self::Invalid(other.to_string()),
        }
    }
}

/// A question and answer that a person writes down.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewVerifiedAnswer {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Other wordings of the question.
    #[serde(default)]
    pub variants: Vec<String>,
    /// The language, as ISO 639-1; told from the text where it is left out.
    #[serde(default)]
    pub language: Option<String>,
    /// Who looks after it.
    #[serde(default)]
    pub owner: Option<String>,
    /// The last day it is true on, as `2027-01-31` where the business is, or `never`.
    #[serde(default)]
    pub expires: Option<String>,
    /// The documents that it rests on; they are looked for where this is left out.
    #[serde(default)]
    pub documents: Option<Vec<DocumentId>>,
}

/// What is to be changed of a verified answer; what is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedAnswer {
    /// The question.
    #[serde(default)]
    pub question: Option<String>,
    /// The answer.
    #[serde(default)]
    pub answer: Option<String>,
    /// Other wordings of the question, all of them.
    #[serde(default)]
    pub variants: Option<Vec<String>>,
    /// The language, as ISO 639-1.
    #[serde(default)]
    pub language: Option<String>,
    /// Who looks after it; nobody where this is empty.
    #[serde(default)]
    pub owner: Option<String>,
    /// The last day it is true on, as `2027-01-31` where the business is, or `never`.
    #[serde(default)]
    pub expires: Option<String>,
    /// The documents that it rests on.
    #[serde(default)]
    pub documents: Option<Vec<DocumentId>>,
}

/// A verified answer that was written down or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Its id; another one than before where it says something else now.
    pub id: VerifiedAnswerId,
    /// What waits for a second person to publish it; none where it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate_id: Option<CandidateId>,
}

async fn expiry(
    rows: &Rows<'_>,
    expires: Option<&str>,
    before: Option<Timestamp>,
) -> Result<Option<Timestamp>, AppError> {
    match said(expires) {
        Some(day) => last_day(day, rows).await,
        None => Ok(before),
    }
}

/// Writes down a verified answer without a conversation.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`], [`AppError::Invalid`] for wordings, language or last day that cannot be; or the store's.
pub async fn add_verified_answer(app: &App, caller: &Caller, new: &NewVerifiedAnswer) -> Result<Written, AppError> {
    caller.require(Scope::Knowledge)?;
    let member_id = caller.member()?;
    let rows = app.store().rows(caller.workspace_id);
    let question: String = QuestionText::parse(&new.question)?.into();
    let answer: String = AnswerText::parse(&new.answer)?.into();
    let details = AnswerDetails {
        variants: new.variants.clone(),
        language: said(new.language.as_deref()).map(str::to_owned),
        owner: owner(new.owner.as_deref())?,
        expires_at: expiry(&rows, new.expires.as_deref(), None).await?,
        replaces: None,
        documents: new.documents.clone(),
    };
    let details = details.checked(&question)?;
    check_details(app, &rows, &question, &details).await?;
    let id = VerifiedAnswerId::new(&*app.sources().ids);
    let title = title_of(&question);
    let change = Change::AddAnswer {
        id,
        question,
        answer,
        details: Box::new(details),
    };
    let about = (EventKind::VerifiedAnswerAdded, "verified_answer", id.uuid());
    let candidate_id = go_live(app, caller, (change, title), about, Some(member_id)).await?;
    Ok(Written { id, candidate_id })
}

fn owner(said_of: Option<&str>) -> Result<Option<String>, AppError> {
    let owner = said(said_of).map(Name::parse).transpose()?;
    Ok(owner.map(Into::into))
}

/// Changes a verified answer. Another question, answer or wording is another answer, which takes this one's place in the way of all changes: the
/// regression set is asked first, and a second person where that is the rule. Who looks after it, its last day and what it rests on are only noted.
///
/// # Errors
/// As [`add_verified_answer`], and [`AppError::NotFound`].
pub async fn change_verified_answer(
    app: &App,
    caller: &Caller,
    id: VerifiedAnswerId,
    new: ChangedAnswer,
) -> Result<Written, AppError> {
    caller.require(Scope::Knowledge)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.verified_answer(id).await?.filter(|row| row.retired_at.is_none());
    let row = row.ok_or(AppError::NotFound("the verified answer"))?;
    let text = |new: Option<String>, before: &str| new.unwrap_or_else(|| before.to_owned());
    let question: String = QuestionText::parse(&text(new.question, &row.question))?.into();
    let answer: String = AnswerText::parse(&text(new.answer, &row.answer))?.into();
    let detected = || written_in(&format!("{question}\n{answer}")).map(str::to_owned);
    let is_of_same_text = question == row.question && answer == row.answer;
    let told = said(new.language.as_deref()).map(str::to_owned);
    let language = told
        .or_else(|| if is_of_same_text { None } else { detected() })
        .or_else(|| row.language.clone());
    let details = AnswerDetails {
        variants: new.variants.unwrap_or_else(|| row.variants.0.clone()),
        language,
        owner: match &new.owner {
            Some(said) => owner(Some(said))?,
            None => row.owner.clone(),
        },
        expires_at: expiry(&rows, new.expires.as_deref(), row.expires_at).await?,
        replaces: Some(id),
        documents: new.documents.clone(),
    };
    let mut details = details.checked(&question)?;
    check_details(app, &rows, &question, &details).await?;
    let is_same = is_of_same_text && details.variants == row.variants.0 && details.language == row.language;
    if is_same {
        note(app, caller, &row, details).await?;
        return Ok(Written { id, candidate_id: None });
    }
    if details.documents.is_none() && row.grounded_at.is_some() {
        let sources = rows.sources_of_answer(id).await?.into_iter();
        let there: Vec<DocumentId> = sources.map(|source| source.document_id).collect();
        let there = rows.documents_of(&there).await?;
        // Where nothing is left of what it rested on, it is looked for once more.
        details.documents = (!there.is_empty()).then(|| there.into_iter().map(|row| row.id).collect());
    }
    let member_id = caller.member()?;
    let next = VerifiedAnswerId::new(&*app.sources().ids);
    let title = title_of(&question);
    let change = Change::AddAnswer {
        id: next,
        question,
        answer,
        details: Box::new(details),
    };
    let about = (EventKind::VerifiedAnswerAdded, "verified_answer", next.uuid());
    let candidate_id = go_live(app, caller, (change, title), about, Some(member_id)).await?;
    Ok(Written { id: next, candidate_id })
}

/// Notes what is known of an answer whose text stays.
async fn note(
    app: &App,
    caller: &Caller,
    before: &verified_answer::Model,
    details: AnswerDetails,
) -> Result<(), AppError> {
    let (id, actor, now) = (before.id, caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let details = details.clone();
            Box::pin(async move {
                let row = tx.verified_answer(id).await?.filter(|row| row.retired_at.is_none());
                let row = row.ok_or(AppError::NotFound("the verified answer"))?;
                let is_same = row.owner == details.owner && row.expires_at == details.expires_at;
                if is_same && details.documents.is_none() {
                    return Ok(Stored::Unlogged(()));
                }
                let entry = LogDraft::new(EventKind::VerifiedAnswerChanged, actor)
                    .about("verified_answer", id)
                    .with("owner", details.owner.clone())
                    .with("expires_at", details.expires_at.map(|at| at.0));
                let mut grounded_at = row.grounded_at;
                if let Some(documents) = &details.documents {
                    rest_on(tx, id, documents, now).await?;
                    grounded_at = Some(now);
                }
                tx.update(verified_answer::Model {
                    owner: details.owner,
                    expires_at: details.expires_at,
                    grounded_at,
                    ..row
                })
                .await?;
                outdate_at(tx, details.expires_at).await?;
                Ok::<_, AppError>(Stored::Logged((), entry))
            })
        })
        .await
}

/// Takes a verified answer out of use. It stays in the history.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`], a conflict if that would break a question of the regression set; or the store's.
pub async fn retire_verified_answer(app: &App, caller: &Caller, id: VerifiedAnswerId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.verified_answer(id).await?.filter(|row| row.retired_at.is_none());
    let row = row.ok_or(AppError::NotFound("the verified answer"))?;
    let named = (Change::RetireAnswer { id }, title_of(&row.question));
    let about = (EventKind::VerifiedAnswerRetired, "verified_answer", id.uuid());
    go_live(app, caller, named, about, caller.member().ok()).await?;
    Ok(())
}
