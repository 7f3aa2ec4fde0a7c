//! `bench engine`: the figures of a tiny measurement. None is compared with a bar here; a test machine does other work.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use holdpoint::engine::scripted::ScriptedEngine;

use super::*;

/// Short requests, and three visitors who are soon done.
const TINY: &str = "--streams 1,2 --prompt-tokens 40 --answer-tokens 12 --conversations 3 --rate 6000 --think 0.01 \
                    --instructions 40 --passage 20 --answer 6";

fn measure<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["bench", "engine"]
        .into_iter()
        .chain(TINY.split_whitespace())
        .chain(more.iter().copied())
        .collect()
}

fn figure<'a>(report: &'a Value, name: &str) -> &'a Value {
    let figures = report["figures"].as_array().unwrap();
    let found = figures.iter().find(|figure| figure["name"] == name);
    found.unwrap_or_else(|| panic!("no figure `{name}` in {report}"))
}

fn numbers(values: &Value) -> Vec<f64> {
    values
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_f64().unwrap())
        .collect()
}

#[test]
fn an_engine_of_its_own_is_started_measured_and_ended() {
    let Some(models) = models() else {
        return;
    };
    let holdpoint = Holdpoint::new();
    let report = holdpoint.json(&measure(&["--pairs", "1", "--models-dir", models.to_str().unwrap()]));
    for name in [
        "reading, 1 request",
        "reading, 2 requests at once",
        "writing, 2 requests at once",
        "mix: written",
    ] {
        let speeds = numbers(&figure(&report, name)["ours"]);
        assert!(
            speeds.len() == 1 && speeds.iter().all(|speed| *speed > 0.0),
            "{name}: {speeds:?}"
        );
    }
    assert_eq!(
        numbers(&figure(&report, "mix: answers that did not come")["ours"]),
        [0.0]
    );
    assert!(
        numbers(&figure(&report, "mix: answers")["ours"])
            .iter()
            .all(|answers| *answers >= 3.0)
    );
    assert_eq!(
        figure(&report, "mix: written")["ratio"],
        Value::Null,
        "there is nothing to compare with"
    );
}

#[test]
fn two_servers_meet_the_same_visitors_in_turns_and_each_pair_has_its_ratio() {
    let holdpoint = Holdpoint::new();
    let engine = ScriptedEngine::start(holdpoint.folder.path().join("engine.sock")).unwrap();
    engine.set_pace(Duration::from_millis(1));
    let socket = holdpoint.folder.path().join("engine.sock");
    let url = format!("http://{}", over_tcp(socket.clone()));
    let parts = ["read", "mix", "backlog", "--backlog", "2", "--pairs", "2"];
    let servers = ["--against", &url, "--socket", socket.to_str().unwrap()];
    let arguments = measure(&[&parts[..], &servers].concat());
    let report = holdpoint.json(&arguments);
    let answers = figure(&report, "mix: answers");
    assert_eq!(answers["ours"], answers["theirs"]);
    assert_eq!(numbers(&answers["ratios"]), [1.0, 1.0]);
    assert_eq!(answers["ratio"], 1.0);
    let noticed = figure(&report, "first token p95, beside the backlog : alone");
    assert!(
        numbers(&noticed["ours"])
            .iter()
            .chain(&numbers(&noticed["theirs"]))
            .all(|times| *times > 0.0)
    );
    let words = holdpoint.done(&arguments);
    assert!(
        words.contains("RATIO OF EACH PAIR") && words.contains("beside the backlog"),
        "{words}"
    );
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let holdpoint = Holdpoint::new();
    let engine = ScriptedEngine::start(holdpoint.folder.path().join("engine.sock")).unwrap();
    let socket = holdpoint.folder.path().join("engine.sock");
    let nobody = "http://127.0.0.1:1";
    let output = holdpoint.run(&[
        "bench",
        "engine",
        "--against",
        nobody,
        "--socket",
        socket.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert!(sentence(&output).contains(nobody));
    assert_eq!(engine.chats(), 1, "only the greeting");
}

/// The server of a Unix socket on a port of this machine, as another server would be met.
fn over_tcp(socket: PathBuf) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = UnixStream::connect(&socket) else {
                return;
            };
            pump(client, server);
        }
    });
    address
}

fn pump(client: TcpStream, server: UnixStream) {
    let (mut asks, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _broke_off = io::copy(&mut asks, &mut asked);
        let _gone = asked.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let (mut server, mut client) = (server, client);
        let _broke_off = io::copy(&mut server, &mut client);
        let _gone = client.shutdown(Shutdown::Both);
    });
}
