//! The integration tests: one binary, a module a subject.
//!
//! * `imports`: who may import whom, and that the core stays pure.
//! * `agreement`: known policies against figures worked out elsewhere.
//! * `browser`: reports and pictures, as Chromium lays them out.
//! * `calibrate`: what it prints, draws and refuses.
//! * `cli`: what is typed and what is answered, without a cloud.
//!
//! From here on with the sandbox as the cloud; `cloud` is the fixture, `program` runs the
//! real program to its end, `running` holds one that goes on:
//! * `passes`: up, down, hold, dry run, refusals, limits: one pass and its record.
//! * `lookups`: names to ids; pages, duplicates, ids that no longer hold.
//! * `tokens`: when one signs in, and when not.
//! * `round_trips`: what a pass asks for, and what it asks for at the same time.
//! * `openstack`: the same on Keystone v3 and Octavia.
//! * `notices`: who is told of passes, and how; `receiver` takes webhooks, `mail` mails.
//! * `service`: `--interval`, signals, a reader that goes away.
//! * `heartbeat`: groups that are judged by their pages; `page` is such a page.
//! * `looks`: `check` and `status`. `explained`: `explain`. `replayed`: `replay`.
//! * `heroku`: apps and their dynos.
//! * `faults`: every request of a pass times everything that can go wrong with it.
//! * `several`: moves of several executions.
//! * `together`: many passes at once. `crashes`: a pass killed anywhere.
//! * `secrets`: what no output and no file may hold.
//! * `retraced`: every journal that a test leaves, decided again.
//! * `soak`: how much of it an ordinary run does.

mod agreement;
mod browser;
mod calibrate;
mod cli;
mod cloud;
mod crashes;
mod explained;
mod faults;
mod heartbeat;
mod heroku;
mod imports;
mod looks;
mod lookups;
mod mail;
mod notices;
mod openstack;
mod page;
mod passes;
mod program;
mod receiver;
mod replayed;
mod retraced;
mod round_trips;
mod running;
mod secrets;
mod service;
mod several;
mod soak;
mod together;
mod tokens;
