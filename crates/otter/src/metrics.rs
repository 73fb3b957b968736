//! What is counted while the service works, in the words of Prometheus.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::converge::Verdict;
use crate::error::Error;
use crate::store::Totals;

type ByResult = Family<[(&'static str, &'static str); 1], Counter>;

/// All numbers of one service.
pub(crate) struct Metrics {
    registry: Registry,
    executions: ByResult,
    rounds: ByResult,
    answers: ByResult,
    groups: Gauge,
    policies: Gauge,
    webhooks: Gauge,
    errors: Gauge,
    deleting: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("otter");
        let mut counted = |name: &str, help: &str| {
            let family = ByResult::default();
            registry.register(name, help, family.clone());
            family
        };
        let executions = counted("executions", "Executions of policies by result");
        let rounds = counted("rounds", "Rounds of convergence by verdict");
        let answers = counted("answers", "Answers of the API by class of status");
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let groups = gauge("groups", "Groups");
        let policies = gauge("policies", "Policies");
        let webhooks = gauge("webhooks", "Webhooks");
        let errors = gauge("groups_in_error", "Groups whose convergence fails");
        let deleting = gauge("groups_deleting", "Groups on their way out");
        Self { registry, executions, rounds, answers, groups, policies, webhooks, errors, deleting }
    }

    /// Counts an execution, whoever set it off.
    pub(crate) fn executed(&self, result: &Result<(), Error>) {
        let result = result.as_ref().err().map_or("executed", |error| error.sort().1);
        self.executions.get_or_create(&[("result", result)]).inc();
    }

    /// Counts a round of convergence.
    pub(crate) fn converged(&self, verdict: &Verdict) {
        let verdict = match verdict {
            Verdict::Done => "done",
            Verdict::Again => "again",
            Verdict::Replaced(_) => "replaced",
            Verdict::Retry(_) => "retry",
            Verdict::Limited(_) => "limited",
            Verdict::Failed(_) => "failed",
        };
        self.rounds.get_or_create(&[("verdict", verdict)]).inc();
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: u16) {
        let class = match status {
            200..=299 => "2xx",
            400..=499 => "4xx",
            _ => "5xx",
        };
        self.answers.get_or_create(&[("status", class)]).inc();
    }

    /// Everything as text, with the numbers of rows as they are now.
    pub(crate) fn text(&self, totals: Totals) -> Result<String, std::fmt::Error> {
        self.groups.set(totals.groups);
        self.policies.set(totals.policies);
        self.webhooks.set(totals.webhooks);
        self.errors.set(totals.errors);
        self.deleting.set(totals.deleting);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
