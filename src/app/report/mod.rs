//! Reports: what a week or a month was like, made once, sent once, for people who were not there.
//!
//! `facts` counts, `domain::report` writes, `made` keeps what was written as it was, `sending` sees to it that it goes out once, and `links`
//! shows one of them to whoever has its link.

mod facts;
mod german;
mod links;
mod logo;
mod made;
pub mod pdf;
mod sending;
mod settings;

pub use links::{LinkView, Linked, NewLink, link, linked, linked_logo, linked_pdf, revoke};
pub use logo::{Logo, logo, remove_logo, set_logo};
pub use made::{
    Preview, ReportInput, ReportSummary, ReportView, as_mail, figures, make, pdf as pdf_of, preview, report, reports,
};
pub use sending::{Sent, send, test};
pub(in crate::app) use sending::{keep, look_everywhere};
pub use settings::{set_settings, settings};
