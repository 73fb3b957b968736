//! The front door: clients that send too much or too slowly, and a service that stops while others are being
//! served.

use std::time::Duration;

use otter::settings::Settings;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{Service, change, database_in, new_group, settings};

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
    let database = database_in(folder.path());
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

/// Until the service closes the connection the test waits; that it does is what is asserted.
#[tokio::test]
async fn a_client_whose_head_is_too_slow_is_not_waited_for() {
    let mut settings = settings();
    settings.limits.head_timeout = Duration::from_millis(200);
    let served = Served::start(settings).await;
    let half_a_head = served.begin("GET /v1.0/t/groups HTTP/1.1\r\nHost: ot").await;
    let answer = rest(half_a_head).await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn a_client_whose_body_is_too_slow_is_told_so() {
    let mut settings = settings();
    settings.limits.body_timeout = Duration::from_millis(200);
    let served = Served::start(settings).await;
    let half_a_body = "PUT /v1.0/t/groups/g/config HTTP/1.1\r\nHost: otter\r\nContent-Length: 100\r\n\r\n{";
    let answer = rest(served.begin(half_a_body).await).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("RequestTimeoutError"), "{answer}");
}

const POST: &str = "POST /v1.0/t/groups HTTP/1.1\r\nHost: otter\r\nConnection: close\r\n";

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_whether_its_length_is_told_or_not() {
    let mut settings = settings();
    settings.limits.body_bytes = 1000;
    let served = Served::start(settings).await;
    let told = |body: &str| format!("{POST}Content-Length: {}\r\n\r\n{body}", body.len());
    let untold = |body: &str| {
        format!("{POST}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    let body = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    for [taken, refused] in
        [[told(&body(1000)), told(&body(1001))], [untold(&body(1000)), untold(&body(1001))]]
    {
        let taken = rest(served.begin(&taken).await).await;
        assert!(taken.starts_with("HTTP/1.1 400") && taken.contains("ValidationError"), "{taken}");
        let refused = rest(served.begin(&refused).await).await;
        assert!(refused.starts_with("HTTP/1.1 413") && refused.contains("RequestTooLargeError"), "{refused}");
        assert!(refused.contains("larger than 1000 bytes"), "{refused}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_json_and_not_too_large() {
    let served = Served::start(settings()).await;
    let broken = format!("{POST}Transfer-Encoding: chunked\r\n\r\nno length\r\n");
    let refused = rest(served.begin(&broken).await).await;
    assert!(refused.starts_with("HTTP/1.1 400") && refused.contains("InvalidJsonError"), "{refused}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    const HEAD: &str = "GET /health HTTP/1.1\r\nHost: otter\r\nConnection: close\r\n";
    let served = Served::start(settings()).await;
    let fill = |length: usize| format!("{HEAD}x-filler: {}", "x".repeat(length - HEAD.len() - 10));
    // One that does not end is read up to the limit, and no further.
    for (head, status) in [
        (format!("{}\r\n\r\n", fill(60_000)), "HTTP/1.1 200"),
        (fill(64 << 10), "HTTP/1.1 431"),
        (format!("{HEAD}{}\r\n", "x-header: x\r\n".repeat(98)), "HTTP/1.1 200"),
        (format!("{HEAD}{}\r\n", "x-header: x\r\n".repeat(99)), "HTTP/1.1 431"),
    ] {
        let answer = rest(served.begin(&head).await).await;
        assert!(answer.starts_with(status), "{} bytes of head: {answer}", head.len());
    }
}

#[tokio::test]
async fn what_clients_asked_who_hung_up_is_done_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let database = database_in(folder.path());
    let mut served = Served::start(Settings { database: database.clone(), ..settings() }).await;
    let mut body = new_group(0, 1000);
    body["scalingPolicies"] = json!([change(1)]);
    let made = rest(served.begin(&post("groups", &body.to_string())).await).await;
    let made: Value = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let (group, policy) = (id(&made["group"]), id(&made["group"]["scalingPolicies"][0]));
    let execute = post(&format!("groups/{group}/policies/{policy}/execute"), "");
    let mut acknowledged = 0;
    for client in 0..100 {
        // Every fourth waits for its answer, the others go when all of their request is out, or half of it.
        match client % 4 {
            0 => {
                let answer = rest(served.begin(&execute).await).await;
                assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
                acknowledged += 1;
            }
            1 => drop(served.begin(&execute[..execute.len() / 2]).await),
            _ => drop(served.begin(&execute).await),
        }
    }
    served.stop();
    served.served.await.unwrap().unwrap();
    let mut connection = SqliteConnection::connect(&database).await.unwrap();
    let desired: i64 =
        sqlx::query_scalar("SELECT desired FROM groups").fetch_one(&mut connection).await.unwrap();
    let told: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM history").fetch_one(&mut connection).await.unwrap();
    assert_eq!(told, desired + 1, "a line for the creation, and one for each execution that was counted");
    assert!((acknowledged..=75).contains(&desired), "{desired} were counted, {acknowledged} acknowledged");
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /v1.0/t/{path} HTTP/1.1\r\nHost: otter\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn bytes_that_are_no_request_harm_nobody() {
    let served = Served::start(settings()).await;
    for seed in 0..200 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut bytes: Vec<u8> = (0..random.random_range(0..300)).map(|_| random.random()).collect();
        if seed % 2 == 0 {
            bytes.splice(0..0, *b"POST /v1.0/t/groups HTTP/1.1\r\nHost: otter\r\nX: ");
        }
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        // The service may have had enough before all is out.
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 5"), "seed {seed}: {}", String::from_utf8_lossy(&answer));
    }
    assert!(served.ask("/health").await.contains("\"healthy\":true"));
}
