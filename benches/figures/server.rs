//! The program as a process of its own.

use crate::Result;
use crate::client::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The release build that Cargo has just made.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_holdpoint");
/// Far more than anything measured here takes.
const AMPLE: Duration = Duration::from_mins(2);

/// A server that runs until it is dropped or stopped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    /// Starts `holdpoint COMMAND` on a data directory, with the models of a folder or with none.
    pub(crate) fn spawn(command: &str, data: &Path, models: Option<&Path>) -> Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut holdpoint = Command::new(PROGRAM);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOLDPOINT_") {
                holdpoint.env_remove(name);
            }
        }
        holdpoint
            .args([command, "--json", "--listen", &address.to_string(), "--data-dir"])
            .arg(data);
        match models {
            Some(folder) => holdpoint.arg("--models-dir").arg(folder),
            None => holdpoint.args(["--chat-model", "", "--embed-model", ""]),
        };
        let log = std::fs::File::create(data.with_extension("log"))?;
        let child = holdpoint
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        Ok(Self {
            child,
            address,
            folder: data.to_owned(),
        })
    }

    /// Asks `/healthz` until there is an answer.
    pub(crate) fn first_answer(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < AMPLE {
            if is_healthy(self.address) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("holdpoint ended with {status}: {}", self.log()).into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err("holdpoint did not answer in two minutes".into())
    }

    /// What it prints when it is ready.
    pub(crate) fn ready(&mut self) -> Result<Value> {
        let out = self.child.stdout.take().ok_or("the output was read before")?;
        match serde_json::Deserializer::from_reader(out).into_iter().next() {
            Some(answer) => Ok(answer?),
            None => Err(format!("holdpoint did not get ready: {}", self.log()).into()),
        }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.with_extension("log")).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A visitor's way in.
    pub(crate) fn public(&self) -> Client {
        Client::tcp(self.address)
    }

    /// The administrator's.
    pub(crate) fn socket(&self) -> Client {
        Client::socket(self.folder.join("holdpoint.sock"))
    }

    /// Ends it as a service manager does.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).ok_or("no process")?;
        kill_process(pid, Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("holdpoint ended with {status}: {}", self.log()).into())
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only after a failure; whoever stopped it has waited for its end.
        let _ended_before = self.child.kill();
        let _ended_before = self.child.wait();
    }
}

fn is_healthy(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok::<_, std::io::Error>(status == *b"HTTP/1.1 200")
    };
    ask().unwrap_or_default()
}
