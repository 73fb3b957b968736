//! Why samples give no number: bad ones never do.

use super::levels::Limit;

/// Why there is no answer. Connections are those of one server.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Too few levels to draw a curve.
    #[error(
        "there are {levels} levels of load and at least {wanted_levels} are needed, each with \
         {wanted_samples} samples in a row after its first: make more or longer steps"
    )]
    TooFew {
        /// The levels found.
        levels: usize,
        /// The levels needed.
        wanted_levels: usize,
        /// The samples needed in each.
        wanted_samples: usize,
    },
    /// Too little history.
    #[error(
        "there are {moments} response times with connections beside them and at least {wanted} are needed: let \
         both groups run on, at the same interval"
    )]
    TooShort {
        /// The response times found.
        moments: usize,
        /// The response times needed.
        wanted: usize,
    },
    /// The objective holds at every level.
    #[error(
        "the load never came near the knee: at {connections:.1} connections, the most there were, there was \
         still {measured}: go on to more users"
    )]
    NeverNear {
        /// The most connections.
        connections: f64,
        /// What was measured there.
        measured: String,
    },
    /// The objective holds at no level.
    #[error(
        "the objective holds nowhere: at {connections:.1} connections, the fewest there were, there was already \
         {measured}: begin with fewer users, or allow more"
    )]
    NeverHeld {
        /// The fewest connections.
        connections: f64,
        /// What was measured there.
        measured: String,
    },
    /// Something else came before the knee.
    #[error(
        "{}: {limit} at {connections:.1} connections, before the objective broke{}",
        before(limit),
        remedy(limit)
    )]
    Limited {
        /// What.
        limit: Limit,
        /// Where.
        connections: f64,
    },
    /// The same load was not the same twice.
    #[error("the samples disagree: {0}")]
    Disagree(String),
    /// The interval is too wide to be of use.
    #[error(
        "the samples leave it open: with 95 % confidence the objective breaks between {low:.1} and {} \
         connections: make more or longer steps around there",
        open(*high)
    )]
    Uncertain {
        /// The interval's lower end.
        low: f64,
        /// The interval's upper end, which may be infinite.
        high: f64,
    },
}

impl Refusal {
    /// One word for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::TooFew { .. } => "too_few_levels",
            Refusal::TooShort { .. } => "too_short",
            Refusal::NeverNear { .. } => "never_near",
            Refusal::NeverHeld { .. } => "never_held",
            Refusal::Limited { limit: Limit::Errors(_), .. } => "errors",
            Refusal::Limited { limit: Limit::Lag(_) | Limit::Cpu(_), .. } => "generator",
            Refusal::Limited { limit: Limit::Answers(_), .. } => "too_few_answers",
            Refusal::Disagree(_) => "disagree",
            Refusal::Uncertain { .. } => "uncertain",
        }
    }
}

fn before(limit: &Limit) -> &'static str {
    match limit {
        Limit::Errors(_) => "errors were the limit",
        Limit::Lag(_) | Limit::Cpu(_) => "the load generator was the limit",
        Limit::Answers(_) => "the samples are too thin",
    }
}

fn remedy(limit: &Limit) -> &'static str {
    match limit {
        Limit::Errors(_) => "; find out why they fail",
        Limit::Lag(_) | Limit::Cpu(_) => "; run it in a release build, on a machine of its own",
        Limit::Answers(_) => "; take longer intervals, and longer steps",
    }
}

fn open(high: f64) -> String {
    if high.is_finite() { format!("{high:.1}") } else { "more than were there".to_owned() }
}
