//! Turns texts into settings.

use super::{ConfigError, Database, Given, Key, LogFormat, Model, Origin, Settings, Smtp};
use crate::domain::network::networks;
use std::fmt::Display;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The checked settings.
pub(super) fn settings(all: &[(&'static Key, Given)]) -> Result<Settings, ConfigError> {
    let given = |name: &str| Entry::find(all, name);
    let data_dir = given("data_dir").folder()?;
    let models = given("models_dir");
    let models_dir = if models.is_default() {
        data_dir.join(models.text())
    } else {
        models.folder()?
    };
    let mut folders = vec![models_dir.clone()];
    if models.is_default() {
        folders.extend(fetched_models());
    }
    let listen = given("listen");
    let address: SocketAddr =
        listen.parsed("it must be an address with a port, like 127.0.0.1:8787 or [::1]:8787".to_owned())?;
    let public_origin = given("public_origin").origin()?;
    if !address.ip().is_loopback() && public_origin.is_none() {
        return Err(ConfigError::Exposed {
            address: address.to_string(),
            origin: listen.given.origin.clone(),
        });
    }
    Ok(Settings {
        listen: address,
        public_origin,
        trusted_proxies: {
            let entry = given("trusted_proxies");
            networks(entry.text()).map_err(|wanted| entry.invalid(wanted))?
        },
        database: given("database").database(&data_dir)?,
        chat_model: given("chat_model").model(&folders),
        embed_model: given("embed_model").model(&folders),
        engine_threads: given("engine_threads").number("it must be a number from 1 to 65535")?,
        engine_context: given("engine_context").number("it must be a number of tokens, at least 1")?,
        engine_slots: given("engine_slots").slots()?,
        engine_cache: given("engine_cache").number("it must be a number of tokens, at least 1")?,
        engine_memory_bytes: given("engine_memory").size()?,
        remote_engines: {
            let entry = given("remote_engines");
            super::remote::parse(entry.text()).map_err(|wanted| entry.invalid(wanted))?
        },
        smtp: smtp(&given)?,
        webhook_hosts: {
            let entry = given("webhook_hosts");
            super::hosts::parse(entry.text()).map_err(|wanted| entry.invalid(wanted))?
        },
        log_format: given("log_format").log_format()?,
        log_level: given("log_level").log_level()?,
        data_dir,
        models_dir,
    })
}

/// The mail server; none while its key is empty.
fn smtp<'a>(given: &dyn Fn(&str) -> Entry<'a>) -> Result<Option<Smtp>, ConfigError> {
    let (server, security, from) = (given("smtp_server"), given("smtp_security"), given("mail_from"));
    let security_word = super::mail::security(security.text()).map_err(|wanted| security.invalid(wanted))?;
    if server.text().is_empty() {
        return Ok(None);
    }
    let (host, port) = super::mail::server(server.text()).map_err(|wanted| server.invalid(wanted))?;
    super::mail::check_plain(&host, security_word).map_err(|wanted| security.invalid(wanted))?;
    let sender = super::mail::sender(from.text()).map_err(|wanted| from.invalid(wanted))?;
    let text = |name: &str| Some(given(name).text().to_owned()).filter(|text| !text.is_empty());
    Ok(Some(Smtp {
        host,
        port,
        security: security_word,
        user: text("smtp_user"),
        authority: text("smtp_authority").map(PathBuf::from),
        from: sender,
    }))
}

/// Bytes: a number, or one with MB or GB (millions and thousands of millions). At least 1.
pub fn size_bytes(text: &str) -> Option<u64> {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(ending, unit)| Some((text.strip_suffix(ending)?, unit)))
        .unwrap_or((text, 1));
    let number: u64 = number.trim().parse().ok()?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0)
}

/// Where `install.sh` keeps the models it fetches: they serve every data directory of this user.
fn fetched_models() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cache")))?;
    Some(cache.join("holdpoint").join("models"))
}

/// A setting's value as people may see it: resolved, without secrets.
pub(super) fn shown(key: &Key, given: &Given, settings: &Settings) -> String {
    let model = |model: &Option<Model>| model.as_ref().map(|model| model.path.display().to_string());
    match key.name {
        "data_dir" => settings.data_dir.display().to_string(),
        "models_dir" => settings.models_dir.display().to_string(),
        "public_origin" => settings.public_origin.clone().unwrap_or_default(),
        "chat_model" => model(&settings.chat_model).unwrap_or_default(),
        "embed_model" => model(&settings.embed_model).unwrap_or_default(),
        "database" => match &settings.database {
            Database::File(path) => path.display().to_string(),
            Database::Postgres(url) => without_password(url),
        },
        _ => given.text.clone(),
    }
}

/// A URL as it may be shown: the password and the query, which may hold one too, are left out.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "…".to_owned();
    };
    let rest = rest.split('?').next().unwrap_or_default();
    match rest.rsplit_once('@') {
        Some((login, place)) => {
            let user = login.split(':').next().unwrap_or_default();
            let password = if login.contains(':') { ":…" } else { "" };
            format!("{scheme}://{user}{password}@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

struct Entry<'a> {
    key: &'static Key,
    given: &'a Given,
}

impl<'a> Entry<'a> {
    fn find(all: &'a [(&'static Key, Given)], name: &str) -> Self {
        // The table is complete, so the first entry is never taken for another.
        let (key, given) = all.iter().find(|(key, _)| key.name == name).unwrap_or(&all[0]);
        Self { key, given }
    }

    fn text(&self) -> &'a str {
        self.given.text.trim()
    }

    fn is_default(&self) -> bool {
        self.given.origin == Origin::Default
    }

    fn invalid(&self, wanted: impl Display) -> ConfigError {
        ConfigError::Invalid {
            key: self.key.name,
            value: match self.key.name {
                "database" => without_password(self.text()),
                "remote_engines" => super::remote::without_passwords(self.text()),
                _ => self.text().to_owned(),
            },
            origin: self.given.origin.clone(),
            wanted: wanted.to_string(),
        }
    }

    fn parsed<T: FromStr>(&self, wanted: String) -> Result<T, ConfigError> {
        self.text().parse().map_err(|_unparsable| self.invalid(wanted))
    }

    fn number<T: FromStr>(&self, wanted: &str) -> Result<Option<T>, ConfigError> {
        if self.text().is_empty() {
            Ok(None)
        } else {
            self.parsed(wanted.to_owned()).map(Some)
        }
    }

    fn slots(&self) -> Result<Option<NonZero<u16>>, ConfigError> {
        let wanted = "it must be a number from 1 to 64";
        match self.number::<NonZero<u16>>(wanted)? {
            Some(slots) if slots.get() > 64 => Err(self.invalid(wanted)),
            slots => Ok(slots),
        }
    }

    fn size(&self) -> Result<Option<u64>, ConfigError> {
        match self.text() {
            "" => Ok(None),
            text => size_bytes(text)
                .map(Some)
                .ok_or_else(|| self.invalid("it must be a number of bytes, or like 500MB or 4GB")),
        }
    }

    fn folder(&self) -> Result<PathBuf, ConfigError> {
        if self.text().is_empty() {
            return Err(self.invalid("it must name a folder"));
        }
        // Sockets and messages need the whole path, whatever the working directory.
        std::path::absolute(self.text()).map_err(|error| self.invalid(format!("it must name a folder ({error})")))
    }

    fn origin(&self) -> Result<Option<String>, ConfigError> {
        let text = self.text().trim_end_matches('/');
        if text.is_empty() {
            return Ok(None);
        }
        let wanted = "it must be a scheme and a host without a path, like https://chat.shop.example";
        let uri: http::Uri = text.parse().map_err(|_unparsable| self.invalid(wanted))?;
        let is_origin = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.path() == "/"
            && !text.contains(['?', '#']);
        if is_origin {
            Ok(Some(text.to_lowercase()))
        } else {
            Err(self.invalid(wanted))
        }
    }

    fn database(&self, data_dir: &Path) -> Result<Database, ConfigError> {
        let text = self.text();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Database::Postgres(text.to_owned()));
        }
        if text.is_empty() || text.contains("://") {
            return Err(self.invalid("it must be a file, or a URL that begins with postgres://"));
        }
        Ok(Database::File(data_dir.join(text)))
    }

    /// A model file: in the first of the folders that has it, else where the first would have it.
    fn model(&self, folders: &[PathBuf]) -> Option<Model> {
        let text = self.text();
        let mut places = folders.iter().map(|folder| folder.join(text));
        let first = places.next()?;
        let path = if first.exists() {
            first
        } else {
            places.find(|place| place.exists()).unwrap_or(first)
        };
        (!text.is_empty()).then(|| Model {
            path,
            chosen: !self.is_default(),
        })
    }

    fn log_format(&self) -> Result<LogFormat, ConfigError> {
        match self.text() {
            "pretty" => Ok(LogFormat::Pretty),
            "json" => Ok(LogFormat::Json),
            _ => Err(self.invalid("it must be pretty or json")),
        }
    }

    fn log_level(&self) -> Result<String, ConfigError> {
        // A lone word is taken for a part of the program by the filter's parser; here it can only be a level.
        let text = self.text();
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        let is_known = levels.contains(&text.to_lowercase().as_str())
            || (text.contains('=') && tracing_subscriber::EnvFilter::try_new(text).is_ok());
        if is_known {
            Ok(text.to_owned())
        } else {
            Err(self.invalid("it must be error, warn, info, debug or trace"))
        }
    }
}
