//! The cloud put together: its services on ports of their own, and handles to all that is inside.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::autoscale::{self, Behind, Founder, Group};
use crate::balancer::{Condition, LoadBalancer, LoadBalancers, Network, carry_all};
use crate::clock::MovableClock;
use crate::compute::{Compute, Order};
use crate::heroku::{self, Heroku};
use crate::http::{Api, Edges, Executions, Faults, Latency, RequestLog, Service};
use crate::identity::{Endpoints, Identity, Tokens};
use crate::plan::Plan;
use crate::services::{Ports, Routers};
use crate::traffic::Traffic;

/// The id of the first load balancer; the others follow.
const FIRST_LOAD_BALANCER: u64 = 71;
/// The port of a node, which the sandbox's own network does not look at.
pub(crate) const NODE_PORT: u16 = 80;

/// A running cloud.
pub struct Cloud {
    plan: Plan,
    clock: Arc<MovableClock>,
    edges: Arc<Edges>,
    tokens: Arc<Tokens>,
    endpoints: Endpoints,
    load_balancers: LoadBalancers,
    compute: Arc<Compute>,
    autoscale: otter::App,
    groups: Vec<Group>,
    heroku: Arc<Heroku>,
    page_url: String,
    traffic: HashMap<u64, Traffic>,
    services: HashMap<Api, Service>,
    _data_paths: Vec<AbortOnDropHandle<()>>,
}

impl Cloud {
    /// Starts all services of a plan on free loopback ports, with all its groups booted.
    ///
    /// # Errors
    /// When no more ports or file descriptors are to be had, or a group cannot be founded.
    pub(crate) async fn start(plan: Plan) -> anyhow::Result<Self> {
        let clock = Arc::new(MovableClock::default());
        let network = Arc::new(Network::default());
        let compute = Compute::new(&plan, Arc::clone(&clock), Arc::clone(&network));
        let (load_balancers, mut data_paths) = balance(&plan, &clock, &network).await?;
        let heroku = Heroku::new(&plan, Arc::clone(&clock));
        let (page_url, page) = heroku::serve(&heroku).await?;
        data_paths.push(page);
        let tokens = Arc::new(Tokens::new(&plan, Arc::clone(&clock)));
        let ports = Ports::take().context("no free loopback port")?;
        let endpoints = ports.endpoints();
        let autoscale = autoscale::start(
            &plan,
            Behind {
                clock: Arc::clone(&clock),
                compute: Arc::clone(&compute),
                compute_url: endpoints.compute_url(&plan.account.tenant),
                load_balancers: load_balancers.clone(),
                public_url: endpoints.autoscale.clone(),
            },
        )
        .await?;
        let behind = (&load_balancers, &compute, &autoscale, &heroku);
        let routers = routers(&plan, &endpoints, &tokens, behind);
        let founder = Founder {
            plan: &plan,
            balancers: &load_balancers,
            compute: &compute,
            router: &routers.autoscale,
        };
        let groups = founder.found().await?;
        let edges = Arc::<Edges>::default();
        edges.latency.set(plan.latency);
        let services = ports.serve(routers, &edges, &tokens);
        let traffic = traffic(&load_balancers);
        let cloud = Self {
            plan,
            clock,
            edges,
            tokens,
            endpoints,
            load_balancers,
            compute,
            autoscale,
            groups,
            heroku,
            page_url,
            traffic,
            services,
            _data_paths: data_paths,
        };
        cloud.boot().await;
        Ok(cloud)
    }

    /// Boots what the plan starts with, at once, and lets Autoscale look at it; what is ordered later
    /// takes its time.
    async fn boot(&self) {
        add_fixed_servers(&self.plan, &self.load_balancers, &self.compute);
        self.compute.settled().await;
        self.compute.open();
        self.settled().await;
        self.compute.set_boot_delay(self.plan.boot_delay);
    }

    /// What it was started with.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its clock.
    pub fn clock(&self) -> &MovableClock {
        &self.clock
    }

    /// The faults planned for it.
    pub fn faults(&self) -> &Faults {
        &self.edges.faults
    }

    /// The delay of every answer.
    pub fn latency(&self) -> &Latency {
        &self.edges.latency
    }

    /// What it was asked.
    pub fn requests(&self) -> &RequestLog {
        &self.edges.log
    }

    /// How often each policy really was executed.
    pub fn executions(&self) -> &Executions {
        &self.edges.executions
    }

    /// One of its services, to be taken down and put up again.
    pub fn service(&self, api: Api) -> &Service {
        // Every kind of service is started with the cloud.
        &self.services[&api]
    }

    /// Its servers.
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// The groups it started with, in the order of the plan.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The first of them with a name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// All its load balancers, by their ids.
    pub fn load_balancers(&self) -> Vec<Arc<LoadBalancer>> {
        self.load_balancers.all().cloned().collect()
    }

    /// The first load balancer of a name.
    pub fn load_balancer(&self, name: &str) -> Option<&LoadBalancer> {
        self.load_balancers.by_name(name).map(Arc::as_ref)
    }

    /// The traffic through the first load balancer of a name; `None` in a cloud without real connections.
    pub fn traffic(&self, load_balancer: &str) -> Option<&Traffic> {
        self.traffic.get(&self.load_balancers.by_name(load_balancer)?.id())
    }

    /// The app at Heroku.
    pub fn heroku(&self) -> &Heroku {
        &self.heroku
    }

    /// The URL of that app's page.
    pub fn page_url(&self) -> String {
        self.page_url.clone()
    }

    /// The URL of Heroku's Platform API.
    pub fn heroku_url(&self) -> String {
        self.service(Api::Heroku).origin()
    }

    /// Makes every token issued so far worthless.
    pub fn revoke_tokens(&self) {
        self.tokens.revoke_all();
    }

    /// The URL of identity v2.0.
    pub fn identity_url(&self) -> String {
        format!("{}/v2.0", self.endpoints.identity)
    }

    /// The URL of Keystone v3.
    pub fn keystone_url(&self) -> String {
        format!("{}/v3", self.endpoints.identity)
    }

    /// The URL of Cloud Load Balancers, with version and tenant.
    pub fn load_balancer_url(&self) -> String {
        format!("{}/v1.0/{}", self.endpoints.load_balancer, self.plan.account.tenant)
    }

    /// The URL of Octavia, which has no path.
    pub fn octavia_url(&self) -> String {
        self.endpoints.octavia.clone()
    }

    /// The URL of compute, with version and tenant.
    pub fn compute_url(&self) -> String {
        self.endpoints.compute_url(&self.plan.account.tenant)
    }

    /// The URL of Autoscale, with version and tenant.
    pub fn autoscale_url(&self) -> String {
        format!("{}/v1.0/{}", self.endpoints.autoscale, self.plan.account.tenant)
    }

    /// Moves the clock forward and returns once all that has become due is done.
    pub async fn advance(&self, by: std::time::Duration) {
        self.clock.advance(by);
        self.settled().await;
    }

    /// Returns once every boot and every piece of Autoscale's work is done that is due by the clock.
    pub async fn settled(&self) {
        loop {
            self.compute.settled().await;
            self.autoscale.settled().await;
            if !self.compute.is_a_boot_due() {
                return;
            }
        }
    }

    pub(crate) async fn stop(&self) {
        self.autoscale.stop().await;
        self.compute.close().await;
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.autoscale.halt();
        self.compute.halt();
    }
}

/// The routes of all services; `behind` is what stands behind them.
fn routers(
    plan: &Plan,
    endpoints: &Endpoints,
    tokens: &Arc<Tokens>,
    (balancers, compute, autoscale, heroku): (&LoadBalancers, &Arc<Compute>, &otter::App, &Arc<Heroku>),
) -> Routers {
    let tenant = &plan.account.tenant;
    Routers {
        identity: Identity::new(plan, endpoints, Arc::clone(tokens)).router(),
        load_balancer: balancers.clb(tenant),
        octavia: balancers.octavia(&endpoints.octavia, tenant),
        compute: compute.router(&endpoints.compute, tenant),
        autoscale: otter::router(autoscale.clone()),
        heroku: heroku.router(),
    }
}

fn traffic(balancers: &LoadBalancers) -> HashMap<u64, Traffic> {
    let listening = balancers.all().filter_map(|balancer| Some((balancer.id(), balancer.address()?)));
    listening.map(|(id, address)| (id, Traffic::new(address))).collect()
}

/// The balancers of a plan, and what carries their connections.
async fn balance(
    plan: &Plan,
    clock: &Arc<MovableClock>,
    network: &Arc<Network>,
) -> anyhow::Result<(LoadBalancers, Vec<AbortOnDropHandle<()>>)> {
    let mut balancers = Vec::new();
    let mut data_paths = Vec::new();
    for (id, planned) in (FIRST_LOAD_BALANCER..).zip(&plan.load_balancers) {
        if !plan.real {
            balancers.push(Arc::new(LoadBalancer::new(id, planned, Arc::clone(clock), None)));
            continue;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port for a balancer")?;
        let address = listener.local_addr().context("no port for a balancer")?;
        let balancer = Arc::new(LoadBalancer::new(id, planned, Arc::clone(clock), Some(address)));
        let carrying = carry_all(listener, Arc::clone(&balancer), Arc::clone(network));
        data_paths.push(AbortOnDropHandle::new(tokio::spawn(carrying)));
        balancers.push(balancer);
    }
    Ok((LoadBalancers::new(balancers), data_paths))
}

/// Puts servers that belong to no group on the balancers that have some.
fn add_fixed_servers(plan: &Plan, balancers: &LoadBalancers, compute: &Arc<Compute>) {
    for (balancer, planned) in balancers.all().zip(&plan.load_balancers) {
        for number in 1..=planned.fixed_servers {
            let order = Order {
                name: format!("{}-fixed-{number}", planned.name),
                flavor: "general1-2".to_owned(),
                ..Order::default()
            };
            // No failure can be planned yet.
            if let Ok(server) = compute.create(order) {
                balancer.add(server.address, NODE_PORT, Condition::Enabled);
            }
        }
    }
}
