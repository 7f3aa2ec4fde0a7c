//! The report as an e-mail: HTML that old mail programs show as well, and a plain text that is whole in itself.
//!
//! Tables and inline styles, no request to anywhere, no picture file: bars are coloured cells, which every program draws.

use super::chart::Chart;
use super::compose::{Block, Report, Tile};
use super::escaped;
use super::picture::Ink;
use super::words::Language;
use std::fmt::Write as _;

/// A mail's two bodies and its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportMail {
    /// Its subject.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

/// Where a reader gets the same report as a page; and why they get the mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Around<'a> {
    /// The address of the page.
    pub link: Option<&'a str>,
    /// How many days it works.
    pub days: u32,
    /// The mail is a test.
    pub is_test: bool,
}

const FONT: &str = "font-family:Segoe UI,Helvetica,Arial,sans-serif";

/// Writes the mail.
pub fn mail(report: &Report, around: Around<'_>) -> ReportMail {
    let test = if around.is_test {
        report.language.pick("[Test] ", "[Test] ")
    } else {
        ""
    };
    ReportMail {
        subject: format!("{test}{}", report.subject()),
        text: text(report, around),
        html: html(report, around),
    }
}

fn foot(report: &Report, around: Around<'_>) -> Vec<String> {
    let mut said = Vec::new();
    if around.is_test {
        said.push(
            report
                .language
                .pick(
                    "This is a test: it was sent to you alone, and the report itself was not sent.",
                    "Dies ist ein Test: Er ging nur an Sie, und der Bericht selbst wurde nicht gesendet.",
                )
                .to_owned(),
        );
    }
    if around.link.is_some() {
        let days = around.days;
        said.push(match report.language {
            Language::English => format!(
                "The link shows this report only and works for {days} days. Whoever has it can read the report."
            ),
            Language::German => {
                format!("Der Link zeigt nur diesen Bericht und gilt {days} Tage. Wer ihn hat, kann den Bericht lesen.")
            }
        });
    }
    said.push(match report.language {
        Language::English => format!(
            "You get this report because {} entered your address for it.",
            report.facts.business
        ),
        Language::German => format!(
            "Sie erhalten diesen Bericht, weil {} Ihre Adresse dafür eingetragen hat.",
            report.facts.business
        ),
    });
    said
}

fn html(report: &Report, around: Around<'_>) -> String {
    let language = report.language;
    let mut html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light\"><title>{}</title></head><body style=\"margin:0;padding:0;background:#f2f4f7\"><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" bgcolor=\"#f2f4f7\"><tr><td align=\"center\" style=\"padding:16px 8px\"><table role=\"presentation\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" bgcolor=\"#ffffff\" style=\"width:100%;max-width:600px;background:#ffffff\"><tr><td bgcolor=\"{accent}\" height=\"6\" style=\"height:6px;font-size:1px;line-height:6px\">&nbsp;</td></tr><tr><td style=\"padding:24px 24px 32px;{FONT};font-size:16px;line-height:24px;color:#1c242d\">",
        language.code(),
        escaped(&report.title),
        accent = escaped(&report.accent),
    );
    let _infallible = write!(
        html,
        "<p style=\"margin:0 0 4px;font-size:14px;color:#4d5a68\">{}</p><h1 style=\"margin:0 0 16px;font-size:24px;line-height:30px\">{}</h1>",
        escaped(&report.sender),
        escaped(&report.title)
    );
    for block in report.blocks() {
        block_html(&mut html, &block, language);
    }
    if let Some(link) = around.link {
        let words = language.pick("Open the report, with its PDF", "Den Bericht öffnen, mit seinem PDF");
        let _infallible = write!(
            html,
            "<p style=\"margin:24px 0 0\"><a href=\"{}\" style=\"color:#1f5fa8\">{words}</a></p>",
            escaped(link)
        );
    }
    for said in foot(report, around) {
        let _infallible = write!(
            html,
            "<p style=\"margin:12px 0 0;font-size:13px;line-height:19px;color:#4d5a68\">{}</p>",
            escaped(&said)
        );
    }
    html.push_str("</td></tr></table></td></tr></table></body></html>");
    html
}

fn block_html(html: &mut String, block: &Block<'_>, language: Language) {
    let _infallible = match block {
        Block::Heading(words) => write!(
            html,
            "<h2 style=\"margin:28px 0 8px;font-size:18px;line-height:24px\">{}</h2>",
            escaped(words)
        ),
        Block::Lead(words) => write!(
            html,
            "<p style=\"margin:0 0 16px;font-size:18px;line-height:26px\">{}</p>",
            escaped(words)
        ),
        Block::Sentences(said) => {
            for said in said {
                let _infallible = write!(html, "<p style=\"margin:0 0 8px\">{}</p>", escaped(said));
            }
            Ok(())
        }
        Block::Tiles(tiles) => {
            tiles_html(html, tiles, language);
            Ok(())
        }
        Block::Picture(chart) => {
            picture_html(html, chart, language);
            Ok(())
        }
        Block::Table { caption, columns, rows } => {
            table_html(html, caption, columns, rows);
            Ok(())
        }
        Block::Notes(said) => {
            for said in *said {
                let _infallible = write!(
                    html,
                    "<p style=\"margin:12px 0 0;font-size:13px;line-height:19px;color:#4d5a68\">{}</p>",
                    escaped(said)
                );
            }
            Ok(())
        }
    };
}

fn before(tile: &Tile, language: Language) -> String {
    let Some(before) = &tile.before else {
        return String::new();
    };
    format!("{} {before}", language.pick("before:", "davor:"))
}

fn tiles_html(html: &mut String, tiles: &[Tile], language: Language) {
    html.push_str("<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"margin:0 0 8px\">");
    for tile in tiles {
        let _infallible = write!(
            html,
            "<tr><td style=\"padding:8px 8px 8px 0;border-bottom:1px solid #d9dee4\"><b>{}</b><br><span style=\"font-size:13px;line-height:18px;color:#4d5a68\">{}</span></td><td align=\"right\" valign=\"top\" style=\"padding:8px 0;border-bottom:1px solid #d9dee4;white-space:nowrap\"><b style=\"font-size:18px\">{}</b><br><span style=\"font-size:13px;line-height:18px;color:#4d5a68\">{}</span></td></tr>",
            escaped(&tile.label),
            escaped(&tile.detail),
            escaped(&tile.value),
            escaped(&before(tile, language))
        );
    }
    html.push_str("</table>");
}

/// Bars as cells: a filled one as wide as the bar, and an empty one for the rest.
fn picture_html(html: &mut String, chart: &Chart, language: Language) {
    let _infallible = write!(
        html,
        "<h3 style=\"margin:24px 0 2px;font-size:16px;line-height:22px\">{}</h3><p style=\"margin:0 0 8px;font-size:14px;line-height:20px;color:#4d5a68\">{}</p><table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\">",
        escaped(&chart.title),
        escaped(&chart.says)
    );
    let colour = Ink::First.hex();
    for ((label, value), length) in chart.rows(language).iter().zip(chart.lengths()) {
        let mut bar = String::new();
        if length > 0 {
            let _infallible = write!(
                bar,
                "<td width=\"{length}%\" height=\"12\" bgcolor=\"{colour}\" style=\"height:12px;font-size:1px;line-height:12px\">&nbsp;</td>"
            );
        }
        if length < 100 {
            let rest = 100 - length;
            let _infallible = write!(
                bar,
                "<td width=\"{rest}%\" height=\"12\" bgcolor=\"#eef1f5\" style=\"height:12px;font-size:1px;line-height:12px\">&nbsp;</td>"
            );
        }
        let _infallible = write!(
            html,
            "<tr><td style=\"padding:6px 0 2px;font-size:14px;line-height:18px\">{}</td><td align=\"right\" style=\"padding:6px 0 2px;font-size:14px;line-height:18px\">{}</td></tr><tr><td colspan=\"2\" style=\"padding:0 0 4px\"><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr>{bar}</tr></table></td></tr>",
            escaped(label),
            escaped(value)
        );
    }
    html.push_str("</table>");
}

fn table_html(html: &mut String, caption: &str, columns: &[&str], rows: &[Vec<String>]) {
    let _infallible = write!(
        html,
        "<table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" summary=\"{}\" style=\"margin:0 0 8px;font-size:14px;line-height:20px\"><tr>",
        escaped(caption)
    );
    let aligned = |nth: usize| if nth == 0 { "left" } else { "right" };
    for (nth, column) in columns.iter().enumerate() {
        let _infallible = write!(
            html,
            "<th align=\"{}\" valign=\"bottom\" style=\"padding:4px 0 4px 8px;border-bottom:2px solid #d9dee4;text-align:{}\">{}</th>",
            aligned(nth),
            aligned(nth),
            escaped(column)
        );
    }
    html.push_str("</tr>");
    for row in rows {
        html.push_str("<tr>");
        for (nth, cell) in row.iter().enumerate() {
            let _infallible = write!(
                html,
                "<td align=\"{}\" valign=\"top\" style=\"padding:4px 0 4px 8px;border-bottom:1px solid #d9dee4\">{}</td>",
                aligned(nth),
                escaped(cell)
            );
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
}

fn text(report: &Report, around: Around<'_>) -> String {
    let language = report.language;
    let mut text = format!(
        "{}\n{}\n\n",
        report.title,
        "=".repeat(report.title.chars().count().min(72))
    );
    for block in report.blocks() {
        match block {
            Block::Heading(words) => {
                text.push_str(&format!("\n{words}\n{}\n\n", "-".repeat(words.chars().count())));
            }
            Block::Lead(words) => text.push_str(&format!("{words}\n\n")),
            Block::Sentences(said) => {
                for said in said {
                    text.push_str(&format!("* {said}\n"));
                }
            }
            Block::Tiles(tiles) => {
                for tile in tiles {
                    text.push_str(&format!("{}: {}", tile.label, tile.value));
                    let before = before(tile, language);
                    if !before.is_empty() {
                        text.push_str(&format!(" ({before})"));
                    }
                    text.push('\n');
                    if !tile.detail.is_empty() {
                        text.push_str(&format!("    {}\n", tile.detail));
                    }
                }
            }
            Block::Picture(chart) => {
                text.push_str(&format!("\n{}\n{}\n", chart.title, chart.says));
                for (label, value) in chart.rows(language) {
                    text.push_str(&format!("    {label}: {value}\n"));
                }
            }
            Block::Table { columns, rows, .. } => {
                for row in rows {
                    let named = columns.iter().zip(&row).skip(1);
                    let cells: Vec<String> = named.map(|(name, cell)| format!("{name}: {cell}")).collect();
                    let first = row.first().map(String::as_str).unwrap_or_default();
                    text.push_str(&format!("* {first}\n    {}\n", cells.join(", ")));
                }
            }
            Block::Notes(said) => {
                text.push('\n');
                for said in said {
                    text.push_str(&format!("{said}\n"));
                }
            }
        }
    }
    text.push_str("\n--\n");
    if let Some(link) = around.link {
        text.push_str(&format!(
            "{}\n{link}\n",
            language.pick(
                "The report as a page and as a PDF:",
                "Der Bericht als Seite und als PDF:"
            )
        ));
    }
    for said in foot(report, around) {
        text.push_str(&format!("{said}\n"));
    }
    text.push_str(&format!("{}\n", report.sender));
    text.replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::super::{ReportSettings, compose, sample};
    use super::*;

    const LINK: Around<'static> = Around {
        link: Some("https://chat.shop.example/r/hpr_x"),
        days: 90,
        is_test: false,
    };

    fn report(language: Language) -> Report {
        let settings = ReportSettings {
            language,
            ..sample::settings()
        };
        compose(sample::month(), &settings)
    }

    #[test]
    fn a_mail_asks_nobody_for_anything_is_small_and_keeps_text_text() {
        let html = mail(&report(Language::English), LINK).html;
        assert!(html.len() < 100_000, "{}", html.len());
        for forbidden in ["<img", "<script", "<style", "<link", "url(", "<svg", "class="] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        let addresses: Vec<&str> = html.match_indices("http").map(|(at, _)| &html[at..at + 30]).collect();
        assert_eq!(addresses.len(), 1, "only the link itself: {addresses:?}");
        assert!(html.contains("Repairs &lt;&amp; more&gt;") && !html.contains("Repairs <"));
    }

    #[test]
    fn html_and_text_say_the_same_sentences() {
        for language in [Language::English, Language::German] {
            let report = report(language);
            let mail = mail(&report, LINK);
            let all = report
                .changes
                .iter()
                .chain(&report.quality)
                .chain(&report.next)
                .chain(&report.notes);
            for said in all.chain([&report.headline]) {
                assert!(mail.html.contains(&escaped(said)), "{said}");
                assert!(mail.text.contains(&said.replace('\u{a0}', " ")), "{said}");
            }
            assert!(mail.text.contains("https://chat.shop.example/r/hpr_x"));
        }
    }

    #[test]
    fn a_test_says_that_it_is_one() {
        let test = mail(
            &report(Language::German),
            Around {
                is_test: true,
                ..Around::default()
            },
        );
        assert!(test.subject.starts_with("[Test] Ihr Monat") && test.html.contains("Dies ist ein Test"));
    }
}
