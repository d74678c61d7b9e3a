//! The page in a real browser, with the network off.

use std::{
    fs,
    io::Read,
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use crate::support::harness::{ALONE, Netsplit};

/// Opens a page in headless Chromium whose only way out is a proxy of ours; returns the page as the
/// browser made it and every request that tried to leave.
fn open(page: &Path) -> (String, Vec<String>) {
    let browser = netsplit::doctor::find("chromium")
        .expect("chromium: `netsplit doctor --install-missing` installs it");
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = proxy.local_addr().expect("an address");
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    std::thread::spawn(move || {
        for stream in proxy.incoming() {
            let mut bytes = [0u8; 256];
            let count = stream.and_then(|mut stream| stream.read(&mut bytes)).unwrap_or(0);
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            seen.lock().expect("a list").push(text);
        }
    });
    let profile = tempfile::tempdir().expect("a directory");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--window-size=1280,800", "--virtual-time-budget=4000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--proxy-server={address}"))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser runs");
    let requests = requests.lock().expect("a list").clone();
    (String::from_utf8_lossy(&output.stdout).into_owned(), requests)
}

/// The browser's own services are not the page's doing.
fn is_the_browsers_own(request: &str) -> bool {
    request.contains("google") || request.contains("gvt1.com")
}

#[test]
fn the_page_needs_no_network_and_shows_the_anomaly_first() {
    let netsplit = Netsplit::new();
    let bug = ["run", "--bug", "read-one", "--time-limit", "10s"];
    netsplit.run(&[&bug[..], &ALONE].concat()).exits(1);
    let page = netsplit.results.path().join("results/latest/report.html");
    // The page measures itself, the way a reader would: where does the drawing end?
    let ruler = "<script>addEventListener('load', () => setTimeout(() => {\
        const svg = document.querySelector('svg.ops');\
        document.title = 'bottom=' + Math.round(svg.getBoundingClientRect().bottom);\
        const canvas = document.querySelector('canvas');\
        document.title += ' canvas=' + canvas.width;\
    }, 1000));</script>";
    let measured = page.with_file_name("measured.html");
    let text = fs::read_to_string(&page).expect("the page");
    fs::write(&measured, format!("{text}{ruler}")).expect("a copy");
    let (dom, requests) = open(&measured);
    let strangers: Vec<&String> = requests.iter().filter(|r| !is_the_browsers_own(r)).collect();
    assert!(strangers.is_empty(), "the page asked for {strangers:?}");
    assert!(dom.contains("VIOLATION"), "{}", &dom[..dom.len().min(2_000)]);
    let title = dom.split("<title>").nth(1).and_then(|t| t.split("</title>").next());
    let title = title.expect("a title");
    let bottom = title.split("bottom=").nth(1).and_then(|t| t.split(' ').next());
    let bottom: i64 = bottom.and_then(|b| b.parse().ok()).unwrap_or_else(|| panic!("{title}"));
    assert!(bottom > 100 && bottom < 800, "the drawing ends at {bottom} of 800");
    assert!(!title.ends_with("canvas=0") && !title.ends_with("canvas=300"), "{title}");
}
