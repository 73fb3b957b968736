//! A receiver of webhooks in the test's process: what came, and answers that can be set or held back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// No request of these tests is so long in coming unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// One request.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

/// How a request is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    /// Nothing, ever.
    Silence,
}

/// Listens until it is dropped.
pub(crate) struct Receiver {
    address: String,
    came: UnboundedReceiver<Posted>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    came: UnboundedSender<Posted>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, came) = unbounded_channel();
        let answers = Arc::default();
        let shared = Shared { came: sender, answers: Arc::clone(&answers) };
        let app = Router::new().fallback(post(take)).with_state(shared);
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Receiver { address, came, answers, server }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Has the next requests answered so; 200 after them.
    pub(crate) fn answer(&self, answers: &[Answer]) {
        self.answers.lock().expect("whole").extend(answers);
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Posted {
        timeout(PATIENCE, self.came.recv()).await.expect("a request comes").expect("it listens")
    }

    /// The requests that came and were not looked at.
    pub(crate) fn others(&mut self) -> Vec<Posted> {
        std::iter::from_fn(|| self.came.try_recv().ok()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    bytes: axum::body::Bytes,
) -> (StatusCode, String) {
    let answer = shared.answers.lock().expect("whole").pop_front().unwrap_or(Answer::Status(200));
    // Receivers repeat what they were sent; so does this one.
    let echo = format!("{uri} {}", String::from_utf8_lossy(&bytes));
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let posted = Posted { path: uri.to_string(), headers, body, bytes: bytes.to_vec() };
    // A test that has ended wants no more.
    let _ = shared.came.send(posted);
    match answer {
        Answer::Status(status) => (StatusCode::from_u16(status).expect("a status"), echo),
        Answer::Silence => std::future::pending().await,
    }
}
