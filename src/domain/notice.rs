//! What visitors read from Holdpoint itself: messages of author `system`, in the languages of the widget.
//!
//! An owner's own wording is used as it is, in every language; built in are English and German.

use super::flow::SystemText;
use super::settings::WorkspaceSettings;
use super::time::Timestamp;
use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// What an e-mail address of the visitor is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// None is known, and an answer could be mailed there.
    Wanted,
    /// One is known: the answer is mailed there too.
    Known,
    /// No mail server is set, so an address would be asked for in vain.
    Useless,
}

/// For whom and when a notice is written.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The language of the agent's widget (`de`; anything else is English).
    pub language: &'a str,
    /// The clocks of the workspace.
    pub zone: &'a TimeZone,
    /// Now.
    pub now: Timestamp,
    /// Whether an e-mail address is asked for.
    pub address: Address,
}

/// Built-in words in place of the default wording of the settings, in their order; then those about business hours.
struct Words {
    waiting: &'static str,
    refused: &'static str,
    delay: &'static str,
    email: &'static str,
    closed: &'static str,
    /// `{back}` is replaced.
    closed_until: &'static str,
    leave_address: &'static str,
    has_address: &'static str,
    answer_here: &'static str,
}

const GERMAN: Words = Words {
    waiting: "Das beantwortet Ihnen lieber jemand aus dem Team. Die Antwort kommt so bald wie möglich hier.",
    refused: "Es tut mir leid, dabei können wir hier nicht helfen.",
    delay: "Jemand aus dem Team prüft das noch. Es dauert etwas länger als sonst; Sie bekommen Ihre Antwort hier.",
    email: "Das muss jemand aus dem Team beantworten, und gerade ist niemand frei. Hinterlassen Sie Ihre E-Mail-Adresse, dann schreiben wir Ihnen.",
    closed: "Wir sind gerade nicht da.",
    closed_until: "Wir sind gerade nicht da und {back} wieder zurück.",
    leave_address: "Hinterlassen Sie Ihre E-Mail-Adresse, dann kommt die Antwort auch dorthin.",
    has_address: "Die Antwort kommt hier und an Ihre E-Mail-Adresse.",
    answer_here: "Die Antwort kommt hier.",
};

const ENGLISH_CLOSED: &str = "We are away right now.";
const ENGLISH_CLOSED_UNTIL: &str = "We are away right now and back {back}.";
const ENGLISH_LEAVE_ADDRESS: &str = "Leave your e-mail address, and the answer comes there too.";
const ENGLISH_HAS_ADDRESS: &str = "The answer comes here and to your e-mail address.";
const ENGLISH_ANSWER_HERE: &str = "The answer comes here.";

impl Reader<'_> {
    fn is_german(&self) -> bool {
        self.language.to_ascii_lowercase().starts_with("de")
    }
}

/// A notice as the visitor reads it.
pub fn notice(text: SystemText, settings: &WorkspaceSettings, reader: &Reader<'_>) -> String {
    let default = WorkspaceSettings::default();
    // What an owner wrote is theirs in every language.
    let said = |own: &String, default: &String, german: &str| {
        if own == default && reader.is_german() {
            german.to_owned()
        } else {
            own.clone()
        }
    };
    match text {
        SystemText::HandedOff => said(&settings.waiting_text, &default.waiting_text, GERMAN.waiting),
        SystemText::Refused => said(&settings.refused_text, &default.refused_text, GERMAN.refused),
        SystemText::TakesLonger => said(&settings.delay_text, &default.delay_text, GERMAN.delay),
        SystemText::AsksForEmail if reader.address != Address::Wanted => {
            notice(SystemText::HandedOff, settings, reader)
        }
        SystemText::AsksForEmail => said(&settings.email_text, &default.email_text, GERMAN.email),
        SystemText::Closed { back_at } => {
            let address = match (reader.is_german(), reader.address) {
                (false, Address::Wanted) => ENGLISH_LEAVE_ADDRESS,
                (false, Address::Known) => ENGLISH_HAS_ADDRESS,
                (false, Address::Useless) => ENGLISH_ANSWER_HERE,
                (true, Address::Wanted) => GERMAN.leave_address,
                (true, Address::Known) => GERMAN.has_address,
                (true, Address::Useless) => GERMAN.answer_here,
            };
            format!("{} {address}", closed(back_at, reader))
        }
    }
}

/// That nobody is there, and when somebody is back: one sentence.
pub fn closed(back_at: Option<Timestamp>, reader: &Reader<'_>) -> String {
    let back = back_at.and_then(|back_at| back_in_words(back_at, reader));
    match (back, reader.is_german()) {
        (Some(back), false) => ENGLISH_CLOSED_UNTIL.replace("{back}", &back),
        (Some(back), true) => GERMAN.closed_until.replace("{back}", &back),
        (None, false) => ENGLISH_CLOSED.to_owned(),
        (None, true) => GERMAN.closed.to_owned(),
    }
}

/// When somebody is back, as one says it: `tomorrow (Tuesday) at 9:00`.
fn back_in_words(back_at: Timestamp, reader: &Reader<'_>) -> Option<String> {
    let local = |at: Timestamp| -> Option<Zoned> {
        let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(at.to_zoned(reader.zone.clone()))
    };
    let (now, back) = (local(reader.now)?, local(back_at)?);
    let days = now.date().until(back.date()).ok()?.get_days();
    let time = format!("{}:{:02}", back.hour(), back.minute());
    let german = reader.is_german();
    let weekday = weekday(back.weekday(), german);
    Some(match (days, german) {
        (..=0, false) => format!("today at {time}"),
        (..=0, true) => format!("heute um {time} Uhr"),
        (1, false) => format!("tomorrow ({weekday}) at {time}"),
        (1, true) => format!("morgen ({weekday}) um {time} Uhr"),
        (2..=6, false) => format!("on {weekday} at {time}"),
        (2..=6, true) => format!("am {weekday} um {time} Uhr"),
        (7.., _) => {
            let (day, month) = (back.day(), month(back.month(), german)?);
            if german {
                format!("am {weekday}, {day}. {month}, um {time} Uhr")
            } else {
                format!("on {weekday}, {day} {month}, at {time}")
            }
        }
    })
}

const fn weekday(day: Weekday, german: bool) -> &'static str {
    match (day, german) {
        (Weekday::Monday, false) => "Monday",
        (Weekday::Tuesday, false) => "Tuesday",
        (Weekday::Wednesday, false) => "Wednesday",
        (Weekday::Thursday, false) => "Thursday",
        (Weekday::Friday, false) => "Friday",
        (Weekday::Saturday, false) => "Saturday",
        (Weekday::Sunday, false) => "Sunday",
        (Weekday::Monday, true) => "Montag",
        (Weekday::Tuesday, true) => "Dienstag",
        (Weekday::Wednesday, true) => "Mittwoch",
        (Weekday::Thursday, true) => "Donnerstag",
        (Weekday::Friday, true) => "Freitag",
        (Weekday::Saturday, true) => "Samstag",
        (Weekday::Sunday, true) => "Sonntag",
    }
}

const MONTHS: [(&str, &str); 12] = [
    ("January", "Januar"),
    ("February", "Februar"),
    ("March", "März"),
    ("April", "April"),
    ("May", "Mai"),
    ("June", "Juni"),
    ("July", "Juli"),
    ("August", "August"),
    ("September", "September"),
    ("October", "Oktober"),
    ("November", "November"),
    ("December", "Dezember"),
];

fn month(month: i8, german: bool) -> Option<&'static str> {
    let (english, in_german) = MONTHS.get(usize::try_from(month - 1).ok()?)?;
    Some(if german { in_german } else { english })
}

/// What goes on in a conversation while there is no answer yet, for whoever does not see the widget's status line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile<'a> {
    /// The AI drafts.
    Drafting,
    /// A colleague checks the draft.
    Checking,
    /// A person will answer.
    WaitsForPerson,
    /// A person, by this name, is answering.
    PersonHere(&'a str),
    /// The conversation has ended.
    Over,
}

/// The same words as the widget's.
pub fn meanwhile(what: Meanwhile<'_>, language: &str) -> String {
    let is_german = language.to_ascii_lowercase().starts_with("de");
    let (english, german) = match what {
        Meanwhile::Drafting => ("The assistant is typing", "Der Assistent schreibt"),
        Meanwhile::Checking => (
            "A colleague is checking this answer",
            "Jemand aus dem Team prüft diese Antwort",
        ),
        Meanwhile::WaitsForPerson => ("A person will answer you here", "Ein Mensch wird Ihnen hier antworten"),
        Meanwhile::PersonHere(name) if is_german => return format!("{name} antwortet Ihnen persönlich."),
        Meanwhile::PersonHere(name) => return format!("{name}, a person, is answering you."),
        Meanwhile::Over => {
            let english = "This conversation is over. Write to go on with it.";
            let german = "Dieses Gespräch ist beendet. Schreiben Sie, um es fortzusetzen.";
            return if is_german { german } else { english }.to_owned();
        }
    };
    format!("{}.", if is_german { german } else { english })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_said_in_the_widgets_words() {
        let widget = include_str!("../../assets/static/widget.js");
        for language in ["en", "de-AT"] {
            for what in [Meanwhile::Drafting, Meanwhile::WaitsForPerson, Meanwhile::Over] {
                let words = meanwhile(what, language);
                let widgets = if what == Meanwhile::Over {
                    &words
                } else {
                    words.trim_end_matches('.')
                };
                assert!(widget.contains(&format!("'{widgets}'")), "{words}");
            }
            // The widget puts these together from a name and the rest.
            let rest = |words: String, name: &str| words.replace(name, "").trim_end_matches('.').to_owned();
            let colleague = if language == "en" {
                "A colleague"
            } else {
                "Jemand aus dem Team"
            };
            let checking = meanwhile(Meanwhile::Checking, language);
            assert!(widget.contains(&format!("'{colleague}'}}{}`", rest(checking, colleague))));
            let here = meanwhile(Meanwhile::PersonHere("Mia"), language);
            assert!(widget.contains(&format!("`${{name}}{}`", rest(here, "Mia"))));
        }
    }

    fn at(text: &str) -> Timestamp {
        let local: jiff::civil::DateTime = text.parse().unwrap();
        let zoned = local.to_zoned(berlin()).unwrap();
        Timestamp(zoned.timestamp().as_millisecond())
    }

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn said(language: &str, address: Address, back: &str) -> String {
        let (zone, settings) = (berlin(), WorkspaceSettings::default());
        let reader = Reader {
            language,
            zone: &zone,
            now: at("2026-11-22T23:30"),
            address,
        };
        let back_at = (!back.is_empty()).then(|| at(back));
        notice(SystemText::Closed { back_at }, &settings, &reader)
    }

    #[test]
    fn when_somebody_is_back_is_said_by_the_clocks_of_the_business() {
        let until = |back: &str| said("en", Address::Known, back);
        let begins = |back: &str| format!("We are away right now and back {back}.");
        assert!(until("2026-11-22T23:45").starts_with(&begins("today at 23:45")));
        // By UTC's clocks both are the same day.
        assert!(until("2026-11-23T09:00").starts_with(&begins("tomorrow (Monday) at 9:00")));
        assert!(until("2026-11-28T10:05").starts_with(&begins("on Saturday at 10:05")));
        assert!(until("2026-11-30T09:00").starts_with(&begins("on Monday, 30 November, at 9:00")));
        assert!(until("").starts_with("We are away right now. "));
        assert!(
            said("de-AT", Address::Known, "2026-11-23T09:00")
                .starts_with("Wir sind gerade nicht da und morgen (Montag) um 9:00 Uhr wieder zurück.")
        );
        assert!(said("de", Address::Known, "2027-01-04T09:00").contains("am Montag, 4. Januar, um 9:00 Uhr wieder"));
    }

    #[test]
    fn an_address_is_asked_for_unless_it_is_known_or_nothing_could_be_mailed_there() {
        assert!(said("en", Address::Wanted, "").contains("Leave your e-mail address"));
        assert!(!said("en", Address::Known, "").contains("Leave"));
        assert!(!said("en", Address::Useless, "").contains("e-mail"));
        assert!(said("de", Address::Wanted, "").contains("Hinterlassen Sie Ihre E-Mail-Adresse"));
        assert!(!said("de", Address::Useless, "").contains("E-Mail"));
        let (zone, settings) = (TimeZone::UTC, WorkspaceSettings::default());
        for address in [Address::Known, Address::Useless] {
            let reader = Reader {
                language: "en",
                zone: &zone,
                now: Timestamp(0),
                address,
            };
            assert_eq!(
                notice(SystemText::AsksForEmail, &settings, &reader),
                settings.waiting_text
            );
        }
    }

    #[test]
    fn what_an_owner_wrote_is_said_in_every_language_and_what_is_built_in_in_the_visitors() {
        let zone = TimeZone::UTC;
        let reader = |language| Reader {
            language,
            zone: &zone,
            now: Timestamp(0),
            address: Address::Wanted,
        };
        let default = WorkspaceSettings::default();
        let own = WorkspaceSettings {
            waiting_text: "Mia writes to you.".to_owned(),
            ..default.clone()
        };
        assert_eq!(notice(SystemText::HandedOff, &own, &reader("de")), "Mia writes to you.");
        for text in [
            SystemText::HandedOff,
            SystemText::Refused,
            SystemText::TakesLonger,
            SystemText::AsksForEmail,
        ] {
            let (english, german) = (
                notice(text, &default, &reader("en")),
                notice(text, &default, &reader("de")),
            );
            assert_ne!(english, german);
        }
        assert_eq!(
            notice(SystemText::Refused, &default, &reader("en")),
            default.refused_text
        );
    }
}
