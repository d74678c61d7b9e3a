//! Flipping a bit of a packet, with or without mending the checksum.
use super::link::Harm;

/// Where the data of an IPv4 or IPv6 packet with TCP or UDP in it begins, and where the checksum
/// over it stands; absent in any other packet, and in fragments.
fn layout(packet: &[u8]) -> Option<(usize, usize, usize)> {
    let (transport, protocol) = match packet.first()? >> 4 {
        4 => {
            let is_fragment = u16::from_be_bytes([*packet.get(6)?, *packet.get(7)?]) & 0x3fff != 0;
            let header = usize::from(packet[0] & 0xf) * 4;
            (!is_fragment).then_some((header, *packet.get(9)?))?
        }
        6 => (40, *packet.get(6)?),
        _ => return None,
    };
    match protocol {
        6 => {
            let header = usize::from(packet.get(transport + 12)? >> 4) * 4;
            Some((transport, transport + header, transport + 16))
        }
        17 => Some((transport, transport + 8, transport + 6)),
        _ => None,
    }
}

/// Flips a bit of the packet's data. A mended packet passes the receiver's checksum, any other
/// does not. Leaves alone what has no data that it knows of, and says so by `false`.
pub(super) fn harm(packet: &mut [u8], harm: Harm) -> bool {
    let Some((transport, data, checksum)) = layout(packet) else { return false };
    let Some(bits) = packet.len().checked_sub(data).map(|bytes| bytes * 8) else { return false };
    if bits == 0 {
        return false;
    }
    let bit = harm.place as usize % bits;
    let at = data + bit / 8;
    // The word of the checksum's sum that the byte is in, padded where the packet ends.
    let word = at - (at - transport) % 2;
    let before = read(packet, word);
    packet[at] ^= 1 << (bit % 8);
    if harm.is_mended {
        let after = read(packet, word);
        mend(&mut packet[checksum..checksum + 2], before, after);
    }
    true
}

fn read(packet: &[u8], word: usize) -> u16 {
    u16::from_be_bytes([packet[word], packet.get(word + 1).copied().unwrap_or(0)])
}

/// The checksum after one word of the sum has changed (RFC 1624, equation 3).
fn mend(checksum: &mut [u8], before: u16, after: u16) {
    let old = u16::from_be_bytes([checksum[0], checksum[1]]);
    let mut sum = u32::from(!old) + u32::from(!before) + u32::from(after);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    let new = !(sum as u16);
    checksum.copy_from_slice(&new.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum over a UDP packet in IPv4, with its pseudo header; 0xffff where it is right.
    fn sum(packet: &[u8]) -> u16 {
        let udp = &packet[20..];
        let mut bytes = [&packet[12..20], &[0, 17], &(udp.len() as u16).to_be_bytes()].concat();
        bytes.extend_from_slice(udp);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        let words = bytes.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
        let mut sum: u32 = words.sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum as u16
    }

    fn udp(data: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, (28 + data.len()) as u8, 0, 0, 0x40, 0, 64, 17, 0, 0];
        packet.extend([10, 89, 0, 1, 10, 89, 0, 2, 4, 1, 4, 2, 0, (8 + data.len()) as u8, 0, 0]);
        packet.extend(data);
        let checksum = !sum(&packet);
        packet[26..28].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(sum(&packet), 0xffff);
        packet
    }

    #[test]
    fn a_mended_packet_passes_its_checksum_and_another_does_not() {
        for data in [&b"odd"[..], b"even", b"some longer data, to flip bits of"] {
            for place in 0..data.len() as u32 * 8 {
                for is_mended in [true, false] {
                    let mut packet = udp(data);
                    assert!(harm(&mut packet, Harm { place, is_mended }));
                    assert_ne!(&packet[28..], data);
                    assert_eq!(sum(&packet) == 0xffff, is_mended, "{data:?} {place}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_data_is_left_alone() {
        let mut ping = udp(b"data");
        ping[9] = 1;
        let any = Harm { place: 3, is_mended: true };
        for packet in [&mut ping[..], &mut udp(b"")[..], &mut [][..], &mut [0x45][..]] {
            let before = packet.to_vec();
            assert!(!harm(packet, any));
            assert_eq!(packet, before);
        }
    }
}
