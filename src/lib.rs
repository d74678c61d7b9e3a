//! netsplit: the controller.
pub mod exit;
pub mod report;
pub mod result;
