//! Reads how e-mail is sent.

use super::closest;
use std::net::IpAddr;
use std::path::PathBuf;

/// The mail server and the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: MailSecurity,
    /// The name to sign in with.
    pub user: Option<String>,
    /// File with certificates of an authority of one's own.
    pub authority: Option<PathBuf>,
    /// The sender, as it stands in a mail.
    pub from: String,
}

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// After the first greeting.
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

/// The security a word names; else what would be right, as a clause.
pub(super) fn security(word: &str) -> Result<MailSecurity, String> {
    match word {
        "starttls" => Ok(MailSecurity::StartTls),
        "tls" => Ok(MailSecurity::Tls),
        "none" => Ok(MailSecurity::None),
        other => {
            let hint = closest(other, ["starttls", "tls", "none"])
                .map(|word| format!("; did you mean `{word}`?"))
                .unwrap_or_default();
            Err(format!("it must be starttls, tls or none{hint}"))
        }
    }
}

/// Host and port.
pub(super) fn server(text: &str) -> Result<(String, u16), String> {
    let wanted = || "it must be a host and a port, like mail.shop.example:587".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wanted)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port: u16 = port.parse().map_err(|_no_port| wanted())?;
    let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
    if is_host && port > 0 {
        Ok((host.to_owned(), port))
    } else {
        Err(wanted())
    }
}

/// Unencrypted connections stay on this machine.
pub(super) fn check_plain(host: &str, security: MailSecurity) -> Result<(), String> {
    let is_this_machine = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if security == MailSecurity::None && !is_this_machine {
        return Err(format!(
            "it may be `none` only for a mail server on this machine, not for {host}: passwords and mails would be readable on the way; use starttls or tls"
        ));
    }
    Ok(())
}

/// The sender.
pub(super) fn sender(text: &str) -> Result<String, String> {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let well_formed = address
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if well_formed && !address.contains(char::is_whitespace) && !text.contains(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(
            "it must be the sender's address when `smtp_server` is set, like Quillhaven Cycles <chat@shop.example>"
                .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        assert_eq!(
            server("mail.shop.example:587"),
            Ok(("mail.shop.example".to_owned(), 587))
        );
        assert_eq!(server("[::1]:25"), Ok(("::1".to_owned(), 25)));
        for wrong in [
            "mail.shop.example",
            ":587",
            "mail:0",
            "mail:99999",
            "smtp://mail:25",
            "me@mail:25",
        ] {
            assert!(
                server(wrong).is_err_and(|wanted| wanted.contains("mail.shop.example:587")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn nothing_leaves_this_machine_unencrypted() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(check_plain(host, MailSecurity::None), Ok(()));
        }
        for host in ["mail.shop.example", "10.0.0.5"] {
            assert!(check_plain(host, MailSecurity::None).is_err_and(|why| why.contains("starttls or tls")));
            assert_eq!(check_plain(host, MailSecurity::StartTls), Ok(()));
        }
        assert!(security("startls").is_err_and(|why| why.contains("did you mean `starttls`?")));
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        for right in ["chat@shop.example", "Quillhaven Cycles <chat@shop.example>"] {
            assert_eq!(sender(right), Ok(right.to_owned()));
        }
        for wrong in [
            "",
            "Quillhaven",
            "Quillhaven <chat>",
            "a@b@c",
            "Shop <chat@shop.example> more",
        ] {
            assert!(sender(wrong).is_err(), "{wrong}");
        }
    }
}
