//! The statement of a month in German: the same figures, rounded the same way.

use crate::app::evidence::{MonthView, at_most, counted, percent};
use crate::domain::report::Language;
use crate::stats::statement::{Judged, Statement, Withheld};
use jiff::civil::Date;

fn german(figure: &str) -> String {
    figure.replace('.', ",")
}

fn answers(number: u64) -> String {
    match number {
        1 => "1 Antwort".to_owned(),
        more => format!("{} Antworten", counted(more)),
    }
}

/// What is said of a month.
pub(super) fn of_month(view: &MonthView, month: Date) -> String {
    let month = Language::German.month_of_year(month);
    match &view.statement {
        Some(Statement::Claim(claim)) => format!(
            "Höchstens {} der {}, die im {month} ungeprüft hinausgingen, {} schlecht ({} Sicherheit; {} geprüft{}).",
            german(&at_most(claim.upper)),
            answers(claim.counts.sent),
            if claim.counts.sent == 1 { "war" } else { "waren" },
            german(&percent(claim.confidence)),
            counted(claim.counts.reviewed),
            match claim.judged {
                Judged::ByReviewers => ", nach dem Urteil Ihrer Prüfer".to_owned(),
                Judged::Adjudicated {
                    bad_overturned,
                    acceptable_rechecked,
                    acceptable_overturned,
                } => format!(
                    "; ein zweiter Mensch hat alle als schlecht und {} als gut befundene angesehen und {} anders beurteilt",
                    counted(acceptable_rechecked),
                    counted(bad_overturned + acceptable_overturned)
                ),
            }
        ),
        Some(Statement::Withheld { because, counts }) => match because {
            Withheld::NothingSent => format!("Im {month} ging nichts ungeprüft hinaus; es gibt also nichts zu sagen."),
            Withheld::NothingReviewed => format!(
                "{} gingen im {month} ungeprüft hinaus; über sie lässt sich nichts sagen, weil keine von {} gezogenen rechtzeitig beurteilt wurde.",
                answers(counts.sent),
                counted(counts.drawn)
            ),
            Withheld::TooManyUnjudged => format!(
                "Von {}, die im {month} gezogen wurden, ließen sich {} nicht beurteilen; das sind zu viele, um über die {} gesendeten etwas zu sagen.",
                answers(counts.drawn),
                counted(counts.unjudged),
                counted(counts.sent)
            ),
            Withheld::NoRules => {
                format!("Über den {month} lässt sich nichts sagen: Es ist keine Sicherheit eingestellt.")
            }
        },
        None if view.counts.sent == 0 => format!("Bisher ging im {month} nichts ungeprüft hinaus."),
        None => {
            let counts = view.counts;
            let so_far = format!(
                "{month} ist nicht abgeschlossen: {} gingen bisher ungeprüft hinaus; bis gestern Nacht wurden {} geprüft, {} davon sind schlecht.",
                answers(counts.sent),
                counted(counts.reviewed),
                counted(counts.bad)
            );
            match view.so_far.filter(|upper| *upper < 1.0) {
                Some(upper) => format!(
                    "{so_far} Nach dem Urteil Ihrer Prüfer sind höchstens {} der gesendeten Antworten schlecht.",
                    german(&at_most(upper))
                ),
                None => format!("{so_far} Die Aussage folgt, wenn der Monat abgeschlossen ist."),
            }
        }
    }
}
