//! An engine for other machines: over TCP, with a token.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::sleep,
};

use super::{supervision::ended, *};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// An engine started by hand; killed when the test fails.
struct Hand {
    child: Child,
    address: SocketAddr,
}

impl Drop for Hand {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    command
        .arg("engine")
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Sends one request and returns the status and the body.
fn ask(address: SocketAddr, method: &str, path: &str, token: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(AMPLE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: engine\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer))
}

#[test]
fn over_the_network_only_who_has_the_token_is_served() {
    let (Some(chat_model), Some(embed_model)) = (model(CHAT_MODEL), model(EMBED_MODEL)) else {
        return;
    };
    let bench = Bench::new();
    let token_file = bench.file("token", format!("{TOKEN}\n").as_bytes());
    let address = free_address();
    let child = command(&[
        "--listen",
        &address.to_string(),
        "--token-file",
        token_file.to_str().unwrap(),
        "--model",
        embed_model.to_str().unwrap(),
        "--model",
        chat_model.to_str().unwrap(),
        "--ctx",
        "512",
    ])
    .stderr(Stdio::null())
    .spawn()
    .unwrap();
    let mut engine = Hand { child, address };
    let ask = |method: &str, path: &str, body: &str| ask(engine.address, method, path, TOKEN, body);
    let started = Instant::now();
    while ask("GET", "/health", "").is_none_or(|(_, body)| !body.contains("\"status\":\"ok\"")) {
        assert!(started.elapsed() < AMPLE, "the engine does not answer");
        sleep(Duration::from_millis(20));
    }

    for wrong in ["", "0123456789abcdef", "0123456789abcdef0123456789abcdeF"] {
        let (status, body) = super::network::ask(engine.address, "GET", "/health", wrong, "").unwrap();
        assert_eq!(status, 401, "{body}");
        assert!(
            body.contains("Authorization: Bearer") && !body.contains("rss_bytes"),
            "{body}"
        );
    }
    let (status, body) = ask("POST", "/v1/embeddings", r#"{"input":"Hello"}"#).unwrap();
    assert_eq!(status, 200, "{body}");
    let (status, body) = ask(
        "POST",
        "/v1/embeddings",
        r#"{"input":"Hello","model":"smollm2-135m-instruct-q4_1"}"#,
    )
    .unwrap();
    assert_eq!(status, 400, "{body}");
    assert!(
        body.contains("is a chat model, and this request needs an embedding model"),
        "{body}"
    );
    let (status, body) = ask("POST", "/v1/embeddings", r#"{"input":"Hello","model":"gpt"}"#).unwrap();
    assert_eq!(status, 404, "{body}");
    let (status, body) = ask(
        "POST",
        "/v1/chat/completions",
        r#"{"messages":[{"role":"user","content":"Hello"}],"max_tokens":4}"#,
    )
    .unwrap();
    assert_eq!(status, 200, "{body}");
    let (_, body) = ask("GET", "/v1/models", "").unwrap();
    assert!(
        body.contains("all-minilm-l6-v2-f16") && body.contains("smollm2-135m-instruct-q4_1"),
        "{body}"
    );

    // Something that never asks anything does not keep others from being served.
    let _silent = TcpStream::connect(engine.address).unwrap();
    assert!(ask("GET", "/health", "").is_some());

    let pid = engine.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(ended(&mut engine.child).success());
}

#[test]
fn an_address_that_others_can_reach_needs_a_token() {
    let Some(embed_model) = model(EMBED_MODEL) else {
        return;
    };
    let output = command(&["--listen", "0.0.0.0:0", "--embed-model", embed_model.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a token is needed; name its file with `--token-file FILE`"),
        "{said}"
    );

    let output = command(&["--embed-model", embed_model.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("Say where to listen"), "{said}");
}
