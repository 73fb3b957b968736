//! Laws over generated journals: a replay decides as the live passes did; a checkpoint stands for the fold
//! up to it, wherever it was taken.

use proptest::prelude::*;

use super::super::retrace::Retrace;
use super::*;
use crate::decide::tests::properties::law;
use crate::decide::tests::world::{eventful, mixed, play, strategic};

#[test]
fn a_replay_gives_the_decision_of_every_pass_to_the_bit() {
    law("replay", strategic(eventful(mixed())), |story| {
        let (told, entries) = play(story);
        let mut retrace = Retrace::default();
        let mut replayed = Vec::new();
        for entry in &entries {
            let line = serde_json::to_string(entry).unwrap();
            let entry: Entry = serde_json::from_str(&line).unwrap();
            if let Some(moment) = retrace.take(&entry) {
                prop_assert!(moment.is_reproduced());
                replayed.push(moment.again());
            }
        }
        let live: Vec<_> = told.into_iter().map(|told| told.decision).collect();
        prop_assert_eq!(serde_json::to_string(&replayed).unwrap(), serde_json::to_string(&live).unwrap());
        prop_assert_eq!(replayed, live);
        Ok(())
    });
}

#[test]
fn a_checkpoint_at_any_offset_and_the_rest_give_the_fold() {
    law("checkpoints", strategic(eventful(mixed())), |story| {
        // The fold goes on from the state alone; so if at each offset the state read back from its
        // checkpoint is the state, every checkpoint leads to the same end.
        let mut state = State::default();
        for (offset, entry) in play(story).1.iter().enumerate() {
            let checkpoint = serde_json::to_vec(&state).unwrap();
            let read_back: State = serde_json::from_slice(&checkpoint).unwrap();
            prop_assert_eq!(&read_back, &state, "before entry {}", offset);
            state.fold(entry);
        }
        Ok(())
    });
}
