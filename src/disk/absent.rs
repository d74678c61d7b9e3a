//! Where netsplit is built without FUSE.
use std::{io, path::Path, sync::Arc};

use super::Platter;

/// A disk that is mounted: there is none.
pub(super) enum Session {}

/// Says that it cannot.
pub(super) fn mount(_: Arc<Platter>, _: &Path) -> io::Result<Session> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this netsplit has no feature `disk`"))
}
