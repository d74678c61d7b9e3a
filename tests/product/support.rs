//! What tests of runs need: the program, machines within the machine, and servers on them.
pub(crate) mod docker;
pub(crate) mod harness;
pub(crate) mod machine;
pub(crate) mod sshd;
pub(crate) mod vdso;
