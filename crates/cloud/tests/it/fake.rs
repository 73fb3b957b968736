//! A server of raw sockets, so that it can also misbehave; it remembers every request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloud::{Config, Credentials, Kind, Pacing, Rates, Session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn is_sign_in(&self) -> bool {
        self.path.ends_with("/tokens")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.header("x-auth-token")
    }
}

/// What the server does with a request.
pub(crate) enum Act {
    /// Answers with a status, more header lines, and a body.
    Answer(u16, &'static str, String),
    /// Writes these bytes and closes the connection.
    Break(String),
    /// Writes these bytes, then one more every few milliseconds for ever.
    Drip(String),
    /// Writes these bytes, then a body without end as fast as it can.
    Flood(String),
    /// Never answers.
    Silence,
}

pub(crate) fn ok(body: impl Into<String>) -> Act {
    Act::Answer(200, "", body.into())
}

pub(crate) fn status(status: u16) -> Act {
    Act::Answer(status, "", String::new())
}

type Script = dyn Fn(&Request, usize) -> Act + Send + Sync;

/// A running server.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Fake {
    /// Serves with `script`, which is given each request and how many like it (same method and
    /// path) came before.
    pub(crate) async fn start(script: impl Fn(&Request, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = Self { url, seen: Arc::default() };
        let (server, script) = (fake.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, script) = (server.clone(), script.clone());
                tokio::spawn(async move { server.serve(stream, &*script).await });
            }
        });
        fake
    }

    async fn serve(&self, mut stream: TcpStream, script: &Script) {
        let mut buffer = Vec::new();
        while let Some(request) = receive(&mut stream, &mut buffer).await {
            let before = self.count(|other| other.method == request.method && other.path == request.path);
            self.seen.lock().unwrap().push(request.clone());
            let (bytes, after) = match script(&request, before) {
                Act::Answer(status, headers, body) => (answer(status, headers, &body), After::Next),
                Act::Break(bytes) => (bytes, After::Close),
                Act::Drip(bytes) => (bytes, After::Drip),
                Act::Flood(bytes) => (bytes, After::Flood),
                Act::Silence => (String::new(), After::Nothing),
            };
            if stream.write_all(bytes.as_bytes()).await.is_err() || !after.play(&mut stream).await {
                return;
            }
        }
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, which: impl Fn(&Request) -> bool) -> usize {
        self.seen.lock().unwrap().iter().filter(|request| which(request)).count()
    }

    pub(crate) fn sign_ins(&self) -> usize {
        self.count(Request::is_sign_in)
    }

    /// A config that signs in here by API key.
    pub(crate) fn rackspace(&self) -> Config {
        let credentials = Credentials::ApiKey { username: "ann".into(), api_key: "the-api-key".into() };
        let mut config = Config::new(Kind::Rackspace, credentials);
        config.identity_url = Some(format!("{}/v2.0", self.url));
        quick(config)
    }

    /// A session that signs in nowhere and finds every service here.
    pub(crate) fn open(&self) -> Session {
        Session::new(self.given()).unwrap()
    }

    pub(crate) fn given(&self) -> Config {
        let mut config = Config::new(Kind::None, Credentials::Token("the-token".into()));
        let url = Some(self.url.clone());
        (config.endpoints.autoscale, config.endpoints.load_balancer) = (url.clone(), url.clone());
        config.endpoints.compute = url;
        quick(config)
    }
}

enum After {
    Next,
    Close,
    Drip,
    Flood,
    Nothing,
}

impl After {
    /// Goes on as it must, and says whether another request may follow.
    async fn play(self, stream: &mut TcpStream) -> bool {
        match self {
            Self::Next => true,
            Self::Close => false,
            Self::Drip => loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if stream.write_all(b" ").await.is_err() {
                    return false;
                }
            },
            Self::Flood => loop {
                if stream.write_all(&[b' '; 1 << 16]).await.is_err() {
                    return false;
                }
            },
            Self::Nothing => std::future::pending().await,
        }
    }
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some((request, used)) = whole(buffer) {
            buffer.drain(..used);
            return Some(request);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn whole(buffer: &[u8]) -> Option<(Request, usize)> {
    let text = std::str::from_utf8(buffer).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut words = head.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut request = Request { method, path, head: head.to_owned(), body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body = rest.get(..length)?.to_owned();
    Some((request, head.len() + 4 + length))
}

/// Short pauses, no rates.
fn quick(mut config: Config) -> Config {
    config.rates = Rates::unlimited();
    config.pacing = Pacing {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(4),
        ..Pacing::default()
    };
    config
}

pub(crate) fn soon(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

/// Long enough never to matter.
pub(crate) fn later() -> Instant {
    soon(30_000)
}

/// The answer to a v2.0 sign-in with `token`, whose catalog finds every service at `url`.
pub(crate) fn access(token: &str, url: &str) -> Act {
    let endpoint = |name: &str, kind: &str| {
        format!(r#"{{"name":"{name}","type":"{kind}","endpoints":[{{"publicURL":"{url}","region":"DFW"}}]}}"#)
    };
    let catalog = [
        endpoint("autoscale", "rax:autoscale"),
        endpoint("cloudLoadBalancers", "rax:load-balancer"),
        endpoint("cloudServersOpenStack", "compute"),
    ];
    ok(format!(
        r#"{{"access":{{"token":{{"id":"{token}","expires":"2999-01-01T00:00:00.000Z","tenant":{{"id":"123456"}}}},
        "user":{{"name":"ann","RAX-AUTH:defaultRegion":"DFW"}},"serviceCatalog":[{}]}}}}"#,
        catalog.join(",")
    ))
}
