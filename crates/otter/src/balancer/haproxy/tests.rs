//! What HAProxy answers is read, and what it is told holds no command.
#![allow(clippy::unwrap_used)]

use super::*;

const STAT: &str = "# pxname,svname,qcur,scur,status,weight,addr,uweight,\n\
                    web,FRONTEND,,3,OPEN,,,,\n\
                    app,one,0,2,no check,1,127.0.0.1:31000,1,\n\
                    app,two,0,0,DRAIN,1,127.0.0.1:31001,1,\n\
                    app,three,0,0,DOWN 1/2,1,[::1]:31002,1,\n\
                    app,four,0,0,MAINT,0,127.0.0.1:31003,0,\n\
                    app,BACKEND,0,2,UP,4,,,\n\
                    other,BACKEND,0,0,UP,0,,,\n\n";

#[test]
fn the_statistics_of_a_backend_are_read() {
    let pool = read_pool(STAT, "app").unwrap();
    let told = |node: &Node| (node.port, node.condition, node.online, node.ordinary, node.connections);
    let seen: Vec<_> = pool.nodes.iter().map(|node| (node.id.as_str(), told(node))).collect();
    assert_eq!(
        seen,
        [
            ("one", (31000, Condition::Enabled, true, true, Some(2))),
            ("two", (31001, Condition::Draining, true, true, Some(0))),
            ("three", (31002, Condition::Enabled, false, true, Some(0))),
            ("four", (31003, Condition::Disabled, true, false, Some(0))),
        ]
    );
    assert_eq!(read_pool(STAT, "other"), Ok(Pool::default()));
    assert!(matches!(read_pool(STAT, "nothing"), Err(Fault::Gone(_))));
}

#[test]
fn a_backend_is_not_gone_because_an_answer_is_not_whole() {
    for length in 0..STAT.len() {
        let cut = read_pool(&STAT[..length], "app");
        assert!(matches!(cut, Err(Fault::Retryable(_))), "{length}: {cut:?}");
    }
    assert!(matches!(read_pool("Unknown command\n\n", "app"), Err(Fault::Retryable(_))));
    let old = STAT.replace("uweight", "other");
    assert!(matches!(read_pool(&old, "app"), Err(Fault::Terminal(told)) if told.contains("uweight")));
}

#[test]
fn a_name_cannot_smuggle_a_command_in() {
    assert!(checked("app").is_ok());
    for name in ["", "app; disable server x/y", "a\nb", "a b"] {
        assert!(checked(name).is_err(), "{name:?}");
    }
}

#[test]
fn a_refusal_is_sorted() {
    assert!(matches!(read_refusal("del server a/b", "No such server."), Fault::Gone(_)));
    let busy = "Server still has connections attached to it, cannot remove it.";
    assert!(matches!(read_refusal("del server a/b", busy), Fault::Retryable(_)));
    let enabled = "Only servers in maintenance mode can be deleted.";
    assert!(matches!(read_refusal("del server a/b", enabled), Fault::Retryable(_)));
    let fault = read_refusal("add server a/b", "backend 'a' is of the wrong algorithm");
    assert!(matches!(fault, Fault::Terminal(text) if text.contains("refuses to add server")));
}
