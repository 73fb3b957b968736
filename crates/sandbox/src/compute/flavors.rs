//! The flavors that can be ordered.

/// A flavor: id, RAM in MB, virtual CPUs, disk in GB, ephemeral disk in GB, and the cap on outbound
/// traffic in Mbit/s.
pub(super) struct Flavor {
    pub(super) id: &'static str,
    pub(super) ram: u32,
    pub(super) vcpus: u32,
    pub(super) disk: u32,
    pub(super) ephemeral: u32,
    pub(super) rxtx_factor: f64,
}

const fn flavor(id: &'static str, size: (u32, u32), disks: (u32, u32), rxtx_factor: f64) -> Flavor {
    Flavor { id, ram: size.0, vcpus: size.1, disk: disks.0, ephemeral: disks.1, rxtx_factor }
}

/// All of them, in the order of their ids, which is that of the pages.
pub(super) const FLAVORS: [Flavor; 20] = [
    flavor("2", (512, 1), (20, 0), 80.0),
    flavor("3", (1024, 1), (40, 0), 120.0),
    flavor("4", (2048, 2), (80, 0), 240.0),
    flavor("5", (4096, 2), (160, 0), 400.0),
    flavor("6", (8192, 4), (320, 0), 600.0),
    flavor("7", (15360, 6), (620, 0), 800.0),
    flavor("8", (30720, 8), (1200, 0), 1200.0),
    flavor("compute1-15", (15360, 8), (0, 0), 1250.0),
    flavor("compute1-30", (30720, 16), (0, 0), 2500.0),
    flavor("compute1-4", (3840, 2), (0, 0), 312.5),
    flavor("compute1-8", (7680, 4), (0, 0), 625.0),
    flavor("general1-1", (1024, 1), (20, 0), 200.0),
    flavor("general1-2", (2048, 2), (40, 0), 400.0),
    flavor("general1-4", (4096, 4), (80, 0), 800.0),
    flavor("general1-8", (8192, 8), (160, 0), 1600.0),
    flavor("io1-15", (15360, 4), (40, 150), 1250.0),
    flavor("io1-30", (30720, 8), (40, 300), 2500.0),
    flavor("memory1-15", (15360, 2), (0, 0), 625.0),
    flavor("memory1-30", (30720, 4), (0, 0), 1250.0),
    flavor("memory1-60", (61440, 8), (0, 0), 2500.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flavors_are_in_the_order_of_their_pages() {
        assert!(FLAVORS.is_sorted_by(|a, b| a.id < b.id));
    }
}
