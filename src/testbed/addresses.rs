//! The addresses of a node, as it tells them.
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::remote::Remote;

/// A link as `ip -json addr` prints it.
#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    addr_info: Vec<Info>,
}

#[derive(Deserialize)]
struct Info {
    local: IpAddr,
    scope: String,
}

impl Link {
    fn global(&self) -> impl Iterator<Item = IpAddr> {
        self.addr_info.iter().filter(|i| i.scope == "global").map(|i| i.local)
    }

    fn v4(&self) -> Option<Ipv4Addr> {
        self.global().find_map(|ip| if let IpAddr::V4(ip) = ip { Some(ip) } else { None })
    }

    fn v6(&self) -> Option<Ipv6Addr> {
        self.global().find_map(|ip| if let IpAddr::V6(ip) = ip { Some(ip) } else { None })
    }
}

/// Where other nodes reach this one: the address it is known to be reached at, or its first, and
/// the first IPv6 address of the same link.
///
/// # Errors
/// When it cannot be asked, or has none.
pub(super) async fn of(
    remote: &dyn Remote,
    known: Option<Ipv4Addr>,
) -> Result<(Ipv4Addr, Option<Ipv6Addr>)> {
    let show = ["ip", "-json", "addr", "show", "up"];
    let output = remote.exec(&show, b"", Duration::from_secs(10)).await?;
    let links: Vec<Link> =
        serde_json::from_slice(&output.stdout).context("failed to read the addresses")?;
    choose(&links, known)
}

fn choose(links: &[Link], known: Option<Ipv4Addr>) -> Result<(Ipv4Addr, Option<Ipv6Addr>)> {
    let has = |link: &&Link| known.is_some_and(|ip| link.global().any(|its| its == IpAddr::V4(ip)));
    if let (Some(ip), Some(link)) = (known, links.iter().find(has)) {
        return Ok((ip, link.v6()));
    }
    match links.iter().find_map(|link| Some((link.v4()?, link.v6()))) {
        Some(found) => Ok(found),
        None => bail!("it has no global IPv4 address that is up"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_of_its_own_is_not_where_others_reach_it() {
        let links = r#"[
            {"addr_info": [{"local": "127.0.0.1", "scope": "host"}]},
            {"addr_info": [{"local": "172.17.0.1", "scope": "global"}]},
            {"addr_info": [{"local": "10.0.0.7", "scope": "global"},
                           {"local": "fe80::1", "scope": "link"},
                           {"local": "fd00::7", "scope": "global"}]}]"#;
        let links: Vec<Link> = serde_json::from_str(links).unwrap();
        let (ip, ip6) = choose(&links, Some(Ipv4Addr::new(10, 0, 0, 7))).unwrap();
        assert_eq!((ip, ip6), (Ipv4Addr::new(10, 0, 0, 7), Some("fd00::7".parse().unwrap())));
        assert_eq!(choose(&links, None).unwrap().0, Ipv4Addr::new(172, 17, 0, 1));
        assert!(choose(&[], None).is_err());
    }
}
