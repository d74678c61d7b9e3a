//! TUN devices: a network interface whose packets a program reads and writes.
use std::{
    fs::File,
    io,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
};

use nix::libc;

const PATH: &str = "/dev/net/tun";

mod ioctl {
    use nix::libc;

    // From linux/if_tun.h; its argument is a pointer, whatever the number's size field says.
    nix::ioctl_write_ptr_bad!(
        set_interface,
        nix::request_code_write!(b'T', 202, size_of::<libc::c_int>()),
        libc::ifreq
    );
}

/// Whether devices can be made here.
///
/// # Errors
/// When the kernel's TUN driver is missing, or may not be used.
pub fn attempt() -> io::Result<()> {
    open().map(drop)
}

fn open() -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(PATH)
}

/// Makes a device of this name in the network namespace of the calling thread. It is there as long
/// as the file is open; reading gives IP packets that leave by it, one each, and does not block.
///
/// # Errors
/// When the kernel refuses.
pub fn device(name: &str) -> io::Result<File> {
    let file = open()?;
    #[expect(unsafe_code, reason = "a plain C structure, for which zero is a value")]
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= request.ifr_name.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a device's name is too long"));
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    #[expect(unsafe_code, reason = "the kernel reads one structure that outlives the call")]
    unsafe {
        ioctl::set_interface(file.as_raw_fd(), &raw const request)?;
    }
    Ok(file)
}
