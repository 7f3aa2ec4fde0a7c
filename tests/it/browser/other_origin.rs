//! The demo shop's page as the shop itself would serve it: from a server that is not Holdpoint's.

use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const PAGE: &str = include_str!("../../../examples/demo/shop.html");
const STYLE: &str = include_str!("../../../examples/demo/shop.css");

/// The shop's own server; ends when dropped.
pub(super) struct ShopPage {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl ShopPage {
    /// Serves the page with the widget of the server at `base`.
    pub(super) async fn serve(base: &str, agent: &str) -> Self {
        let page = PAGE.replace("{{origin}}", base).replace("{{agent}}", agent);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let page = page.clone();
                // A browser that goes away in the middle is not this page's concern.
                tokio::spawn(async move { answer(stream, &page).await.ok() });
            }
        });
        Self { address, serving }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn address(&self) -> String {
        format!("{}/", self.origin())
    }
}

impl Drop for ShopPage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(mut stream: TcpStream, page: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let (status, kind, body) = match first.split(' ').nth(1) {
        Some("/") => ("200 OK", "text/html", page),
        Some("/shop.css") => ("200 OK", "text/css", STYLE),
        _ => ("404 Not Found", "text/plain", ""),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
