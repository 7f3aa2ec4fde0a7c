//! Requests to other machines: one guarded client, the signatures of webhooks ([`webhook`]), the owner's mail server ([`mail`]),
//! and documents that are read in a child process with limits ([`documents`]).
//!
//! Whoever lets a program fetch an address lets it knock on every door that the program can reach. So an address is resolved
//! first, what it resolves to is checked, and the connection goes to what was checked; every redirect is checked again.
//! Nothing here knows what is fetched, or why.

mod address;
mod client;
pub mod documents;
mod error;
pub mod mail;
mod range;
mod resolve;
mod send;
pub mod webhook;

pub use address::is_internal;
pub use client::{Allowed, Answer, Get, Limits, Outbound, Post, Proxies, check, parse_url, shown};
pub use documents::{DocumentError, DocumentReader};
pub use error::OutboundError;
pub use range::ContentRange;
pub use resolve::{Resolve, SystemResolver};
pub use send::{Reply, Send, SendError};
