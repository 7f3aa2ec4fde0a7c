//! How risky a draft is, when it is decided about.

use super::{draws, look_soon, months};
use crate::app::{AppError, policy};
use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::draft::{Draft, Source};
use crate::domain::evidence::{MonthName, mode_of, rests_on};
use crate::domain::features::{Texts, of_draft, prior};
use crate::domain::ids::{AgentId, ConversationId};
use crate::domain::policy::{Decision, Facts};
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use crate::stats::sampler::Bands;
use crate::stats::score::Version;
use crate::stats::threshold::{FRESH_BELOW, is_fresh};
use crate::store::entity::evidence;
use crate::store::{JobKind, LogDraft, Rows, Tx};
use std::sync::LazyLock;

/// The score before any verdict. Its number is 0.
static BY_HAND: LazyLock<Version> = LazyLock::new(|| Version::by_hand(&prior()));

/// A draft's risk.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct Grade {
    /// In the order of the catalogue; NaN what was not measured.
    pub(in crate::app) features: Vec<f64>,
    /// The version of the score, 0 for the one set by hand.
    pub(in crate::app) score_version: i64,
    /// Log-odds of bad; none where nothing answers.
    pub(in crate::app) score: Option<f64>,
    /// How likely it is acceptable.
    pub(in crate::app) confidence: f64,
    /// The content it rests on.
    pub(in crate::app) rests_on: Option<[u8; 32]>,
    /// Too little is known of that content.
    pub(in crate::app) is_fresh: bool,
}

impl Grade {
    /// The features as they are stored: none for what was not measured.
    pub(in crate::app) fn measured(&self) -> Vec<Option<f64>> {
        let features = self.features.iter();
        features.map(|value| value.is_finite().then_some(*value)).collect()
    }
}

/// The score in force, with its number.
///
/// # Errors
/// The store's.
pub(super) async fn score(rows: &Rows<'_>) -> Result<(i64, Version), AppError> {
    Ok(rows
        .newest_score()
        .await?
        .map_or_else(|| (0, BY_HAND.clone()), |row| (row.number, row.version.0)))
}

/// What of a draft is graded.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Content<'a> {
    pub(in crate::app) question: &'a str,
    pub(in crate::app) text: &'a str,
    pub(in crate::app) sources: &'a [Source],
    pub(in crate::app) signals: &'a Signals,
    pub(in crate::app) screening: &'a Screening,
}

/// Grades a draft by the score in force.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn grade(
    rows: &Rows<'_>,
    (agent_id, business): (AgentId, &str),
    draft: &Draft,
) -> Result<Grade, AppError> {
    let content = Content {
        question: &draft.question,
        text: &draft.text,
        sources: &draft.sources,
        signals: &draft.signals,
        screening: &draft.screening,
    };
    grade_content(rows, (agent_id, business), content).await
}

/// Grades what may become a draft, by the score in force.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn grade_content(
    rows: &Rows<'_>,
    (agent_id, business): (AgentId, &str),
    content: Content<'_>,
) -> Result<Grade, AppError> {
    let (score_version, version) = score(rows).await?;
    let best = content.sources.first();
    let passage = best.map(|source| format!("{}\n{}", source.title, source.text));
    let texts = Texts {
        question: content.question,
        passage: passage.as_deref(),
        answer: content.text,
        about: business,
        passage_about: None,
    };
    let features = of_draft(&texts, content.signals, content.screening);
    let answers = mode_of(content.signals.mode).is_some();
    let rests_on = rests_on(content.sources);
    let known = match &rests_on {
        Some(content) => rows.verdicts_on(agent_id, content, u64::from(FRESH_BELOW)).await?,
        None => 0,
    };
    let is_compared = is_compared(rows, agent_id, content.signals.mode).await?;
    Ok(Grade {
        score_version,
        score: answers.then(|| version.rank(&features)),
        confidence: if answers { version.confidence(&features) } else { 0.0 },
        rests_on,
        is_fresh: !is_compared || is_fresh(u32::try_from(known).unwrap_or(u32::MAX)),
        features,
    })
}

/// Whether an agent's answers of this mode were compared with what they were before the last publication that may have changed them. What the LLM
/// writes is another answer after any of them; what is found and quoted only after those that change what is found, because another text is
/// fresh by itself: too little is known of it.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn is_compared(
    rows: &Rows<'_>,
    agent_id: AgentId,
    mode: AnswerMode,
) -> Result<bool, AppError> {
    let all = rows.workspace_id();
    if mode == AnswerMode::Compose && rows.is_scheduled(JobKind::CarryOver, all).await? {
        return Ok(false);
    }
    Ok(!rows.is_scheduled(JobKind::FindAnew, all).await? && !rows.is_scheduled(JobKind::FindAnew, agent_id).await?)
}

/// The month in whose sample what goes out now belongs, and with which probability it is drawn there.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct Lot {
    month: MonthName,
    /// Its band and that band's probability, should it go out. None in a month that is not opened yet: it is, before anything goes out in it.
    sent_with: Option<(i64, f64)>,
    /// In which half of what is held it lies, and with which probability it is asked about, should it be held.
    held_with: Option<(i64, f64)>,
}

impl Lot {
    /// Of what is decided about now at this risk.
    ///
    /// # Errors
    /// The store's.
    pub(in crate::app) async fn of(rows: &Rows<'_>, now: Timestamp, score: Option<f64>) -> Result<Self, AppError> {
        let zone = policy::zone(rows).await?;
        let (month, row) = months::sampled_now(rows, &zone, now).await?;
        let risk = score.unwrap_or(f64::NAN);
        let held_with = row.as_ref().map(|row| draws::asked_with(row, risk));
        let sent_with = row.map(|row| {
            let bands = Bands::from_cuts(row.cuts.0).unwrap_or_default();
            let band = bands.of(risk);
            let probability = months::probability(&row.probabilities.0, band);
            (i64::try_from(band).unwrap_or(i64::MAX), probability)
        });
        Ok(Self {
            month,
            sent_with,
            held_with,
        })
    }

    /// Whether nothing like it is ever looked at: the month was planned without reviews.
    pub(in crate::app) fn is_never_drawn(&self) -> bool {
        self.sent_with.is_some_and(|(_, probability)| probability <= 0.0)
    }
}

/// A draft that was just decided about.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Decided<'a> {
    /// Its conversation.
    pub(in crate::app) conversation_id: ConversationId,
    /// The draft.
    pub(in crate::app) draft: &'a Draft,
    /// What the decision rests on.
    pub(in crate::app) facts: &'a Facts,
    /// Its risk.
    pub(in crate::app) grade: &'a Grade,
    /// The decision.
    pub(in crate::app) decision: &'a Decision,
    /// What it is drawn with.
    pub(in crate::app) lot: &'a Lot,
    /// It went out without a person.
    pub(in crate::app) is_sent: bool,
}

/// Writes down what is known of a draft with its decision, and adds to the log's entry what it is drawn with if it went out without a
/// person.
///
/// # Errors
/// [`AppError::Internal`] when nothing is fixed yet of the month it goes out in: it is decided about once more then. Or the store's.
pub(in crate::app) async fn graded(tx: &Tx<'_>, decided: Decided<'_>, entry: LogDraft) -> Result<LogDraft, AppError> {
    let Decided {
        conversation_id,
        draft,
        facts,
        grade,
        decision,
        lot,
        is_sent,
    } = decided;
    let now = facts.at;
    let month = lot.month;
    let drawn_with = if is_sent {
        let opened = lot.sent_with;
        Some(opened.ok_or_else(|| AppError::Internal("the month's sampling is not opened yet".to_owned()))?)
    } else {
        lot.held_with
    };
    let score = grade.score.unwrap_or_default();
    if mode_of(draft.mode).is_some() {
        tx.insert(evidence::Model {
            draft_id: draft.id,
            workspace_id: tx.workspace_id(),
            conversation_id,
            agent_version_id: draft.agent_version_id,
            month: month.to_string(),
            mode: draft.mode,
            score_version: grade.score_version,
            score,
            topic: facts.topic().to_owned(),
            is_sensitive: !decision.is_for_the_gate(),
            is_fresh: grade.is_fresh,
            rests_on: grade.rests_on.map(|hash| hash.to_vec()),
            is_sent,
            band: drawn_with.map(|(band, _)| band),
            probability: drawn_with.map(|(_, probability)| probability),
            seq: None,
            is_drawn: None,
            weight: None,
            is_kept_back: false,
            left_out: false,
            label: None,
            judged_by: None,
            judged_at: None,
            second_label: None,
            second_at: None,
            is_changed: false,
            created_at: now,
        })
        .await?;
        look_soon(tx, now).await?;
    }
    Ok(match drawn_with.filter(|_| is_sent) {
        Some((band, probability)) => entry
            .about("month", month)
            .about("score", score)
            .about("score_version", grade.score_version)
            .about("band", band)
            .about("probability", probability),
        None => entry,
    })
}
