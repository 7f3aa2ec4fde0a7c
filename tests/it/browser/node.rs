//! Runs a script of `tests/browser` and follows what it says.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::Mutex;

/// Far longer than any script takes, even where several test binaries share two cores.
const LONGEST: Duration = Duration::from_mins(30);

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

pub(super) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where scripts keep their pictures.
pub(super) fn pictures() -> PathBuf {
    repository().join("target/browser")
}

/// A script about to be run.
pub(super) struct Script {
    name: &'static str,
    command: Command,
}

impl Script {
    /// The script, or `None` with a message where something it needs is missing.
    pub(super) fn find(name: &'static str) -> Option<Self> {
        let on_path = |program: &str| {
            std::env::var_os("PATH").and_then(|path| {
                std::env::split_paths(&path)
                    .map(|dir| dir.join(program))
                    .find(|file| file.is_file())
            })
        };
        let chromium = std::env::var_os("HOLDPOINT_CHROMIUM").map(PathBuf::from).or_else(|| {
            ["chromium", "chromium-browser", "google-chrome"]
                .into_iter()
                .find_map(on_path)
        });
        let playwright = repository().join("assets/node_modules/playwright-core").exists();
        let (Some(node), Some(chromium), true) = (on_path("node"), chromium, playwright) else {
            eprintln!("skipped: {name} needs Node, Chromium and playwright-core; ./install.sh test installs them");
            return None;
        };
        let mut command = Command::new(node);
        command
            .arg(repository().join("tests/browser").join(name))
            .env("HOLDPOINT_CHROMIUM", chromium)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Some(Self { name, command })
    }

    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Keeps its pictures under this name.
    pub(super) fn pictures(self, name: &str) -> Self {
        self.env("HOLDPOINT_OUT", pictures().join(name))
    }

    /// Runs it to its end, while no other script runs: browsers that share two cores make each other miss their time-outs. `on_step` hears each step it reports before the next one is read.
    pub(super) async fn run(self, on_step: impl AsyncFn(&str)) {
        self.followed(on_step).await;
    }

    /// Runs it to its end; its last line.
    pub(super) async fn run_to_its_last_line(self) -> String {
        self.followed(async |_step| {}).await
    }

    async fn followed(mut self, on_step: impl AsyncFn(&str)) -> String {
        let _alone = ONE_AT_A_TIME.lock().await;
        let mut child = self.command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = child.stderr.take().unwrap();
        let (mut last, mut failures, mut complaints) = (String::new(), Vec::new(), String::new());
        let running = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Ok(line) = serde_json::from_str::<Value>(&line)
                    && let Some(step) = line["step"].as_str()
                {
                    if let Some(error) = line["error"].as_str() {
                        failures.push(format!("- {step}: {error}"));
                    }
                    on_step(step).await;
                }
                last = line;
            }
            child.wait().await.unwrap()
        };
        // Read at the same time, or a script that says much would wait for ever.
        let ended = tokio::time::timeout(LONGEST, async {
            tokio::join!(running, said.read_to_string(&mut complaints))
        });
        let name = self.name;
        let Ok((status, read)) = ended.await else {
            panic!("{name} did not end; its last line: {last}\n{}", failures.join("\n"));
        };
        read.unwrap();
        assert!(
            status.success(),
            "{name} failed:\n{}\nits last line: {last}\n{complaints}",
            failures.join("\n")
        );
        last
    }
}
