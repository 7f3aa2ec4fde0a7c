//! A web server that holds one file and behaves as badly as it is told to.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How it answers, by the first part of the path.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// As one should: ranges, lengths, a strong name for the version.
    Well,
    /// Without ranges.
    WithoutRanges,
    /// Breaks off after so many bytes of every answer.
    BreaksOff { after: usize },
    /// Breaks off once after so many bytes, and cannot go on from there.
    BreaksOffOnceWithoutRanges { after: usize },
    /// Sends so many bytes and then nothing, but leaves the connection open; every answer.
    FallsSilent { after: usize },
    /// Does not say how long the file is.
    WithoutLength,
    /// Sends on to the file as hubs do, telling its digest and its length.
    Hub { sha256: String, length: Option<u64> },
    /// Says on the way that the file has so many bytes, and then does not say it again.
    Promises { bytes: u64 },
    /// Sends on to another address.
    SendsOn { to: String },
    /// A web page that does not end.
    Page,
    /// Refuses.
    Refuses { status: u16 },
    /// Cannot answer so many times, then well.
    Busy { times: usize },
    /// The range that it sends is another one than was asked for.
    OtherRange,
    /// Says in a range that the file has another length than it said before.
    OtherLength { after: usize },
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[derive(Debug)]
struct Shared {
    file: Vec<u8>,
    manner: Mutex<Manner>,
    asked: Mutex<Vec<Asked>>,
    sent: Mutex<u64>,
}

/// The server; it ends when dropped.
pub(crate) struct FileServer {
    shared: Arc<Shared>,
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl FileServer {
    pub(crate) async fn start(file: Vec<u8>, manner: Manner) -> Self {
        let shared = Arc::new(Shared {
            file,
            manner: Mutex::new(manner),
            asked: Mutex::default(),
            sent: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            shared,
            address,
            serving,
        }
    }

    /// The file's address.
    pub(crate) fn url(&self, file: &str) -> String {
        format!("http://{}/models/{file}", self.address)
    }

    pub(crate) fn behaves(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Bytes of the file that were sent, all answers together.
    pub(crate) fn sent(&self) -> u64 {
        *self.shared.sent.lock().unwrap()
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let asked = Asked {
        path: request.uri().path().to_owned(),
        headers: request.headers().clone(),
    };
    let times = {
        let mut all = shared.asked.lock().unwrap();
        all.push(asked.clone());
        all.len()
    };
    let manner = shared.manner.lock().unwrap().clone();
    let etag = format!("\"{}\"", &digest(&shared.file)[..16]);
    let wanted = asked
        .header("range")
        .filter(|_| asked.header("if-range").is_none_or(|known| known == etag))
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    // Where hubs send on to.
    let is_store = asked.path.starts_with("/store/");
    match manner {
        Manner::SendsOn { to } => redirect(&to, |builder| builder),
        Manner::Hub { sha256, length } if !is_store => redirect("/store/blob", |builder| {
            let builder = builder.header("x-linked-etag", format!("\"{sha256}\""));
            match length {
                Some(length) => builder.header("x-linked-size", length),
                None => builder,
            }
        }),
        Manner::Promises { bytes } if !is_store => {
            redirect("/store/blob", |builder| builder.header("x-linked-size", bytes))
        }
        Manner::Page => {
            let pages = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'<'; 4096])));
            Response::builder()
                .header(CONTENT_TYPE, "text/html; charset=utf-8")
                .body(Body::from_stream(pages))
                .unwrap()
        }
        Manner::Refuses { status } => bare(status),
        Manner::Busy { times: busy } if times <= busy => bare(503),
        Manner::WithoutRanges => shared.whole(usize::MAX, Some(Ends::Well)),
        Manner::WithoutLength | Manner::Promises { .. } => shared.whole(usize::MAX, None),
        Manner::BreaksOffOnceWithoutRanges { after } => {
            shared.whole(if times == 1 { after } else { usize::MAX }, Some(Ends::Well))
        }
        Manner::FallsSilent { after } => shared.from(wanted, &etag, after, Ends::Silent),
        Manner::BreaksOff { after } => shared.from(wanted, &etag, after, Ends::Well),
        Manner::OtherRange => {
            let other = wanted.map(|first| first.saturating_sub(1));
            shared.from(
                other,
                &etag,
                if wanted.is_some() { usize::MAX } else { 1000 },
                Ends::Well,
            )
        }
        Manner::OtherLength { after } => match wanted {
            None => shared.from(None, &etag, after, Ends::Well),
            Some(first) => Response::builder()
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(CONTENT_RANGE, format!("bytes */{first}"))
                .body(Body::empty())
                .unwrap(),
        },
        Manner::Well | Manner::Hub { .. } | Manner::Busy { .. } => shared.from(wanted, &etag, usize::MAX, Ends::Well),
    }
}

/// What happens where an answer stops before its end.
#[derive(Clone, Copy)]
enum Ends {
    /// The connection closes.
    Well,
    /// It stays open.
    Silent,
}

fn redirect(to: &str, with: impl FnOnce(http::response::Builder) -> http::response::Builder) -> Response {
    with(Response::builder().status(StatusCode::FOUND).header(LOCATION, to))
        .body(Body::empty())
        .unwrap()
}

fn bare(status: u16) -> Response {
    Response::builder().status(status).body(Body::from("no")).unwrap()
}

impl Shared {
    /// The file from `first` on, or the whole, as far as `most` bytes.
    fn from(self: Arc<Self>, first: Option<usize>, etag: &str, most: usize, ends: Ends) -> Response {
        let (length, start) = (self.file.len(), first.unwrap_or(0));
        if first.is_some() && start >= length {
            return Response::builder()
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(CONTENT_RANGE, format!("bytes */{length}"))
                .body(Body::empty())
                .unwrap();
        }
        let mut builder = Response::builder()
            .header(ETAG, etag)
            .header(CONTENT_LENGTH, length - start);
        if first.is_some() {
            builder = builder
                .status(StatusCode::PARTIAL_CONTENT)
                .header(CONTENT_RANGE, format!("bytes {start}-{}/{length}", length - 1));
        }
        builder.body(self.body(start, most, ends)).unwrap()
    }

    /// The whole file, whatever was asked for.
    fn whole(self: Arc<Self>, most: usize, with_length: Option<Ends>) -> Response {
        let mut builder = Response::builder();
        if with_length.is_some() {
            builder = builder.header(CONTENT_LENGTH, self.file.len());
        }
        builder.body(self.body(0, most, Ends::Well)).unwrap()
    }

    fn body(self: Arc<Self>, start: usize, most: usize, ends: Ends) -> Body {
        let end = self.file.len().min(start.saturating_add(most));
        let is_cut = end < self.file.len();
        let pieces: Vec<Bytes> = self.file[start..end].chunks(8192).map(Bytes::copy_from_slice).collect();
        let sending = futures::stream::iter(pieces).map(move |piece| {
            *self.sent.lock().unwrap() += piece.len() as u64;
            Ok(piece)
        });
        let stop = futures::stream::once(async move {
            if matches!(ends, Ends::Silent) && is_cut {
                tokio::time::sleep(Duration::from_hours(1)).await;
            }
            // What was written before must be on its way, or it is lost with the connection.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if is_cut {
                Err(std::io::Error::other("cut"))
            } else {
                Ok(Bytes::new())
            }
        });
        Body::from_stream(sending.chain(stop))
    }
}
