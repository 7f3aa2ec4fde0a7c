//! The remote engines as they are configured, with their access tokens.

use super::exit::Failure;
use crate::config;
use crate::data_dir::DataDir;
use crate::engine::{Endpoint, RemoteEngine, Token};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;

/// The engines, ready to be asked. A token that cannot be read is an error: without it the server would refuse us later
/// and elsewhere.
pub(super) fn engines(configured: &[config::RemoteEngine], data_dir: &DataDir) -> Result<Vec<RemoteEngine>, Failure> {
    configured
        .iter()
        .map(|engine| {
            let endpoint = Endpoint::Http {
                base_url: engine.base_url.clone(),
                token: token(&engine.name, data_dir)?,
            };
            Ok(RemoteEngine::new(&engine.name, endpoint))
        })
        .collect()
}

/// The token of an engine; none where there is no file.
fn token(name: &str, data_dir: &DataDir) -> Result<Option<Token>, Failure> {
    let path = data_dir.engine_token(name);
    let place = path.display();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::usage(format!(
                "the access token of the remote engine {name} cannot be read from {place} ({error}); check the file and its owner"
            )));
        }
    };
    let mode = fs::metadata(&path).map_or(0, |file| file.permissions().mode());
    if mode & 0o077 != 0 {
        return Err(Failure::usage(format!(
            "other users of this machine may read the access token in {place}; close it: chmod 600 {place}"
        )));
    }
    let token = Token::parse(&text).map_err(|error| Failure::usage(format!("{place}: {error}")))?;
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &str, mode: u32) -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(folder.path().join("data"));
        data_dir.prepare().unwrap();
        let path = data_dir.engine_token("office");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        (folder, data_dir)
    }

    #[test]
    fn a_token_is_read_from_a_file_that_only_its_owner_can_read() {
        let (_folder, data_dir) = write("hunter2hunter2\n", 0o600);
        assert_eq!(
            token("office", &data_dir).ok(),
            Some(Token::parse("hunter2hunter2").ok())
        );
        assert_eq!(token("lab", &data_dir).ok(), Some(None));
    }

    #[test]
    fn a_token_that_others_can_read_or_that_is_none_is_refused_without_showing_it() {
        for (text, mode, words) in [
            ("hunter2hunter2", 0o644, "chmod 600"),
            ("hunter2 hunter2", 0o600, "one line of visible characters"),
            ("", 0o600, "one line of visible characters"),
        ] {
            let (_folder, data_dir) = write(text, mode);
            let refused = token("office", &data_dir).unwrap_err().sentence;
            assert!(refused.contains(words) && !refused.contains("hunter2"), "{refused}");
        }
    }
}
