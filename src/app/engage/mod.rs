//! Visitors before, beside and after a conversation: who is on the site, what they reach, and what came of it.

mod here;

pub(in crate::app) use here::OnSite;
pub use here::{Heard, here, on_site, watch};
