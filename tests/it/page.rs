//! A page that heartbeats are sent to, in the test's process.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An answer that is a beat.
pub(crate) const BEAT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nBeat";
/// One that is none.
pub(crate) const BROKEN: &str =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\nConnection: close\r\n\r\nH12";

/// A running page, gone with the test's runtime.
pub(crate) struct Page {
    pub(crate) url: String,
    answer: Arc<Mutex<&'static str>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Page {
    /// A page that beats.
    pub(crate) async fn start() -> Page {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/beat", listener.local_addr().expect("an address"));
        let page = Page { url, answer: Arc::new(Mutex::new(BEAT)), heads: Arc::default() };
        let (answer, heads) = (Arc::clone(&page.answer), Arc::clone(&page.heads));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = *answer.lock().expect("no panic");
                tokio::spawn(converse(stream, answer, Arc::clone(&heads)));
            }
        });
        page
    }

    /// Answers so from now on.
    pub(crate) fn answers(&self, answer: &'static str) {
        *self.answer.lock().expect("no panic") = answer;
    }

    /// The requests so far, without their bodies.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic").clone()
    }

    /// A monitor of this page that finds every beat low.
    pub(crate) fn low(&self) -> String {
        self.monitor("low = \"30m\", high = \"1h\"")
    }

    /// One that finds every beat right.
    pub(crate) fn right(&self) -> String {
        self.monitor("low = \"0s\", high = \"1h\"")
    }

    /// A monitor of this page with these keys besides.
    pub(crate) fn monitor(&self, more: &str) -> String {
        format!("monitor = {{ kind = \"heartbeat\", urls = [{:?}], {more} }}", self.url)
    }
}

async fn converse(mut stream: TcpStream, answer: &str, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            // Somebody who has lost interest.
            Err(_) => return,
        }
    }
    heads.lock().expect("no panic").push(String::from_utf8_lossy(&head).into_owned());
    let _gone = stream.write_all(answer.as_bytes()).await;
}
