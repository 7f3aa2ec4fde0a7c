//! Token buckets against floods from one address or one visitor. Kept in memory: a restart forgives.
//!
//! The address is the connection's peer, or what the owner's own reverse proxies say ([`super::forwarded`]). Behind a proxy
//! that the owner has not named all visitors share one allowance per address, and the allowance per visitor still holds.

use super::error::Problem;
use super::forwarded::is_trusted;
use super::server::Peer;
use super::state::Rates;
use crate::domain::ids::{TokenId, VisitorId};
use crate::domain::network::Network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Buckets kept at most; when there are more, full ones are forgotten.
const MOST_BUCKETS: usize = 50_000;
const MINUTE_S: f64 = 60.0;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Message,
    Conversation,
    SignIn,
    /// A page says that it is there.
    Here,
    /// A page says that something was reached.
    Event,
}

/// For whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Visitor(VisitorId),
    Program(TokenId),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// All buckets.
#[derive(Debug)]
pub(super) struct Limits {
    rates: Rates,
    buckets: Mutex<HashMap<(What, Whose), Bucket>>,
}

impl Limits {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            rates,
            buckets: Mutex::default(),
        }
    }

    /// A visitor's message.
    pub(super) fn message(&self, visitor: VisitorId, peer: Peer) -> Result<(), Problem> {
        self.take(What::Message, Whose::Visitor(visitor), self.rates.messages_per_visitor)?;
        self.address(What::Message, peer, self.rates.messages_per_address)
    }

    /// A new conversation.
    pub(super) fn conversation(&self, peer: Peer) -> Result<(), Problem> {
        self.address(What::Conversation, peer, self.rates.conversations_per_address)
    }

    /// A message that a program passes on. Its visitors all come from its own address, so the program is counted in its place.
    pub(super) fn message_of_program(&self, token: TokenId, visitor: Option<VisitorId>) -> Result<(), Problem> {
        if let Some(visitor) = visitor {
            self.take(What::Message, Whose::Visitor(visitor), self.rates.messages_per_visitor)?;
        }
        self.take(What::Message, Whose::Program(token), self.rates.messages_per_address)
    }

    /// A new conversation of a program.
    pub(super) fn conversation_of_program(&self, token: TokenId) -> Result<(), Problem> {
        let most = self.rates.conversations_per_address;
        self.take(What::Conversation, Whose::Program(token), most)
    }

    /// An attempt to sign in.
    pub(super) fn sign_in(&self, peer: Peer) -> Result<(), Problem> {
        self.address(What::SignIn, peer, self.rates.sign_ins_per_address)
    }

    /// A page that says that it is there.
    pub(super) fn here(&self, peer: Peer) -> Result<(), Problem> {
        self.address(What::Here, peer, self.rates.heartbeats_per_address)
    }

    /// A page that says that its visitor reached something.
    pub(super) fn event(&self, visitor: VisitorId, peer: Peer) -> Result<(), Problem> {
        self.take(What::Event, Whose::Visitor(visitor), self.rates.events_per_visitor)?;
        self.address(What::Event, peer, self.rates.events_per_address)
    }

    fn address(&self, what: What, peer: Peer, per_minute: u32) -> Result<(), Problem> {
        match peer {
            Peer::Tcp(address) => self.take(what, Whose::Address(network(address.ip())), per_minute),
            // The machine's administrator.
            Peer::Socket => Ok(()),
        }
    }

    fn take(&self, what: What, whose: Whose, per_minute: u32) -> Result<(), Problem> {
        let now = Instant::now();
        let most = f64::from(per_minute);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS {
            // After a minute without a request every bucket is full again, which is the same as none.
            buckets.retain(|_, bucket| now.duration_since(bucket.at).as_secs_f64() < MINUTE_S);
        }
        let bucket = buckets.entry((what, whose)).or_insert(Bucket { left: most, at: now });
        let refilled = bucket.left + now.duration_since(bucket.at).as_secs_f64() * most / MINUTE_S;
        *bucket = Bucket {
            left: refilled.min(most),
            at: now,
        };
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        let wait_s = ((1.0 - bucket.left) * MINUTE_S / most.max(1.0)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and 60"
        )]
        Err(too_fast(what, wait_s.clamp(1.0, MINUTE_S) as u64))
    }
}

fn too_fast(what: What, wait_s: u64) -> Problem {
    let detail = match what {
        What::Message => "These are many messages at once; wait a moment and send the message again.",
        What::Conversation => "Many conversations were started from here; wait a moment and try again.",
        What::Here => "These are many open pages from one address; this one is not counted for now.",
        What::Event => "These are many events at once; no more are taken for a moment.",
        What::SignIn => "These are many attempts to sign in; wait a minute and try again.",
    };
    Problem::too_many(detail).retry_after_s(wait_s)
}

/// The address that a visitor's budget of waiting conversations is counted for; none where it does not tell visitors from one
/// another: on the machine itself, where a reverse proxy's connections come from, and for a proxy that does not say for whom
/// it asks.
pub(super) fn address_of(peer: Peer, proxies: &[Network]) -> Option<IpAddr> {
    let Peer::Tcp(address) = peer else { return None };
    let tells_nobody_apart = address.ip().to_canonical().is_loopback() || is_trusted(address.ip(), proxies);
    (!tells_nobody_apart).then(|| network(address.ip()))
}

/// One household or shop usually has one IPv4 address, or one IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn peer(address: &str) -> Peer {
        Peer::Tcp(SocketAddr::new(
            address.parse().unwrap_or(IpAddr::from([0, 0, 0, 0])),
            1,
        ))
    }

    #[test]
    fn an_allowance_can_be_used_at_once_and_then_somebody_has_to_wait() {
        let limits = Limits::new(Rates {
            sign_ins_per_address: 3,
            ..Rates::default()
        });
        let here = peer("192.0.2.1");
        assert!((0..3).all(|_| limits.sign_in(here).is_ok()));
        let refused = limits.sign_in(here);
        assert!(refused.is_err_and(|problem| problem.status == 429 && problem.retry_after_s == Some(20)));
        assert!(
            limits.sign_in(peer("192.0.2.2")).is_ok(),
            "another address has its own allowance"
        );
        assert!(limits.sign_in(Peer::Socket).is_ok());
    }

    #[test]
    fn connections_of_a_reverse_proxy_have_no_address_of_their_own() {
        let proxies: Vec<Network> = "10.0.0.5".parse().into_iter().collect();
        let address_of = |peer| address_of(peer, &proxies);
        assert_eq!(address_of(peer("127.0.0.1")), None);
        assert_eq!(address_of(peer("::1")), None);
        assert_eq!(address_of(peer("::ffff:127.0.0.1")), None);
        assert_eq!(address_of(peer("10.0.0.5")), None);
        assert_eq!(address_of(Peer::Socket), None);
        assert_eq!(address_of(peer("192.0.2.1")), Some(IpAddr::from([192, 0, 2, 1])));
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let limits = Limits::new(Rates {
            conversations_per_address: 1,
            ..Rates::default()
        });
        assert!(limits.conversation(peer("2001:db8:1:2::1")).is_ok());
        assert!(limits.conversation(peer("2001:db8:1:2:ffff::9")).is_err());
        assert!(limits.conversation(peer("2001:db8:1:3::1")).is_ok());
    }
}
