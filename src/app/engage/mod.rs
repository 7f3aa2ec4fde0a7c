//! Visitors before, beside and after a conversation: who is on the site, what they reach, who wants to be called back.

mod conversions;
mod goals;
mod here;
mod leads;
mod wall;

pub(in crate::app) use conversions::Flooded;
pub use conversions::{
    Claim, ConversionView, ConversionWish, PageClaim, Recorded, conversions, flooded, from_page, opened, reached_in,
    report,
};
pub use goals::{GoalChange, GoalView, ReachedView, add_goal, change_goal, currency, goal, goals, set_currency};
pub(in crate::app) use here::OnSite;
pub use here::{Heard, here, on_site, watch};
pub(in crate::app) use leads::{Asked, NotedLead, note as note_lead};
pub use leads::{LeadChange, LeadView, LeadWish, OccurrenceView, change_lead, lead, leads};
pub use wall::{Conversations, FirstAnswers, PathCount, Wall, wall};
