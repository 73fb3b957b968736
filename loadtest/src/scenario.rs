//! What a user does: open one connection, ask for each path in turn, think, begin again.

use std::sync::Arc;
use std::time::Duration;

use goose::config::GooseConfiguration;
use goose::prelude::*;
use reqwest::{ClientBuilder, Url, redirect};

use crate::plan::Plan;

/// Goose's own time-out for a request, in seconds.
const TIMEOUT: f64 = 60.0;
const AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Goose, ready to run the plan.
///
/// # Errors
/// When the think time or a threshold is none.
pub(crate) fn attack(plan: Plan) -> Result<GooseAttack, GooseError> {
    let Plan { mut goose, paths, think_time: (shortest, longest) } = plan;
    let client = Arc::new(Client::new(&goose));
    // Goose builds a client for each user before ours takes its place, and would look for certificate
    // authorities even if none is to be asked.
    goose.accept_invalid_certs |= goose.host.as_deref().is_some_and(|host| host.starts_with("http://"));
    let mut visitor = scenario!("visitor")
        .set_wait_time(shortest, longest)?
        .register_transaction(Transaction::new(start(client)).set_name("arrive").set_on_start());
    for path in paths {
        visitor = visitor.register_transaction(Transaction::new(visit(path.into())));
    }
    Ok(GooseAttack::initialize_with_config(goose)?.register_scenario(visitor))
}

fn start(client: Arc<Client>) -> TransactionFunction {
    Arc::new(move |user| {
        let client = Arc::clone(&client);
        Box::pin(async move {
            let builder = client.builder(&user.base_url);
            user.set_client_builder(builder).await?;
            Ok(())
        })
    })
}

fn visit(path: Arc<str>) -> TransactionFunction {
    Arc::new(move |user| {
        let path = Arc::clone(&path);
        Box::pin(async move {
            let mut visited = user.get(&path).await?;
            // The connection is free for the next request once the body is read.
            if let Ok(response) = visited.response.as_mut() {
                while response.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
            }
            Ok(())
        })
    })
}

/// How users' clients are built: they talk to the host and to nobody else, through no proxy and to
/// nowhere that it might send them.
struct Client {
    timeout: Duration,
    gzip: bool,
    accept_invalid_certs: bool,
}

impl Client {
    fn new(goose: &GooseConfiguration) -> Self {
        // What cannot be read is refused by Goose before any user starts.
        let timeout = goose.timeout.as_deref().and_then(|timeout| timeout.parse().ok());
        Self {
            timeout: Duration::try_from_secs_f64(timeout.unwrap_or(TIMEOUT)).unwrap_or_default(),
            gzip: !goose.no_gzip,
            accept_invalid_certs: goose.accept_invalid_certs,
        }
    }

    fn builder(&self, base: &Url) -> ClientBuilder {
        let builder = reqwest::Client::builder()
            .user_agent(AGENT)
            .cookie_store(true)
            .no_proxy()
            .redirect(stay_at(base))
            .timeout(self.timeout)
            .gzip(self.gzip);
        if base.scheme() == "http" {
            builder.tls_certs_only([])
        } else {
            builder.danger_accept_invalid_certs(self.accept_invalid_certs)
        }
    }
}

/// Follows redirects within one origin; one that leads elsewhere is the answer itself.
fn stay_at(base: &Url) -> redirect::Policy {
    const LONGEST: usize = 10;
    let origin = base.origin();
    redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > LONGEST {
            attempt.error("it was redirected too often")
        } else if attempt.url().origin() == origin {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}
