//! Networks: addresses that belong together.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address, or all that begin with the same bits: `10.0.0.5`, `172.16.0.0/12`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Is the address one of the network's?
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same(own.to_bits().into(), other.to_bits().into(), 32, self.bits),
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

/// Do two addresses of `width` bits begin with the same `bits`?
const fn same(own: u128, other: u128, width: u8, bits: u8) -> bool {
    bits == 0 || (own ^ other) >> (width - bits) == 0
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// What a text is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must list addresses or networks, like 10.0.0.5, 172.16.0.0/12")]
pub struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address = address
            .parse::<IpAddr>()
            .map_err(|_unparsable| NoNetwork)?
            .to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_unparsable| NoNetwork)?,
            None => most,
        };
        if bits <= most {
            Ok(Self { address, bits })
        } else {
            Err(NoNetwork)
        }
    }
}

/// The networks of a list, parted by commas.
///
/// # Errors
/// [`NoNetwork`].
pub fn networks(text: &str) -> Result<Vec<Network>, NoNetwork> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(str::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        let known = networks("10.0.0.5, 172.16.0.0/12,fd00::/8, ::1").unwrap();
        let has = |address: &str| {
            let address = address.parse().unwrap();
            known.iter().any(|network| network.contains(address))
        };
        for inside in ["10.0.0.5", "172.31.255.255", "::ffff:172.17.0.1", "fd12::1", "::1"] {
            assert!(has(inside), "{inside}");
        }
        for outside in ["10.0.0.6", "172.32.0.0", "fe80::1", "::2", "127.0.0.1"] {
            assert!(!has(outside), "{outside}");
        }
        assert!(networks("0.0.0.0/0").unwrap()[0].contains("192.0.2.1".parse().unwrap()));
        for wrong in ["proxy.lan", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129"] {
            assert!(
                networks(wrong).is_err_and(|wanted| wanted.to_string().contains("172.16.0.0/12")),
                "{wrong}"
            );
        }
        assert_eq!(networks(""), Ok(Vec::new()));
    }
}
