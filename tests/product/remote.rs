//! What every way to reach a node must do alike.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::support::{docker::Docker, harness::eventually, machine::Machine, sshd::Servers};
use netsplit::remote::{
    Address, Input, Job, ProcessState, Program, Remote, Sink, namespace::Namespace, shell::Shell,
};
use nix::sys::signal::Signal;

const DEADLINE: Duration = Duration::from_secs(30);

/// A way to reach a node, and a directory that is there and here.
struct Way {
    name: &'static str,
    remote: Arc<dyn Remote>,
    directory: PathBuf,
}

/// Does everything.
async fn conforms(remote: impl Remote + 'static, name: &'static str, directory: &Path) {
    let way = Way { name, remote: Arc::new(remote), directory: directory.to_owned() };
    commands_keep_their_streams_and_exit_codes_apart(&way).await;
    any_bytes_may_be_an_argument(&way).await;
    files_survive_the_way_there_and_back(&way).await;
    many_commands_run_at_once(&way).await;
    a_command_ends_at_its_deadline(&way).await;
    programs_live_on_and_are_stopped_and_killed_by_groups(&way).await;
}

/// Whether ways can be tried at all; says so where they cannot.
fn is_root() -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        eprintln!("not tested: only root can enter namespaces, and start SSH servers and Docker");
    }
    is_root
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_conform() {
    if !is_root() {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let here = Path::new("/proc/self/ns/net");
    let namespace = Namespace::open(here, Vec::new(), Address::Lab).expect("a namespace");
    conforms(namespace, "namespace", directory.path()).await;
}

/// A connection to a server of the machine's.
async fn ssh(servers: &Servers, directory: &Path) -> Shell {
    let ssh = Shell::by_ssh("root@inside", Some(&servers.config())).await.expect("a connection");
    ssh.at_home(directory.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_servers_conform() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let servers = Servers::configured(&machine);
    let directory = tempfile::tempdir().expect("a directory");
    conforms(ssh(&servers, directory.path()).await, "ssh", directory.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_conform() {
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let docker = Docker::start(&machine, 1);
    let container = Shell::in_container("d1", Some(&docker.host())).await.expect("a container");
    let home = docker.directory().to_owned();
    conforms(container.at_home(home.clone()), "docker", &home).await;
}

async fn sh(remote: &dyn Remote, script: &str, stdin: &[u8]) -> Output {
    remote.exec(&["sh", "-c", script], stdin, DEADLINE).await.expect("it ends")
}

async fn commands_keep_their_streams_and_exit_codes_apart(Way { name, remote, .. }: &Way) {
    let output = sh(&**remote, "cat; echo bad >&2; exit 7", b"good\n").await;
    assert_eq!(output.status.code(), Some(7), "{name}");
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"good\n"[..], &b"bad\n"[..]));
    // 255 is what ssh itself exits with, and no trailing newline is what its last word must
    // not be taken for.
    let output = sh(&**remote, "printf bad >&2; exit 255", b"").await;
    assert_eq!(output.status.code(), Some(255), "{name}");
    assert_eq!(output.stderr, b"bad", "{name}");
    let missing = remote.exec(&["no-such-program"], b"", DEADLINE).await;
    assert!(!missing.is_ok_and(|output| output.status.success()), "{name}");
}

async fn any_bytes_may_be_an_argument(Way { name, remote, .. }: &Way) {
    let bytes: Vec<u8> = (1..=u8::MAX).chain(*b"'; exit 3 #\n$(id)`id`\\'\"").collect();
    let argv = [OsStr::new("printf"), OsStr::new("%s"), OsStr::from_bytes(&bytes)];
    let job = Job { argv: &argv, input: Input::Bytes(b""), sink: Sink::Memory, deadline: DEADLINE };
    assert_eq!(remote.run(job).await.expect("it ends").stdout, bytes, "{name}");
}

async fn files_survive_the_way_there_and_back(Way { name, remote, directory }: &Way) {
    let bytes: Vec<u8> =
        (0..100_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let path = |name: &str| directory.join(name);
    fs::write(path("here"), &bytes).expect("a file");
    let start = Instant::now();
    remote.upload(&path("here"), &path("it's there"), DEADLINE).await.expect("it goes");
    let there = start.elapsed();
    remote.download(&path("it's there"), &path("back"), DEADLINE).await.expect("it returns");
    eprintln!("{name}: 100 MB there in {there:?}, and back in {:?}", start.elapsed() - there);
    assert!(fs::read(path("back")).expect("a file") == bytes, "{name}");
    // As standard input and output: neither may wait for the other.
    let part = &bytes[..12_000_000];
    assert!(sh(&**remote, "cat", part).await.stdout == part, "{name}");
    let nowhere = Path::new("/nowhere/at/all");
    assert!(remote.upload(&path("here"), nowhere, DEADLINE).await.is_err());
    assert!(remote.download(&path("nothing"), &path("back"), DEADLINE).await.is_err());
}

async fn many_commands_run_at_once(Way { name, remote, .. }: &Way) {
    let echo = async |i: u32| sh(&**remote, &format!("sleep 0.1; echo {i}"), b"").await.stdout;
    let start = Instant::now();
    let outputs = futures_util::future::join_all((0..50).map(echo)).await;
    eprintln!("{name}: 50 commands at once in {:?}", start.elapsed());
    for (i, output) in outputs.iter().enumerate() {
        assert_eq!(*output, format!("{i}\n").into_bytes(), "{name}");
    }
    let start = Instant::now();
    for _ in 0..20 {
        sh(&**remote, ":", b"").await;
    }
    eprintln!("{name}: one command in {:?}", start.elapsed() / 20);
}

async fn a_command_ends_at_its_deadline(Way { name, remote, .. }: &Way) {
    let slow = remote.exec(&["sleep", "123.25"], b"", Duration::from_secs(1)).await;
    let error = slow.expect_err("it cannot have ended").to_string();
    assert!(error.contains("did not end within 1s"), "{name}: {error}");
    let is_gone = || {
        let list = std::process::Command::new("pgrep").args(["-fx", "sleep 123.25"]).output();
        list.expect("pgrep runs").stdout.is_empty()
    };
    assert!(eventually(Duration::from_secs(10), is_gone), "{name} leaves it running");
}

async fn programs_live_on_and_are_stopped_and_killed_by_groups(
    Way { name, remote, directory }: &Way,
) {
    let log = directory.join(format!("{name}.log"));
    let argv = ["sh", "-c", "echo $COLOUR; sleep 60; :"].map(str::to_owned).into();
    let env = vec![("COLOUR".to_owned(), "it's blue".to_owned())];
    let program = Program { argv, env, log: log.clone() };
    let group = remote.spawn(&program).await.expect("it starts");
    let become_so = async |is_so: fn(&[ProcessState]) -> bool| {
        let end = Instant::now() + DEADLINE;
        loop {
            let seen = remote.processes(group).await.expect("an answer");
            if is_so(&seen) {
                return;
            }
            assert!(Instant::now() < end, "{name}: {seen:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // The shell and its child. A shell that is still starting its child (`vfork`) cannot stop.
    become_so(|them| them.len() == 2 && them.iter().all(|it| it.letter == 'S')).await;
    remote.signal(group, Signal::SIGSTOP).await.expect("a signal");
    become_so(|them| them.len() == 2 && them.iter().all(|it| it.letter == 'T')).await;
    remote.signal(group, Signal::SIGKILL).await.expect("a signal");
    become_so(<[_]>::is_empty).await;
    remote.signal(group, Signal::SIGKILL).await.expect("nobody there is no error");
    remote.collect_logs().await.expect("logs");
    assert_eq!(fs::read_to_string(&log).expect("a log"), "it's blue\n", "{name}");
    let nothing = Program { argv: vec!["no-such-program".into()], ..program };
    assert!(remote.spawn(&nothing).await.is_err(), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_an_unknown_end_and_nothing_runs_twice() {
    const CUT: &str = "echo once >>\"$1\"; p=$$
        while [ \"$(cat /proc/$p/comm)\" != sshd ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done
        kill -9 $p; sleep 1";
    if !is_root() {
        return;
    }
    let machine = Machine::new();
    let servers = Servers::configured(&machine);
    let directory = tempfile::tempdir().expect("a directory");
    let ssh = ssh(&servers, directory.path()).await;
    let file = directory.path().join("times");
    let argv = ["sh", "-c", CUT, "sh", file.to_str().expect("text")];
    let error = ssh.exec(&argv, b"", DEADLINE).await.expect_err("the connection is lost");
    assert!(error.to_string().contains("what it did is unknown"), "{error:#}");
    assert_eq!(sh(&ssh, "echo again", b"").await.stdout, b"again\n", "it connects once more");
    assert_eq!(fs::read_to_string(&file).expect("a file"), "once\n");
}
