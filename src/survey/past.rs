//! What a group's rules would have done on its own past: whether they fall short, or move to and fro.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};

use crate::journal::Fault;
use crate::journal::jsonl::Jsonl;
use crate::model::Strategy;
use crate::replay::history::{History, Past};
use crate::replay::live::Live;
use crate::replay::score::{Judge, REVERSAL_TICKS, Score};
use crate::replay::{Setup, run};
use crate::rulebook::Rulebook;
use crate::settings::lint::{Severity, too_rare_for_forecast};

/// How far back a journal is looked at.
const DAYS: i64 = 7;
/// A shorter past says little of a group: loads have days.
const SHORTEST: Duration = Duration::from_secs(24 * 3600);
/// Passes are taken this far apart or further, which bounds the time that a look takes.
const FINEST: Duration = Duration::from_secs(60);
/// Percent of the time that a group may be short.
const SHORT: f64 = 1.0;
/// Moves that are soon taken back are told of from so many on, and if they are one in so many.
const REVERSALS: usize = 3;
const ONE_IN: usize = 5;
/// How rare a growth of the load has to be for a band to leave no room for it.
const ONE_GROWTH_IN: usize = 100;
/// An upper edge below this is no advice.
const LOWEST_EDGE: f64 = 0.05;

/// What is to be said of `book` on the past of the group that `journal` keeps under `key`, up to `now`; nothing
/// if it tells too little. How far apart passes came matters unless the `interval` of those to come is known.
pub fn findings(
    journal: &Jsonl,
    key: &str,
    book: &Rulebook,
    interval: Option<Duration>,
    now: Timestamp,
) -> Vec<(Severity, String)> {
    let from = now.checked_sub((24 * DAYS).hours()).unwrap_or(Timestamp::MIN);
    match recent(journal, key, from) {
        Ok(history) => {
            let seen = interval.is_none().then(|| history.interval());
            let told = of_history(history, book);
            // A group without a past of load has none to forecast, and a handful of passes no interval.
            let rare = seen.filter(|_| told.is_some()).and_then(|seen| rare_passes(seen, book));
            rare.into_iter().chain(told.into_iter().flatten()).collect()
        }
        Err(fault) => vec![(Severity::Warning, format!("its journal cannot be looked at: {fault}"))],
    }
}

/// What the journal of a group tells from an instant on.
///
/// # Errors
/// A journal that cannot be read.
pub fn recent(journal: &Jsonl, key: &str, from: Timestamp) -> Result<History, Fault> {
    let mut history = History::default();
    journal.entries(key, |entry| {
        if entry.at().is_none_or(|at| at >= from) {
            history.take(&entry);
        }
    })?;
    Ok(history)
}

/// Passes from cron have no interval that anyone could check; their past has.
fn rare_passes(interval: Duration, book: &Rulebook) -> Option<(Severity, String)> {
    let rare = too_rare_for_forecast(&book.rules, interval)?;
    Some((Severity::Warning, rare.to_string()))
}

/// None if the past is too short to tell anything.
fn of_history(history: History, book: &Rulebook) -> Option<Vec<(Severity, String)>> {
    let every = history.interval().max(FINEST);
    let past = history.past("its past", Some(every)).ok()?;
    let known = past.trace.load.iter().flatten().count();
    if past.trace.tick.saturating_mul(u32::try_from(known).unwrap_or(u32::MAX)) < SHORTEST {
        return None;
    }
    let setup = past.setup(book.rules.boot);
    let score = score(&past, &setup, book);
    let days = format!("{:.1} days", known as f64 * past.trace.tick.as_secs_f64() / 86_400.0);
    let room = headroom(&past, &setup, book).unwrap_or_default();
    let told = [falls_short(&score, &days, &room), outgrown(&past, &setup, &days), flaps(&score, &days)];
    Some(told.into_iter().flatten().map(|message| (Severity::Warning, message)).collect())
}

fn score(past: &Past, setup: &Setup, book: &Rulebook) -> Score {
    let moves = past.fleet.moves.clone();
    let mut live = Live::new(book.clone(), moves, past.fleet.cooldown, setup, &past.trace);
    let course = run(&past.trace, setup, setup.start(&past.trace), &mut live);
    Judge::new(&past.trace, setup).score(&course)
}

fn falls_short(score: &Score, days: &str, room: &str) -> Option<String> {
    (score.tau_u > SHORT).then(|| {
        format!(
            "on the last {days} of its own load these rules would have been short {:.1} % of the time, for {} minutes \
             at the longest;{room} `loadscale replay` shows what other rules would cost",
            score.tau_u, score.longest_short_minutes
        )
    })
}

/// For a band: that it leaves no room for what the load grows by while a server boots, and which would.
fn headroom(past: &Past, setup: &Setup, book: &Rulebook) -> Option<String> {
    let edge = book.rules.scale_up_above;
    let growth = growth(past, setup).filter(|growth| edge * growth > 1.0)?;
    let leaves_room = (100.0 / growth).floor() / 100.0;
    // Where the load springs up from next to nothing, no edge of a band would do.
    let would_do = book.rules.strategy == Strategy::Threshold && leaves_room >= LOWEST_EDGE;
    would_do.then(|| {
        format!(
            " while a server boots, {} passes, the load grew by {:.0} % or more one time in {ONE_GROWTH_IN}, and \
             scale_up_above = {edge} leaves no room for that: {leaves_room:.2} would, with scale_down_below under it, and strategy \
             = \"predictive\" finds its room itself where passes follow on one another with --interval;",
            setup.boot,
            (growth - 1.0) * 100.0
        )
    })
}

/// What the load is multiplied by between a pass and the one in which a server that it asks for serves, one time
/// in [`ONE_GROWTH_IN`]. Growth that the fewest servers carry is none.
fn growth(past: &Past, setup: &Setup) -> Option<f64> {
    let fewest = setup.carried(setup.limits.min);
    let grown = |span: &[Option<f64>]| {
        let (from, to) = ((*span.first()?)?, (*span.last()?)?);
        Some(if to > fewest && from > 0.0 { to / from } else { 1.0 })
    };
    let spans = past.trace.load.windows(setup.boot.saturating_add(2));
    let mut growth: Vec<f64> = spans.filter_map(grown).collect();
    growth.sort_by(|a, b| b.total_cmp(a));
    growth.get(growth.len() / ONE_GROWTH_IN).copied().filter(|_| growth.len() >= ONE_GROWTH_IN)
}

/// A group at its maximum is never short by the score: what it may not have, no rule can miss.
fn outgrown(past: &Past, setup: &Setup, days: &str) -> Option<String> {
    let beyond = setup.beyond_max(&past.trace);
    (beyond > SHORT).then(|| {
        format!(
            "on the last {days} its load needed more than {} servers, the most that the scaling group allows, \
             {beyond:.1} % of the time, which no rule can mend; raise the group's maximum",
            setup.limits.max
        )
    })
}

fn flaps(score: &Score, days: &str) -> Option<String> {
    let many = score.reversals >= REVERSALS && score.reversals * ONE_IN >= score.actions;
    many.then(|| {
        format!(
            "on the last {days} of its own load {} of {} moves would have been taken back within {REVERSAL_TICKS} \
             passes; a wider band, a cooldown or another strategy would calm it",
            score.reversals, score.actions
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::decide::tests::at;
    use crate::decide::tests::world::{Mishap, Story, Tick, play};
    use crate::decide::tests::{secs, step};
    use crate::journal::Entry;
    use crate::model::{Effect, Limits, Rules, Strategy};

    /// The past of a group of up to nine servers of 50 that boot for 100 s, with this load in each minute.
    fn past(loads: impl Iterator<Item = u32>) -> Vec<(Severity, String)> {
        let ticks = loads.map(|load| Tick { load, mishap: Mishap::None }).collect();
        let steps = vec![step("up", Effect::Change(1)), step("down", Effect::Change(-1))];
        let (rules, limits) = (Rules::default(), Limits { min: 2, max: 9 });
        let story =
            Story { rules, limits, steps, group_cooldown: 0, interval: 60, boot: 100, servers: 2, ticks };
        let entries: Vec<Entry> = play(&story).1;
        assert_eq!(entries[0].at(), Some(at(0)));
        let mut history = History::default();
        entries.iter().for_each(|entry| history.take(entry));
        of_history(history, &Rules { boot: Some(secs(100)), ..Rules::default() }.into()).unwrap_or_default()
    }

    #[test]
    fn a_steady_day_and_a_short_past_give_no_warning() {
        assert_eq!(past((0..1500).map(|_| 95)), []);
        assert_eq!(past((0..1000).map(|minute| if minute % 60 < 20 { 95 } else { 180 })), []);
    }

    #[test]
    fn passes_from_cron_too_rare_for_a_forecast_are_told_of() {
        let ticks = (0..9).map(|_| Tick { load: 95, mishap: Mishap::None }).collect();
        let steps = vec![step("up", Effect::Change(1)), step("down", Effect::Change(-1))];
        let (rules, limits) = (Rules::default(), Limits { min: 2, max: 9 });
        let story =
            Story { rules, limits, steps, group_cooldown: 0, interval: 900, boot: 100, servers: 2, ticks };
        let mut history = History::default();
        play(&story).1.iter().for_each(|entry| history.take(entry));
        let told = |strategy| rare_passes(history.interval(), &Rules { strategy, ..Rules::default() }.into());
        let (severity, message) = told(Strategy::Predictive).unwrap();
        assert!(severity == Severity::Warning && message.contains("passes come 15m apart"), "{message}");
        assert_eq!(told(Strategy::Threshold), None);
    }

    #[test]
    fn rules_that_are_late_for_every_busy_time_are_told_of() {
        let told = past((0..1500).map(|minute| if minute % 60 < 30 { 95 } else { 180 }));
        let [(Severity::Warning, message)] = told.as_slice() else { panic!("{told:?}") };
        assert!(message.contains("short ") && message.contains("1.0 days"), "{message}");
        // From 95 to 180 in one step: 53 % of a server is what it may carry before.
        assert!(message.contains("the load grew by 89 % or more one time in 100"), "{message}");
        assert!(message.contains("scale_up_above = 1 leaves no room for that: 0.52 would"), "{message}");
    }

    #[test]
    fn a_load_that_has_outgrown_the_group_is_told_of() {
        let told = past((0..1500).map(|_| 600));
        let [(Severity::Warning, message)] = told.as_slice() else { panic!("{told:?}") };
        assert!(
            message.contains("more than 9 servers") && message.contains("100.0 % of the time"),
            "{message}"
        );
    }

    #[test]
    fn rules_that_move_to_and_fro_are_told_of() {
        let told = past((0..1500).map(|minute| if minute % 10 < 7 { 70 } else { 130 }));
        assert!(told.iter().any(|(_, message)| message.contains("taken back within 10 passes")), "{told:?}");
    }
}
