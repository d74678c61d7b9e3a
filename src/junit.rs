//! `junit.xml`: a run as a test suite, a property as a test case, for CI systems.
use std::time::Duration;

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::result::{PropertyStatus, Reason, RunResult};

/// Renders a result. A violation is a `failure`; what nobody could tell, and what never ran, is an
/// `error` with its type.
///
/// # Errors
/// When the XML cannot be written.
pub fn render(result: &RunResult) -> Result<String> {
    let mut suite = TestSuite::new(format!("{}/{}", result.system.name, result.workload.name));
    suite.add_property(("run_id", result.run.id.as_str()));
    suite.add_property(("reproduce", result.run.reproduce.as_str()));
    if let Some(seed) = result.run.seed {
        suite.add_property(("seed", seed.to_string().as_str()));
    }
    for property in &result.properties {
        let status = match property.status {
            PropertyStatus::Pass => TestCaseStatus::success(),
            PropertyStatus::Fail => {
                not_passed(NonSuccessKind::Failure, "violation", &property.message)
            }
            PropertyStatus::Unknown => {
                not_passed(NonSuccessKind::Error, "inconclusive", &property.message)
            }
        };
        suite.add_test_case(case(result, &property.id, status));
    }
    if result.properties.is_empty() {
        let kind = match result.verdict.reason {
            Reason::Internal => "internal",
            _ => "infrastructure",
        };
        let status = not_passed(NonSuccessKind::Error, kind, &result.verdict.summary);
        suite.add_test_case(case(result, "run", status));
    }
    let mut report = Report::new("netsplit");
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}

fn not_passed(kind: NonSuccessKind, name: &str, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(name).set_message(message);
    status
}

fn case(result: &RunResult, id: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(id, status);
    let faults: Vec<&str> = result.faults.iter().map(|f| f.fault.as_str()).collect();
    case.set_classname(format!("{}.{}", result.workload.name, unique(&faults).join("+")));
    case.set_time(Duration::from_nanos(result.stats.duration_ns));
    case
}

fn unique<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { vec!["none"] } else { names }
}
