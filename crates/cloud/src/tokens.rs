//! Holds the token in use; however many requests need a new one at once, one sign-in fetches it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::fault::Fault;
use crate::identity::{Grant, REFUSED_PAUSE, SignIn};
use crate::token_file::TokenFile;
use crate::transport::Transport;

/// A grant in use.
pub(crate) struct Held {
    pub(crate) grant: Grant,
    /// It was fetched because the one before it was refused.
    replaces_refused: bool,
    accepted: AtomicBool,
}

impl Held {
    /// Some service took the token, whatever it thought of the request.
    pub(crate) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Fetched in place of a refused one, and refused too: whoever asks for yet another one at
    /// once would be given the same.
    fn is_hopeless(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.grant.received);
        let just_fetched = SignedDuration::try_from(REFUSED_PAUSE).is_ok_and(|pause| age < pause);
        self.replaces_refused && !self.accepted.load(Ordering::Relaxed) && just_fetched
    }
}

/// The newest grant, and how the last sign-in ended.
#[derive(Default)]
struct Newest {
    held: Option<Arc<Held>>,
    sign_ins: u64,
    failure: Option<Fault>,
}

/// The tokens of a session.
pub(crate) struct Tokens {
    source: Source,
    newest: RwLock<Newest>,
    turn: Mutex<()>,
}

/// Where tokens come from.
pub(crate) enum Source {
    /// From the identity service, and from the file that another process may have written.
    SignIn(Box<SignIn>, Option<TokenFile>),
    /// Given once and for all.
    Given(Arc<Held>),
}

impl Source {
    /// A token, or none, that came with the config.
    pub(crate) fn given(grant: Grant) -> Self {
        Self::Given(Arc::new(Held { grant, replaces_refused: false, accepted: AtomicBool::new(false) }))
    }
}

impl Tokens {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, newest: RwLock::default(), turn: Mutex::default() }
    }

    /// The newest grant, whatever its age; none before the first sign-in.
    pub(crate) fn newest(&self) -> Option<Arc<Held>> {
        match &self.source {
            Source::Given(held) => Some(held.clone()),
            Source::SignIn(..) => self.read(|newest| newest.held.clone()),
        }
    }

    /// A grant to use now.
    ///
    /// # Errors
    /// Those of a sign-in.
    pub(crate) async fn current(&self, transport: &Transport, deadline: Instant) -> Result<Arc<Held>, Fault> {
        match self.newest().filter(|held| held.grant.is_fresh(Timestamp::now())) {
            Some(held) => Ok(held),
            None => self.obtain(None, transport, deadline).await,
        }
    }

    /// A grant to use instead of `refused`, which a service answered with `fault`.
    ///
    /// # Errors
    /// `fault`, where another token is not to be had; else those of a sign-in.
    pub(crate) async fn instead_of(
        &self,
        refused: &Arc<Held>,
        fault: Fault,
        transport: &Transport,
        deadline: Instant,
    ) -> Result<Arc<Held>, Fault> {
        if matches!(self.source, Source::Given(_)) || refused.is_hopeless(Timestamp::now()) {
            return Err(fault);
        }
        self.obtain(Some(refused), transport, deadline).await
    }

    /// Signs in, whatever is at hand.
    ///
    /// # Errors
    /// Those of a sign-in.
    pub(crate) async fn afresh(&self, transport: &Transport, deadline: Instant) -> Result<Arc<Held>, Fault> {
        match &self.source {
            Source::Given(held) => Ok(held.clone()),
            Source::SignIn(sign_in, file) => {
                let _turn = self.turn(deadline).await?;
                self.sign_in(sign_in, file.as_ref(), false, transport, deadline).await
            }
        }
    }

    /// Whoever waited for the turn while somebody else signed in takes what that yielded, be it a
    /// failure: ten tasks with a wrong password must not try it ten times.
    async fn obtain(
        &self,
        refused: Option<&Arc<Held>>,
        transport: &Transport,
        deadline: Instant,
    ) -> Result<Arc<Held>, Fault> {
        let (sign_in, file) = match &self.source {
            Source::Given(held) => return Ok(held.clone()),
            Source::SignIn(sign_in, file) => (sign_in, file.as_ref()),
        };
        let before = self.read(|newest| newest.sign_ins);
        let _turn = self.turn(deadline).await?;
        if let Some(settled) = self.settled_since(before, refused) {
            return settled;
        }
        if let Some(grant) = file.and_then(TokenFile::read).filter(|grant| usable(grant, refused)) {
            return Ok(self.hold(grant, refused.is_some()));
        }
        self.sign_in(sign_in, file, refused.is_some(), transport, deadline).await
    }

    async fn turn(&self, deadline: Instant) -> Result<MutexGuard<'_, ()>, Fault> {
        let late = |_| Fault::Deadline { what: "waiting for a sign-in".into() };
        timeout_at(deadline, self.turn.lock()).await.map_err(late)
    }

    fn settled_since(&self, before: u64, refused: Option<&Arc<Held>>) -> Option<Result<Arc<Held>, Fault>> {
        self.read(|newest| {
            let another = |held: &&Arc<Held>| match refused {
                Some(refused) => !Arc::ptr_eq(held, refused),
                None => held.grant.is_fresh(Timestamp::now()),
            };
            if let Some(held) = newest.held.as_ref().filter(another) {
                return Some(Ok(held.clone()));
            }
            (newest.sign_ins != before).then(|| newest.failure.clone().map(Err)).flatten()
        })
    }

    async fn sign_in(
        &self,
        sign_in: &SignIn,
        file: Option<&TokenFile>,
        replaces_refused: bool,
        transport: &Transport,
        deadline: Instant,
    ) -> Result<Arc<Held>, Fault> {
        let outcome = sign_in.sign_in(transport, deadline).await;
        self.write(|newest| {
            newest.sign_ins += 1;
            newest.failure = outcome.as_ref().err().cloned();
        });
        let grant = outcome?;
        if let Some(file) = file {
            file.write(&grant);
        }
        Ok(self.hold(grant, replaces_refused))
    }

    fn hold(&self, grant: Grant, replaces_refused: bool) -> Arc<Held> {
        let held = Arc::new(Held { grant, replaces_refused, accepted: AtomicBool::new(false) });
        self.write(|newest| newest.held = Some(held.clone()));
        held
    }

    fn read<T>(&self, look: impl FnOnce(&Newest) -> T) -> T {
        look(&self.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Newest) -> T) -> T {
        change(&mut self.newest.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a token from the file serves: fresh, and not the one just refused.
fn usable(grant: &Grant, refused: Option<&Arc<Held>>) -> bool {
    let same = |held: &Arc<Held>| held.grant.token.expose_secret() == grant.token.expose_secret();
    grant.is_fresh(Timestamp::now()) && !refused.is_some_and(same)
}
