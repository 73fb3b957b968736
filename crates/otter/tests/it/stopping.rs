//! The front door: clients that are too slow, and a service that stops while others are being served.

use std::time::Duration;

use otter::settings::Settings;
use sqlx::{Connection, SqliteConnection};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{Service, new_group, settings};

/// A service behind its front door; it stops when told to.
struct Served {
    address: std::net::SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Served {
    async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let app = Service::with(settings).await.app;
        let served = tokio::spawn(otter::serve(listener, app, async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), served }
    }

    /// Tells it to stop.
    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// A connection with this much sent.
    async fn begin(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// A whole request; the whole answer.
    async fn ask(&self, path: &str) -> String {
        let text = format!("GET {path} HTTP/1.1\r\nHost: otter\r\nConnection: close\r\n\r\n");
        rest(self.begin(&text).await).await
    }
}

/// What comes until the other side closes.
async fn rest(mut stream: impl AsyncReadExt + Unpin) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_service_that_stops_finishes_what_is_in_hand_and_refuses_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("otter.db").display());
    let mut served = Served::start(Settings { database: database.clone(), ..settings() }).await;
    let body = new_group(0, 1).to_string();
    let head = format!(
        "POST /v1.0/t/groups HTTP/1.1\r\nHost: otter\r\nExpect: 100-continue\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    // The service asks for the body as soon as it has the request in hand.
    let mut in_hand = BufReader::new(served.begin(&head).await);
    let mut line = String::new();
    in_hand.read_line(&mut line).await.unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");

    served.stop();
    let refused = loop {
        let answer = served.ask("/v1.0/t/groups").await;
        if !answer.starts_with("HTTP/1.1 200") {
            break answer;
        }
    };
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("The service is stopping"), "{refused}");
    assert!(refused.to_lowercase().contains("retry-after: 1"), "{refused}");

    in_hand.get_mut().write_all(body.as_bytes()).await.unwrap();
    let answer = rest(in_hand).await;
    assert!(answer.contains("HTTP/1.1 201"), "{answer}");
    served.served.await.unwrap().unwrap();
    let mut connection = SqliteConnection::connect(&database).await.unwrap();
    let groups: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM groups").fetch_one(&mut connection).await.unwrap();
    assert_eq!(groups, 1, "what was acknowledged is there");
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_client_that_is_too_slow_is_not_waited_for() {
    let mut settings = settings();
    settings.limits.head_timeout = Duration::from_millis(200);
    settings.limits.body_timeout = Duration::from_millis(200);
    let served = Served::start(settings).await;
    let half_a_head = served.begin("GET /v1.0/t/groups HTTP/1.1\r\nHost: ot").await;
    let half_a_body = "PUT /v1.0/t/groups/g/config HTTP/1.1\r\nHost: otter\r\nContent-Length: 100\r\n\r\n{";
    let half_a_body = served.begin(half_a_body).await;
    let (head, body) = tokio::join!(rest(half_a_head), rest(half_a_body));
    assert!(!head.contains("200 OK"), "{head}");
    // On a slow machine the head may be late as well.
    assert!(
        body.is_empty() || body.starts_with("HTTP/1.1 408") && body.contains("RequestTimeoutError"),
        "{body}"
    );
}
