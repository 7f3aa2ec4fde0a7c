//! The e-mail that brings an answer to a visitor who has left. Pure: from what was said to a subject and two bodies.

/// An answer as it stands in the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// Who wrote it.
    pub name: &'a str,
    /// What.
    pub text: &'a str,
}

/// A mail to a visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its subject.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As HTML: paragraphs and one link, nothing that is loaded from anywhere.
    pub html: String,
}

#[derive(Debug, Clone, Copy)]
struct Words {
    subject: &'static str,
    /// The subject where an earlier answer is put right.
    corrected: &'static str,
    /// Stands before the words that put it right.
    put_right: &'static str,
    /// Stands before the link.
    go_on: &'static str,
    link: &'static str,
    /// `{days}` is replaced.
    expires: &'static str,
    why: &'static str,
}

const ENGLISH: Words = Words {
    subject: "answered you",
    corrected: "has a correction for you",
    put_right: "An answer that you got in our chat was not right. This is how it should have read:",
    go_on: "To read the whole conversation or to write back, open this link:",
    link: "Back to the conversation",
    expires: "The link is for this conversation only and works for {days} days. Whoever has it can read the conversation, so please do not pass it on.",
    why: "You get this e-mail because you left your address in our chat for this answer.",
};

const GERMAN: Words = Words {
    subject: "hat Ihnen geantwortet",
    corrected: "hat eine Antwort an Sie berichtigt",
    put_right: "Eine Antwort, die Sie in unserem Chat bekommen haben, war nicht richtig. So hätte sie lauten sollen:",
    go_on: "Um das ganze Gespräch zu lesen oder zu antworten, öffnen Sie diesen Link:",
    link: "Zurück zum Gespräch",
    expires: "Der Link gilt nur für dieses Gespräch und {days} Tage lang. Wer ihn hat, kann das Gespräch lesen; bitte geben Sie ihn nicht weiter.",
    why: "Sie erhalten diese E-Mail, weil Sie in unserem Chat für diese Antwort Ihre Adresse hinterlassen haben.",
};

fn words_of(language: &str) -> &'static Words {
    if language.starts_with("de") { &GERMAN } else { &ENGLISH }
}

/// The mail in the widget's language (`de`; anything else is English).
pub fn answer(business: &str, language: &str, said: &[Said<'_>], link: &str, days: i64) -> Letter {
    let words = words_of(language);
    written(business, (words, words.subject, None), said, link, days)
}

/// The mail that puts right what a visitor was told before.
pub fn follow_up(business: &str, language: &str, said: Said<'_>, link: &str, days: i64) -> Letter {
    let words = words_of(language);
    let what = (words, words.corrected, Some(words.put_right));
    written(business, what, &[said], link, days)
}

fn written(
    business: &str,
    (words, subject, first): (&Words, &str, Option<&str>),
    said: &[Said<'_>],
    link: &str,
    days: i64,
) -> Letter {
    let expires = words.expires.replace("{days}", &days.to_string());
    let mut text = String::new();
    let mut html = String::from("<!doctype html><html><body>");
    if let Some(first) = first {
        text.push_str(&format!("{first}\n\n"));
        html.push_str(&format!("<p>{}</p>", escaped(first)));
    }
    for said in said {
        text.push_str(&format!("{}:\n{}\n\n", said.name, said.text));
        let body = escaped(said.text).replace('\n', "<br>");
        html.push_str(&format!("<p><b>{}</b><br>{body}</p>", escaped(said.name)));
    }
    text.push_str(&format!(
        "{}\n{link}\n\n{expires}\n{}\n\n{business}\n",
        words.go_on, words.why
    ));
    html.push_str(&format!(
        "<p><a href=\"{}\">{}</a></p><p><small>{expires} {}</small></p><p>{}</p></body></html>",
        escaped(link),
        words.link,
        words.why,
        escaped(business)
    ));
    let who = match said.last() {
        Some(said) if business.is_empty() => said.name,
        _ => business,
    };
    Letter {
        subject: format!("{who} {subject}"),
        text,
        html,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "https://chat.shop.example/chat/ag_1#holdpoint=hpr_x";

    #[test]
    fn an_answer_carries_the_words_the_name_and_the_way_back() {
        let said = [Said {
            name: "Mia",
            text: "It is ready.\nSee you!",
        }];
        let letter = answer("Quillhaven Cycles", "en", &said, LINK, 30);
        assert_eq!(letter.subject, "Quillhaven Cycles answered you");
        assert!(letter.text.contains("Mia:\nIt is ready.\nSee you!\n") && letter.text.contains(LINK));
        assert!(letter.text.contains("works for 30 days"));
        assert!(letter.html.contains("It is ready.<br>See you!"));
        assert!(answer("Q", "de-AT", &said, LINK, 30).text.contains("30 Tage"));
    }

    #[test]
    fn a_correction_says_that_it_is_one() {
        let said = Said {
            name: "Mia",
            text: "We open at ten.",
        };
        let letter = follow_up("Quillhaven Cycles", "en", said, LINK, 30);
        assert_eq!(letter.subject, "Quillhaven Cycles has a correction for you");
        assert!(letter.text.contains("was not right") && letter.text.contains("Mia:\nWe open at ten.\n"));
        assert!(letter.html.contains("was not right") && letter.html.contains(LINK));
    }

    #[test]
    fn what_people_wrote_stays_text() {
        let said = [Said {
            name: "<b>Mia</b>",
            text: "<img src=x onerror=\"a()\"> & more",
        }];
        let html = answer("A & B", "en", &said, LINK, 30).html;
        assert!(!html.contains("<img") && !html.contains("<b>Mia"), "{html}");
        assert!(
            html.contains("&lt;img src=x onerror=&quot;a()&quot;&gt; &amp; more"),
            "{html}"
        );
    }
}
