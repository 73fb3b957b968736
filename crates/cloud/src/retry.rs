//! When a failed request is worth repeating, and after which pause.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::config::Pacing;
use crate::fault::Fault;

/// The repetitions of one read.
pub(crate) struct Retries {
    pauses: ExponentialBackoff,
    over_limit_before: bool,
    /// The fault before this one.
    before: Option<Fault>,
    deadline: Instant,
}

impl Retries {
    pub(crate) fn new(pacing: &Pacing, deadline: Instant) -> Self {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(pacing.first_pause)
            .with_max_delay(pacing.longest_pause)
            .without_max_times()
            .with_jitter()
            .build();
        Self { pauses, over_limit_before: false, before: None, deadline }
    }

    /// Waits until it is time to repeat the read that failed with `fault`.
    ///
    /// # Errors
    /// Gives `fault` back, at once, if it is not worth repeating or if the pause would not end
    /// before the deadline: the true reason is worth more than a time-out later. So where the
    /// deadline cut the last attempt short, the fault before it is given.
    pub(crate) async fn pause(&mut self, fault: Fault) -> Result<(), Fault> {
        let Some(wake) = self.next(&fault).and_then(|pause| within(self.deadline, pause)) else {
            let cut_short = matches!(fault, Fault::Timeout { .. } | Fault::Deadline { .. });
            return Err(self.before.take().filter(|_| cut_short).unwrap_or(fault));
        };
        tracing::debug!(%fault, "a read is repeated");
        self.before = Some(fault);
        tokio::time::sleep_until(wake).await;
        Ok(())
    }

    fn next(&mut self, fault: &Fault) -> Option<Duration> {
        let pause = self.pauses.next()?;
        match fault {
            Fault::OverLimit { retry_after, .. } => {
                let again = std::mem::replace(&mut self.over_limit_before, true);
                (!again).then(|| retry_after.unwrap_or(pause))
            }
            Fault::Server { retry_after, .. } => Some(pause.max(retry_after.unwrap_or_default())),
            Fault::Connection { .. } | Fault::Timeout { .. } => Some(pause),
            _ => None,
        }
    }
}

/// The moment `pause` from now, if it comes before `deadline`.
pub(crate) fn within(deadline: Instant, pause: Duration) -> Option<Instant> {
    Instant::now().checked_add(pause).filter(|wake| *wake < deadline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Call, Said};

    fn call() -> Call {
        Call { method: "GET", address: "http://x/".into() }
    }

    fn server(retry_after: Option<u64>) -> Fault {
        let retry_after = retry_after.map(Duration::from_secs);
        Fault::Server { call: call(), status: 503, retry_after, said: Said::default() }
    }

    fn over_limit(retry_after: u64) -> Fault {
        let retry_after = Some(Duration::from_secs(retry_after));
        Fault::OverLimit { call: call(), retry_after, said: Said::default() }
    }

    fn retries(seconds: u64) -> Retries {
        Retries::new(&Pacing::default(), Instant::now() + Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_service_is_asked_again_until_the_next_pause_does_not_fit() {
        let (mut retries, start) = (retries(30), Instant::now());
        let mut asked = 1;
        while retries.pause(server(None)).await.is_ok() {
            asked += 1;
        }
        assert!((5..12).contains(&asked), "{asked}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_asks_for_time_gets_it_if_it_fits() {
        let (mut retries, start) = (retries(30), Instant::now());
        assert!(retries.pause(server(Some(20))).await.is_ok());
        assert_eq!(start.elapsed().as_secs(), 20);
        assert_eq!(retries.pause(server(Some(300))).await, Err(server(Some(300))));
        assert_eq!(start.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_limit_is_waited_for_once() {
        let (mut retries, start) = (retries(30), Instant::now());
        assert!(retries.pause(over_limit(3)).await.is_ok());
        assert_eq!(start.elapsed().as_secs(), 3);
        assert!(retries.pause(over_limit(3)).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_cut_short_is_told_by_what_came_before() {
        let mut retries = retries(1);
        assert!(retries.pause(server(None)).await.is_ok());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let cut_short = Fault::Timeout { call: call(), waited: Duration::from_millis(300) };
        assert_eq!(retries.pause(cut_short).await, Err(server(None)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_time_does_not_mend_is_not_repeated() {
        let mut retries = retries(30);
        assert!(retries.pause(Fault::Quota { call: call(), said: Said::default() }).await.is_err());
        assert!(retries.pause(Fault::NotFound { call: call(), said: Said::default() }).await.is_err());
    }
}
