//! From a host's name to its addresses. Injected, so that a test decides what a name means.

use futures::future::BoxFuture;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Finds the addresses of a host.
pub trait Resolve: Send + Sync + fmt::Debug {
    /// The addresses of `host`, each with `port`.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// As this system does it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
