//! Reports: those that were made, one of them, and how they are sent.

use super::{Moment, Shell};
use askama::Template;

/// `GET /reports`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/reports.html")]
pub struct ReportsPage {
    /// The frame.
    pub shell: Shell,
    /// Those that were made, the last first.
    pub reports: Vec<ReportLine>,
    /// The settings: field, label, value, hint.
    pub fields: Vec<ReportField>,
    /// Whether digests are sent.
    pub digest: bool,
    /// Whether monthly reports are sent.
    pub month: bool,
    /// They are written in German.
    pub german: bool,
    /// Who gets them, one a line.
    pub recipients: String,
}

/// A report in the list.
#[derive(Clone, Debug)]
pub struct ReportLine {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The most important thing in it.
    pub headline: String,
    /// When it was made.
    pub made: Moment,
    /// Whether it was sent.
    pub sent: bool,
}

/// A setting that is one line.
#[derive(Clone, Debug)]
pub struct ReportField {
    /// Its name in the API.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its value.
    pub value: String,
    /// It is a whole number.
    pub is_number: bool,
}

/// `GET /reports/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/report.html")]
pub struct OneReportPage {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its language.
    pub language: &'static str,
    /// Its days, for links to the figures behind it.
    pub days: String,
    /// Its parts, as HTML.
    pub article: String,
}
