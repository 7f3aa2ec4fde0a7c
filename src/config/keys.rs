//! The table of settings.

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the configuration file; the flag and the variable are made from it.
    pub name: &'static str,
    /// What the value is, for help texts.
    pub value_name: &'static str,
    /// What it does, as sentences.
    pub help: &'static str,
    /// Value when nobody sets it; empty means "none".
    pub default: &'static str,
    /// How the example file shows it when the default is none.
    pub example: &'static str,
    /// True for numbers, which the file writes without quotes.
    pub is_number: bool,
}

impl Key {
    /// `--data-dir` for `data_dir`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// `HOLDPOINT_DATA_DIR` for `data_dir`.
    pub fn variable(&self) -> String {
        format!("HOLDPOINT_{}", self.name.to_uppercase())
    }

    /// The key of a name that is known to be in the table.
    pub(super) fn find(name: &str) -> &'static Self {
        KEYS.iter().find(|key| key.name == name).unwrap_or(&KEYS[0])
    }
}

const fn text(
    name: &'static str,
    value_name: &'static str,
    default: &'static str,
    example: &'static str,
    help: &'static str,
) -> Key {
    Key {
        name,
        value_name,
        help,
        default,
        example,
        is_number: false,
    }
}

/// Every setting there is.
pub const KEYS: [Key; 22] = [
    text(
        "data_dir",
        "FOLDER",
        "./holdpoint-data",
        "/var/lib/holdpoint",
        "Folder with everything Holdpoint keeps: database, models, files, backups, secrets. Only its owner can read it.",
    ),
    text(
        "listen",
        "ADDRESS",
        "127.0.0.1:8787",
        "127.0.0.1:8787",
        "Address and port of the web server. Another machine's browser can only reach an address that is not loopback; that needs `public_origin` too.",
    ),
    text(
        "public_origin",
        "ORIGIN",
        "",
        "https://chat.shop.example",
        "Scheme and host under which browsers reach the server, usually that of a reverse proxy with a certificate.",
    ),
    text(
        "trusted_proxies",
        "NETWORK,…",
        "",
        "172.16.0.0/12, 10.0.0.5",
        "Addresses or networks of your reverse proxies. From these alone the header X-Forwarded-For is believed, which tells visitors apart; without this, all visitors behind a proxy on another machine or in a container's network count as one, and too many of them at once as a flood.",
    ),
    text(
        "database",
        "FILE|URL",
        "holdpoint.db",
        "postgres://holdpoint@localhost/holdpoint",
        "A SQLite file (a relative path is inside the data directory), or the URL of a PostgreSQL database.",
    ),
    text(
        "models_dir",
        "FOLDER",
        "models",
        "/var/lib/holdpoint/models",
        "Folder with the model files; the default is inside the data directory, and then where install.sh keeps them.",
    ),
    text(
        "chat_model",
        "FILE",
        "smollm2-135m-instruct-q4_1.gguf",
        "smollm2-135m-instruct-q4_1.gguf",
        "GGUF file of the chat model, in the models folder or a path; empty for none: then answers are only quoted.",
    ),
    text(
        "embed_model",
        "FILE",
        "all-minilm-l6-v2-f16.gguf",
        "all-minilm-l6-v2-f16.gguf",
        "GGUF file of the embedding model, in the models folder or a path; empty for none: then knowledge is found by words alone.",
    ),
    Key {
        name: "engine_threads",
        value_name: "COUNT",
        help: "Threads each model computes with; one per core when not set.",
        default: "",
        example: "2",
        is_number: true,
    },
    Key {
        name: "engine_context",
        value_name: "TOKENS",
        help: "Window of the chat model in tokens; a larger one needs more memory.",
        default: "",
        example: "4096",
        is_number: true,
    },
    Key {
        name: "engine_slots",
        value_name: "COUNT",
        help: "Answers that the chat model writes at the same time; 8 when not set, 64 at most. More of them share the same speed.",
        default: "",
        example: "8",
        is_number: true,
    },
    Key {
        name: "engine_cache",
        value_name: "TOKENS",
        help: "Tokens of the chat model's cache beyond one window, for other answers, and as many in main memory, for conversations that go on. When not set: as many as the window, and in main memory up to 1 GB, a sixteenth of the machine's or of engine_memory at most.",
        default: "",
        example: "4096",
        is_number: true,
    },
    text(
        "engine_memory",
        "SIZE",
        "",
        "4GB",
        "Memory that all models together may need, in bytes or as 500MB or 4GB; what the machine can give when not set. Models unused for longest are unloaded to keep within it.",
    ),
    text(
        "remote_engines",
        "NAME=URL,…",
        "",
        "office=http://10.0.0.5:8080, lab=https://gpu.example",
        "Other servers that may write answers, each with a name: another Holdpoint engine, llama-server, vLLM, Ollama. An agent uses one only where its list of models says MODEL@NAME; then questions, passages and conversations are sent there. An access token belongs into secrets/engine-NAME.token in the data directory.",
    ),
    text(
        "smtp_server",
        "HOST:PORT",
        "",
        "mail.shop.example:587",
        "The mail server through which Holdpoint sends e-mail: replies to visitors who have left, and escalations. Nothing is mailed while it is not set. A password belongs into secrets/smtp.password in the data directory.",
    ),
    text(
        "smtp_security",
        "HOW",
        "starttls",
        "tls",
        "How the connection to the mail server is encrypted: `starttls` (mostly port 587), `tls` (mostly port 465), or `none`, which is for a server on this very machine only.",
    ),
    text(
        "smtp_user",
        "NAME",
        "",
        "chat@shop.example",
        "The name Holdpoint signs in with at the mail server; without one it does not sign in.",
    ),
    text(
        "smtp_authority",
        "FILE",
        "",
        "/etc/holdpoint/mail-ca.pem",
        "Certificates (PEM) that the mail server may be known by besides those this machine trusts, for one with a certificate of its own.",
    ),
    text(
        "mail_from",
        "ADDRESS",
        "",
        "Quillhaven Cycles <chat@shop.example>",
        "The sender of every e-mail: an address that the mail server lets Holdpoint use, with a name before it if you like.",
    ),
    text(
        "webhook_hosts",
        "HOST,…",
        "",
        "10.0.0.7:9000, hooks.lan",
        "Hosts inside of this machine or its network that webhooks may reach, each with a port if you like; they may be unencrypted. Webhooks reach public https:// addresses alone while it is not set.",
    ),
    text(
        "log_format",
        "FORMAT",
        "pretty",
        "json",
        "Shape of the log on standard error: `pretty` for people, `json` for programs.",
    ),
    text(
        "log_level",
        "LEVEL",
        "info",
        "info,holdpoint::web=debug",
        "What is logged: error, warn, info, debug or trace; or several, each for a part of the program.",
    ),
];
