//! A small web server, as a thing to be launched: answers every request with its id, and holds connections
//! open until the client closes them. Run it with PORT set. While there is a file with the name in UNWELL, it
//! answers with 503.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

fn main() -> std::io::Result<()> {
    let port = env::var("PORT").ok().and_then(|port| port.parse::<u16>().ok());
    let port = port.ok_or_else(|| std::io::Error::other("PORT must be set to a port"))?;
    let id = env::var("OTTER_SERVER_ID").unwrap_or_default();
    for stream in TcpListener::bind(("127.0.0.1", port))?.incoming() {
        let (stream, id) = (stream?, id.clone());
        thread::spawn(move || serve(&stream, &id));
    }
    Ok(())
}

/// Answers requests without bodies until the client has enough.
fn serve(stream: &TcpStream, id: &str) -> std::io::Result<()> {
    let (mut lines, mut answers) = (BufReader::new(stream).lines(), stream);
    while let Some(line) = lines.next().transpose()? {
        if line.is_empty() {
            let unwell = env::var_os("UNWELL").is_some_and(|file| Path::new(&file).exists());
            let status = if unwell { "503 Service Unavailable" } else { "200 OK" };
            write!(answers, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{id}", id.len())?;
        }
    }
    Ok(())
}
