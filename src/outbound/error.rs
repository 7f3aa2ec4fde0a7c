//! Why nothing was fetched, in words that help.

use std::net::IpAddr;
use std::time::Duration;

/// Why another machine was not asked, or did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// The address cannot be read.
    #[error("“{text}” is not an address that can be fetched ({why}); it looks like https://host/path")]
    NotAUrl {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// Not encrypted.
    #[error(
        "the address {url} is not encrypted, so anybody on the way could change what arrives; use its https:// address, or allow it with --allow-http"
    )]
    NotEncrypted {
        /// The address, without its query.
        url: String,
    },
    /// It leads to this machine or its network.
    #[error(
        "the host {host} is {address}, an address inside this machine or its network; if that is what you want, allow it with --allow-internal"
    )]
    Internal {
        /// The host asked for.
        host: String,
        /// What it stands for.
        address: IpAddr,
    },
    /// Nobody knows the host.
    #[error("the host {host} was not found ({why}); check the address and this machine's connection")]
    Unresolved {
        /// The host.
        host: String,
        /// The system's reason.
        why: String,
    },
    /// Sent from one place to the next without end.
    #[error("the address {url} leads on more than {most} times and never to an end; check the address")]
    TooManyRedirects {
        /// The address that was asked for, without its query.
        url: String,
        /// How many are followed.
        most: usize,
    },
    /// Sent on without saying where to.
    #[error("the host {host} sends on to somewhere that is no address ({why}); check the address")]
    BadRedirect {
        /// The host that answered.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// This machine cannot ask anybody.
    #[error(
        "this machine cannot open encrypted connections ({why}); install its package of certificates (ca-certificates)"
    )]
    NoClient {
        /// The library's reason.
        why: String,
    },
    /// No connection, or no whole answer.
    #[error("the connection to {host} failed ({why}); check the address and this machine's connection, and try again")]
    Failed {
        /// The host.
        host: String,
        /// What was observed.
        why: String,
    },
    /// Nothing came in time.
    #[error("the host {host} sent nothing for {} s; try again later", limit.as_secs())]
    Silent {
        /// The host.
        host: String,
        /// How long it was waited for.
        limit: Duration,
    },
}

impl OutboundError {
    /// True if the same request may succeed a little later.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unresolved { .. } | Self::Failed { .. } | Self::Silent { .. }
        )
    }
}
