//! The house rules that neither compiler nor linter knows.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::{DependencyKind, MetadataCommand};
use syn::{spanned::Spanned, visit::Visit};

const FUNCTION_LINES_MAX: usize = 70;
const TOP_LEVEL: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "checkers",
    "results",
    "src",
    "tests",
    "workloads",
];

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Every file that git tracks, or would.
fn files() -> Vec<PathBuf> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().expect("git");
    let text = String::from_utf8(output.stdout).expect("names are text");
    text.lines().map(|line| root().join(line)).filter(|path| path.is_file()).collect()
}

fn sources() -> impl Iterator<Item = (PathBuf, String)> {
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|e| e == "rs");
    files().into_iter().filter(is_rust).map(|path| {
        let text = fs::read_to_string(&path).expect("a source file");
        (path, text)
    })
}

#[test]
fn the_top_level_is_fixed() {
    let names = files().into_iter().map(|path| {
        let below = path.strip_prefix(root()).expect("below the root").to_owned();
        below.iter().next().expect("a name").to_string_lossy().into_owned()
    });
    let visible: BTreeSet<String> = names.filter(|name| !name.starts_with('.')).collect();
    let allowed = BTreeSet::from(TOP_LEVEL.map(String::from));
    assert!(visible.is_subset(&allowed), "{:?}", visible.difference(&allowed));
}

#[test]
fn arrows_only_point_downwards() {
    // What each floor may not stand on.
    let forbidden: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "checkers",
            &["tokio", "rand", "rand_chacha", "workloads", "netsplit", "nix", "hyper"][..],
        ),
        ("workloads", &["tokio", "netsplit", "nix", "hyper"]),
    ]);
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    for (floor, names) in forbidden {
        let package = metadata.packages.iter().find(|p| *p.name == floor).expect("a floor");
        let real = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        for dependency in real {
            assert!(!names.contains(&&*dependency.name), "{floor} stands on {}", dependency.name);
        }
    }
}

#[test]
fn forbidden_calls_are_forbidden() {
    // The lists exist and clippy enforces them; see `clippy_is_silent`.
    for floor in ["checkers", "workloads"] {
        let text = fs::read_to_string(root().join(floor).join(".clippy.toml")).expect("a list");
        for call in ["Instant::now", "fs::read", "process::Command", "TcpStream::connect"] {
            assert!(text.contains(call), "{floor} may call {call}");
        }
    }
}

/// Finds functions that are too long.
struct Lengths {
    long: Vec<(String, usize)>,
}

impl Lengths {
    fn look(&mut self, name: &syn::Ident, block: &syn::Block) {
        let span = block.span();
        let lines = span.end().line - span.start().line + 1;
        if lines > FUNCTION_LINES_MAX {
            self.long.push((name.to_string(), lines));
        }
    }
}

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.look(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }
    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.look(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }
}

#[test]
fn functions_fit_on_a_screen() {
    let mut count = 0;
    for (path, text) in sources() {
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut lengths = Lengths { long: Vec::new() };
        lengths.visit_file(&file);
        assert!(lengths.long.is_empty(), "{}: {:?}", path.display(), lengths.long);
        count += 1;
    }
    assert!(count > 50, "only {count} files were looked at");
}

#[test]
fn every_implementation_is_in_its_list() {
    for list in ["src/system", "src/nemesis", "workloads/src"] {
        let (index, folder) = match list {
            "workloads/src" => (root().join("workloads/src/lib.rs"), root().join(list)),
            _ => (root().join(format!("{list}.rs")), root().join(list)),
        };
        let index = fs::read_to_string(index).expect("a list");
        let mut found = 0;
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if text.contains("const ENTRY: Entry") {
                let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                assert!(index.contains(&format!("{name}::ENTRY")), "{name} is not in {list}");
                found += 1;
            }
        }
        assert!(found >= 2, "{list}: {found}");
    }
}

#[test]
fn every_command_of_the_readme_is_tested() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let files = fs::read_dir(root().join("tests/product")).expect("tests");
    let files = files.map(|file| file.expect("a file").path()).filter(|path| path.is_file());
    let tests: String = files.map(|path| fs::read_to_string(path).expect("a test")).collect();
    let is_command = |line: &&str| line.starts_with("netsplit ") || line.starts_with("cargo run ");
    let commands: Vec<&str> = readme.lines().map(str::trim).filter(is_command).collect();
    assert!(commands.len() >= 8, "{commands:?}");
    let ci = fs::read_to_string(root().join(".ci/run")).expect("CI").replace(" --locked", "");
    for command in commands {
        let is_tested = tests.contains(&format!("readme(\"{command}\")"));
        assert!(is_tested || ci.contains(command), "no test runs `{command}`");
    }
}

#[test]
fn ci_runs_the_readmes_test_command() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    let ci = fs::read_to_string(root().join(".ci/run")).expect("CI");
    assert!(
        readme.contains("cargo test --workspace") && ci.contains("cargo test --locked --workspace")
    );
}

fn cargo(arguments: &[&str]) {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_code_is_formatted() {
    cargo(&["fmt", "--all", "--check"]);
}

#[test]
fn clippy_is_silent() {
    cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]);
}

/// Words that would tell where this was written rather than what it does.
#[test]
fn the_repository_speaks_of_the_product_alone() {
    let home = ["/ro", "ot/"].concat();
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let is_lock = path.file_name().is_some_and(|n| n == "Cargo.lock");
        assert!(is_lock || !text.contains(&home), "{} names a home", path.display());
    }
    assert!(Path::new(&root()).join("LICENSE-MIT").is_file());
}
