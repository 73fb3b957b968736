//! Pages of raw sockets, so that they can also misbehave. No test depends on how fast an answer comes: what
//! is high, right or low follows from a band that every answer, or none, lies in.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const BEAT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nBeat";
const NEVER: &str = "";
const AGES: Duration = Duration::from_secs(600);

/// A server that sends the same bytes to every request, and closes after those that say so.
struct Server {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<u32>>,
}

impl Server {
    async fn start(answer: impl Into<String>) -> Server {
        let (listener, answer) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), answer.into());
        let address = listener.local_addr().unwrap().to_string();
        let server = Server { address, heads: Arc::default(), connections: Arc::default() };
        let (heads, connections) = (Arc::clone(&server.heads), Arc::clone(&server.connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                tokio::spawn(converse(stream, answer.clone(), Arc::clone(&heads)));
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("http://{}/beat", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn connections(&self) -> u32 {
        *self.connections.lock().unwrap()
    }
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: String,
    heads: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    loop {
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        heads.lock().unwrap().push(String::from_utf8(std::mem::take(&mut head)).unwrap());
        if answer.is_empty() {
            std::future::pending::<()>().await;
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        if answer.contains("Connection: close") {
            return;
        }
    }
}

fn ask() -> Ask {
    Ask { method: Method::GET, headers: HeaderMap::new(), status: None, text: None, timeout: AGES }
}

fn heartbeat(urls: &[String], ask: Ask) -> Heartbeat {
    let page = |url: &String| Page::new(url.parse().unwrap(), Connecting::default());
    Heartbeat { pages: urls.iter().map(page).collect(), ask, band: right(), samples: 1, percentile: 50.0 }
}

/// A band in which every answer lies.
fn right() -> Band {
    Band { high: AGES, low: Duration::ZERO }
}

fn tick() -> Tick {
    Tick { at: Timestamp::UNIX_EPOCH, deadline: Instant::now() + AGES * 2 }
}

async fn read(heartbeat: &Heartbeat) -> (Level, Beat) {
    let reading = heartbeat.read(&tick()).await.unwrap();
    let Signal::Level { level, .. } = reading.signal else { panic!("{reading:?}") };
    (level, reading.beat.unwrap())
}

/// The level that an answer is read as, and what is told of it.
async fn judged(answer: &str, ask: Ask) -> (Level, String) {
    let server = Server::start(answer).await;
    let (level, beat) = read(&heartbeat(&[server.url()], ask)).await;
    (level, beat.error.unwrap_or_default())
}

#[tokio::test]
async fn an_answer_lies_on_one_side_of_the_band() {
    let server = Server::start(BEAT).await;
    let nanosecond = Duration::from_nanos(1);
    for (low, high, expected) in [
        (Duration::ZERO, AGES, Level::Right),
        (AGES, AGES * 2, Level::Low),
        (Duration::ZERO, nanosecond, Level::High),
    ] {
        let heartbeat = Heartbeat { band: Band { high, low }, ..heartbeat(&[server.url()], ask()) };
        let (level, beat) = read(&heartbeat).await;
        assert_eq!((level, beat.error), (expected, None));
        assert_eq!(beat.url, server.url());
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_an_answer_is_high() {
    let away = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.9:1/\r\nContent-Length: 1\r\n\r\nx";
    let itself = "HTTP/1.1 302 Found\r\nLocation: /beat\r\nContent-Length: 1\r\n\r\nx";
    for (answer, told) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nBeat", "404"),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nBeat", "503"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "an empty body"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "an empty body"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n", "connection"),
        ("no HTTP at all, whatever it is\r\nConnection: close\r\n\r\n", "invalid HTTP"),
        (away, "redirect"),
        (itself, "redirect"),
    ] {
        let (level, error) = judged(answer, ask()).await;
        assert!(level == Level::High && error.contains(told), "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn nobody_there_and_no_answer_are_high() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Bound and never accepted from by HTTP: the connection is made, and nothing comes.
    let silent = format!("http://{}/", gone.local_addr().unwrap());
    let short = Ask { timeout: Duration::from_millis(20), ..ask() };
    let (level, beat) = read(&heartbeat(&[silent], short.clone())).await;
    assert_eq!(level, Level::High);
    assert!(beat.error.is_some_and(|error| error.contains("20 ms")));
    let (level, error) = judged(NEVER, short).await;
    assert!(level == Level::High && error.contains("no whole answer"), "{error}");
    // A resolver may say no, or nothing at all.
    let short = Ask { timeout: Duration::from_millis(20), ..ask() };
    let (level, beat) = read(&heartbeat(&["http://no-such-host.invalid/".to_owned()], short)).await;
    assert!(level == Level::High && beat.error.is_some(), "{beat:?}");
}

#[tokio::test]
async fn status_and_text_can_be_asked_for() {
    let teapot = "HTTP/1.1 418 Teapot\r\nContent-Length: 4\r\n\r\nBeat";
    let status = |code| Ask { status: StatusCode::from_u16(code).ok(), ..ask() };
    let text = |text: &str| Ask { text: Some(text.to_owned()), ..ask() };
    assert_eq!(judged(teapot, status(418)).await, (Level::Right, String::new()));
    assert!(judged(BEAT, status(418)).await.1.contains("200 OK instead of 418"));
    let without = "HTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(judged(without, status(204)).await, (Level::Right, String::new()), "no body was asked for");
    assert_eq!(judged(BEAT, text("ea")).await, (Level::Right, String::new()));
    assert!(judged(BEAT, text("Off-beat")).await.1.contains("does not hold \"Off-beat\""));
    let late = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nOff";
    let short = Ask { timeout: Duration::from_millis(20), ..text("Off-beat") };
    assert!(judged(late, short).await.1.contains("no whole answer"), "the text must come in time");
}

#[tokio::test]
async fn method_and_headers_are_sent() {
    let server = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n").await;
    let headers = HeaderMap::from_iter([("x-beat".parse().unwrap(), HeaderValue::from_static("yes"))]);
    let heartbeat = heartbeat(&[server.url()], Ask { method: Method::HEAD, headers, ..ask() });
    assert_eq!(read(&heartbeat).await.0, Level::Right, "an answer to HEAD has no body to wait for");
    let head = server.heads().remove(0).to_lowercase();
    assert!(head.starts_with("head /beat ") && head.contains("x-beat: yes"), "{head}");
    assert!(head.contains("user-agent: loadscale/"), "{head}");
}

#[tokio::test]
async fn the_worst_page_counts_and_is_named() {
    let (good, bad) = (Server::start(BEAT).await, Server::start("HTTP/1.1 500 Oh\r\n\r\n").await);
    let (level, beat) = read(&heartbeat(&[good.url(), bad.url(), good.url()], ask())).await;
    assert_eq!((level, beat.url), (Level::High, bad.url()));
}

#[tokio::test]
async fn every_beat_has_a_connection_of_its_own_unless_they_may_share() {
    for reuse in [false, true] {
        let server = Server::start(BEAT).await;
        let page = Page::new(server.url().parse().unwrap(), Connecting { reuse, ca_file: None });
        let heartbeat = Heartbeat { pages: vec![page], samples: 3, ..heartbeat(&[], ask()) };
        read(&heartbeat).await;
        // A client may have begun a second connection before the first one was free again.
        assert_eq!((server.heads().len(), server.connections() < 3), (3, reuse), "reuse = {reuse}");
    }
}

#[tokio::test]
async fn name_and_connection_are_told_apart() {
    let server = Server::start(BEAT).await;
    let by_address = read(&heartbeat(&[server.url()], ask())).await.1;
    assert!(by_address.dns.is_none() && by_address.connect.is_some(), "{by_address:?}");
    let by_name = read(&heartbeat(&[server.url().replace("127.0.0.1", "localhost")], ask())).await.1;
    assert!(by_name.dns.is_some() && by_name.connect.is_some() && by_name.error.is_none(), "{by_name:?}");
}

/// A page behind TLS with a certificate that nobody else knows: its URL, and the certificate in PEM.
async fn private_page() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let (listener, acceptor) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TlsAcceptor::from(Arc::new(config)));
    let url = format!("https://{}/beat", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust the certificate hangs up.
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(converse(stream, BEAT.to_owned(), Arc::default()));
            }
        }
    });
    (url, made.cert.pem())
}

#[tokio::test]
async fn only_an_authority_that_is_named_makes_a_private_certificate_good() {
    let ((url, pem), folder) = (private_page().await, tempfile::tempdir().unwrap());
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, pem).unwrap();
    for (ca_file, expected) in [(None, Level::High), (Some(ca_file), Level::Right)] {
        let page = Page::new(url.parse().unwrap(), Connecting { ca_file, reuse: false });
        let heartbeat = Heartbeat { pages: vec![page], ..heartbeat(&[], ask()) };
        let (level, beat) = read(&heartbeat).await;
        assert_eq!(level, expected, "{beat:?}");
        assert_eq!(beat.error.is_some(), expected == Level::High, "{beat:?}");
    }
}

#[tokio::test]
async fn what_keeps_us_from_asking_is_no_reading() {
    let connecting = Connecting { ca_file: Some("/nowhere/ca.pem".into()), reuse: false };
    let page = Page::new("https://www.example.com/".parse().unwrap(), connecting);
    let heartbeat = Heartbeat { pages: vec![page], ..heartbeat(&[], ask()) };
    let why = heartbeat.read(&tick()).await.unwrap_err();
    assert!(why.to_string().contains("/nowhere/ca.pem"), "{why}");
}

#[tokio::test]
async fn a_pass_keeps_time_to_act() {
    let server = Server::start(NEVER).await;
    let heartbeat = Heartbeat { samples: 1000, ..heartbeat(&[server.url()], ask()) };
    let in_haste = || Tick { deadline: Instant::now() + Duration::from_millis(100), ..tick() };
    let why = heartbeat.read(&in_haste()).await.unwrap_err().to_string();
    assert!(why.contains("no time for a whole answer") && why.contains(&server.url()), "{why}");
    assert!(server.heads().len() <= 1, "what there is no time for is not begun");
    // Our own haste says nothing of a page, unless it was slow by then.
    let band = Band { high: Duration::from_nanos(2), low: Duration::from_nanos(1) };
    let reading = Heartbeat { band, ..heartbeat }.read(&in_haste()).await.unwrap();
    assert!(matches!(reading.signal, Signal::Level { level: Level::High, .. }), "{reading:?}");
}

#[test]
fn what_a_pass_had_no_time_for_counts_only_beside_a_page_that_is_high() {
    let urls = ["http://late/".to_owned(), "http://other/".to_owned()];
    let heartbeat = heartbeat(&urls, ask());
    let pulse = |error: Option<&str>, cut_short| {
        let error = error.map(str::to_owned);
        Pulse { took: Duration::from_millis(1), error, cut_short, dns: None, connect: None }
    };
    let worst = |other: Pulse| {
        let late = pulse(Some("no whole answer"), true);
        let beats = heartbeat.pages.iter().zip([late, other]).collect();
        heartbeat.worst(beats).map(|(page, _)| page.url.to_string())
    };
    assert_eq!(worst(pulse(Some("500"), false)), Ok("http://other/".to_owned()));
    let why = worst(pulse(None, false)).unwrap_err().to_string();
    assert!(why.contains("http://late/"), "{why}");
}

#[test]
fn the_edges_of_the_band_are_right() {
    let band = Band { high: Duration::from_millis(1000), low: Duration::from_millis(200) };
    let level = |ms, error: Option<&str>| {
        let (took, error) = (Duration::from_millis(ms), error.map(str::to_owned));
        band.level(&Pulse { took, error, cut_short: false, dns: None, connect: None })
    };
    let all = [199, 200, 1000, 1001].map(|ms| level(ms, None));
    assert_eq!(all, [Level::Low, Level::Right, Level::Right, Level::High]);
    assert_eq!(level(1, Some("404")), Level::High);
}

#[test]
fn the_percentile_is_of_the_nearest_rank_and_failures_are_slowest() {
    let pulse = |ms, error: Option<&str>| {
        let error = error.map(str::to_owned);
        Pulse { took: Duration::from_millis(ms), error, cut_short: false, dns: None, connect: None }
    };
    let at = |percentile| {
        let pulses = vec![pulse(30, None), pulse(1, Some("no")), pulse(10, None), pulse(20, None)];
        nearest_rank(pulses, percentile).took.as_millis()
    };
    let all = [1.0, 25.0, 26.0, 50.0, 75.0, 76.0, 100.0].map(at);
    assert_eq!(all, [10, 10, 20, 20, 30, 1, 1]);
}
