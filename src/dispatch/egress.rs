//! The egress guard: which addresses a request may go to. Pure; [`super::transport`] asks it about each address it is about to
//! connect to, so that a name can't be resolved to one thing when checked and to another when used.
//!
//! It must never answer from a name: only addresses are judged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::config::Egress;

/// Networks that no sink on the internet has, and what they are. From the IANA special-purpose registries (RFC 6890), with the
/// clouds' metadata addresses that lie outside of them.
const REFUSED: &[(&str, &str)] = &[
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by a carrier"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "cloud metadata"),
    ("169.254.169.254/32", "cloud metadata"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("255.255.255.255/32", "broadcast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::/96", "an embedded IPv4 address"),
    ("::ffff:0:0/96", "an embedded IPv4 address"),
    ("::ffff:0:0:0/96", "an embedded IPv4 address"),
    ("64:ff9b::/96", "an embedded IPv4 address"),
    ("64:ff9b:1::/48", "an embedded IPv4 address"),
    ("100::/64", "discarded"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "an embedded IPv4 address"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "reserved"),
    ("fd00:ec2::254/128", "cloud metadata"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
];

/// Why the guard does not allow something. Its text names the setting that would.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The scheme is neither `https` nor an allowed `http`.
    #[error("the egress guard allows no `{0}` sinks; `http` needs `egress.allow_http`")]
    Scheme(String),
    /// The address lies in a network that is not for sinks.
    #[error("the egress guard does not allow {address} ({kind}); `egress.allow` would have to list it")]
    Address {
        /// The address.
        address: IpAddr,
        /// What its network is.
        kind: &'static str,
    },
}

/// The guard, ready to be asked.
#[derive(Debug, Clone)]
pub struct Guard {
    refused: Vec<(IpNet, &'static str)>,
    allowed: Vec<IpNet>,
    is_http_allowed: bool,
}

impl Guard {
    /// The guard that `egress` describes. `is_dev` allows plain http and loopback besides.
    ///
    /// # Panics
    /// Never: a test reads the table of networks.
    #[must_use]
    pub fn new(egress: &Egress, is_dev: bool) -> Self {
        let network = |text: &str| text.parse::<IpNet>().expect("the table holds networks, as a test shows");
        let mut allowed = egress.allow.clone();
        if is_dev {
            allowed.extend([network("127.0.0.0/8"), network("::1/128")]);
        }
        let refused = REFUSED.iter().map(|&(text, kind)| (network(text), kind)).collect();
        Self { refused, allowed, is_http_allowed: egress.allow_http || is_dev }
    }

    /// Whether requests may be made with this scheme.
    ///
    /// # Errors
    /// If not.
    pub fn check_scheme(&self, scheme: &str) -> Result<(), Refusal> {
        match scheme {
            "https" => Ok(()),
            "http" if self.is_http_allowed => Ok(()),
            _ => Err(Refusal::Scheme(scheme.to_owned())),
        }
    }

    /// Whether requests may go to this address.
    ///
    /// # Errors
    /// If not, with what the address is.
    pub fn check_address(&self, address: IpAddr) -> Result<(), Refusal> {
        let is_listed = self.allowed.iter().any(|network| network.contains(&address));
        match embedded_v4(address) {
            // Allowing a translator's prefix must not open the private networks behind it.
            Some(inner) if is_listed => return self.check_address(IpAddr::V4(inner)),
            _ if is_listed => return Ok(()),
            _ => {}
        }
        match self.refused.iter().find(|(network, _)| network.contains(&address)) {
            Some(&(_, kind)) => Err(Refusal::Address { address, kind }),
            None => Ok(()),
        }
    }
}

/// The IPv4 address that packets to this IPv6 address end up at, for the forms that carry one.
fn embedded_v4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    if address == Ipv6Addr::LOCALHOST || address == Ipv6Addr::UNSPECIFIED {
        return None;
    }
    let tail = || {
        let [.., a, b, c, d] = address.octets();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xFFFF, ..] | [0, 0, 0, 0, 0xFFFF, 0, ..] | [0x64, 0xFF9B, ..] => Some(tail()),
        [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allow: &[&str], is_dev: bool) -> Guard {
        let allow = allow.iter().map(|network| network.parse().unwrap()).collect();
        Guard::new(&Egress { allow, allow_http: false }, is_dev)
    }

    fn is_allowed(guard: &Guard, address: &str) -> bool {
        guard.check_address(address.parse().unwrap()).is_ok()
    }

    const PUBLIC: &[&str] =
        &["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "223.255.255.255"];
    const PUBLIC_V6: &[&str] = &["2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"];
    const INNER: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn addresses_of_the_internet_are_allowed() {
        for address in PUBLIC.iter().chain(PUBLIC_V6) {
            assert!(is_allowed(&guard(&[], false), address), "{address}");
        }
    }

    #[test]
    fn inner_addresses_in_all_their_forms_are_refused() {
        for address in INNER {
            assert!(!is_allowed(&guard(&[], false), address), "{address}");
        }
    }

    #[test]
    fn listed_networks_are_allowed_and_no_others() {
        let guard = guard(&["10.1.0.0/16", "fd12::/16"], false);
        for (address, is_expected) in
            [("10.1.2.3", true), ("10.2.0.1", false), ("fd12::1", true), ("fd13::1", false), ("127.0.0.1", false)]
        {
            assert_eq!(is_allowed(&guard, address), is_expected, "{address}");
        }
    }

    #[test]
    fn an_allowed_translator_does_not_open_what_lies_behind_it() {
        let guard = guard(&["64:ff9b::/96", "::ffff:0:0/96"], false);
        for (address, is_expected) in
            [("64:ff9b::808:808", true), ("64:ff9b::a00:1", false), ("::ffff:8.8.8.8", true), ("::ffff:169.254.169.254", false)]
        {
            assert_eq!(is_allowed(&guard, address), is_expected, "{address}");
        }
    }

    #[test]
    fn development_mode_opens_loopback_and_plain_http_only() {
        let (dev, production) = (guard(&[], true), guard(&[], false));
        assert!(is_allowed(&dev, "127.0.0.1") && is_allowed(&dev, "::1"));
        assert!(!is_allowed(&dev, "10.0.0.1") && !is_allowed(&dev, "::ffff:127.0.0.1"));
        assert!(dev.check_scheme("http").is_ok() && production.check_scheme("http").is_err());
        for scheme in ["ftp", "file", "ws", "gopher", ""] {
            assert!(dev.check_scheme(scheme).is_err(), "{scheme}");
        }
    }

    #[test]
    fn everything_allowed_means_everything() {
        let guard = guard(&["0.0.0.0/0", "::/0"], false);
        for address in INNER {
            assert!(is_allowed(&guard, address), "{address}");
        }
    }
}
