//! The sandbox's own network: which local socket stands behind a server's address.
//!
//! Every server has an address of its own, as clients tell servers apart by it, although all of them
//! listen on the loopback interface.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{PoisonError, RwLock};

/// Addresses and the sockets behind them.
#[derive(Debug, Default)]
pub(crate) struct Network(RwLock<HashMap<Ipv4Addr, SocketAddr>>);

impl Network {
    pub(crate) fn connect(&self, address: Ipv4Addr, socket: SocketAddr) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(address, socket);
    }

    pub(crate) fn disconnect(&self, address: Ipv4Addr) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&address);
    }

    pub(crate) fn socket(&self, address: Ipv4Addr) -> Option<SocketAddr> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&address).copied()
    }
}
