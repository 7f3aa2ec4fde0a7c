//! How far the gate is open, why, and what can be said of what went out.

mod watch;

use super::view::{
    AccuracyLine, AnswerLine, AnswersPage, AutonomyForm, AutonomyPicture, CurveLine, MonthLine, PlanPart, Point,
    QualityPage, ReliabilityPicture, Section, Words,
};
use super::viewer::Viewer;
use super::{html, sentence};
use crate::app::evidence::{
    self, AccuracyRow, AnswerRow, AnswersInput, CurvePoint, EpochView, MonthView, PlanInput, PlanView, Unplannable,
    What, at_most, percent,
};
use crate::app::{Caller, Who, checks, policy, team};
use crate::domain::account::{Role, Scope};
use crate::domain::answer::AnswerMode;
use crate::domain::evidence::MonthName;
use crate::domain::ids::MemberId;
use crate::domain::review::VerdictLabel;
use crate::stats::threshold::Mode;
use crate::web::error::Problem;
use crate::web::extract::Query;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

/// Why nothing is planned.
const UNREADABLE: &str =
    "write numbers: conversations and answers a day like 20, the limit and how sure in percent like 4 and 95";
/// Answers of a page.
const LISTED: u64 = 50;

/// The planner's form, in percent as people write it; what is left empty is planned as it is set.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wished {
    conversations: Option<String>,
    limit: Option<String>,
    confidence: Option<String>,
    reviews: Option<String>,
}

impl Wished {
    /// What is wished, where all of it can be read and planned with.
    fn input(&self) -> Result<PlanInput, Unplannable> {
        let read = |field: &'static str, text: &Option<String>| match text.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => {
                let unreadable = Unplannable {
                    field,
                    says: UNREADABLE,
                };
                let number: Result<f64, _> = text.replace(',', ".").parse();
                number.map(Some).map_err(|_unreadable| unreadable)
            }
        };
        let share = |field, text| Ok(read(field, text)?.map(|percent| (percent * 10.0).round() / 1_000.0));
        let input = PlanInput {
            conversations: read("conversations", &self.conversations)?,
            limit: share("limit", &self.limit)?,
            confidence: share("confidence", &self.confidence)?,
            reviews: read("reviews", &self.reviews)?,
        };
        input.check()?;
        Ok(input)
    }

    /// The form as it was typed, to be mended.
    fn back_into(self, part: PlanPart) -> PlanPart {
        PlanPart {
            conversations: self.conversations.unwrap_or(part.conversations),
            limit: self.limit.unwrap_or(part.limit),
            confidence: self.confidence.unwrap_or(part.confidence),
            reviews: self.reviews.unwrap_or(part.reviews),
            ..part
        }
    }
}

/// `GET /quality`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wished): Query<Wished>,
) -> Result<Response, Problem> {
    let caller = &viewer.caller;
    let known = evidence::quality(&web.app, caller).await?;
    let accuracy = evidence::accuracy(&web.app, caller).await?;
    let wish = wished.input();
    let plan = planned(evidence::planned(&web.app, caller, wish.unwrap_or_default()).await?);
    let plan = match wish {
        Ok(_) => plan,
        // What was typed stands there to be mended, and no plan for other figures beside it.
        Err(cannot) => wished.back_into(PlanPart {
            says: Vec::new(),
            problem: sentence(cannot.says),
            wrong: cannot.field,
            ..plan
        }),
    };
    let topic = |row: &AccuracyRow| format!("topic={}", encoded(&row.key));
    let version = |row: &AccuracyRow| format!("version={}", row.key);
    let line = |row: AccuracyRow, query: String| AccuracyLine {
        query,
        name: row.name,
        drafts: row.drafts,
        judged: row.judged,
        bad: row.bad,
        says: row.in_words,
    };
    html(&QualityPage {
        shell: viewer.shell(Section::Quality),
        settings: AutonomyForm {
            set: known.autonomy,
            limit: tenths(known.autonomy.limit_permille),
            is_owner: matches!(caller.who, Who::Member { role: Role::Owner, .. }),
        },
        gate: policy::gate(&web.app, caller).await?.in_words,
        certificate: known.in_words.clone(),
        expires: known.certificate.as_ref().map(|row| viewer.moment(row.expires_at)),
        tested: known.epoch.as_ref().map(|epoch| viewer.moment(epoch.at)),
        curve: known
            .epoch
            .as_ref()
            .filter(|epoch| !epoch.curve.is_empty())
            .map(|epoch| curve(epoch, known.autonomy.limit())),
        score: known
            .epoch
            .as_ref()
            .and_then(|epoch| epoch.score.as_ref())
            .map(ReliabilityPicture::of),
        closed: watch::closed(&known),
        drift: watch::picture(&known),
        drift_words: watch::in_words(&known),
        reviewers: match caller.require(Scope::Admin) {
            Ok(()) => Some(watch::reviewers(&checks::reviewers(&web.app, caller).await?)),
            Err(_) => None,
        },
        months: known.months.iter().map(month).collect(),
        topics: accuracy
            .topics
            .into_iter()
            .map(|row| {
                let query = topic(&row);
                line(row, query)
            })
            .collect(),
        versions: accuracy
            .versions
            .into_iter()
            .map(|row| {
                let query = version(&row);
                line(row, query)
            })
            .collect(),
        plan,
    })
}

fn tenths(permille: u32) -> String {
    match permille % 10 {
        0 => (permille / 10).to_string(),
        rest => format!("{}.{rest}", permille / 10),
    }
}

fn words_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Verified => AnswerMode::Verified.words(),
        Mode::Quote => AnswerMode::Quote.words(),
        Mode::Compose => AnswerMode::Compose.words(),
    }
}

fn curve(epoch: &EpochView, limit: f64) -> AutonomyPicture {
    let point = |point: &CurvePoint| Point {
        automation: point.automation,
        upper: point.upper,
        is_certified: point.is_certified,
    };
    let (now, more): (Vec<Point>, Vec<Point>) = (
        epoch.curve.iter().map(point).collect(),
        epoch.outlook.iter().map(point).collect(),
    );
    let furthest = |points: &[Point]| {
        let certified = points.iter().rfind(|point| point.is_certified);
        certified.map_or_else(|| "nothing".to_owned(), |point| percent(point.automation))
    };
    let says = format!(
        "By the last test {} could go out within the limit of {}. Twice the verdicts, if they say the same, would let {} out.",
        furthest(&now),
        percent(limit),
        furthest(&more)
    );
    let rows = epoch.curve.iter().zip(&epoch.outlook).map(|(now, more)| CurveLine {
        mode: words_of(now.mode),
        automation: percent(now.automation),
        upper: at_most(now.upper),
        estimate: percent(now.estimate),
        verdicts: format!("{}, {} bad", now.reviewed, now.bad),
        is_certified: now.is_certified,
        outlook: at_most(more.upper),
        outlook_certified: more.is_certified,
    });
    AutonomyPicture::of(&now, &more, limit, says, rows.collect())
}

fn month(row: &MonthView) -> MonthLine {
    let counts = row.counts;
    MonthLine {
        name: row
            .month
            .parse::<MonthName>()
            .map_or_else(|_| row.month.clone(), MonthName::in_words),
        month: row.month.clone(),
        says: row.in_words.clone(),
        is_closed: row.is_closed,
        sent: counts.sent,
        drawn: counts.drawn,
        reviewed: counts.reviewed,
        bad: counts.bad,
    }
}

fn planned(view: PlanView) -> PlanPart {
    let wish = view.plan.wish;
    let in_percent = |share: f64| percent(share).trim_end_matches(" %").to_owned();
    PlanPart {
        conversations: format!("{:.0}", wish.conversations),
        limit: in_percent(wish.limit),
        confidence: in_percent(1.0 - wish.risk),
        reviews: format!("{:.0}", wish.reviews),
        says: view.in_words,
        assumptions: view.assumptions,
        presets: view
            .presets
            .into_iter()
            .map(|preset| (preset.says.to_owned(), preset.in_words))
            .collect(),
        problem: String::new(),
        wrong: "",
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    after: Option<String>,
}

/// `GET /quality/answers?month=&what=&topic=&version=&band=&after=`
pub(super) async fn answers(
    State(web): State<Web>,
    viewer: Viewer,
    Query(input): Query<AnswersInput>,
    Query(After { after }): Query<After>,
) -> Result<Response, Problem> {
    let found = evidence::answers(&web.app, &viewer.caller, &input, after.as_deref(), LISTED).await?;
    let by = match input.by {
        Some(member) => Some(name(&web, &viewer.caller, member).await?),
        None => None,
    };
    html(&AnswersPage {
        shell: viewer.shell(Section::Quality),
        title: title(&input, by.as_deref()),
        hint: match input.what {
            What::Drafts | What::Sent | What::Drawn => String::new(),
            _ => "An answer about which somebody is still asked is listed afterwards; one about which somebody may be asked once more, after three months.".to_owned(),
        },
        rows: found.items.iter().map(|row| answer(&viewer, row)).collect(),
        query: query(&input)?,
        next: found.next,
        continued: after.is_some(),
    })
}

/// A list's own address, without its page.
fn query(input: &AnswersInput) -> Result<String, Problem> {
    let fields = serde_json::to_value(input).map_err(|cause| {
        tracing::error!(%cause, "A list's own address cannot be written");
        Problem::internal_error()
    })?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let said = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null());
    let pairs = said.map(|(name, value)| format!("{name}={}", encoded(&text(value))));
    Ok(pairs.collect::<Vec<_>>().join("&"))
}

/// A value of a query, whatever is in it.
pub(in crate::web) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What a reviewer is called, whether they are still there or not.
async fn name(web: &Web, caller: &Caller, member: MemberId) -> Result<String, Problem> {
    let members = team::members(&web.app, caller).await?;
    let found = members.into_iter().find(|profile| profile.id == member);
    Ok(found.map_or_else(|| "a former colleague".to_owned(), |profile| profile.name))
}

/// Which answers these are: `Answers judged by Mia in the last year`.
fn title(input: &AnswersInput, by: Option<&str>) -> String {
    let what = match input.what {
        What::Drafts => "Answers drafted",
        What::Sent => "Answers sent without a person",
        What::Drawn => "Answers drawn for a check",
        What::Reviewed => "Checks judged",
        What::BadReviewed => "Checks found bad",
        What::Judged => "Answers judged",
        What::Bad => "Answers found bad",
    };
    let judged = match input.what {
        What::Reviewed | What::Judged => "",
        _ => ", judged",
    };
    let by = by.map(|name| format!("{judged} by {name}")).unwrap_or_default();
    let on = match input.what {
        What::BadReviewed | What::Bad => "",
        _ => judged,
    };
    let in_words = |day: &String| {
        let date = day.parse::<Date>();
        date.map_or_else(|_| day.clone(), |date| date.strftime("%-d %B %Y").to_string())
    };
    let day = input
        .day
        .as_ref()
        .map(|day| format!("{on} on {}", in_words(day)))
        .unwrap_or_default();
    let month = input.month.as_deref().and_then(|month| month.parse::<MonthName>().ok());
    let when = match (month, &input.day, input.by) {
        (Some(month), ..) => format!(" in {}", month.in_words()),
        (None, Some(_), _) => String::new(),
        (None, None, Some(_)) => " in the last year".to_owned(),
        (None, None, None) => " in the last three months".to_owned(),
    };
    let topic = input
        .topic
        .as_ref()
        .map(|topic| format!(", about “{topic}”"))
        .unwrap_or_default();
    let version = input.version.map(|_| ", by one agent version").unwrap_or_default();
    let band = input
        .band
        .map(|band| format!(", band {}", band + 1))
        .unwrap_or_default();
    format!("{what}{by}{day}{when}{topic}{version}{band}")
}

fn answer(viewer: &Viewer, row: &AnswerRow) -> AnswerLine {
    AnswerLine {
        conversation: row.conversation_id.to_string(),
        at: viewer.moment(row.at),
        question: row.question.clone(),
        answer: row.answer.clone(),
        mode: row.mode.words(),
        topic: row.topic.clone(),
        state: if row.is_sent { "Sent without a person" } else { "Held" },
        verdict: match row.verdict {
            Some(VerdictLabel::Acceptable) => "Acceptable",
            Some(VerdictLabel::Bad) => "Bad",
            Some(VerdictLabel::CannotJudge) => "Could not be judged",
            None => "",
        },
    }
}
