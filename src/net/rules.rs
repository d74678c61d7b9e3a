//! What the chain of a node says: pure text for `iptables-restore --noflush`.
use super::Way;

/// The chain that is ours.
pub(super) const CHAIN: &str = "NETSPLIT";

/// Whom a node hears no more, in one address family.
#[derive(Debug, Default)]
pub(super) struct Deaf {
    /// Addresses of other nodes.
    pub(super) nodes: Vec<String>,
    /// Addresses of the clients, which do not hear the node either.
    pub(super) clients: Vec<String>,
    /// The port by which netsplit itself is let in, where it comes over the net.
    pub(super) control: Option<u16>,
}

/// Naming a chain makes it, or empties it; everything else stays as it is.
pub(super) fn script(deaf: &Deaf, way: Way) -> String {
    let mut rules = Vec::new();
    if !deaf.nodes.is_empty() {
        let from = format!("-s {}", deaf.nodes.join(","));
        let drop = |what: &str| format!("{from} {what}-j DROP");
        match way {
            Way::Drop => rules.push(drop("")),
            Way::Reset => {
                // Who refuses must be heard by those whom it refuses.
                rules.push(format!("{from} -p tcp --tcp-flags RST RST -j RETURN"));
                rules.push(format!("{from} -p tcp -j REJECT --reject-with tcp-reset"));
                rules.push(drop(""));
            }
            Way::Port(port) => {
                let of = |protocol| drop(&format!("-p {protocol} -m multiport --ports {port} "));
                rules.extend(["tcp", "udp"].map(of));
            }
        }
    }
    if !deaf.clients.is_empty() {
        // The way to the node itself must stay open: nothing could be mended without it.
        let ways = deaf.control.map(|port| ["--dport", "--sport"].map(|end| (end, port)));
        let keep = |(end, port): (&str, u16)| format!("-p tcp {end} {port} -j RETURN");
        rules.extend(ways.into_iter().flatten().map(keep));
        rules.extend(["-s", "-d"].map(|end| format!("{end} {} -j DROP", deaf.clients.join(","))));
    }
    let rules: String = rules.iter().map(|rule| format!("-A {CHAIN} {rule}\n")).collect();
    format!("*filter\n:{CHAIN} - [0:0]\n{rules}COMMIT\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules, without what stands around them.
    fn rules(nodes: &[&str], clients: &[&str], control: Option<u16>, way: Way) -> Vec<String> {
        let list = |them: &[&str]| them.iter().map(ToString::to_string).collect();
        let script = script(&Deaf { nodes: list(nodes), clients: list(clients), control }, way);
        let inner = script.strip_prefix("*filter\n:NETSPLIT - [0:0]\n").expect("only our chain");
        let inner = inner.strip_suffix("COMMIT\n").expect("in one step");
        let rule = |line: &str| line.strip_prefix("-A NETSPLIT ").expect("a rule").to_owned();
        inner.lines().map(rule).collect()
    }

    #[test]
    fn a_script_names_only_our_chain() {
        assert!(rules(&[], &[], Some(22), Way::Drop).is_empty());
        let both = rules(&["10.0.0.1", "10.0.0.2"], &[], None, Way::Drop);
        assert_eq!(both, ["-s 10.0.0.1,10.0.0.2 -j DROP"]);
    }

    #[test]
    fn one_port_is_cut_at_both_of_its_ends() {
        let port = rules(&["10.0.0.1"], &[], None, Way::Port(2380));
        let rule = |of| format!("-s 10.0.0.1 -p {of} -m multiport --ports 2380 -j DROP");
        assert_eq!(port, ["tcp", "udp"].map(rule));
    }

    #[test]
    fn who_is_cut_from_clients_still_hears_netsplit() {
        let rules = rules(&[], &["10.0.0.9"], Some(22), Way::Drop);
        let keeps = ["-p tcp --dport 22 -j RETURN", "-p tcp --sport 22 -j RETURN"];
        assert_eq!(rules, [&keeps[..], &["-s 10.0.0.9 -j DROP", "-d 10.0.0.9 -j DROP"]].concat());
    }
}
