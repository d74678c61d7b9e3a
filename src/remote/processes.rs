//! Processes as `/proc/PID/stat` tells of them.
use super::ProcessState;

/// The process in a line of that file, if it lives and belongs to this group.
pub(super) fn in_group(stat: &str, group: i32) -> Option<ProcessState> {
    let (pid, letter, its_group) = parse(stat)?;
    (its_group == group && !"ZX".contains(letter)).then_some(ProcessState { pid, letter })
}

/// Id, state and group. The second field is a name in parentheses that may hold anything.
fn parse(stat: &str) -> Option<(i32, char, i32)> {
    let (start, rest) = stat.rsplit_once(')')?;
    let pid = start.split_once(' ')?.0.parse().ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let letter = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    Some((pid, letter, group))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_may_be_called_anything() {
        let stat = "812 (a) T 9 (b) S 1 800 800 0 -1";
        assert_eq!(super::parse(stat), Some((812, 'S', 800)));
    }
}
