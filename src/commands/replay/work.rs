//! Many replays at once, as many as there are cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use indicatif::ProgressBar;

/// What `work` makes of each item, in the order of the items. On a terminal a bar shows how far it is.
pub(super) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let bar = ProgressBar::new(items.len() as u64);
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { return done };
            done.push((place, work(item)));
            bar.inc(1);
        }
    };
    let mut done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(share)).collect();
        let finished = workers.into_iter().map(|worker| worker.join());
        finished.flat_map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    bar.finish_and_clear();
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_keep_the_order_of_what_they_are_of() {
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(
            side_by_side(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert!(side_by_side(&[], |item: &u32| *item).is_empty());
    }

    /// Where one core after the other did the work, the first would wait for the others for ever.
    #[test]
    fn all_cores_work_at_a_time() {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let all = Barrier::new(cores);
        let together = side_by_side(&vec![(); cores], |()| all.wait().is_leader());
        assert_eq!(together.into_iter().filter(|leads| *leads).count(), 1);
    }
}
