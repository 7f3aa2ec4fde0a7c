//! Two versions compared blind: a person reads what is answered without a candidate and with it, and does not know which is which.
//!
//! The order of the pairs and which answer stands first are drawn when the comparison begins, and nobody is told the latter before the pair is judged.
//! What is said here is no evidence for certificates and trains nothing: none of these answers went out.

use super::candidates::is_over;
use super::views::Names;
use super::{App, AppError, Caller};
use crate::app::checks::{LineView, said_before};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, DraftId, MemberId, PairId};
use crate::domain::improve::comparison::{Comparison, Finding, JudgedPair, PairVerdict};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::entity::{candidate_case, comparison_pair};
use crate::store::{Change, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// How a comparison stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonView {
    /// Somebody has begun it.
    pub begun: bool,
    /// How it stands; before it is begun, with what could be compared.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Evidence that is needed to speak of a difference.
    pub needed: f64,
    /// The same in words.
    pub in_words: String,
    /// What was judged, in the order in which it was.
    pub judged_pairs: Vec<JudgedView>,
}

/// A pair that was judged, with which answer was which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgedView {
    /// Its id.
    pub id: PairId,
    /// What was asked.
    pub question: String,
    /// The answer without the candidate.
    pub before: String,
    /// The answer with it.
    pub after: String,
    /// Whether the one without it is bad; none where nobody could say.
    pub before_bad: Option<bool>,
    /// Whether the one with it is bad; none where nobody could say.
    pub after_bad: Option<bool>,
    /// Who said so.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

/// A pair as it is judged: nothing of it tells which answer is which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairView {
    /// Its id.
    pub id: PairId,
    /// What was asked.
    pub question: String,
    /// What was said before, oldest first.
    pub conversation: Vec<LineView>,
    /// One answer.
    pub first: String,
    /// The other one.
    pub second: String,
}

/// What is judged next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextPair {
    /// The pair; none when nothing is to be judged.
    pub pair: Option<PairView>,
    /// Pairs that were judged.
    pub judged: u64,
    /// All pairs.
    pub pairs: u64,
    /// Enough is known: the rest need not be judged.
    pub is_decided: bool,
}

/// What a person says of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairJudged {
    /// Which of the two could not have gone out.
    pub verdict: PairVerdict,
}

/// Can people compare these answers? Both are there, and in other words.
fn differs(case: &candidate_case::Model) -> bool {
    case.before.0.differs_in_words(&case.after.0)
}

/// The comparison of a candidate.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn comparison(app: &App, caller: &Caller, id: CandidateId) -> Result<ComparisonView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    view(&rows, id).await
}

/// How the comparison of a candidate that is there stands.
pub(super) async fn view(rows: &Rows<'_>, id: CandidateId) -> Result<ComparisonView, AppError> {
    let mut pairs = rows.comparison_pairs(id).await?;
    if pairs.is_empty() {
        let cases = rows.candidate_cases(id).await?;
        let possible = cases.iter().filter(|case| differs(case)).count() as u64;
        let in_words = match possible {
            0 => "No two answers differ in their words.".to_owned(),
            1 => "One answer differs in its words; nobody has read the two blind yet.".to_owned(),
            _ => format!("{possible} answers differ in their words; nobody has read them blind yet."),
        };
        return Ok(ComparisonView {
            begun: false,
            comparison: Comparison::of(possible, []),
            needed: Comparison::NEEDED,
            in_words,
            judged_pairs: Vec::new(),
        });
    }
    let comparison = stands(&pairs);
    pairs.retain(|pair| !pair.is_stale && pair.verdict.is_some());
    pairs.sort_by_key(|pair| pair.judged_place);
    let mut names = Names::default();
    let mut judged_pairs = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let bad = judged(&pair).and_then(JudgedPair::bad);
        let by = match pair.member_id {
            Some(member) => Some(names.of(rows, member).await?),
            None => None,
        };
        let (before, after) = if pair.first_is_after {
            (pair.second_text, pair.first_text)
        } else {
            (pair.first_text, pair.second_text)
        };
        judged_pairs.push(JudgedView {
            id: pair.id,
            question: pair.question,
            before,
            after,
            before_bad: bad.map(|bad| bad.0),
            after_bad: bad.map(|bad| bad.1),
            by,
            at: pair.judged_at,
        });
    }
    Ok(ComparisonView {
        begun: true,
        comparison,
        needed: Comparison::NEEDED,
        in_words: comparison.in_words(),
        judged_pairs,
    })
}

fn judged(pair: &comparison_pair::Model) -> Option<JudgedPair> {
    Some(JudgedPair {
        verdict: pair.verdict?,
        first_is_after: pair.first_is_after,
    })
}

/// What these pairs show. Those whose answers are other ones by now are left out.
fn stands(pairs: &[comparison_pair::Model]) -> Comparison {
    let mut counted: Vec<&comparison_pair::Model> = pairs.iter().filter(|pair| !pair.is_stale).collect();
    counted.sort_by_key(|pair| pair.judged_place);
    Comparison::of(counted.len() as u64, counted.into_iter().filter_map(judged))
}

/// What people found who compared a candidate blind.
///
/// # Errors
/// The store's.
pub(super) async fn finding(rows: &Rows<'_>, id: CandidateId) -> Result<Finding, AppError> {
    Ok(stands(&rows.comparison_pairs(id).await?).finding)
}

/// The first pair that nobody has judged, unless enough is known.
fn next_of(pairs: Vec<comparison_pair::Model>) -> Option<comparison_pair::Model> {
    if stands(&pairs).finding != Finding::Open {
        return None;
    }
    pairs.into_iter().find(|pair| !pair.is_stale && pair.verdict.is_none())
}

/// Has the answers of a candidate that differ in their words read blind. What was begun before goes on.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], a conflict where no two answers differ or the candidate is over; or the store's.
pub async fn begin(app: &App, caller: &Caller, id: CandidateId) -> Result<ComparisonView, AppError> {
    caller.require(Scope::Review)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
                is_over(row.state)?;
                if !tx.comparison_pairs(id).await?.is_empty() {
                    return Ok(Change::Unlogged(()));
                }
                let all = tx.candidate_cases(id).await?;
                // The same twice is read once, and counts once.
                let mut known = HashSet::new();
                let differing = all.iter().filter(|case| differs(case) && known.insert(key(case)));
                let cases: Vec<candidate_case::Model> = differing.cloned().collect();
                if cases.is_empty() {
                    return Err(refused(
                        "no two answers differ in their words; there is nothing to compare",
                    ));
                }
                let pairs = drawn(tx, cases, 0);
                tx.insert_comparison_pairs(&pairs).await?;
                let entry = LogDraft::new(EventKind::ComparisonBegun, actor)
                    .about("candidate", id)
                    .about("pairs", pairs.len());
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    comparison(app, caller, id).await
}

/// Pairs of these cases in an order by lot, from the place `first` on, each with the sides by lot.
fn drawn(tx: &Tx<'_>, cases: Vec<candidate_case::Model>, first: i64) -> Vec<comparison_pair::Model> {
    let lot = || {
        let mut lot = [0_u8; 17];
        tx.sources().random.fill(&mut lot);
        lot
    };
    let mut lots: Vec<([u8; 17], candidate_case::Model)> = cases.into_iter().map(|case| (lot(), case)).collect();
    lots.sort_by_key(|(lot, _)| *lot);
    let pair = |(place, (lot, case)): (i64, ([u8; 17], candidate_case::Model))| {
        let first_is_after = lot[16] & 1 == 1;
        let (before, after) = (case.before.0.text, case.after.0.text);
        let (first_text, second_text) = if first_is_after {
            (after, before)
        } else {
            (before, after)
        };
        comparison_pair::Model {
            id: PairId::new(&*tx.sources().ids),
            workspace_id: tx.workspace_id(),
            candidate_id: case.candidate_id,
            place,
            conversation_id: case.conversation_id,
            draft_id: case.draft_id,
            question: case.question,
            first_text,
            second_text,
            first_is_after,
            is_stale: false,
            verdict: None,
            judged_place: None,
            member_id: None,
            judged_at: None,
        }
    };
    (first..).zip(lots).map(pair).collect()
}

/// What tells one pair from another: the question, where it was asked, the answer without the candidate and with it.
type Key<'a> = (&'a str, Option<DraftId>, &'a str, &'a str);

fn key(case: &candidate_case::Model) -> Key<'_> {
    let (before, after) = (&case.before.0.text, &case.after.0.text);
    (&case.question, case.draft_id, before, after)
}

/// A candidate was tried anew: pairs whose answers are other ones now are left out, and new ones come last. Tells whether any of that happened.
///
/// # Errors
/// The store's.
pub(super) async fn follow(tx: &Tx<'_>, id: CandidateId, cases: &[candidate_case::Model]) -> Result<bool, AppError> {
    let pairs = tx.comparison_pairs(id).await?;
    if pairs.is_empty() {
        return Ok(false);
    }
    let mut now: HashMap<Key<'_>, &candidate_case::Model> = HashMap::new();
    for case in cases.iter().filter(|case| differs(case)) {
        now.insert(key(case), case);
    }
    let next_place = pairs.iter().map(|pair| pair.place + 1).max().unwrap_or_default();
    let mut is_moved = false;
    for pair in &pairs {
        let (first, second) = (pair.first_text.as_str(), pair.second_text.as_str());
        let (before, after) = if pair.first_is_after {
            (second, first)
        } else {
            (first, second)
        };
        let is_there = now.remove(&(&pair.question, pair.draft_id, before, after)).is_some();
        if pair.is_stale == is_there {
            is_moved = true;
            tx.update(comparison_pair::Model {
                is_stale: !is_there,
                ..pair.clone()
            })
            .await?;
        }
    }
    let mut new: Vec<candidate_case::Model> = now.into_values().cloned().collect();
    new.sort_by_key(|case| case.place);
    is_moved |= !new.is_empty();
    tx.insert_comparison_pairs(&drawn(tx, new, next_place)).await?;
    Ok(is_moved)
}

/// The pair that is judged next. Two people who judge at the same time see the same one; the first verdict counts.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn next(app: &App, caller: &Caller, id: CandidateId) -> Result<NextPair, AppError> {
    caller.require(Scope::Review)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    let pairs = rows.comparison_pairs(id).await?;
    let stands = stands(&pairs);
    let pair = if is_over(row.state).is_ok() {
        next_of(pairs)
    } else {
        None
    };
    let pair = match pair {
        Some(pair) => Some(shown(&rows, pair).await?),
        None => None,
    };
    Ok(NextPair {
        pair,
        judged: stands.judged,
        pairs: stands.pairs,
        is_decided: stands.finding != Finding::Open,
    })
}

async fn shown(rows: &Rows<'_>, pair: comparison_pair::Model) -> Result<PairView, AppError> {
    let draft = match pair.draft_id {
        Some(draft) => rows.draft(draft).await?,
        None => None,
    };
    let conversation = match draft {
        Some(draft) => said_before(rows, draft.turn_id).await?,
        None => Vec::new(),
    };
    Ok(PairView {
        id: pair.id,
        question: pair.question,
        conversation,
        first: pair.first_text,
        second: pair.second_text,
    })
}

/// Keeps what a person says of a pair. It stands; only the pair that is next can be judged, so that nobody chooses.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NoMember`], [`AppError::NotFound`], a conflict where it was judged already, is not the next one or the
/// candidate is over; or the store's.
pub async fn judge(app: &App, caller: &Caller, id: PairId, said: PairJudged) -> Result<ComparisonView, AppError> {
    caller.require(Scope::Review)?;
    let member = caller.member()?;
    let (actor, now) = (caller.actor(), app.now());
    let candidate_id = app
        .store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let pair = tx.comparison_pair(id).await?.ok_or(AppError::NotFound("the pair"))?;
                if let (Some(_), Some(by)) = (pair.verdict, pair.member_id) {
                    return Err(judged_already(tx, by, pair.judged_at).await?);
                }
                let candidate_id = pair.candidate_id;
                let row = tx.candidate(candidate_id).await?;
                is_over(row.ok_or(AppError::NotFound("the candidate"))?.state)?;
                let pairs = tx.comparison_pairs(candidate_id).await?;
                let judged_place = pairs.iter().filter_map(|pair| pair.judged_place).max();
                if next_of(pairs).is_none_or(|next| next.id != id) {
                    return Err(refused(
                        "this pair is not the next one; they are judged in an order by lot, and only until enough is known",
                    ));
                }
                let pair = comparison_pair::Model {
                    verdict: Some(said.verdict),
                    judged_place: Some(judged_place.map_or(0, |last| last + 1)),
                    member_id: Some(member),
                    judged_at: Some(now),
                    ..pair
                };
                let mut entry = LogDraft::new(EventKind::ComparisonJudged, actor)
                    .about("candidate", candidate_id)
                    .about("pair", id);
                if let Some((before, after)) = judged(&pair).and_then(JudgedPair::bad) {
                    let word = |bad| if bad { "bad" } else { "good" };
                    entry = entry.about("without", word(before)).about("with", word(after));
                }
                tx.update(pair).await?;
                Ok::<_, AppError>(Change::Logged(candidate_id, entry))
            })
        })
        .await?;
    comparison(app, caller, candidate_id).await
}

async fn judged_already(rows: &Rows<'_>, by: MemberId, at: Option<Timestamp>) -> Result<AppError, AppError> {
    let name = Names::default().of(rows, by).await?;
    Ok(AppError::Conflict {
        sentence: format!("{name} has judged this pair already; go on with the next one"),
        extra: json!({ "decided_by": name, "decided_at": at }),
    })
}

fn refused(sentence: &str) -> AppError {
    AppError::Conflict {
        sentence: sentence.to_owned(),
        extra: json!({}),
    }
}
