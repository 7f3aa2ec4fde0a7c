//! HTTP: the widget's endpoints, the JSON API, the console. Translates between requests and [`crate::app`]; decides nothing.
//!
//! Every request passes `layers::around`, which gives it an id, catches panics, turns every refusal into
//! `application/problem+json` (or a page, for a person's browser) and adds the security headers. A handler returns
//! `Result<_, Problem>`; nothing else in this folder writes an error's bytes.

mod adapters;
pub mod api;
pub mod assets;
mod chat;
mod completions;
pub mod console;
mod demo;
pub(crate) mod edge;
pub mod error;
pub mod extract;
mod forwarded;
mod idempotency;
pub mod layers;
mod limits;
pub mod live;
pub(crate) mod mcp;
pub mod metrics;
mod origin;
mod reports;
pub mod router;
pub mod server;
pub mod session;
mod sheet;
pub mod state;
mod widget;

pub use error::Problem;
pub use router::{Pages, router};
pub use server::{Listeners, Peer, ServeError};
pub(crate) use sheet::cell;
pub use state::{Web, WebSettings};
