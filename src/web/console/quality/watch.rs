//! What watches over quality: the detector, and those who judge.

use super::super::view::{DriftLine, DriftPicture, ReviewerLine, ReviewersPart};
use crate::app::checks::{ReviewerView, ReviewersView, TeamView};
use crate::app::evidence::{DriftDay, Quality, counted, percent};
use crate::domain::evidence::Ended;
use jiff::civil::Date;

/// When and why the gate closed by itself.
pub(super) fn closed(known: &Quality) -> Vec<String> {
    let closed = known.closed.as_ref();
    closed.map_or_else(Vec::new, |closed| {
        vec![closed.in_words.clone(), closed.load_in_words.clone()]
    })
}

/// Where the detector stands, and what that means.
pub(super) fn in_words(known: &Quality) -> String {
    let Some((figure, level)) = known.drift else {
        return "Nothing to watch yet: this begins with the first certificate.".to_owned();
    };
    let (at, alarm) = (rounded(figure), rounded(level));
    let mood = if figure >= level {
        None
    } else if figure.ln_1p() > 0.7 * level.ln_1p() {
        Some("Checks find more bad answers than your limit allows for.")
    } else {
        Some("Checks find nothing unusual.")
    };
    if known.gate == "uncertified" {
        let mood = mood.unwrap_or(
            "That is an alarm: of what was let out without a certificate, more is bad than your limit allows.",
        );
        return format!(
            "Answers go out on the responsibility of whoever released them. The alarm counter of their checks stands at {at}; at {alarm} the owners are written to, and nothing closes by itself: Hold again at Settings → Policy does. {mood}"
        );
    }
    if known.certificate.is_none() {
        let why = match known.closed.as_ref().map(|closed| closed.because) {
            Some(Ended::Drift) => ": that was an alarm",
            Some(Ended::MuchWorseMonth) => ": the month that ended was much worse than those before it",
            _ => "",
        };
        return format!(
            "Nothing is watched while there is no certificate. When the last one ended, the alarm counter stood at {at} (the alarm is at {alarm}){why}."
        );
    }
    let mood = mood.unwrap_or("That is an alarm: the gate closes.");
    format!(
        "The alarm counter stands at {at}; at {alarm} the gate closes by itself. Bad checks lift it, good ones lower it. {mood}"
    )
}

/// Where the detector stands, without decimals: `3 000`.
fn rounded(figure: f64) -> String {
    format!("{figure:.0}")
        .parse()
        .map_or_else(|_| "the highest it can".to_owned(), counted)
}

/// The way of the detector as a picture.
pub(super) fn picture(known: &Quality) -> Option<DriftPicture> {
    let (_, level) = known.drift?;
    let day = |day: &DriftDay| {
        let date: Date = day.day.parse().ok()?;
        let line = DriftLine {
            date: day.day.clone(),
            day: date.strftime("%-d %b %Y").to_string(),
            figure: day.figure,
            checks: day.checks,
            bad: day.bad,
        };
        let since_then = date.since(Date::ZERO).ok()?;
        Some((i64::from(since_then.get_days()), line))
    };
    DriftPicture::of(known.drift_days.iter().filter_map(day).collect(), level)
}

/// How reviewers judge.
pub(super) fn reviewers(view: &ReviewersView) -> ReviewersPart {
    let team = &view.team;
    ReviewersPart {
        team: match team.agreement {
            None => "No answer was judged by two people yet.".to_owned(),
            Some(_) => {
                let ac1 = match ac1(team.ac1, team.ac1_interval) {
                    known if team.ac1.is_some() => format!(" Agreement beyond chance (AC1) is {known}."),
                    _ => " From 50 on it is said how much of that is beyond chance.".to_owned(),
                };
                format!("Two reviewers agree on {}.{ac1}", agreement(team))
            }
        },
        rows: view.reviewers.iter().map(reviewer).collect(),
    }
}

/// `95 % of 43 (84.2 % to 99.4 %)`.
fn agreement(team: &TeamView) -> String {
    match (team.agreement, team.agreement_interval) {
        (Some(share), Some((low, high))) => {
            format!(
                "{} of {} ({} to {})",
                percent(share),
                team.doubles,
                percent(low),
                percent(high)
            )
        }
        _ => NOTHING.to_owned(),
    }
}

const NOTHING: &str = "–";

fn ac1(ac1: Option<f64>, interval: Option<(f64, f64)>) -> String {
    match (ac1, interval) {
        (Some(ac1), Some((low, high))) => format!("{ac1:.2} ({low:.2} to {high:.2})"),
        _ => NOTHING.to_owned(),
    }
}

fn reviewer(one: &ReviewerView) -> ReviewerLine {
    let with_others = TeamView {
        doubles: one.doubles,
        agreement: one.agreement,
        agreement_interval: one.agreement_interval,
        ac1: one.ac1,
        ac1_interval: one.ac1_interval,
    };
    let time = match (one.median_decision_ms, one.hasty) {
        (Some(ms), Some(hasty)) => format!("{:.0} s, {} too fast", ms / 1_000.0, percent(hasty)),
        _ => NOTHING.to_owned(),
    };
    let known = one.gold.map_or_else(
        || NOTHING.to_owned(),
        |gold| {
            let (low, high) = (percent(gold.lower), percent(gold.upper));
            let alarm = if gold.is_alarming { ": too many are wrong" } else { "" };
            format!("{} of {} right ({low} to {high}){alarm}", gold.right, gold.judged)
        },
    );
    let repeats = match one.repeats.judged {
        0 => NOTHING.to_owned(),
        judged => format!("{} of {judged} the same", one.repeats.same),
    };
    ReviewerLine {
        id: one.member_id.to_string(),
        name: one.name.clone(),
        verdicts: one.verdicts,
        time,
        agreement: agreement(&with_others),
        ac1: ac1(one.ac1, one.ac1_interval),
        known,
        repeats,
        word: one.word.clone().unwrap_or_default(),
    }
}
