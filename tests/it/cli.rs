//! The program as a person or a script meets it: arguments in, output and exit code out.

mod agents;
mod answers;
mod demo;
mod exporting;
mod half_year;
mod importing;
mod improving;
mod measuring;
mod model;
mod policy;
mod refusals;
mod rehearsing;
mod sampling;
mod seeding;
mod serving;
mod simulating;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Far more than any of it takes; a loaded test machine must not fail a test.
const AMPLE: Duration = Duration::from_mins(2);

/// One data directory and the program with it.
struct Holdpoint {
    folder: TempDir,
}

impl Holdpoint {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// With a workspace, its agent, and a reviewer.
    fn set_up() -> Self {
        let holdpoint = Self::new();
        holdpoint.done(&["init", "--name", "Corner Bakery"]);
        let added = holdpoint.says(
            &["admin", "member", "add", "mia@bakery.example", "--name", "Mia"],
            "a long password\n",
        );
        assert_eq!(added.status.code(), Some(0), "{added:?}");
        holdpoint
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program, with nothing of this process's environment that could change what it does.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOLDPOINT_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .env("HOLDPOINT_DATA_DIR", self.data_dir())
            // Models of this user must not change what a test sees.
            .env("XDG_CACHE_HOME", self.data_dir())
            // Nor may its proxy.
            .env("NO_PROXY", "*")
            .env("TZ", "UTC")
            .current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// With a line on standard input.
    fn says(&self, arguments: &[&str], input: &str) -> Output {
        use std::io::Write;
        let mut command = self.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// What it prints, having succeeded.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it answers to a program, having succeeded.
    fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        serde_json::from_str(&self.done(&arguments)).unwrap()
    }

    /// Starts something that serves, and waits for its first line.
    fn start(&self, arguments: &[&str]) -> Running {
        let arguments = [arguments, &["--json"]].concat();
        let mut command = self.command(&arguments);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let answer = first_answer(&mut child);
        Running { child, answer }
    }
}

/// The JSON object that a server prints when it is ready. It is read to its end, not to the stream's.
fn first_answer(child: &mut Child) -> Value {
    let (lines, read) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        stdout
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| lines.send(line))
    });
    let mut text = String::new();
    loop {
        text.push_str(
            &read
                .recv_timeout(AMPLE)
                .unwrap_or_else(|_| panic!("it did not start; so far it said: {text}")),
        );
        if let Ok(answer) = serde_json::from_str(&text) {
            return answer;
        }
    }
}

/// A server that runs; killed when dropped.
struct Running {
    child: Child,
    answer: Value,
}

impl Running {
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end.
    fn ended(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < AMPLE, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The one sentence of a failure.
fn sentence(output: &Output) -> String {
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    let sentences: Vec<&str> = told.lines().filter(|line| line.starts_with("holdpoint: ")).collect();
    assert_eq!(sentences.len(), 1, "{told}");
    assert!(!told.contains("panicked") && !told.contains("backtrace"), "{told}");
    sentences[0].to_owned()
}

/// The folder with the default models, or `None` with a message where they are not.
fn models() -> Option<PathBuf> {
    let folder = std::env::var_os("HOLDPOINT_TEST_MODELS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/models"),
        PathBuf::from,
    );
    let is_complete = ["smollm2-135m-instruct-q4_1.gguf", "all-minilm-l6-v2-f16.gguf"]
        .iter()
        .all(|name| folder.join(name).exists());
    if !is_complete {
        eprintln!("skipped: the default models are not in {}", folder.display());
    }
    is_complete.then_some(folder)
}
