//! Reads a list of hosts.

/// The hosts of a list, `HOST` or `HOST:PORT`; what would be right, as a clause, if one cannot be understood.
pub(super) fn parse(text: &str) -> Result<Vec<String>, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let is_host = !entry.contains("//")
                && !entry.contains(['/', '@', '?', '#'])
                && !entry.contains(char::is_whitespace)
                && entry.parse::<http::uri::Authority>().is_ok();
            if is_host {
                Ok(entry.to_ascii_lowercase())
            } else {
                Err("it must list hosts, each with a port if you like, like 10.0.0.7:9000, hooks.lan".to_owned())
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        assert_eq!(parse(""), Ok(Vec::new()));
        let hosts = ["10.0.0.7:9000", "hooks.lan", "[::1]:80"].map(str::to_owned);
        assert_eq!(parse("10.0.0.7:9000, Hooks.lan,[::1]:80"), Ok(hosts.to_vec()));
        for wrong in ["http://hooks.lan", "hooks.lan/path", "me@hooks.lan", "two words"] {
            assert!(
                parse(wrong).is_err_and(|wanted| wanted.contains("hooks.lan")),
                "{wrong}"
            );
        }
    }
}
