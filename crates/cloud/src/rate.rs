//! Keeps outgoing requests below the rates that the services document.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::service::Service;

/// At most so many requests in any stretch of time of a given length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many.
    pub requests: u32,
    /// In how long.
    pub per: Duration,
}

impl Rate {
    /// So many requests a second; fractions are kept by a longer stretch (0.5 is one in 2 s).
    /// None if `rate` is not a positive number.
    pub fn per_second(rate: f64) -> Option<Self> {
        let requests = rate.floor().clamp(1.0, f64::from(u32::MAX));
        let per = Duration::try_from_secs_f64(requests / rate).ok()?;
        (rate > 0.0 && !per.is_zero()).then_some(Self { requests: requests as u32, per })
    }
}

/// The rates of each service, all of which hold; none means no limit.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// Of the autoscale service.
    pub autoscale: Vec<Rate>,
    /// Of Cloud Load Balancers.
    pub load_balancers: Vec<Rate>,
    /// Of Octavia.
    pub octavia: Vec<Rate>,
    /// Of compute.
    pub compute: Vec<Rate>,
}

impl Rates {
    /// A tenth below what the services' documentation allows a tenant, since requests bunch up on
    /// their way: Cloud Load Balancers allows 10 reads a second and 600 a minute, Autoscale 1000
    /// requests a minute; the others document none and say when they have had enough.
    pub fn documented() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            autoscale: vec![Rate { requests: 900, per: minute }],
            load_balancers: vec![
                Rate { requests: 9, per: Duration::from_secs(1) },
                Rate { requests: 540, per: minute },
            ],
            ..Self::default()
        }
    }

    /// No limits at all.
    pub fn unlimited() -> Self {
        Self::default()
    }
}

/// The gates of all services.
pub(crate) struct Gates {
    rates: Rates,
    sent: [Mutex<VecDeque<Instant>>; 4],
}

impl Gates {
    pub(crate) fn new(rates: Rates) -> Self {
        Self { rates, sent: Default::default() }
    }

    /// Books the next free moment for a request to `service`, and says when it is; none (and
    /// nothing booked) if that would be later than `deadline`.
    pub(crate) fn book(&self, service: Service, now: Instant, deadline: Instant) -> Option<Instant> {
        let (rates, sent) = match service {
            Service::Autoscale => (&self.rates.autoscale, &self.sent[0]),
            Service::LoadBalancers => (&self.rates.load_balancers, &self.sent[1]),
            Service::Octavia => (&self.rates.octavia, &self.sent[2]),
            Service::Compute => (&self.rates.compute, &self.sent[3]),
        };
        if rates.is_empty() {
            return Some(now);
        }
        book(rates, &mut sent.lock().unwrap_or_else(PoisonError::into_inner), now, deadline)
    }
}

/// The next free moment by `rates`, as [`Gates::book`] says, of which `log` holds those before.
/// It is kept as long as the longest rate looks back, in number of requests.
pub(crate) fn book(
    rates: &[Rate],
    log: &mut VecDeque<Instant>,
    now: Instant,
    deadline: Instant,
) -> Option<Instant> {
    let free = |rate: &Rate| {
        let before = log.len().checked_sub(rate.requests as usize)?;
        Some(*log.get(before)? + rate.per)
    };
    let at = rates.iter().filter_map(free).fold(now, Instant::max);
    if at > deadline {
        return None;
    }
    log.push_back(at);
    let kept = rates.iter().map(|rate| rate.requests as usize).max().unwrap_or(0);
    while log.len() > kept {
        log.pop_front();
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn no_stretch_of_time_holds_more_than_the_rate() {
        let rates = [Rate { requests: 3, per: millis(1000) }, Rate { requests: 5, per: millis(60_000) }];
        let (mut log, start) = (VecDeque::new(), Instant::now());
        let far = start + millis(3_600_000);
        let booked: Vec<_> =
            (0..6).map(|_| book(&rates, &mut log, start, far).expect("far deadline") - start).collect();
        assert_eq!(booked, [0, 0, 0, 1000, 1000, 60_000].map(millis));
    }

    #[test]
    fn a_moment_after_the_deadline_is_not_booked() {
        let rates = [Rate { requests: 1, per: millis(100) }];
        let (mut log, now) = (VecDeque::new(), Instant::now());
        assert_eq!(book(&rates, &mut log, now, now), Some(now));
        assert_eq!(book(&rates, &mut log, now, now + millis(99)), None);
        assert_eq!(book(&rates, &mut log, now, now + millis(100)), Some(now + millis(100)));
    }

    #[test]
    fn rates_of_less_than_one_a_second() {
        assert_eq!(Rate::per_second(0.5), Some(Rate { requests: 1, per: millis(2000) }));
        assert_eq!(Rate::per_second(2.5), Some(Rate { requests: 2, per: millis(800) }));
        assert_eq!(Rate::per_second(0.0), None);
        assert_eq!(Rate::per_second(-1.0), None);
        assert_eq!(Rate::per_second(f64::NAN), None);
    }
}
