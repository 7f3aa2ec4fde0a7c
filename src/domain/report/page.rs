//! The report as a part of a page: no style, no script, nothing that is loaded; the page's stylesheet gives it its looks.

use super::compose::{Block, Report};
use super::escaped;
use super::words::Language;
use std::fmt::Write as _;

/// Writes the report's parts. `id` tells its pictures from others of the page.
pub fn article(report: &Report, id: &str) -> String {
    let language = report.language;
    let mut html = String::new();
    let mut pictures = 0;
    for block in report.blocks() {
        let _infallible = match block {
            Block::Heading(words) => write!(html, "<h2>{}</h2>", escaped(words)),
            Block::Lead(words) => write!(html, "<p class=\"report-lead\">{}</p>", escaped(words)),
            Block::Sentences(said) => {
                html.push_str("<ul class=\"report-sentences\">");
                for said in said {
                    let _infallible = write!(html, "<li>{}</li>", escaped(said));
                }
                write!(html, "</ul>")
            }
            Block::Tiles(tiles) => {
                html.push_str("<dl class=\"report-tiles\">");
                for tile in tiles {
                    let before = tile.before.as_ref().map(|before| {
                        let word = language.pick("before:", "davor:");
                        format!("<small class=\"report-before\">{word} {}</small>", escaped(before))
                    });
                    let _infallible = write!(
                        html,
                        "<div data-figure=\"{}\"><dt>{}</dt><dd><b>{}</b>{}<small>{}</small></dd></div>",
                        escaped(&tile.key),
                        escaped(&tile.label),
                        escaped(&tile.value),
                        before.unwrap_or_default(),
                        escaped(&tile.detail)
                    );
                }
                write!(html, "</dl>")
            }
            Block::Picture(chart) => {
                pictures += 1;
                let svg = chart.draw(language).svg(&format!("{id}-{pictures}"));
                let mut rows = String::new();
                for (label, value) in chart.rows(language) {
                    let _infallible = write!(
                        rows,
                        "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                        escaped(&label),
                        escaped(&value)
                    );
                }
                write!(
                    html,
                    "<figure class=\"report-picture\"><figcaption><b>{}</b> {}</figcaption>{svg}<details><summary>{}</summary><table><tbody>{rows}</tbody></table></details></figure>",
                    escaped(&chart.title),
                    escaped(&chart.says),
                    language.pick("The figures as a table", "Die Zahlen als Tabelle")
                )
            }
            Block::Table { caption, columns, rows } => {
                table(&mut html, caption, &columns, &rows);
                Ok(())
            }
            Block::Notes(said) => {
                let said: Vec<String> = said.iter().map(|said| escaped(said)).collect();
                write!(html, "<p class=\"report-notes\">{}</p>", said.join(" "))
            }
        };
    }
    html
}

fn table(html: &mut String, caption: &str, columns: &[&str], rows: &[Vec<String>]) {
    let _infallible = write!(
        html,
        "<table class=\"report-table\"><caption>{}</caption><thead><tr>",
        escaped(caption)
    );
    for column in columns {
        let _infallible = write!(html, "<th scope=\"col\">{}</th>", escaped(column));
    }
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        for (nth, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            let _infallible = if nth == 0 {
                write!(html, "<th scope=\"row\">{cell}</th>")
            } else {
                write!(html, "<td>{cell}</td>")
            };
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table>");
}

/// The words of the page around the report, which a client reads: what the buttons say.
pub const fn words(language: Language) -> (&'static str, &'static str) {
    (
        language.pick("Download as PDF", "Als PDF herunterladen"),
        language.pick("This page works until", "Diese Seite gilt bis"),
    )
}
