//! The services of a cloud: a port for each, taken first so that the catalog can name it.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use axum::Router;

use crate::http::{Api, Edges, Gate, Port, Service};
use crate::identity::{Endpoints, Tokens, guarded};

/// The ports of all services.
pub(crate) struct Ports {
    identity: Port,
    load_balancer: Port,
    octavia: Port,
    compute: Port,
    autoscale: Port,
    heroku: Port,
}

/// The routes of all services.
pub(crate) struct Routers {
    pub(crate) identity: Router,
    pub(crate) load_balancer: Router,
    pub(crate) octavia: Router,
    pub(crate) compute: Router,
    pub(crate) autoscale: Router,
    pub(crate) heroku: Router,
}

impl Ports {
    /// Takes six free loopback ports.
    pub(crate) fn take() -> io::Result<Self> {
        Ok(Self {
            identity: Port::take()?,
            load_balancer: Port::take()?,
            octavia: Port::take()?,
            compute: Port::take()?,
            autoscale: Port::take()?,
            heroku: Port::take()?,
        })
    }

    /// Where the services will be.
    pub(crate) fn endpoints(&self) -> Endpoints {
        Endpoints {
            identity: self.identity.origin(),
            load_balancer: self.load_balancer.origin(),
            octavia: self.octavia.origin(),
            compute: self.compute.origin(),
            autoscale: self.autoscale.origin(),
        }
    }

    /// Serves them, the cloud's but identity to holders of a good token only; Heroku looks at its key itself.
    pub(crate) fn serve(
        self,
        routers: Routers,
        edges: &Arc<Edges>,
        tokens: &Arc<Tokens>,
    ) -> HashMap<Api, Service> {
        let guard = |api, router| guarded(router, api, Arc::clone(tokens));
        let served = [
            (Api::Identity, self.identity, routers.identity),
            (Api::LoadBalancer, self.load_balancer, guard(Api::LoadBalancer, routers.load_balancer)),
            (Api::Octavia, self.octavia, guard(Api::Octavia, routers.octavia)),
            (Api::Compute, self.compute, guard(Api::Compute, routers.compute)),
            (Api::Autoscale, self.autoscale, guard(Api::Autoscale, routers.autoscale)),
            (Api::Heroku, self.heroku, routers.heroku),
        ];
        served
            .into_iter()
            .map(|(api, port, router)| (api, port.serve(Gate::new(api, router, Arc::clone(edges)))))
            .collect()
    }
}
