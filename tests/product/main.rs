//! The product, as those who use it run it, and the rules of its house.
//!
//! One program: it is linked once, and while tests of one file wait, those of others run.
mod cli;
mod clock;
mod docker;
mod end_to_end;
mod etcd;
mod faults;
mod formats;
mod heal;
mod lease;
mod noop;
mod remote;
mod report;
mod ssh;
mod stored;
mod streaming;
mod support;
mod tidy;
