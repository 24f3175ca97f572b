/*
 * Start-up for qemu-system-xtensa -M sim -cpu dc233c: the reset vector, the six window vectors and the exception that
 * the windowed ABI needs, and the two simulator calls that programs make. Any other exception ends the run with exit
 * code 99.
 */
    .section .reset, "ax"
    .global _reset
_reset:
    j       1f
    .align  4
.Lvecbase:
    .4byte  _vectors
.Lps:
    .4byte  0x00040020      /* WOE, UM; EXCM and INTLEVEL 0 */
.Lstack:
    .4byte  _stack_top
.Lmain:
    .4byte  sim_main
1:  movi    a0, 0
    wsr     a0, intenable
    wsr     a0, windowbase
    rsync
    movi    a0, 1
    wsr     a0, windowstart
    rsync
    l32r    a0, .Lvecbase
    wsr     a0, vecbase
    l32r    a0, .Lps
    wsr     a0, ps
    rsync
    l32r    a1, .Lstack
    movi    a0, 0
    l32r    a4, .Lmain
    callx4  a4                  /* does not return: retw cannot reach this gigabyte */

    .section .vectors, "ax"
    .global _vectors
_vectors:
    .org    0x000           /* overflow of 4 registers */
    s32e    a0, a5, -16
    s32e    a1, a5, -12
    s32e    a2, a5, -8
    s32e    a3, a5, -4
    rfwo
    .org    0x040           /* underflow of 4 */
    l32e    a0, a5, -16
    l32e    a1, a5, -12
    l32e    a2, a5, -8
    l32e    a3, a5, -4
    rfwu
    .org    0x080           /* overflow of 8 */
    s32e    a0, a9, -16
    l32e    a0, a1, -12
    s32e    a1, a9, -12
    s32e    a2, a9, -8
    s32e    a3, a9, -4
    s32e    a4, a0, -32
    s32e    a5, a0, -28
    s32e    a6, a0, -24
    s32e    a7, a0, -20
    rfwo
    .org    0x0c0           /* underflow of 8 */
    l32e    a0, a9, -16
    l32e    a1, a9, -12
    l32e    a2, a9, -8
    l32e    a7, a1, -12
    l32e    a3, a9, -4
    l32e    a4, a7, -32
    l32e    a5, a7, -28
    l32e    a6, a7, -24
    l32e    a7, a7, -20
    rfwu
    .org    0x100           /* overflow of 12 */
    s32e    a0, a13, -16
    l32e    a0, a1, -12
    s32e    a1, a13, -12
    s32e    a2, a13, -8
    s32e    a3, a13, -4
    s32e    a4, a0, -48
    s32e    a5, a0, -44
    s32e    a6, a0, -40
    s32e    a7, a0, -36
    s32e    a8, a0, -32
    s32e    a9, a0, -28
    s32e    a10, a0, -24
    s32e    a11, a0, -20
    rfwo
    .org    0x140           /* underflow of 12 */
    l32e    a0, a13, -16
    l32e    a1, a13, -12
    l32e    a2, a13, -8
    l32e    a11, a1, -12
    l32e    a3, a13, -4
    l32e    a4, a11, -48
    l32e    a5, a11, -44
    l32e    a6, a11, -40
    l32e    a7, a11, -36
    l32e    a8, a11, -32
    l32e    a9, a11, -28
    l32e    a10, a11, -24
    l32e    a11, a11, -20
    rfwu
    .org    0x300           /* kernel, user and double exceptions */
    j       fault
    .org    0x340
    wsr     a0, excsave1
    rsr     a0, exccause
    beqi    a0, 5, alloca
    j       fault
    .org    0x3c0
    j       fault
/*
 * MOVSP with the caller's registers spilled: reload them as a window underflow would, which also returns to the
 * instruction (Xtensa ISA, "The windowed register option"; as FreeRTOS' port does it on the ESP32).
 */
alloca:
    rsr     a0, windowbase
    rotw    -1                  /* the window's base is in a4 now */
    rsr     a2, ps
    extui   a3, a2, 8, 4        /* OWB */
    xor     a3, a3, a4
    rsr     a4, excsave1        /* what a0 was */
    slli    a3, a3, 8
    xor     a2, a2, a3
    wsr     a2, ps              /* OWB is the present base */
    rsync
    bbsi    a4, 31, 1f
    j       _vectors + 0x040
1:  rotw    -1                  /* a0 is in a8 now */
    bbsi    a8, 30, 2f
    j       _vectors + 0x0c0
2:  rotw    -1
    j       _vectors + 0x140
fault:
    movi    a2, 1
    movi    a3, 99
    .byte   0x00, 0x51, 0x00

    .text
    .align  4
    .global sim_exit        /* void sim_exit(int code) */
sim_exit:
    entry   a1, 32
    mov     a3, a2
    movi    a2, 1
    .byte   0x00, 0x51, 0x00 /* simcall */

    .align  4
    .global sim_write       /* int sim_write(int fd, const void *bytes, int count) */
sim_write:
    entry   a1, 32
    mov     a5, a4
    mov     a4, a3
    mov     a3, a2
    movi    a2, 4
    .byte   0x00, 0x51, 0x00
    retw

    .align  4
    .global sim_ccount      /* uint32_t sim_ccount(void) */
sim_ccount:
    entry   a1, 16
    rsr     a2, ccount
    retw

    .align  4
    .global sim_multiplies  /* uint32_t sim_multiplies(void): multiply-high instructions replaced so far */
sim_multiplies:
    entry   a1, 16
    rsr     a2, misc0
    retw
