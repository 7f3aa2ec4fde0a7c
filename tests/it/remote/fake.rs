//! A server on loopback that answers as it is told, also what no sane server would.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdpoint::engine::{BreakerSettings, Endpoint, EngineClient, RemoteEngine, TimeLimits, Token};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) path: String,
    /// All headers, in lower case.
    pub(super) head: String,
    pub(super) body: Value,
}

/// What comes back, step by step.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Bytes of the body.
    Text(String),
    /// A break.
    Wait(Duration),
    /// Nothing more, until the client goes.
    Silence,
    /// The connection ends in the middle.
    Hangup,
}

#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    /// Before the status line.
    before: Vec<Step>,
    steps: Vec<Step>,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", &body.to_string())
    }

    pub(super) fn text(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            before: Vec::new(),
            steps: vec![Step::Text(body.to_owned())],
        }
    }

    pub(super) fn events(steps: Vec<Step>) -> Self {
        Self {
            steps,
            ..Self::text(200, "text/event-stream; charset=utf-8", "")
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Before even the status.
    pub(super) fn after(mut self, step: Step) -> Self {
        self.before.push(step);
        self
    }
}

type Answers = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// The server; it goes when dropped.
pub(super) struct Fake {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    answers: Mutex<Answers>,
    received: Mutex<Vec<Received>>,
    /// Clients that went while they were kept waiting.
    left: Mutex<usize>,
}

impl Fake {
    pub(super) async fn start(answers: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answers: Mutex::new(Arc::new(answers)),
            received: Mutex::default(),
            left: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        let serving = Arc::clone(&shared);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            address,
            shared,
            _tasks: tasks,
        }
    }

    /// Answers differently from now on.
    pub(super) fn answer(&self, answers: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *self.shared.answers.lock().unwrap() = Arc::new(answers);
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::Http {
            base_url: format!("http://{}", self.address),
            token: Some(Token::parse(TOKEN).unwrap()),
        }
    }

    pub(super) fn client(&self) -> EngineClient {
        EngineClient::new(self.endpoint())
    }

    pub(super) fn engine(&self, name: &str, breaker: BreakerSettings) -> RemoteEngine {
        RemoteEngine::with(name, self.endpoint(), TimeLimits::default(), breaker)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// How many requests came for a path.
    pub(super) fn count(&self, path: &str) -> usize {
        self.received().iter().filter(|received| received.path == path).count()
    }

    pub(super) fn left(&self) -> usize {
        *self.shared.left.lock().unwrap()
    }
}

pub(super) const TOKEN: &str = "hunter2hunter2";
/// For tests of silence alone: whatever a loaded machine makes of it, it is silence.
pub(super) const SHORT: TimeLimits = TimeLimits {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_millis(200),
    between_pieces: Duration::from_millis(200),
};
/// Rests for longer than any test takes.
pub(super) const PATIENT: BreakerSettings = BreakerSettings {
    failures: 2,
    first_rest: Duration::from_hours(1),
    longest_rest: Duration::from_hours(1),
};
/// Rests for no time at all.
pub(super) const EAGER: BreakerSettings = BreakerSettings {
    failures: 2,
    first_rest: Duration::ZERO,
    longest_rest: Duration::ZERO,
};

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    while let Some(received) = read(&mut stream).await {
        shared.received.lock().unwrap().push(received.clone());
        let answers = Arc::clone(&shared.answers.lock().unwrap());
        let reply = answers(&received);
        if !write(&mut stream, reply, &shared).await {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let path = String::from_utf8_lossy(&bytes).split(' ').nth(1)?.to_owned();
    Some(Received {
        path,
        head,
        body: serde_json::from_slice(&bytes[end..end + length]).unwrap_or_default(),
    })
}

/// False if the connection has ended.
async fn write(stream: &mut TcpStream, reply: Reply, shared: &Shared) -> bool {
    let mut head = format!("HTTP/1.1 {} OK\r\ntransfer-encoding: chunked\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let steps = reply.before.into_iter().map(|step| (step, true));
    let steps = steps.chain([(Step::Text(head), true)]);
    for (step, is_raw) in steps.chain(reply.steps.into_iter().map(|step| (step, false))) {
        let bytes = match step {
            Step::Text(text) if is_raw => text,
            Step::Text(text) if text.is_empty() => continue,
            Step::Text(text) => chunk(&text),
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                continue;
            }
            Step::Silence => {
                let mut byte = [0];
                let _gone = stream.read(&mut byte).await;
                *shared.left.lock().unwrap() += 1;
                return false;
            }
            Step::Hangup => return false,
        };
        if stream.write_all(bytes.as_bytes()).await.is_err() {
            *shared.left.lock().unwrap() += 1;
            return false;
        }
    }
    stream.write_all(b"0\r\n\r\n").await.is_ok()
}

/// A server that does everything, as most do it.
pub(super) fn complete(received: &Received) -> Reply {
    match received.path.as_str() {
        "/v1/models" => Reply::json(
            200,
            &json!({"object": "list", "data": [{"id": "nomic-embed"}, {"id": "small"}]}),
        ),
        "/v1/chat/completions" => chat(received),
        "/v1/embeddings" => embeddings(received),
        _ => Reply::json(404, &json!({"detail": "Not Found"})),
    }
}

/// A streamed answer: what the schema wants, else two words.
pub(super) fn chat(received: &Received) -> Reply {
    let schema = received
        .body
        .pointer("/response_format/json_schema/schema/properties/word/enum/0");
    let words = match schema.and_then(Value::as_str) {
        Some(word) => vec![json!({ "word": word }).to_string()],
        None => vec!["Hello ".to_owned(), "there".to_owned()],
    };
    let mut steps = vec![Step::Text(": ping\n\n".to_owned())];
    for word in words {
        let mut choice = json!({"index": 0, "delta": {"content": word}, "finish_reason": null});
        if received.body["logprobs"] == true {
            choice["logprobs"] = json!({"content": [{"token": "x", "logprob": -0.5}]});
        }
        steps.push(event(&json!({"choices": [choice], "usage": null})));
    }
    steps.push(event(&json!({"choices": [{"delta": {}, "finish_reason": "stop"}]})));
    if received.body["stream_options"]["include_usage"] == true {
        let usage = json!({"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9});
        steps.push(event(&json!({"choices": [], "usage": usage})));
    }
    steps.push(Step::Text("data: [DONE]\n\n".to_owned()));
    Reply::events(steps)
}

pub(super) fn event(data: &Value) -> Step {
    Step::Text(format!("data: {data}\n\n"))
}

fn embeddings(received: &Received) -> Reply {
    let texts = received.body["input"].as_array().map_or(1, Vec::len);
    // Neither in order nor of length one.
    let entries = (0..texts)
        .rev()
        .map(|index| json!({"index": index, "embedding": [3.0, 4.0, f64::from(u8::try_from(index).unwrap())]}));
    Reply::json(200, &json!({"data": entries.collect::<Vec<_>>()}))
}
