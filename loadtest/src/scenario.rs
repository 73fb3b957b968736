//! What a user does: open one connection, ask for each path in turn, think, begin again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use goose::config::GooseConfiguration;
use goose::prelude::*;
use reqwest::header::CONNECTION;
use reqwest::{ClientBuilder, Response, Url, Version, redirect};

use crate::plan::Plan;
use crate::tally::Tally;

/// Goose's own time-out for a request, in seconds.
const TIMEOUT: f64 = 60.0;
const AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Goose, ready to run the plan.
///
/// # Errors
/// When the think time or a threshold is none.
pub(crate) fn attack(plan: Plan, tally: &Arc<Tally>) -> Result<GooseAttack, GooseError> {
    let Plan { mut goose, paths, think_time: (shortest, longest), steps, .. } = plan;
    let client = Arc::new(Client::new(&goose));
    // Goose builds a client for each user before ours takes its place, and would look for certificate
    // authorities even if none is to be asked.
    goose.accept_invalid_certs |= goose.host.as_deref().is_some_and(|host| host.starts_with("http://"));
    let mut visitor = scenario!("visitor")
        .set_wait_time(shortest, longest)?
        .register_transaction(Transaction::new(arrive(client, tally)).set_name("arrive").set_on_start())
        .register_transaction(Transaction::new(leave(tally)).set_name("leave").set_on_stop());
    for path in paths {
        visitor = visitor.register_transaction(Transaction::new(visit(path.into(), tally)));
    }
    let mut attack = GooseAttack::initialize_with_config(goose)?.register_scenario(visitor);
    if let Some(steps) = steps {
        attack = *attack.set_default(GooseDefault::TestPlan, steps.as_str())?;
    }
    Ok(attack)
}

/// Whether a user holds a connection.
#[derive(Clone, Copy)]
struct Holds(bool);

fn arrive(client: Arc<Client>, tally: &Arc<Tally>) -> TransactionFunction {
    let tally = Arc::clone(tally);
    Arc::new(move |user| {
        let client = Arc::clone(&client);
        tally.arrive();
        Box::pin(async move {
            let builder = client.builder(&user.base_url);
            user.set_client_builder(builder).await?;
            Ok(())
        })
    })
}

fn leave(tally: &Arc<Tally>) -> TransactionFunction {
    let tally = Arc::clone(tally);
    Arc::new(move |user| {
        hold(user, false, &tally);
        tally.leave();
        Box::pin(async { Ok(()) })
    })
}

fn visit(path: Arc<str>, tally: &Arc<Tally>) -> TransactionFunction {
    let tally = Arc::clone(tally);
    Arc::new(move |user| {
        let (path, tally) = (Arc::clone(&path), Arc::clone(&tally));
        Box::pin(async move {
            hold(user, true, &tally);
            let asked = Instant::now();
            let mut visited = user.get(&path).await?;
            // The connection is free for the next request once the body is read.
            let whole = match visited.response.as_mut() {
                Ok(response) => read(response).await,
                Err(_) => false,
            };
            if whole && visited.request.success {
                tally.answered(asked.elapsed());
            } else {
                tally.failed();
            }
            let keeps = whole && visited.response.as_ref().is_ok_and(keeps_connection);
            hold(user, keeps, &tally);
            Ok(())
        })
    })
}

/// Notes whether a user holds a connection from now on.
fn hold(user: &mut GooseUser, holds: bool, tally: &Tally) {
    let held = user.get_session_data::<Holds>().is_some_and(|it| it.0);
    match (held, holds) {
        (false, true) => tally.open(Instant::now()),
        (true, false) => tally.close(Instant::now()),
        _ => return,
    }
    user.set_session_data(Holds(holds));
}

/// Reads the body, and tells whether all of it came.
async fn read(response: &mut Response) -> bool {
    loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Whether the server leaves the connection open for the next request (RFC 9112, section 9.3).
fn keeps_connection(response: &Response) -> bool {
    let options = response.headers().get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let options: Vec<&str> = options.flat_map(|line| line.split(',')).map(str::trim).collect();
    let says = |option: &str| options.iter().any(|it| it.eq_ignore_ascii_case(option));
    !says("close") && (response.version() != Version::HTTP_10 || says("keep-alive"))
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
