//! From starting the process to its first answer, without models.

use crate::report::{Report, median, quantile};
use crate::server::Server;
use crate::{Result, folder};
use std::path::Path;
use std::time::Instant;

const TIMES: usize = 7;

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    // Reads the program from the disk.
    let existing = folder()?;
    started(&existing.path().join("data"))?;
    let (mut fresh, mut again) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let new = folder()?;
        fresh.push(started(&new.path().join("data"))?);
        again.push(started(&existing.path().join("data"))?);
    }
    for (name, ms) in [
        ("first answer, new data directory", fresh),
        ("first answer, existing data directory", again),
    ] {
        let note = format!(
            "median of {TIMES}, slowest {:.0} ms: process started → /healthz answers 200",
            quantile(&ms, 1.0)
        );
        report.add(name, median(&ms), "ms", Some(1_000.0), note);
    }
    Ok(())
}

/// Milliseconds.
fn started(data: &Path) -> Result<f64> {
    let began = Instant::now();
    let mut server = Server::spawn("serve", data, None)?;
    server.first_answer()?;
    let ms = began.elapsed().as_secs_f64() * 1e3;
    server.stop()?;
    Ok(ms)
}
