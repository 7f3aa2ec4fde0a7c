//! Whose request it is that a reverse proxy passes on.
//!
//! Anybody may write an `X-Forwarded-For` header, so it is believed only from the proxies that the owner names
//! (`trusted_proxies`), and only as far as these wrote it: each appends the address that it was asked from, so the last
//! one that is no such proxy is the visitor's. What stands before it was written by the visitor.

use super::server::Peer;
use crate::domain::network::Network;
use http::HeaderMap;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request really came from, as far as the owner's own proxies tell.
pub(super) fn behind_proxies(peer: Peer, headers: &HeaderMap, trusted: &[Network]) -> Peer {
    let Peer::Tcp(nearest) = peer else { return peer };
    if !is_trusted(nearest.ip(), trusted) {
        return peer;
    }
    // Several headers are one list.
    let lines = headers.get_all(FORWARDED_FOR).iter();
    let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or_default()).collect();
    let mut farthest = nearest.ip();
    for entry in lines.iter().flat_map(|line| line.split(',')).rev() {
        // Whatever a proxy could not name, nobody before it can be believed either.
        let Some(address) = address(entry.trim()) else { break };
        farthest = address;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    Peer::Tcp(SocketAddr::new(farthest, nearest.port()))
}

/// Is it one of the owner's proxies?
pub(super) fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// An address, some write it with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let alone = bare.unwrap_or(entry).parse().ok();
    alone.or_else(|| entry.parse::<SocketAddr>().ok().map(|place| place.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn seen(peer: &str, lines: &[&'static str]) -> String {
        let trusted: Vec<Network> = ["172.16.0.0/12", "127.0.0.1"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let peer = Peer::Tcp(SocketAddr::new(peer.parse().unwrap(), 80));
        match behind_proxies(peer, &headers, &trusted) {
            Peer::Tcp(place) => place.ip().to_string(),
            Peer::Socket => "the socket".to_owned(),
        }
    }

    #[test]
    fn only_the_owners_proxies_are_believed_and_only_what_they_wrote_themselves() {
        let proxy = "172.17.0.1";
        assert_eq!(
            seen("192.0.2.9", &["198.51.100.1"]),
            "192.0.2.9",
            "a visitor's own header"
        );
        assert_eq!(seen(proxy, &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(
            seen(proxy, &["203.0.113.7, 198.51.100.1"]),
            "198.51.100.1",
            "the first was made up"
        );
        assert_eq!(seen(proxy, &["203.0.113.7", "198.51.100.1,172.20.0.2"]), "198.51.100.1");
        assert_eq!(seen("127.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(seen(proxy, &["198.51.100.1:99"]), "198.51.100.1");
        assert_eq!(seen(proxy, &[]), proxy);
        assert_eq!(seen(proxy, &["198.51.100.1, unknown"]), proxy);
        assert_eq!(
            seen(proxy, &["172.20.0.3"]),
            "172.20.0.3",
            "a colleague inside of the network"
        );
    }
}
