//! The mail server as it is configured, with its password.

use super::context::Context;
use super::exit::Failure;
use crate::app::mail::Post;
use crate::config::{MailSecurity, Smtp};
use crate::data_dir::DataDir;
use crate::outbound::mail::{MailServer, Mailer, Security, parse_sender};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;

/// How e-mail leaves, and where links in it lead.
pub(super) fn of(context: &Context) -> Result<Post, Failure> {
    let settings = context.settings();
    let mailer = match &settings.smtp {
        Some(smtp) => Some(mailer(smtp, &context.data_dir())?),
        None => None,
    };
    let origin = settings.public_origin.clone();
    Ok(Post {
        mailer,
        origin: origin.unwrap_or_else(|| format!("http://{}", settings.listen)),
    })
}

fn mailer(smtp: &Smtp, data_dir: &DataDir) -> Result<Mailer, Failure> {
    let authority = match &smtp.authority {
        Some(path) => Some(fs::read(path).map_err(|error| {
            Failure::usage(format!(
                "the certificates that `smtp_authority` names cannot be read from {} ({error})",
                path.display()
            ))
        })?),
        None => None,
    };
    let login = match &smtp.user {
        Some(user) => Some((user.clone(), password(data_dir)?)),
        None => None,
    };
    let from = parse_sender(&smtp.from).map_err(|error| Failure::usage(format!("`mail_from`: {error}")))?;
    let server = MailServer {
        host: smtp.host.clone(),
        port: smtp.port,
        security: match smtp.security {
            MailSecurity::StartTls => Security::StartTls,
            MailSecurity::Tls => Security::Tls,
            MailSecurity::None => Security::None,
        },
        login,
        authority,
    };
    Ok(Mailer::new(server, from))
}

fn password(data_dir: &DataDir) -> Result<String, Failure> {
    let path = data_dir.smtp_password();
    let place = path.display();
    let text = fs::read_to_string(&path).map_err(|error| {
        let remedy = if error.kind() == io::ErrorKind::NotFound {
            "write it there, one line, or take `smtp_user` out of the settings"
        } else {
            "check the file and its owner"
        };
        Failure::usage(format!(
            "the password for the mail server cannot be read from {place} ({error}); {remedy}"
        ))
    })?;
    let mode = fs::metadata(&path).map_or(0, |file| file.permissions().mode());
    if mode & 0o077 != 0 {
        return Err(Failure::usage(format!(
            "other users of this machine may read the password in {place}; close it: chmod 600 {place}"
        )));
    }
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.contains(['\r', '\n']) {
        return Err(Failure::usage(format!(
            "{place} must hold the mail server's password on one line"
        )));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_from_a_file_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path().join("data"));
        data_dir.prepare().unwrap();
        let refused = password(&data_dir).unwrap_err().sentence;
        assert!(refused.contains("one line"), "{refused}");
        let path = data_dir.smtp_password();
        for (text, mode, expected) in [
            ("a heron\n", 0o600, Ok("a heron")),
            ("a heron\n", 0o644, Err("chmod 600")),
            ("\n", 0o600, Err("on one line")),
            ("a\nb\n", 0o600, Err("on one line")),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match (password(&data_dir), expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read, expected),
                (Err(failure), Err(words)) => {
                    assert!(failure.sentence.contains(words) && !failure.sentence.contains("heron"));
                }
                (read, _) => panic!("{text:?} {mode:o} gives {}", read.is_ok()),
            }
        }
    }
}
