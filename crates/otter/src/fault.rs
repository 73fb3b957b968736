//! What can go wrong between the service and the things it drives: launchers and balancers.

/// Why a launcher or balancer did not do as asked. The kind decides what convergence does next;
/// the text is shown to the user as the reason of an ERROR group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Trying again as things are will not help (a refused order, a quota, a deleted balancer):
    /// the group goes to ERROR.
    #[error("{0}")]
    Terminal(String),
    /// It may work in a while (a server error, a rate limit, a balancer that is just changing).
    #[error("{0}")]
    Retryable(String),
    /// The thing named is not there. Success when removing it, terminal when changing it.
    #[error("{0} does not exist")]
    Gone(String),
}
