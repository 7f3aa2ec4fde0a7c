//! Listening and serving: loopback TCP for browsers, a Unix socket for the command line.
//!
//! `axum::serve` has no header time-out and waits for ever for open event streams, hence this loop: a connection that
//! says nothing is closed, and stopping has a time limit.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// A connection has this long to send a request's head, the first one included.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// When stopping, requests under way have this long.
const FINISH_WITHIN: Duration = Duration::from_secs(10);
/// After an accept failed (out of file descriptors, usually).
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Who is at the other end of a connection. Every request carries it as an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Somebody over the network: nobody until they show a token or a session.
    Tcp(SocketAddr),
    /// A process that may open the data directory's socket: the machine's administrator.
    Socket,
}

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program has the port.
    #[error(
        "port {port} on {host} is already in use; stop the program that uses it, or choose another with --listen {host}:PORT"
    )]
    PortInUse {
        /// The address.
        host: String,
        /// The port.
        port: u16,
    },
    /// The port may not be used by this user.
    #[error("port {port} needs administrator rights; choose one above 1023 with --listen {host}:PORT")]
    PortForbidden {
        /// The address.
        host: String,
        /// The port.
        port: u16,
    },
    /// The address is not one of this machine, or something else is wrong with it.
    #[error("{address} cannot be listened on ({cause}); choose another address with --listen")]
    Address {
        /// What was asked for.
        address: SocketAddr,
        /// Why not.
        cause: io::Error,
    },
    /// A running server has the socket.
    #[error("another Holdpoint already serves this data directory ({}); stop it first", path.display())]
    AlreadyServing {
        /// The socket.
        path: PathBuf,
    },
    /// The socket cannot be made.
    #[error("the socket {} cannot be made ({cause}); check that the data directory is yours and its path has fewer than 90 characters", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
}

/// Open listeners, not served yet.
#[derive(Debug)]
pub struct Listeners {
    tcp: TcpListener,
    socket: UnixListener,
    socket_path: PathBuf,
    address: SocketAddr,
}

impl Listeners {
    /// Opens both. Port 0 takes any free one; see [`Self::address`].
    ///
    /// # Errors
    /// [`ServeError`], which says what to do.
    pub async fn open(address: SocketAddr, socket_path: &Path) -> Result<Self, ServeError> {
        let tcp = TcpListener::bind(address)
            .await
            .map_err(|cause| cannot_listen(address, cause))?;
        let local = tcp
            .local_addr()
            .map_err(|cause| ServeError::Address { address, cause })?;
        let socket = open_socket(socket_path).await?;
        Ok(Self {
            tcp,
            socket,
            socket_path: socket_path.to_owned(),
            address: local,
        })
    }

    /// Where browsers reach it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, then lets requests under way end, for at most ten seconds.
    ///
    /// Event streams are requests under way that never end by themselves: `stop_streams` of [`super::Web`] must be `stop`
    /// or a child of it.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let connections = TaskTracker::new();
        tokio::join!(
            accept_loop(&stop, || async {
                let (stream, address) = self.tcp.accept().await?;
                // Events are small and should not wait for more.
                let _best_effort = stream.set_nodelay(true);
                connections.spawn(serve_one(stream, Peer::Tcp(address), router.clone(), stop.clone()));
                Ok(())
            }),
            accept_loop(&stop, || async {
                let (stream, _) = self.socket.accept().await?;
                connections.spawn(serve_one(stream, Peer::Socket, router.clone(), stop.clone()));
                Ok(())
            }),
        );
        drop((self.tcp, self.socket));
        let _already_gone = fs::remove_file(&self.socket_path);
        connections.close();
        if tokio::time::timeout(FINISH_WITHIN, connections.wait()).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "Some connections did not end in time and are cut off"
            );
        }
    }
}

/// Answers a request without any listener, as if it came over the socket: how the command line works when no server runs.
pub async fn answer_in_process(router: Router, mut request: Request) -> Response {
    request.extensions_mut().insert(Peer::Socket);
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn cannot_listen(address: SocketAddr, cause: io::Error) -> ServeError {
    let (host, port) = (host_of(address), address.port());
    match cause.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortInUse { host, port },
        io::ErrorKind::PermissionDenied => ServeError::PortForbidden { host, port },
        _ => ServeError::Address { address, cause },
    }
}

fn host_of(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

/// A socket file that nobody answers on was left by a server that was killed; it is replaced.
async fn open_socket(path: &Path) -> Result<UnixListener, ServeError> {
    let failed = |cause| ServeError::Socket {
        path: path.to_owned(),
        cause,
    };
    if tokio::net::UnixStream::connect(path).await.is_ok() {
        return Err(ServeError::AlreadyServing { path: path.to_owned() });
    }
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
        _ => {}
    }
    // The data directory is closed to others (0700), so there is no moment in which they could connect.
    let socket = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(socket)
}

async fn accept_loop<F: Future<Output = io::Result<()>>>(stop: &CancellationToken, accept: impl Fn() -> F) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            accepted = accept() => if let Err(cause) = accepted {
                tracing::warn!(%cause, "A connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
}

async fn serve_one<S>(stream: S, peer: Peer, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.map(Body::new)
    });
    // Without `http1_only` a connection that says nothing at all escapes the time-out.
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(cause) = ended {
        tracing::debug!(cause = %cause, "A connection broke off");
    }
}
