//! The API as the commands ask it: the same requests over the running server's socket, in-process when no server runs,
//! or over TCP like any program.

mod http;
mod local;
mod sse;

pub(crate) use http::{Address, HttpClient};
pub(crate) use sse::{Event, Events};

use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use crate::data_dir::{DataDir, DataDirError};
use ::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use ::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::Router;
use bytes::Bytes;
use http_body_util::Full;
use local::Local;
use serde_json::Value;
use std::time::Duration;

/// How long a server, or a command that works in-process, may take to let go of the data directory.
const PATIENCE: Duration = Duration::from_secs(5);
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Asks the API.
pub(crate) struct Client {
    transport: Transport,
    headers: HeaderMap,
}

enum Transport {
    Http(HttpClient),
    Local(Box<Local>),
}

/// A status and its JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Client {
    /// The administrator: over the socket of the server that runs, else in-process with what the command needs.
    pub(crate) async fn connect(context: &Context, needs: Needs) -> Result<Self, Failure> {
        let data_dir = context.data_dir();
        let transport = match Self::running(&data_dir).await {
            Some(http) => Transport::Http(http),
            None => Self::alone(context, &data_dir, needs).await?,
        };
        let client = Self {
            transport,
            headers: HeaderMap::new(),
        };
        client
            .for_workspace(context.workspace.as_deref())?
            .with("holdpoint-member", context.member.as_deref())
    }

    /// Asks as [`Self::connect`]ed, and closes whatever the answer was.
    pub(crate) async fn asked<T>(
        context: &Context,
        needs: Needs,
        ask: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let client = Self::connect(context, needs).await?;
        let result = ask(&client).await;
        client.close().await;
        result
    }

    /// The administrator, asking the API of a server in this process.
    pub(crate) fn in_process(router: &Router) -> Self {
        Self {
            transport: Transport::Local(Box::new(Local::over(router))),
            headers: HeaderMap::new(),
        }
    }

    /// The same, for one workspace.
    pub(crate) fn for_workspace(self, name: Option<&str>) -> Result<Self, Failure> {
        self.with("holdpoint-workspace", name)
    }

    fn with(mut self, header: &'static str, value: Option<&str>) -> Result<Self, Failure> {
        if let Some(value) = value {
            let value = HeaderValue::from_str(value).map_err(|_unprintable| {
                Failure::usage(format!("{value:?} cannot be a workspace or an e-mail address"))
            })?;
            self.headers.insert(header, value);
        }
        Ok(self)
    }

    /// Somebody nobody knows, over TCP.
    pub(crate) fn anonymous(http: HttpClient) -> Self {
        Self {
            transport: Transport::Http(http),
            headers: HeaderMap::new(),
        }
    }

    /// A program or a visitor with a bearer token, over TCP.
    pub(crate) fn over_tcp(http: HttpClient, token: &str) -> Result<Self, Failure> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_unprintable| Failure::usage("this token cannot be one of Holdpoint's; copy the whole of it"))?;
        value.set_sensitive(true);
        let mut client = Self::anonymous(http);
        client.headers.insert(AUTHORIZATION, value);
        Ok(client)
    }

    /// The server of this data directory, if one answers.
    pub(crate) async fn running(data_dir: &DataDir) -> Option<HttpClient> {
        let http = HttpClient::new(Address::Socket(data_dir.socket()));
        http.answers().await.then_some(http)
    }

    /// Where browsers find the server that was asked, or that these settings would start.
    pub(crate) fn origin(&self, context: &Context) -> String {
        let running = match self.transport {
            Transport::Http(_) => context.data_dir().origin(),
            Transport::Local(_) => None,
        };
        let settings = context.settings();
        running
            .or_else(|| settings.public_origin.clone())
            .unwrap_or_else(|| format!("http://{}", settings.listen))
    }

    /// Takes the data directory, waiting a moment for whoever is about to leave it or to open its socket.
    async fn alone(context: &Context, data_dir: &DataDir, needs: Needs) -> Result<Transport, Failure> {
        if needs == Needs::ModelsAlone {
            data_dir.prepare()?;
        } else if !data_dir.is_prepared() {
            return Err(Failure::unavailable(format!(
                "there is nothing in {} yet; run `holdpoint init` or `holdpoint demo` first, or name the right folder with --data-dir",
                data_dir.path().display()
            )));
        }
        let mut waited = Duration::ZERO;
        loop {
            match data_dir.lock() {
                Ok(lock) => return Ok(Transport::Local(Box::new(Local::open(context, lock, needs).await?))),
                Err(DataDirError::InUse { .. }) if waited < PATIENCE => {
                    tokio::time::sleep(TRY_AGAIN_AFTER).await;
                    waited += TRY_AGAIN_AFTER;
                    if let Some(http) = Self::running(data_dir).await {
                        return Ok(Transport::Http(http));
                    }
                }
                Err(DataDirError::InUse { pid, .. }) => {
                    let pid = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
                    return Err(Failure::unavailable(format!(
                        "the Holdpoint that uses {}{pid} does not answer; wait until it has started, or stop it",
                        data_dir.path().display()
                    )));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None, Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some("application/json"), body.to_string().into())
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::PUT, path, Some("application/json"), body.to_string().into())
            .await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::PATCH, path, Some("application/json"), body.to_string().into())
            .await
    }

    pub(crate) async fn post_file(
        &self,
        path: &str,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(content_type), body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, None, Bytes::new()).await
    }

    /// One request whose refusal is a failure.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&'static str>,
        body: Bytes,
    ) -> Result<Value, Failure> {
        let answer = self.send(method, path, content_type, body).await?;
        if answer.status.is_success() {
            return Ok(answer.body);
        }
        Err(Failure::from_problem(answer.status, answer.body))
    }

    /// One request, whatever comes of it.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&'static str>,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let request = self.request(method, path, content_type, body)?;
        let (status, bytes) = match &self.transport {
            Transport::Http(http) => http.ask(request).await?,
            Transport::Local(local) => local.ask(request).await?,
        };
        let body = match bytes.as_ref() {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes).map_err(|_not_json| {
                Failure::failed(format!(
                    "the answer to {path} ({status}) is not JSON; is this Holdpoint of the same version?"
                ))
            })?,
        };
        Ok(Answer { status, body })
    }

    /// Follows an event stream; only over a connection.
    pub(crate) async fn events(&self, path: &str) -> Result<Events, Failure> {
        let request = self.request(Method::GET, path, None, Bytes::new())?;
        match &self.transport {
            Transport::Http(http) => http.events(request).await,
            Transport::Local(_) => Err(Failure::unavailable(
                "events can only be followed while the server runs; start it with `holdpoint serve`",
            )),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&'static str>,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path
            .parse()
            .map_err(|_invalid| Failure::usage(format!("{path:?} is not an address of the API")))?;
        let headers = request.headers_mut();
        headers.extend(self.headers.clone());
        headers.insert(HOST, HeaderValue::from_static("localhost"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Ok(request)
    }

    /// Ends what was started for this command.
    pub(crate) async fn close(self) {
        if let Transport::Local(local) = self.transport {
            local.close().await;
        }
    }
}

/// A text as one segment of a path, or one value of a query.
pub(crate) fn escaped(text: &str) -> String {
    use std::fmt::Write;
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut escaped, byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                escaped.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _written = write!(escaped, "%{byte:02X}");
            }
            escaped
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_person_writes_can_leave_its_place_in_the_address() {
        assert_eq!(escaped("a/b?c=d&e f#ü"), "a%2Fb%3Fc%3Dd%26e%20f%23%C3%BC");
        assert_eq!(escaped("01981b2e-7c1a_~."), "01981b2e-7c1a_~.");
    }
}
