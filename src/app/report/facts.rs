//! What a report is made of, counted by the definitions that the console uses.

use crate::app::{App, AppError, Caller, evidence, insight, policy};
use crate::domain::evidence::MonthName;
use crate::domain::ids::WorkspaceId;
use crate::domain::improve::candidate::CandidateState;
use crate::domain::insight::{Day, Figures, HandoffCode, How, Period, Resolution};
use crate::domain::report::facts::{AutonomyPoint, DayCount, TopicCount};
use crate::domain::report::{Facts, Language, Numbers, ReportKind, ReportSettings, Span, schedule};
use crate::domain::time::Timestamp;
use crate::store::Rows;
use crate::store::entity::workspace;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Weeks or months of the picture of autonomy, that of the report included.
const POINTS: usize = 6;
/// Topics of a report.
const TOPICS: usize = 5;
/// Changes that are looked at.
const CHANGES: u64 = 1_000;

/// A period as the figures take it.
fn period(span: Span) -> Result<Period, AppError> {
    let day = |date: Date| date.to_string().parse::<Day>();
    let ends = day(span.from).and_then(|first| Period::new(first, day(span.to)?));
    ends.map_err(|why| AppError::Invalid(why.to_string()))
}

/// Counts everything that the report of a period says.
///
/// # Errors
/// The store's.
pub(super) async fn gather(
    app: &App,
    workspace_id: WorkspaceId,
    kind: ReportKind,
    span: Span,
    language: Language,
) -> Result<Facts, AppError> {
    // What happened a moment ago counts too.
    insight::catch_up(app, workspace_id).await?;
    let rows = app.store().rows(workspace_id);
    let workspace = rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))?;
    let zone = policy::zone(&rows).await?;
    let now = app.now();
    let settings = &workspace.settings.0.reports;
    let earlier = schedule::before(kind, span);
    let existed = |span: Span| schedule::begins(span.from, &zone) >= workspace.created_at;
    let before = if existed(earlier) || has_traffic(&rows, earlier).await? {
        Some((earlier, numbers(&rows, earlier, &zone, settings).await?))
    } else {
        None
    };
    Ok(Facts {
        kind,
        span,
        counted_on: schedule::today(now, &zone),
        now: numbers(&rows, span, &zone, settings).await?,
        before,
        days: days(&rows, span).await?,
        autonomy: autonomy(&rows, kind, span, &workspace, &zone).await?,
        quality: quality(&rows, span, now, language).await?,
        open_gaps: rows.open_gap_count().await?,
        published: published(&rows, span, &zone).await?,
        topics: topics(app, workspace_id, kind, span).await?,
        notices: Vec::new(),
        business: workspace.name,
        zone: workspace.time_zone,
    })
}

async fn has_traffic(rows: &Rows<'_>, span: Span) -> Result<bool, AppError> {
    Ok(insight::figures(rows, period(span)?, None).await?.conversations > 0)
}

async fn numbers(rows: &Rows<'_>, span: Span, zone: &TimeZone, settings: &ReportSettings) -> Result<Numbers, AppError> {
    let figures = insight::figures(rows, period(span)?, None).await?;
    let (from, to) = (
        schedule::begins(span.from, zone),
        schedule::begins(span.to.saturating_add(1.day()), zone),
    );
    let mut numbers = Numbers {
        leads: rows.leads_between(from, to).await?,
        ..of_figures(&figures)
    };
    for sum in rows.goal_sums(from, to).await? {
        numbers.conversions += sum.conversions;
        // What was paid in another currency than that of the report has no value of its own in it.
        if sum
            .currency
            .is_some_and(|currency| currency.to_string() == settings.currency)
        {
            numbers.valued_conversions += sum.conversions;
            numbers.conversion_minor = numbers.conversion_minor.saturating_add(sum.value);
        }
    }
    Ok(numbers)
}

/// The same counts that the page Analyse shows.
fn of_figures(figures: &Figures) -> Numbers {
    let answers = |kinds: &[How]| kinds.iter().filter_map(|how| figures.answers.get(how)).sum();
    let resolved = |how: Resolution| figures.resolutions.get(&how).copied().unwrap_or_default();
    let ms = |seconds: Option<u64>| seconds.map(|seconds| seconds.saturating_mul(1_000));
    Numbers {
        conversations: figures.conversations,
        attempted: figures.involvement.part,
        questions: figures.match_rate.of,
        matched: figures.match_rate.part,
        answers: figures.automation.of,
        automatic: figures.automation.part,
        released: answers(&[How::Approved, How::Edited]),
        written: answers(&[How::Person]),
        handoffs: figures.handoff.part,
        handoff_reasons: HandoffCode::ALL
            .iter()
            .filter_map(|code| Some((code.as_str().to_owned(), *figures.handoff_reasons.get(code)?)))
            .collect(),
        confirmed: resolved(Resolution::Confirmed),
        assumed: resolved(Resolution::Assumed),
        verified: resolved(Resolution::Verified),
        ratings: figures.csat.of,
        good_ratings: figures.csat.part,
        first_answer_ms: ms(figures.first_by_ai.median_s),
        first_reply_ms: ms(figures.first_by_person.median_s),
        ..Numbers::default()
    }
}

async fn days(rows: &Rows<'_>, span: Span) -> Result<Vec<DayCount>, AppError> {
    let sums = rows.tallies_by_day(period(span)?, None).await?;
    let conversations = |day: Date| {
        let of_day = sums.iter().filter(|sum| sum.day.date() == day);
        Figures::of(of_day.map(|sum| (sum.mark.clone(), sum.amount))).conversations
    };
    let all = span.from.series(1.day()).take_while(|day| *day <= span.to);
    Ok(all
        .map(|day| DayCount {
            day,
            conversations: conversations(day),
        })
        .collect())
}

/// What was asked about most. The period before is that of the figures: a month is compared with as many days before it.
async fn topics(
    app: &App,
    workspace_id: WorkspaceId,
    kind: ReportKind,
    span: Span,
) -> Result<Vec<TopicCount>, AppError> {
    let input = insight::AnalysisInput {
        from: Some(span.from.to_string()),
        to: Some(span.to.to_string()),
        agent: None,
    };
    let found = insight::clusters::clusters(app, &Caller::admin(workspace_id), &input).await?;
    let topic = |cluster: insight::clusters::ClusterView| TopicCount {
        name: cluster.name,
        now: cluster.questions,
        before: (kind == ReportKind::Digest).then_some(cluster.before),
    };
    let asked = found.items.into_iter().filter(|cluster| cluster.questions > 0);
    Ok(asked.take(TOPICS).map(topic).collect())
}

/// The report's period and those before it, as far as the workspace existed or had answers.
async fn autonomy(
    rows: &Rows<'_>,
    kind: ReportKind,
    span: Span,
    workspace: &workspace::Model,
    zone: &TimeZone,
) -> Result<Vec<AutonomyPoint>, AppError> {
    let mut points = Vec::new();
    let mut of = span;
    for _ in 0..POINTS {
        let figures = insight::figures(rows, period(of)?, None).await?;
        points.push(AutonomyPoint {
            from: of.from,
            answers: figures.automation.of,
            automatic: figures.automation.part,
        });
        of = schedule::before(kind, of);
    }
    points.reverse();
    let began = workspace.created_at;
    let is_before = |point: &AutonomyPoint| {
        let end = schedule::period_of(kind, point.from).to.saturating_add(1.day());
        point.answers == 0 && schedule::begins(end, zone) <= began
    };
    let skipped = points.iter().take_while(|point| is_before(point)).count();
    // Without any answer there is nothing to show a course of, but for the period itself.
    let keep_from = skipped.min(points.len().saturating_sub(1));
    Ok(points.split_off(keep_from))
}

/// What is said of the months that a period lies in, word by word as the page Quality says it.
async fn quality(rows: &Rows<'_>, span: Span, now: Timestamp, language: Language) -> Result<Vec<String>, AppError> {
    let mut said = Vec::new();
    let mut month = span.from.first_of_month();
    while month <= span.to {
        let name: Option<MonthName> = format!("{:04}-{:02}", month.year(), month.month()).parse().ok();
        if let Some(name) = name
            && let Some(view) = evidence::month_said(rows, name, now).await?
        {
            let german = (language == Language::German).then(|| super::german::of_month(&view, month));
            said.push(german.unwrap_or(view.in_words));
        }
        month = month.saturating_add(1.month());
    }
    if said.is_empty() {
        said.push(
            language
                .pick(
                    "Nothing is known yet of the quality of what went out without a person.",
                    "Über die Qualität dessen, was ohne einen Menschen hinausging, ist noch nichts bekannt.",
                )
                .to_owned(),
        );
    }
    Ok(said)
}

/// Changes of what the AI answers that went live in a period.
async fn published(rows: &Rows<'_>, span: Span, zone: &TimeZone) -> Result<u64, AppError> {
    let (from, to) = (
        schedule::begins(span.from, zone),
        schedule::begins(span.to.saturating_add(1.day()), zone),
    );
    let rows = rows.candidates(None, CHANGES).await?;
    let live = rows.iter().filter(|row| {
        row.state == CandidateState::Published && row.published_at.is_some_and(|at| from <= at && at < to)
    });
    Ok(live.fold(0, |count, _| count + 1))
}
