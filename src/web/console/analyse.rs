//! Analyse: what conversations were, in figures and pictures, each leading to the conversations behind it.

use super::view::{
    AnalysePage, BarLine, BarsPicture, BehindPage, Choice, ConversationsPart, FigureCard, HeatPicture, Section,
    VersionLine,
};
use super::viewer::Viewer;
use super::{conversations, html, topics};
use crate::app::insight::{self, AnalysisInput, DayRow, MarkedInput, VersionRow};
use crate::domain::ids::AgentId;
use crate::domain::insight::{
    Day, Figures, HandoffCode, How, Left, Mark, Period, Resolution, ResolvedBy, Share, Tone, Waits,
};
use crate::web::error::Problem;
use crate::web::extract::Query;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Conversations of a page.
const LISTED: u64 = 50;
/// Longer periods are drawn week by week.
const DAYS_DRAWN: i64 = 62;

/// `GET /analyse?from=&to=&agent=`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(input): Query<AnalysisInput>,
) -> Result<Response, Problem> {
    let found = insight::analysis(&web.app, &viewer.caller, &input).await?;
    let choice = choice_of(found.period, found.before, &found.agents, &input);
    let (topics, topics_words) = topics::top(&web, &viewer, &input, &choice.query).await?;
    let changes = topics::changes(&web, &viewer).await?;
    let figures = &found.figures;
    let link = |mark: Mark| behind(&mark, &choice.query);
    let bars = |counts: Vec<(String, Mark, u64)>| lines(counts, &link);
    let told = |count: Option<&u64>| count.copied().unwrap_or_default();
    html(&AnalysePage {
        is_empty: figures.conversations + figures.unwritten + figures.spam == 0,
        cards: cards(figures, &found.previous, &link),
        answered: answered(&found.days),
        tones: tones(&found.days),
        hours: HeatPicture::of(&figures.hours, busiest(figures), |hour| {
            link(Mark::Hour(u8::try_from(hour).unwrap_or_default()))
        }),
        handoffs: bars(
            (HandoffCode::ALL.iter())
                .map(|code| {
                    (
                        code.in_words().to_owned(),
                        Mark::HandedOffFor(*code),
                        told(figures.handoff_reasons.get(code)),
                    )
                })
                .collect(),
        ),
        resolutions: bars(
            (Resolution::ALL.iter())
                .map(|how| {
                    (
                        how.in_words().to_owned(),
                        Mark::Resolved(*how),
                        told(figures.resolutions.get(how)),
                    )
                })
                .collect(),
        ),
        helped_by: bars(
            (ResolvedBy::ALL.iter())
                .map(|whom| {
                    (
                        whom.in_words().to_owned(),
                        Mark::ResolvedBy(*whom),
                        told(figures.resolved_by.get(whom)),
                    )
                })
                .collect(),
        ),
        left: bars(
            (Left::ALL.iter())
                .map(|stage| {
                    (
                        stage.in_words().to_owned(),
                        Mark::Left(*stage),
                        told(figures.left.get(stage)),
                    )
                })
                .collect(),
        ),
        languages: bars(
            (figures.languages.iter())
                .map(|(code, count)| (language(code), Mark::Language(code.clone()), *count))
                .collect(),
        ),
        stars: stars(figures, &link),
        versions: found.versions.iter().map(version).collect(),
        topics,
        topics_words,
        changes,
        shell: viewer.shell(Section::Analyse),
        choice,
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    after: Option<String>,
}

/// `GET /analyse/conversations?mark=&from=&to=&agent=&after=`
pub(super) async fn conversations_page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(input): Query<MarkedInput>,
    Query(Listed { after }): Query<Listed>,
) -> Result<Response, Problem> {
    let found = insight::marked(&web.app, &viewer.caller, &input, after.as_deref(), LISTED).await?;
    let query = query(found.period, input.of.agent.map(|id| id.to_string()).as_deref());
    let mark: Option<Mark> = found.mark.parse().ok();
    let what = match &mark {
        Some(Mark::Cluster(id)) => match id.parse() {
            Ok(id) => {
                insight::clusters::cluster(&web.app, &viewer.caller, id, &input.of)
                    .await?
                    .name
            }
            Err(_) => String::new(),
        },
        Some(mark) => what(mark),
        None => String::new(),
    };
    let rows = found
        .page
        .items
        .iter()
        .map(|row| conversations::row(&viewer, row))
        .collect();
    html(&BehindPage {
        what,
        days: days_in_words(found.period),
        all: match found.all {
            1 => "One conversation".to_owned(),
            all => format!("{all} conversations"),
        },
        back: format!("/analyse?{query}"),
        next: (found.page.next.as_deref())
            .map(|next| format!("/analyse/conversations?mark={}&{query}&after={next}", found.mark)),
        list: ConversationsPart {
            rows,
            next: None,
            continued: after.is_some(),
            spam: mark == Some(Mark::Spam),
        },
        shell: viewer.shell(Section::Analyse),
    })
}

pub(super) fn query(period: Period, agent: Option<&str>) -> String {
    let agent = agent.map(|id| format!("&agent={id}")).unwrap_or_default();
    format!("from={}&to={}{agent}", period.first, period.last)
}

pub(super) fn behind(mark: &Mark, query: &str) -> String {
    format!(
        "/analyse/conversations?mark={}&{query}",
        super::quality::encoded(&mark.to_string())
    )
}

/// A day as people write it: `3 May 2026`.
fn day_in_words(day: Day) -> String {
    day.date().strftime("%-d %b %Y").to_string()
}

pub(super) fn days_in_words(period: Period) -> String {
    if period.first == period.last {
        return day_in_words(period.first);
    }
    format!("{} to {}", day_in_words(period.first), day_in_words(period.last))
}

/// The choice of days and agent, as it was made.
pub(super) fn choice_of(of: Period, compared: Period, agents: &[(AgentId, String)], input: &AnalysisInput) -> Choice {
    let agent = input.agent.map(|id| id.to_string());
    let last = of.last;
    let quick = [("7 days", 7), ("4 weeks", 28), ("3 months", 91), ("A year", 365)].map(|(name, days)| {
        let period = Period::ending(last, days);
        (
            name,
            format!("/analyse?{}", query(period, agent.as_deref())),
            period == of,
        )
    });
    let agents = agents
        .iter()
        .map(|(id, name)| (id.to_string(), name.clone(), input.agent == Some(*id)));
    Choice {
        from: of.first.to_string(),
        to: last.to_string(),
        quick: quick.to_vec(),
        agents: agents.collect(),
        query: query(of, agent.as_deref()),
        compared: days_in_words(compared),
    }
}

/// Seconds as people say them: `42 s`, `3 min`, `2 h 10 min`, `3 days`.
fn waited(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", (seconds + 30) / 60),
        3_600..172_800 => {
            let minutes = (seconds + 30) / 60;
            format!("{} h {} min", minutes / 60, minutes % 60)
        }
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

fn wait(waits: &Waits) -> String {
    waits.median_s.map_or_else(|| "–".to_owned(), waited)
}

fn nine_in_ten(waits: &Waits) -> String {
    match waits.p90_s {
        Some(seconds) => format!(
            "half of {} at most; nine in ten {} at most",
            waits.conversations,
            waited(seconds)
        ),
        None => "none was delivered".to_owned(),
    }
}

fn cards(now: &Figures, before: &Figures, link: &impl Fn(Mark) -> String) -> Vec<FigureCard> {
    let share = |name, of: &str, share: Share, before: Share, mark: Option<Mark>| FigureCard {
        name,
        value: share.in_words(),
        of: format!("{} of {} {of}", share.part, share.of),
        before: before.in_words(),
        href: mark.filter(|_| share.part > 0).map(link),
    };
    let first = |name, waits: &Waits, before: &Waits| FigureCard {
        name,
        value: wait(waits),
        of: nine_in_ten(waits),
        before: wait(before),
        href: None,
    };
    vec![
        FigureCard {
            name: "Conversations",
            value: now.conversations.to_string(),
            of: format!(
                "{} more opened the chat and wrote nothing; {} are spam",
                now.unwritten, now.spam
            ),
            before: before.conversations.to_string(),
            href: (now.conversations > 0).then(|| link(Mark::Conversations)),
        },
        share(
            "Involvement",
            "conversations with a question got an attempt of the AI",
            now.involvement,
            before.involvement,
            Some(Mark::Involved),
        ),
        share(
            "Automation",
            "answers went out without a person",
            now.automation,
            before.automation,
            Some(Mark::Answers(How::Alone)),
        ),
        share(
            "Match rate",
            "questions found an answer in your knowledge",
            now.match_rate,
            before.match_rate,
            Some(Mark::Matched),
        ),
        share(
            "Helped",
            "conversations with a question",
            now.resolved,
            before.resolved,
            None,
        ),
        share(
            "Handed to a person",
            "conversations",
            now.handoff,
            before.handoff,
            Some(Mark::HandedOff),
        ),
        first("First answer by the AI", &now.first_by_ai, &before.first_by_ai),
        first(
            "First answer by a person",
            &now.first_by_person,
            &before.first_by_person,
        ),
        share(
            "Satisfied",
            "ratings have four or five stars",
            now.csat,
            before.csat,
            Some(Mark::Stars(5)),
        ),
        share("Rated", "conversations", now.response_rate, before.response_rate, None),
    ]
}

/// Steps of time: days, or weeks of a long period, each with its name.
fn steps<T>(days: &[DayRow], of: impl Fn(&[DayRow]) -> T) -> Vec<(String, T)> {
    let size = if i64::try_from(days.len()).unwrap_or(i64::MAX) > DAYS_DRAWN {
        7
    } else {
        1
    };
    let name = |days: &[DayRow]| {
        days.first()
            .map(|row| row.day.date().strftime("%-d %b").to_string())
            .unwrap_or_default()
    };
    days.chunks(size).map(|days| (name(days), of(days))).collect()
}

fn answered(days: &[DayRow]) -> BarsPicture {
    let sum = |days: &[DayRow], hows: &[How]| -> u64 {
        days.iter()
            .flat_map(|row| hows.iter().filter_map(|how| row.answers.get(how)))
            .sum()
    };
    let groups: [&[How]; 3] = [
        &[How::Verified, How::Alone],
        &[How::Approved, How::Edited],
        &[How::Person],
    ];
    let drawn = steps(days, |days| groups.iter().map(|hows| sum(days, hows)).collect());
    let [alone, reviewed, person] = groups.map(|hows| sum(days, hows));
    let says = format!(
        "Answers by who gave them: {alone} by the AI by itself, {reviewed} by the AI with a person’s approval, {person} by a person."
    );
    let legend = vec![
        ("bar-alone", "The AI by itself"),
        ("bar-reviewed", "The AI, approved or edited by a person"),
        ("bar-person", "A person"),
    ];
    BarsPicture::of(&drawn, legend, says)
}

fn tones(days: &[DayRow]) -> BarsPicture {
    const ORDER: [Tone; 3] = [Tone::Negative, Tone::Neutral, Tone::Positive];
    let sum = |days: &[DayRow], tone: Tone| -> u64 { days.iter().filter_map(|row| row.tones.get(&tone)).sum() };
    let drawn = steps(days, |days| ORDER.map(|tone| sum(days, tone)).to_vec());
    let [negative, neutral, positive] = ORDER.map(|tone| sum(days, tone));
    let says = format!("How visitors sounded: {negative} turns negative, {neutral} neutral, {positive} positive.");
    let legend = vec![
        ("bar-negative", "Negative"),
        ("bar-neutral", "Neutral"),
        ("bar-positive", "Positive"),
    ];
    BarsPicture::of(&drawn, legend, says)
}

fn busiest(figures: &Figures) -> String {
    const DAYS: [&str; 7] = [
        "Mondays",
        "Tuesdays",
        "Wednesdays",
        "Thursdays",
        "Fridays",
        "Saturdays",
        "Sundays",
    ];
    let cells = DAYS
        .iter()
        .zip(&figures.hours)
        .flat_map(|(day, hours)| hours.iter().enumerate().map(move |(hour, turns)| (*turns, *day, hour)));
    match cells.max_by_key(|(turns, ..)| *turns).filter(|(turns, ..)| *turns > 0) {
        Some((turns, day, hour)) => {
            format!(
                "Most is asked on {day} from {hour}:00 to {}:00: {turns} turns. The stronger the colour, the more.",
                hour + 1
            )
        }
        None => "Nothing was asked in these days.".to_owned(),
    }
}

fn lines(counts: Vec<(String, Mark, u64)>, to: &impl Fn(Mark) -> String) -> Vec<BarLine> {
    let all: u64 = counts.iter().map(|(_, _, count)| count).sum();
    let most = counts.iter().map(|(_, _, count)| *count).max().unwrap_or(0).max(1);
    let line = |(name, mark, count): (String, Mark, u64)| BarLine {
        name: super::sentence(&name).trim_end_matches('.').to_owned(),
        count,
        share: Share { part: count, of: all }.in_words(),
        width: count * 100 / most,
        href: to(mark),
    };
    let mut lines: Vec<BarLine> = counts
        .into_iter()
        .filter(|(_, _, count)| *count > 0)
        .map(line)
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.count));
    lines
}

fn stars(figures: &Figures, to: &impl Fn(Mark) -> String) -> Vec<BarLine> {
    let all: u64 = figures.stars.iter().sum();
    let most = figures.stars.iter().copied().max().unwrap_or(0).max(1);
    let line = |(count, stars): (&u64, i64)| BarLine {
        name: if stars == 1 {
            "1 star".to_owned()
        } else {
            format!("{stars} stars")
        },
        count: *count,
        share: Share { part: *count, of: all }.in_words(),
        width: count * 100 / most,
        href: to(Mark::Stars(stars)),
    };
    let mut lines: Vec<BarLine> = figures.stars.iter().zip(1..).filter(|_| all > 0).map(line).collect();
    lines.reverse();
    lines
}

/// Languages that screening tells apart, in English; others by their code.
fn language(code: &str) -> String {
    let name = match code {
        "en" => "English",
        "de" => "German",
        "fr" => "French",
        "es" => "Spanish",
        "it" => "Italian",
        "nl" => "Dutch",
        "pt" => "Portuguese",
        "pl" => "Polish",
        "tr" => "Turkish",
        "ru" => "Russian",
        "uk" => "Ukrainian",
        other => return other.to_uppercase(),
    };
    name.to_owned()
}

fn version(row: &VersionRow) -> VersionLine {
    let figures = &row.figures;
    VersionLine {
        name: match row.version {
            0 => format!("{}, nothing drafted", row.agent),
            number => format!("{}, version {number}", row.agent),
        },
        conversations: figures.conversations,
        automation: figures.automation.in_words(),
        match_rate: figures.match_rate.in_words(),
        handoff: figures.handoff.in_words(),
        resolved: figures.resolved.in_words(),
        csat: figures.csat.in_words(),
        first: wait(&figures.first_by_ai),
    }
}

/// What conversations that carry a mark have in common.
fn what(mark: &Mark) -> String {
    let hour = |hour: u8| {
        const DAYS: [&str; 7] = [
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ];
        let day = DAYS.get(usize::from(hour / 24)).copied().unwrap_or_default();
        format!(
            "Somebody wrote on a {day} between {}:00 and {}:00",
            hour % 24,
            hour % 24 + 1
        )
    };
    match mark {
        Mark::Conversations => "The visitor wrote".to_owned(),
        Mark::Unwritten => "Opened, and nothing written".to_owned(),
        Mark::Spam => "Spam".to_owned(),
        Mark::Involved => "The AI attempted an answer".to_owned(),
        Mark::Asked | Mark::Questions => "With a question".to_owned(),
        Mark::Matched => "An answer was found in your knowledge".to_owned(),
        Mark::Answers(how) => format!("Answered: {}", how.in_words()),
        Mark::HandedOff => "Handed to a person".to_owned(),
        Mark::HandedOffFor(code) => format!("Handed to a person: {}", code.in_words()),
        Mark::TakenOver => "Taken over by a person".to_owned(),
        Mark::Resolved(how) => format!("Helped: {}", how.in_words()),
        Mark::ResolvedBy(whom) => format!("Helped by {}", whom.in_words()),
        Mark::Reopened => "Asked on after a day".to_owned(),
        Mark::FirstByAi(seconds) => format!("The AI’s first answer took {}", waited(*seconds)),
        Mark::FirstByPerson(seconds) => format!("A person’s first answer took {}", waited(*seconds)),
        Mark::Stars(stars) => format!("Rated {stars} of 5 stars"),
        Mark::Tone(tone) => format!("Something sounded {}", tone.in_words()),
        Mark::Hour(of_week) => hour(*of_week),
        Mark::Language(code) => format!("In {}", language(code)),
        Mark::Left(stage) => format!("Left {}", stage.in_words()),
        Mark::Cluster(_) => "With one kind of question".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_times_are_said_as_people_say_them() {
        let said = [0, 59, 90, 3_599, 7_800, 180_000].map(waited);
        assert_eq!(said, ["0 s", "59 s", "2 min", "60 min", "2 h 10 min", "2 days"]);
    }
}
