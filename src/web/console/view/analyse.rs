//! What the page Analyse shows: figures, pictures of them, and where each leads.

use super::{ConversationsPart, PatternCard, Shell, Steps, TopicLine};
use askama::Template;

/// `GET /analyse`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/analyse.html")]
pub struct AnalysePage {
    /// The frame.
    pub shell: Shell,
    /// The choice of days and agent.
    pub choice: Choice,
    /// Nothing happened in these days.
    pub is_empty: bool,
    /// The figures.
    pub cards: Vec<FigureCard>,
    /// Who answered, day by day or week by week.
    pub answered: BarsPicture,
    /// How visitors sounded, in the same steps.
    pub tones: BarsPicture,
    /// When they write.
    pub hours: HeatPicture,
    /// Why the AI gave up.
    pub handoffs: Vec<BarLine>,
    /// How visitors were helped.
    pub resolutions: Vec<BarLine>,
    /// Who helped them.
    pub helped_by: Vec<BarLine>,
    /// Where they left.
    pub left: Vec<BarLine>,
    /// In which language.
    pub languages: Vec<BarLine>,
    /// How they rated, five stars first.
    pub stars: Vec<BarLine>,
    /// By agent version.
    pub versions: Vec<VersionLine>,
    /// What visitors ask most.
    pub topics: Vec<TopicLine>,
    /// How many questions there are, and how many without a topic, in a sentence.
    pub topics_words: String,
    /// Changes of the traffic that nobody has seen yet.
    pub changes: Vec<PatternCard>,
}

/// `GET /analyse/conversations`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/analyse_conversations.html")]
pub struct BehindPage {
    /// The frame.
    pub shell: Shell,
    /// What they have in common, in words.
    pub what: String,
    /// Which days, in words.
    pub days: String,
    /// How many, in words.
    pub all: String,
    /// Back to the figures.
    pub back: String,
    /// A page of them.
    pub list: ConversationsPart,
    /// The next page, if there is one.
    pub next: Option<String>,
}

/// Which days and which agent.
#[derive(Clone, Debug)]
pub struct Choice {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Periods that are looked at often: their name, where they lead, whether this is it.
    pub quick: Vec<(&'static str, String, bool)>,
    /// Agents: id, name, chosen.
    pub agents: Vec<(String, String, bool)>,
    /// For links to tables: `from=…&to=…`.
    pub query: String,
    /// What is compared with, in words.
    pub compared: String,
}

/// A figure.
#[derive(Clone, Debug)]
pub struct FigureCard {
    /// Its name.
    pub name: &'static str,
    /// As it is now.
    pub value: String,
    /// Of what, or how it is counted, in a clause.
    pub of: String,
    /// As it was in the days before.
    pub before: String,
    /// The conversations behind it.
    pub href: Option<String>,
}

/// A bar with its name.
#[derive(Clone, Debug)]
pub struct BarLine {
    /// What is counted.
    pub name: String,
    /// How many.
    pub count: u64,
    /// Of all, in percent.
    pub share: String,
    /// How long the bar is, 0 to 100.
    pub width: u64,
    /// The conversations behind it.
    pub href: String,
}

/// Stacked bars.
#[derive(Clone, Debug)]
pub struct BarsPicture {
    /// The bars' parts: class, x, y, width, height.
    pub parts: Vec<(&'static str, f64, f64, f64, f64)>,
    /// Marks below: x and words.
    pub across: Vec<(f64, String)>,
    /// Lines: y and words.
    pub upwards: Vec<(f64, String)>,
    /// What the parts are: class and name.
    pub legend: Vec<(&'static str, &'static str)>,
    /// Everything in a sentence, for who does not see it.
    pub says: String,
}

impl BarsPicture {
    const WIDTH: f64 = 720.0;
    const LEFT: f64 = 38.0;
    const TOP: f64 = 8.0;
    const BOTTOM: f64 = 150.0;

    /// For `viewBox`.
    pub const fn size() -> &'static str {
        "0 0 720 178"
    }

    /// Draws steps of time with their parts, from below; there are as many legends as parts.
    pub fn of(steps: &[(String, Vec<u64>)], legend: Vec<(&'static str, &'static str)>, says: String) -> Self {
        let totals = steps.iter().map(|(_, parts)| parts.iter().sum::<u64>());
        let most = totals.max().unwrap_or(0);
        let top = round_up(most);
        let room = Self::WIDTH - Self::LEFT;
        let pitch = room / float(steps.len().max(1) as u64);
        let height = |count: u64| float(count) / float(top) * (Self::BOTTOM - Self::TOP);
        let mut parts = Vec::new();
        let mut across = Vec::new();
        let every = steps.len().div_ceil(8).max(1);
        for (at, (name, counts)) in steps.iter().enumerate() {
            let x = Self::LEFT + pitch * float(at as u64);
            let mut y = Self::BOTTOM;
            for (count, (class, _)) in counts.iter().zip(&legend) {
                if *count > 0 {
                    y -= height(*count);
                    parts.push((
                        *class,
                        tenth(x + pitch * 0.12),
                        tenth(y),
                        tenth(pitch * 0.76),
                        tenth(height(*count)),
                    ));
                }
            }
            if at % every == 0 {
                across.push((tenth(x + pitch / 2.0), name.clone()));
            }
        }
        let upwards = [0, top / 2, top].map(|count| (tenth(Self::BOTTOM - height(count)), count.to_string()));
        Self {
            parts,
            across,
            upwards: upwards.to_vec(),
            legend,
            says,
        }
    }
}

/// A heat map of the week.
#[derive(Clone, Debug)]
pub struct HeatPicture {
    /// Days: name, y of its words, its cells.
    pub days: Vec<(&'static str, f64, Vec<HeatCell>)>,
    /// Hours: x and words.
    pub hours: Vec<(f64, String)>,
    /// Everything in a sentence, for who does not see it.
    pub says: String,
}

/// An hour of the week.
#[derive(Clone, Debug)]
pub struct HeatCell {
    /// Where.
    pub x: f64,
    /// Where.
    pub y: f64,
    /// How much, in five steps: 0 nothing, 4 the most.
    pub step: u64,
    /// In words.
    pub says: String,
    /// The conversations behind it; none where there are none.
    pub href: Option<String>,
}

impl HeatPicture {
    /// For `viewBox`.
    pub const fn size() -> &'static str {
        "0 0 720 210"
    }

    /// Draws a week; `href` leads to the conversations of an hour of the week.
    pub fn of(week: &[[u64; 24]; 7], says: String, href: impl Fn(usize) -> String) -> Self {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        const LEFT: f64 = 38.0;
        const PITCH: f64 = 28.4;
        const ROW: f64 = 26.0;
        let most = week.iter().flatten().copied().max().unwrap_or(0);
        let day = |(at, (name, hours)): (usize, (&'static str, &[u64; 24]))| {
            let y = ROW * float(at as u64);
            let cell = |(hour, turns): (usize, &u64)| HeatCell {
                x: tenth(LEFT + PITCH * float(hour as u64)),
                y,
                step: if *turns == 0 {
                    0
                } else {
                    (*turns * 4).div_ceil(most.max(1))
                },
                says: format!("{name} {hour}:00, {turns}"),
                href: (*turns > 0).then(|| href(at * 24 + hour)),
            };
            (name, y + 16.0, hours.iter().enumerate().map(cell).collect())
        };
        Self {
            days: DAYS.into_iter().zip(week).enumerate().map(day).collect(),
            hours: (0..24)
                .step_by(3)
                .map(|hour| (tenth(LEFT + PITCH * float(hour)), format!("{hour}:00")))
                .collect(),
            says,
        }
    }
}

/// An agent version in figures.
#[derive(Clone, Debug)]
pub struct VersionLine {
    /// Its name.
    pub name: String,
    /// Conversations.
    pub conversations: u64,
    /// Sent without a person.
    pub automation: String,
    /// Rests on knowledge.
    pub match_rate: String,
    /// Given up.
    pub handoff: String,
    /// Helped.
    pub resolved: String,
    /// Stars.
    pub csat: String,
    /// Until the first answer.
    pub first: String,
}

/// The next number that one likes to read on an axis: even, and 1, 2, 4, 6 or 8 times a power of ten.
fn round_up(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for times in [2, 4, 6, 8, 10] {
            if step * times >= most {
                return step * times;
            }
        }
        step *= 10;
    }
}

#[expect(clippy::cast_precision_loss, reason = "places in a picture")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// Places are told to a tenth: pages stay small.
fn tenth(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_with_a_number_that_one_likes_to_read() {
        assert_eq!(
            [0, 1, 2, 3, 7, 11, 95, 601].map(round_up),
            [2, 2, 2, 4, 8, 20, 100, 800]
        );
    }

    #[test]
    fn parts_of_a_bar_stand_on_one_another_inside_the_picture() {
        let steps = [("1 May".to_owned(), vec![3, 2]), ("2 May".to_owned(), vec![0, 0])];
        let picture = BarsPicture::of(&steps, vec![("a", "A"), ("b", "B")], String::new());
        let [(_, _, y, _, height), (_, _, above, _, _)] = picture.parts[..] else {
            panic!("two parts: {:?}", picture.parts);
        };
        assert!((y + height - BarsPicture::BOTTOM).abs() < 0.2 && above < y);
    }

    #[test]
    fn an_hour_without_a_turn_leads_nowhere_and_the_busiest_is_the_darkest() {
        let mut week = [[0; 24]; 7];
        week[0][9] = 8;
        week[6][23] = 1;
        let picture = HeatPicture::of(&week, String::new(), |hour| hour.to_string());
        let cell = |day: usize, hour: usize| &picture.days[day].2[hour];
        assert_eq!((cell(0, 9).step, cell(0, 9).href.as_deref()), (4, Some("9")));
        assert_eq!((cell(6, 23).step, cell(6, 23).href.as_deref()), (1, Some("167")));
        assert_eq!((cell(3, 3).step, cell(3, 3).href.as_deref()), (0, None));
    }
}
