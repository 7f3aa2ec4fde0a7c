//! Rules for verified answers: a second person, and what becomes of one that newer knowledge speaks against.

use crate::app::{App, AppError, Caller, policy};
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::draft::Source;
use crate::domain::log::EventKind;
use crate::domain::settings::AnswerRules;
use crate::store::entity::{candidate, workspace};
use crate::store::{Change, Json, LogDraft, Rows};
use serde::Deserialize;
use serde_json::json;

/// What is to be set; what is left out stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRulesInput {
    /// Whether somebody else than its author publishes a verified answer.
    pub second_person: Option<bool>,
    /// Whether drafts wait for a person that are made from one that newer knowledge speaks against.
    pub hold_conflicts: Option<bool>,
}

async fn of(rows: &Rows<'_>) -> Result<AnswerRules, AppError> {
    let row = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    Ok(row.settings.0.answers)
}

/// The rules in force.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn answer_rules(app: &App, caller: &Caller) -> Result<AnswerRules, AppError> {
    caller.require(Scope::Read)?;
    of(&app.store().rows(caller.workspace_id)).await
}

/// Sets them. Only an owner takes one of them off.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn set_answer_rules(app: &App, caller: &Caller, input: AnswerRulesInput) -> Result<AnswerRules, AppError> {
    caller.require(Scope::Admin)?;
    let (is_owner, actor) = (policy::is_owner(caller), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
                let before = row.settings.0.answers;
                let after = AnswerRules {
                    second_person: input.second_person.unwrap_or(before.second_person),
                    hold_conflicts: input.hold_conflicts.unwrap_or(before.hold_conflicts),
                };
                let loosens =
                    before.second_person && !after.second_person || before.hold_conflicts && !after.hold_conflicts;
                if loosens && !is_owner {
                    return Err(AppError::Forbidden);
                }
                if after == before {
                    return Ok(Change::Unlogged(after));
                }
                let mut settings = row.settings.0.clone();
                settings.answers = after;
                tx.update(workspace::Model {
                    settings: Json(settings),
                    ..row
                })
                .await?;
                let entry = LogDraft::new(EventKind::AnswerRulesChanged, actor)
                    .with("before", serde_json::to_value(before).unwrap_or_default())
                    .with("after", serde_json::to_value(after).unwrap_or_default());
                Ok(Change::Logged(after, entry))
            })
        })
        .await
}

/// Whether a verified answer waits for somebody else than its author.
pub(super) async fn needs_second_person(rows: &Rows<'_>) -> Result<bool, AppError> {
    Ok(of(rows).await?.second_person)
}

/// Whether whoever publishes this candidate may: where a verified answer needs a second person, its author may not.
///
/// # Errors
/// [`AppError::Conflict`] with who could, and what to do where nobody could; or the store's.
pub(in crate::app) async fn check_second_person(rows: &Rows<'_>, row: &candidate::Model) -> Result<(), AppError> {
    if !needs_second_person(rows).await? {
        return Ok(());
    }
    let changes = rows.candidate_changes(row.id).await?;
    if !changes.iter().any(|row| row.change.0.is_of_answer()) {
        return Ok(());
    }
    let refused = |sentence: String, others: &[String]| {
        Err(AppError::Conflict {
            sentence,
            extra: json!({ "second_person": true, "who": others }),
        })
    };
    let Some(by) = row.published_by else {
        let sentence = "verified answers need a second person here; a member has to publish this, not the administrator of the machine";
        return refused(sentence.to_owned(), &[]);
    };
    if row.member_id != Some(by) {
        return Ok(());
    }
    let mut others = Vec::new();
    for (member, user) in rows.members().await? {
        if member.id != by && member.role.scopes().contains(&Scope::Knowledge) {
            others.push(user.name);
        }
    }
    if others.is_empty() {
        let sentence = "verified answers need a second person here, and besides you there is nobody who may publish: add a member who may (holdpoint admin member add), or take the rule off on the page of verified answers";
        return refused(sentence.to_owned(), &others);
    }
    let sentence = format!(
        "verified answers need a second person here, and you are the author of this one; ask {} to publish it",
        others.join(" or ")
    );
    refused(sentence, &others)
}

/// Whether a draft rests on a verified answer that newer knowledge speaks against, and that is to wait for a person then.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn in_conflict(
    rows: &Rows<'_>,
    mode: AnswerMode,
    sources: &[Source],
) -> Result<bool, AppError> {
    let first = sources.first().and_then(|source| source.verified_answer_id);
    let Some(id) = first.filter(|_| mode == AnswerMode::Verified) else {
        return Ok(false);
    };
    Ok(of(rows).await?.hold_conflicts && rows.is_in_conflict(id).await?)
}
