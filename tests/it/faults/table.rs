//! The table: what a pass makes of each fault in each of its requests.

use sandbox::When::{After, Before};
use sandbox::{Ask, When};

use super::kind::{KINDS, Kind};
use Ask::{
    Dynos, Execute, Formation, GroupList, LoadBalancer, LoadBalancerList, Manifest, Members, OctaviaList,
    OctaviaStats, Pools, Quantity, Server, SignIn, Stats,
};
use Lasting::{On, Once};

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lasting {
    /// For the rest of the pass.
    On,
    /// For one request.
    Once,
}

/// One line of the table: a letter for each of [`KINDS`].
struct Line(Ask, When, Lasting, &'static str);

/// Before: the service never saw the request. After: it did its work, and its answer is spoiled. For what
/// only reads that is one. An execution that is answered with 4xx was not made; an answer to it can be
/// spoiled only if there is one.
#[rustfmt::skip]
const TABLE: &[Line] = &[
    //                                   connection  status                                  body
    //                                   r d r n     4 4 4  4 4 4 4  4  4  5 5               h t m w h s
    //                                   e r e e     0 0 0  1 1 2 2  1  2  0 0               t r i r u l
    //                                   f o s v     1 3 4  3 3 9 9  3  2  0 3               m u s o g o
    //                                   . p . .            s d s d                          l n s n e w
    Line(SignIn,           Before, On,   "g g g g     s s g  g g g g  g  g  g g               g g g g g g"),
    Line(LoadBalancerList, Before, On,   "r r r r     r r r  r r r r  r  c  r r               r r r r r r"),
    Line(GroupList,        Before, On,   "g g g g     g g g  g g g g  g  g  g g               g g g g g g"),
    Line(Stats,            Before, On,   "r r r r     r r r  r r r r  r  c  r r               r r z r r r"),
    Line(LoadBalancer,     Before, On,   "r r r r     r r r  r r r r  r  c  r r               r r r r r r"),
    Line(Manifest,         Before, On,   "g g g g     g g g  g g g g  g  g  g g               g g g g g g"),
    Line(Server,           Before, On,   "g g g g     g g g  g g g g  g  g  g g               g g g g g g"),
    Line(OctaviaList,      Before, On,   "r r r r     r r r  r r r r  r  c  r r               r r r r r r"),
    Line(OctaviaStats,     Before, On,   "r r r r     r r r  r r r r  r  c  r r               r r r r r r"),
    Line(Pools,            Before, On,   "r r r r     r r r  r r r r  r  c  r r               r r r r r r"),
    Line(Members,          Before, On,   "r r r r     r r r  r r r r  r  c  r r               r r r r r r"),
    Line(Execute,          Before, On,   "n u - u     n n n  n n n n  n  n  u u               u - - - - -"),
    Line(Formation,        Before, On,   "g g g g     s g g  g g g g  g  g  g g               g g g g g g"),
    Line(Dynos,            Before, On,   "g g g g     s g g  g g g g  g  g  g g               g g g g g g"),
    Line(Quantity,         Before, On,   "n u - u     n n n  n n n n  n  n  u u               u - - - - -"),

    Line(SignIn,           Before, Once, "- x x -     s s g  x x x x  g  g  x x               g g g g g -"),
    Line(LoadBalancerList, Before, Once, "- x x -     x r r  x x x x  r  c  x x               r r r r r -"),
    Line(GroupList,        Before, Once, "- x x -     x g g  x x x x  g  g  x x               g g g g g -"),
    Line(Stats,            Before, Once, "- x x -     x r x  x x x x  r  c  x x               r r z r r -"),
    Line(LoadBalancer,     Before, Once, "- x x -     x r x  x x x x  r  c  x x               r r r r r -"),
    Line(Manifest,         Before, Once, "- x x -     x g x  x x x x  g  g  x x               g g g g g -"),
    Line(Server,           Before, Once, "- x x -     x g g  x x x x  g  g  x x               g g g g g -"),
    Line(OctaviaList,      Before, Once, "- x x -     x r r  x x x x  r  c  x x               r r r r r -"),
    Line(OctaviaStats,     Before, Once, "- x x -     x r x  x x x x  r  c  x x               r r r r r -"),
    Line(Pools,            Before, Once, "- x x -     x r x  x x x x  r  c  x x               r r r r r -"),
    Line(Members,          Before, Once, "- x x -     x r x  x x x x  r  c  x x               r r r r r -"),
    Line(Execute,          Before, Once, "- u - -     x n n  x x x x  n  n  u u               u - - - - -"),
    Line(Execute,          After,  Once, "- u x u     - - -  - - - -  -  -  u u               u x x x x x"),
    Line(Formation,        Before, Once, "- x x -     s g g  x x x x  g  g  x x               g g g g g -"),
    Line(Dynos,            Before, Once, "- x x -     s g g  x x x x  g  g  x x               g g g g g -"),
    Line(Quantity,         Before, Once, "- u - -     n n n  x x x x  n  n  u u               u - - - - -"),
    Line(Quantity,         After,  Once, "- u u u     - - -  - - - -  -  -  u u               u u u u u u"),
];

/// What a pass makes of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// `null` for a hold.
    pub(super) outcome: &'static str,
    pub(super) reason: &'static str,
    pub(super) status: i32,
    /// Whether the record tells an error.
    pub(super) error: bool,
}

impl Expected {
    /// What a letter of the table stands for; none where there is no such case.
    fn of(letter: char) -> Option<Expected> {
        let (outcome, reason, status, error) = match letter {
            // The pass gets over it and acts.
            'x' => ("executed", "above_band", 0, false),
            // There is no reading, or the group cannot be read, or nobody is signed in: nothing is done.
            'r' => ("null", "no_reading", 1, true),
            'g' => ("null", "fleet_unreadable", 1, true),
            's' => ("null", "sign_in_refused", 3, true),
            // The balancer says that it is just being changed.
            'c' => ("null", "balancer_changing", 0, false),
            // The service leaves out what is zero, so this is a reading: of no connections.
            'z' => ("null", "at_min", 0, false),
            // The move may have been made; it was not made.
            'u' => ("unknown", "above_band", 1, true),
            'n' => ("failed", "above_band", 1, true),
            _ => return None,
        };
        Some(Expected { outcome, reason, status, error })
    }
}

/// One cell of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) ask: Ask,
    pub(super) kind: Kind,
    pub(super) when: When,
    pub(super) lasting: Lasting,
    pub(super) expected: Expected,
}

/// All cells that there are.
pub(super) fn cells() -> Vec<Cell> {
    TABLE.iter().flat_map(cells_of).collect()
}

fn cells_of(line: &Line) -> Vec<Cell> {
    let &Line(ask, when, lasting, letters) = line;
    let letters: Vec<char> = letters.chars().filter(|letter| !letter.is_whitespace()).collect();
    assert_eq!(letters.len(), KINDS.len(), "{ask:?} {when:?} {lasting:?}");
    let cell =
        |(kind, letter)| Expected::of(letter).map(|expected| Cell { ask, kind, when, lasting, expected });
    KINDS.into_iter().zip(letters).filter_map(cell).collect()
}

impl Cell {
    /// Whether the pass is one that knows ids and token: what is asked for once and then remembered is only
    /// met on a pass that knows nothing.
    pub(super) fn warm(&self) -> bool {
        !matches!(self.ask, SignIn | LoadBalancerList | OctaviaList | GroupList | Server)
    }

    /// Whether only a user of the cloud's OpenStack side asks for this.
    pub(super) fn is_octavias(&self) -> bool {
        matches!(self.ask, OctaviaList | OctaviaStats | Pools | Members)
    }

    /// Whether it is Heroku that is asked: an app then, judged by the cloud's balancer.
    pub(super) fn is_herokus(&self) -> bool {
        matches!(self.ask, Formation | Dynos | Quantity)
    }

    /// Whether the pass ends by its deadline, since it waits or asks again as long as it may.
    pub(super) fn waits(&self) -> bool {
        let again =
            matches!(self.kind, Kind::Refused | Kind::Dropped | Kind::ResetMidBody | Kind::Status(500 | 503));
        let hangs = matches!(self.kind, Kind::NeverAnswers | Kind::OneByteASecond);
        match self.ask {
            Execute => self.kind == Kind::NeverAnswers,
            // The status of Heroku's answer alone does not say that it is done.
            Quantity => hangs,
            _ => hangs || again && self.lasting == On,
        }
    }
}
