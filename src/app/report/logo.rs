//! The picture at the head of a workspace's reports.

use super::pdf::Raster;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::log::EventKind;
use crate::domain::report::LogoKind;
use crate::domain::report::logo::{LogoError, check, check_attribute, check_element};
use crate::store::entity::report_logo;
use crate::store::{Change, LogDraft};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// What kind of picture it is.
    pub kind: LogoKind,
    /// The picture.
    pub content: Vec<u8>,
}

impl Logo {
    /// The picture as it can be printed; none of an SVG.
    pub(super) fn raster(self) -> Option<Raster> {
        match self.kind {
            LogoKind::Png => Some(Raster::Png(self.content)),
            LogoKind::Jpeg => Some(Raster::Jpeg(self.content)),
            LogoKind::Svg => None,
        }
    }
}

impl From<report_logo::Model> for Logo {
    fn from(row: report_logo::Model) -> Self {
        Self {
            kind: row.kind,
            content: row.content,
        }
    }
}

fn broken(error: &dyn std::fmt::Display) -> LogoError {
    LogoError::Broken(error.to_string().chars().take(120).collect())
}

/// Reads an SVG element by element; whatever does not draw is refused.
fn check_svg(text: &str) -> Result<(), LogoError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut depth, mut elements) = (0_usize, 0_usize);
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(tag) => {
                element(&tag, elements == 0)?;
                (depth, elements) = (depth + 1, elements + 1);
            }
            Event::Empty(tag) => {
                element(&tag, elements == 0)?;
                elements += 1;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::DocType(_) => return Err(LogoError::Unsafe("a document type".to_owned())),
            Event::PI(_) => return Err(LogoError::Unsafe("a processing instruction".to_owned())),
            Event::CData(_) => return Err(LogoError::Unsafe("a CDATA section".to_owned())),
            Event::Eof => break,
            _ => {}
        }
    }
    match (depth, elements) {
        (0, 1..) => Ok(()),
        _ => Err(LogoError::Broken("it ends in the middle".to_owned())),
    }
}

fn element(tag: &BytesStart<'_>, is_first: bool) -> Result<(), LogoError> {
    let name = tag.name();
    let local = name.local_name().into_inner().to_owned();
    if is_first && local != "svg" {
        return Err(LogoError::Unknown);
    }
    check_element(&local)?;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| broken(&error))?;
        let key = attribute.key.into_inner().to_owned();
        let raw = attribute.value.to_string();
        // What is written as `&#106;` is read as the letter that it stands for.
        let value = quick_xml::escape::unescape(&raw).map_err(|error| broken(&error))?;
        check_attribute(&key, &value)?;
    }
    Ok(())
}

/// The logo of a workspace's reports.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn logo(app: &App, caller: &Caller) -> Result<Option<Logo>, AppError> {
    caller.require(Scope::Read)?;
    let found = app.store().rows(caller.workspace_id).report_logo().await?;
    Ok(found.map(Logo::from))
}

/// Replaces the logo.
///
/// # Errors
/// [`AppError::Invalid`] for what is no logo, in words; [`AppError::Forbidden`] or the store's.
pub async fn set_logo(app: &App, caller: &Caller, content: Vec<u8>) -> Result<LogoKind, AppError> {
    caller.require(Scope::Admin)?;
    let kind = check(&content, check_svg).map_err(|error| AppError::Invalid(error.to_string()))?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let content = content.clone();
            Box::pin(async move {
                tx.remove_report_logo().await?;
                tx.insert(report_logo::Model {
                    workspace_id: tx.workspace_id(),
                    kind,
                    content,
                    changed_at: now,
                })
                .await?;
                let entry = LogDraft::new(EventKind::ReportLogoChanged, actor)
                    .with("kind", serde_json::to_value(kind).unwrap_or_default());
                Ok::<_, AppError>(Change::Logged(kind, entry))
            })
        })
        .await
}

/// Removes the logo.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn remove_logo(app: &App, caller: &Caller) -> Result<(), AppError> {
    caller.require(Scope::Admin)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                if tx.report_logo().await?.is_none() {
                    return Ok(Change::Unlogged(()));
                }
                tx.remove_report_logo().await?;
                let entry = LogDraft::new(EventKind::ReportLogoChanged, actor);
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inside: &str) -> String {
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\">{inside}</svg>")
    }

    #[test]
    fn an_svg_that_only_draws_is_taken_and_one_that_does_more_is_refused_in_words() {
        let fine = svg(
            "<defs><linearGradient id=\"a\"><stop offset=\"0\"/></linearGradient></defs><path fill=\"url(#a)\" d=\"M0 0h9v9z\"/>",
        );
        assert_eq!(check(fine.as_bytes(), check_svg), Ok(LogoKind::Svg));
        for inside in [
            "<script>alert(1)</script>",
            "<g><SCRIPT/></g>",
            "<foreignObject><p xmlns=\"http://www.w3.org/1999/xhtml\"/></foreignObject>",
            "<image href=\"https://x.example/a.png\"/>",
            "<use xlink:href=\"https://x.example/a.svg#b\"/>",
            "<rect onload=\"alert(1)\"/>",
            "<rect fill=\"url(https://x.example/a)\"/>",
            "<rect fill=\"&#117;rl(https://x.example/a)\"/>",
            "<style>@import url(https://x.example/a.css)</style>",
            "<set attributeName=\"onload\" to=\"alert(1)\"/>",
            "<![CDATA[<script>]]>",
            "<?xml-stylesheet href=\"a.css\"?>",
        ] {
            let found = check(svg(inside).as_bytes(), check_svg);
            assert!(matches!(found, Err(LogoError::Unsafe(_))), "{inside}: {found:?}");
        }
        let bomb = "<!DOCTYPE svg [<!ENTITY a \"b\">]><svg>&a;</svg>";
        assert!(matches!(check(bomb.as_bytes(), check_svg), Err(LogoError::Unsafe(_))));
        for broken in ["<svg>", "<svg><g></svg>", "<html/>", "<svg a=\"&nope;\"/>"] {
            assert!(check(broken.as_bytes(), check_svg).is_err(), "{broken}");
        }
    }
}
