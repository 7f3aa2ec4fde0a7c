//! Which addresses lead into this machine or its network, and which to the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for every address that is not one of the public internet: this machine, its network, and what is reserved.
///
/// An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4) is judged as what it is: the system would connect
/// to it.
pub fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_internal_v4(address),
        IpAddr::V6(address) => is_internal_v6(address),
    }
}

fn is_internal_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || matches!(
            (a, b, c),
            // "This network"; carrier-grade NAT; protocol assignments; the 6to4 relay; benchmarks; multicast, reserved, broadcast.
            (0 | 224..=255, _, _) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _)
        )
}

fn is_internal_v6(address: Ipv6Addr) -> bool {
    let v4 = |high: u16, low: u16| {
        let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
        is_internal_v4(Ipv4Addr::new(one, two, three, four))
    };
    match address.segments() {
        // IPv4-mapped, IPv4-compatible (`::` and `::1` among them), NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            v4(high, low)
        }
        // Teredo and other protocol assignments, benchmarks, documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => true,
        // Everything global is in 2000::/3; loopback, unique local, link-local, multicast are not.
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn internal(text: &str) -> bool {
        is_internal(text.parse().unwrap())
    }

    #[test]
    fn what_leads_into_the_house_is_internal() {
        for text in [
            "127.0.0.1",
            "127.255.0.3",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.2.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "100::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2002:0a00:1::",
        ] {
            assert!(internal(text), "{text}");
        }
    }

    #[test]
    fn what_leads_to_the_internet_is_not() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:1.1.1.1",
            "64:ff9b::8.8.8.8",
            "2002:0808:0808::1",
        ] {
            assert!(!internal(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_judged_alike_however_it_is_wrapped(bits in any::<u32>()) {
            let bare = Ipv4Addr::from_bits(bits);
            let judged = is_internal(bare.into());
            prop_assert_eq!(is_internal(bare.to_ipv6_mapped().into()), judged);
            let [a, b, c, d] = bare.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            prop_assert_eq!(is_internal(Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low).into()), judged);
            prop_assert_eq!(is_internal(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into()), judged);
            prop_assert_eq!(is_internal(Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into()), judged);
        }

        #[test]
        fn nothing_outside_of_the_global_range_passes(bits in any::<u128>()) {
            let address = Ipv6Addr::from_bits(bits);
            let is_embedded = bits >> 32 == 0 || bits >> 32 == 0xffff || bits >> 32 == 0x64_ff9b << 64;
            if bits >> 125 != 1 && !is_embedded {
                prop_assert!(is_internal(address.into()), "{address}");
            }
        }
    }
}
