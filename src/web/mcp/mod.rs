//! The Model Context Protocol: tools with which any agent asks the people of the house, over streamable HTTP at `/mcp` and, through
//! `holdpoint mcp`, over standard input and output.
//!
//! Every tool asks the JSON API in the name of whoever calls it ([`super::edge`]). [`tools`] is what the tools mean, [`catalogue`] what they say of themselves, [`told`] what the model reads.

mod catalogue;
mod server;
mod told;
mod tools;

pub(crate) use server::Server;
pub(super) use server::routes;
