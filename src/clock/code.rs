//! The machine code that stands in for the vDSO's: it asks the kernel for the time, and answers
//! with what the skew makes of it. It lies in the unused end of the vDSO, as it is, at any address.
use super::skew::Skew;

/// The code, and where in it things are.
pub(super) struct Code {
    pub(super) bytes: Vec<u8>,
    /// What each function of the vDSO is to jump to.
    pub(super) entries: [(&'static str, usize); 3],
}

/// The code for this skew; none for this architecture where there is none.
pub(super) fn code(skew: &Skew) -> Option<Code> {
    assembled().map(|(mut bytes, skew_at, [clock_gettime, gettimeofday, time])| {
        let Skew { base_ns, offset_ns, delta_ns, period_ns, .. } = *skew;
        let words = [base_ns, offset_ns, skew.rate_q32(), delta_ns, period_ns];
        for (at, word) in words.iter().enumerate() {
            bytes[skew_at + at * 8..][..8].copy_from_slice(&word.to_le_bytes());
        }
        let entries = [
            ("__vdso_clock_gettime", clock_gettime),
            ("__vdso_gettimeofday", gettimeofday),
            ("__vdso_time", time),
        ];
        Code { bytes, entries }
    })
}

/// The code without a skew, where the skew's words go, and where its functions are.
#[cfg(not(target_arch = "x86_64"))]
fn assembled() -> Option<(Vec<u8>, usize, [usize; 3])> {
    None
}

/// The code without a skew, where the skew's words go, and where its functions are.
#[cfg(target_arch = "x86_64")]
fn assembled() -> Option<(Vec<u8>, usize, [usize; 3])> {
    let [start, end, skew, clock_gettime, gettimeofday, time] = [
        &raw const x86_64::netsplit_clock_start,
        &raw const x86_64::netsplit_clock_end,
        &raw const x86_64::netsplit_clock_skew,
        &raw const x86_64::netsplit_clock_gettime,
        &raw const x86_64::netsplit_gettimeofday,
        &raw const x86_64::netsplit_time,
    ]
    .map(|symbol| symbol as usize);
    #[expect(unsafe_code, reason = "the bytes between two labels of one piece of assembly")]
    let bytes = unsafe { std::slice::from_raw_parts(start as *const u8, end - start) };
    let entries = [clock_gettime, gettimeofday, time].map(|entry| entry - start);
    Some((bytes.to_vec(), skew - start, entries))
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "assembly; it is only read here, and run where it is put")]
mod x86_64 {
    // Clocks 0, 5, 8 and 11 are the wall clock: CLOCK_REALTIME, _COARSE, _ALARM, and CLOCK_TAI.
    core::arch::global_asm!(
        r#"
    .pushsection .rodata.netsplit_clock, "a"
    .balign 16
    .globl netsplit_clock_start, netsplit_clock_end, netsplit_clock_skew
    .globl netsplit_clock_gettime, netsplit_gettimeofday, netsplit_time
netsplit_clock_start:
netsplit_clock_skew:
    .quad 0, 0, 0, 0, 0               # base, offset, rate, delta, period

netsplit_clock_gettime:               # edi: clock, rsi: timespec
    mov eax, 228
    syscall
    test eax, eax
    jnz 9f
    cmp edi, 31
    ja 9f
    mov ecx, 0x921
    bt ecx, edi
    jnc 9f
    mov r9, qword ptr [rsi]
    imul r9, r9, 1000000000
    add r9, qword ptr [rsi + 8]       # r9: the true time
    mov r8, r9
    sub r9, qword ptr [rip + netsplit_clock_skew]        # r9: since the base
    add r8, qword ptr [rip + netsplit_clock_skew + 8]    # r8: what the clock shows
    mov rax, r9
    imul qword ptr [rip + netsplit_clock_skew + 16]
    shrd rax, rdx, 32
    add r8, rax
    mov rcx, qword ptr [rip + netsplit_clock_skew + 32]
    test rcx, rcx
    jz 2f
    mov rax, r9
    cqo
    idiv rcx
    test al, 1
    jnz 2f
    add r8, qword ptr [rip + netsplit_clock_skew + 24]
2:  test r8, r8
    jns 3f
    xor r8d, r8d
3:  mov rax, r8
    xor edx, edx
    mov ecx, 1000000000
    div rcx
    mov qword ptr [rsi], rax
    mov qword ptr [rsi + 8], rdx
    xor eax, eax
9:  ret

netsplit_gettimeofday:                # rdi: timeval, rsi: timezone
    test rsi, rsi
    jz 2f
    mov qword ptr [rsi], 0
2:  test rdi, rdi
    jz 3f
    push rdi
    mov rsi, rdi
    xor edi, edi
    call netsplit_clock_gettime
    pop rdi
    mov rax, qword ptr [rdi + 8]
    xor edx, edx
    mov ecx, 1000
    div rcx
    mov qword ptr [rdi + 8], rax
3:  xor eax, eax
    ret

netsplit_time:                        # rdi: time_t
    push rdi
    sub rsp, 16
    mov rsi, rsp
    mov edi, 5
    call netsplit_clock_gettime
    mov rax, qword ptr [rsp]
    add rsp, 16
    pop rdi
    test rdi, rdi
    jz 4f
    mov qword ptr [rdi], rax
4:  ret
netsplit_clock_end:
    .popsection
"#
    );
    unsafe extern "C" {
        pub(super) static netsplit_clock_start: u8;
        pub(super) static netsplit_clock_end: u8;
        pub(super) static netsplit_clock_skew: u8;
        pub(super) static netsplit_clock_gettime: u8;
        pub(super) static netsplit_gettimeofday: u8;
        pub(super) static netsplit_time: u8;
    }
}
