//! Memory of processes, from the kernel's own sums over their mappings.

use crate::report::{Report, megabytes};
use crate::server::Server;
use crate::{Result, folder};
use std::time::Duration;

/// Nothing happens for this long before memory is read.
const IDLE: Duration = Duration::from_secs(5);

/// What a process holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// All pages in memory, shared ones (program, model files) included; megabytes.
    rss: f64,
    /// The same with shared pages divided among those who share them; megabytes.
    pss: f64,
}

impl Memory {
    pub(crate) async fn when_idle(pid: u32) -> Result<Self> {
        tokio::time::sleep(IDLE).await;
        Self::now(pid)
    }

    pub(crate) fn now(pid: u32) -> Result<Self> {
        let sums = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let of = |name: &str| -> Result<f64> {
            let line = sums
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .ok_or("no such sum")?;
            let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
            Ok(megabytes(kib * 1_024))
        };
        Ok(Self {
            rss: of("Rss:")?,
            pss: of("Pss:")?,
        })
    }

    pub(crate) fn report(self, report: &mut Report, name: &'static str, at_most: Option<f64>, note: &str) {
        report.add(
            name,
            self.rss,
            "MB",
            at_most,
            format!("resident; proportional share {:.1} MB; {note}", self.pss),
        );
    }
}

/// What a server may hold, megabytes.
pub(crate) const SERVER: f64 = 60.0;

pub(crate) async fn without_models(report: &mut Report) -> Result<()> {
    let folder = folder()?;
    let mut server = Server::spawn("serve", &folder.path().join("data"), None)?;
    server.first_answer()?;
    let memory = Memory::when_idle(server.pid()).await?;
    memory.report(
        report,
        "memory, server without the engine",
        Some(SERVER),
        "5 s after its first answer",
    );
    server.stop()
}

/// The engine child of a server.
pub(crate) fn engine_of(server: u32) -> Result<u32> {
    for task in std::fs::read_dir(format!("/proc/{server}/task"))? {
        let children = std::fs::read_to_string(task?.path().join("children"))?;
        if let Some(child) = children.split_whitespace().next() {
            return Ok(child.parse()?);
        }
    }
    Err("the server has no engine child".into())
}
