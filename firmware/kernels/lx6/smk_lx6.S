/*
 * Inner loops for the ESP32's LX6, on its 16-bit multiply-accumulator (MAC16). Declared and explained in smk_lx6.h.
 * Windowed ABI; syntax of GNU as and of llvm-mc.
 *
 * One `mula.dd.*.ldinc` multiplies and accumulates while it loads a register for later: the multiplication sees the
 * registers as they were before the load. A loaded register is used three instructions later, which is the distance
 * the LX6 needs to load without a stall.
 */

/* Offsets in smk_lx6_channel_t. */
#define A_X 0
#define A_WEIGHTS 4
#define A_OUTPUT 8
#define A_BIAS 12
#define A_MULTIPLIER 16
#define A_NUDGE 20
#define A_SHIFT 24
#define A_LOOPS 28
#define A_STEP 32
#define A_PIXELS 36
#define A_LINES 40
#define A_LOW 44
#define A_HIGH 48
#define A_ROW_JUMP 52
#define A_PIXEL_JUMP 56
#define A_LINE_STEP 60
#define A_WEIGHT_BYTES 64

/*
 * Four multiply-accumulates. Activations x0.. are in the halves of m0, m1; weights in those of m2, m3, one half later:
 * m2 = (w[-1], w0), m3 = (w1, w2), and m2 again = (w3, w4), so that the four registers end in turn.
 */
#define MAC_0(w)  mula.dd.lh.ldinc m2, w, m0, m2
#define MAC_1(x)  mula.dd.hl.ldinc m0, x, m0, m3
#define MAC_2(w)  mula.dd.lh.ldinc m3, w, m1, m3
#define MAC_3(x)  mula.dd.hl.ldinc m1, x, m1, m2

/*
 * acc: the doubled accumulator. high = round(acc * multiplier / 2^32), then / 2^shift with halves away from zero plus
 * the zero point (both in `nudge`). SAR holds the shift.
 */
#define RESCALE(acc, high, multiplier, nudge) \
    mulsh   high, acc, multiplier; \
    mull    acc, acc, multiplier; \
    extui   acc, acc, 31, 1; \
    add     high, high, acc; \
    srai    acc, high, 31; \
    add     high, high, acc; \
    add     high, high, nudge; \
    sra     high, high

#define CLAMP_INT8(value, temporary) \
    clamps  value, value, 7

#define CLAMP_RANGE(value, temporary) \
    l32i    temporary, a1, 0; \
    max     value, value, temporary; \
    l32i    temporary, a1, 4; \
    min     value, value, temporary

/* For conv1, which has two registers left. */
#define CLAMP_REGISTERS(value, temporary) \
    max     value, value, a10; \
    min     value, value, a2

    .text

/* void smk_lx6_widen(const int8_t *from, void *to, int32_t quads) */
    .align  4
    .global smk_lx6_widen
    .type   smk_lx6_widen, @function
smk_lx6_widen:
    entry   a1, 32
    extui   a5, a2, 0, 2
    bnez    a5, .Lwiden_bytes
    movi    a5, 0x80
    slli    a6, a5, 8
    or      a5, a5, a6
    slli    a6, a5, 16
    or      a5, a5, a6              /* 0x80808080 */
    movi    a6, 0xff
    slli    a7, a6, 16
    or      a6, a6, a7              /* 0x00ff00ff */
    loopnez a4, .Lwiden_end
    l32i    a8, a2, 0
    addi    a2, a2, 4
    xor     a8, a8, a5
    and     a9, a8, a6
    slli    a9, a9, 1
    s32i    a9, a3, 0
    srli    a8, a8, 8
    and     a8, a8, a6
    slli    a8, a8, 1
    s32i    a8, a3, 4
    addi    a3, a3, 8
.Lwiden_end:
    retw
.Lwiden_bytes:
    movi    a5, 0x80
    loopnez a4, .Lwiden_bytes_end
    l8ui    a6, a2, 0
    l8ui    a7, a2, 1
    l8ui    a8, a2, 2
    l8ui    a9, a2, 3
    xor     a6, a6, a5
    xor     a7, a7, a5
    xor     a8, a8, a5
    xor     a9, a9, a5
    slli    a6, a6, 1
    slli    a7, a7, 1
    slli    a8, a8, 1
    slli    a9, a9, 1
    s16i    a6, a3, 0
    s16i    a8, a3, 2
    s16i    a7, a3, 4
    s16i    a9, a3, 6
    addi    a2, a2, 4
    addi    a3, a3, 8
.Lwiden_bytes_end:
    retw

/* void smk_lx6_fill(void *to, int32_t word, int32_t words) */
    .align  4
    .global smk_lx6_fill
    .type   smk_lx6_fill, @function
smk_lx6_fill:
    entry   a1, 32
    loopnez a4, .Lfill_end
    s32i    a3, a2, 0
    addi    a2, a2, 4
.Lfill_end:
    retw

/* void smk_lx6_unpack(const int32_t *from, void *to, int32_t quads) */
    .align  4
    .global smk_lx6_unpack
    .type   smk_lx6_unpack, @function
smk_lx6_unpack:
    entry   a1, 32
    movi    a5, 0xff
    slli    a6, a5, 16
    or      a5, a5, a6              /* 0x00ff00ff */
    movi    a6, 0x7f
    slli    a7, a6, 16
    or      a6, a6, a7              /* 0x007f007f */
    srli    a10, a4, 1
    loopnez a10, .Lunpack_end
    l32i    a7, a2, 0
    l32i    a9, a2, 4
    and     a8, a7, a5
    sub     a8, a8, a6
    s32i    a8, a3, 0
    srli    a7, a7, 8
    and     a7, a7, a5
    sub     a7, a7, a6
    s32i    a7, a3, 4
    and     a8, a9, a5
    sub     a8, a8, a6
    s32i    a8, a3, 8
    srli    a9, a9, 8
    and     a9, a9, a5
    sub     a9, a9, a6
    s32i    a9, a3, 12
    addi    a2, a2, 8
    addi    a3, a3, 16
.Lunpack_end:
    bbci    a4, 0, .Lunpack_even
    l32i    a7, a2, 0
    and     a8, a7, a5
    sub     a8, a8, a6
    s32i    a8, a3, 0
    srli    a7, a7, 8
    and     a7, a7, a5
    sub     a7, a7, a6
    s32i    a7, a3, 4
.Lunpack_even:
    retw

/*
 * a2 pixel jump, a3 x, a4 weights, a5 output, a6 bias, a7 multiplier, a8 nudge, a9 loops, a10 row jump, a11 step,
 * a12 end of the line's outputs, a13 and a15 temporary, a14 start of the weights, a0 line start.
 */
#define CONV_PROLOGUE \
    s32i    a0, a1, 8; \
    l32i    a4, a2, A_WEIGHTS; \
    l32i    a15, a2, A_WEIGHT_BYTES; \
    addi    a4, a4, -4; \
    add     a13, a4, a15; \
    addi    a13, a13, -4; \
    ldinc   m2, a13; \
    mov     a14, a4; \
    ldinc   m3, a4; \
    l32i    a13, a2, A_LOW; \
    s32i    a13, a1, 0; \
    l32i    a13, a2, A_HIGH; \
    s32i    a13, a1, 4; \
    l32i    a13, a2, A_SHIFT; \
    ssr     a13; \
    l32i    a5, a2, A_OUTPUT; \
    l32i    a6, a2, A_BIAS; \
    l32i    a7, a2, A_MULTIPLIER; \
    l32i    a8, a2, A_NUDGE; \
    l32i    a9, a2, A_LOOPS; \
    l32i    a11, a2, A_STEP

#define CONV_1(name, CLAMP) \
    .align  4; \
    .global name; \
    .type   name, @function; \
name: \
    entry   a1, 48; \
    CONV_PROLOGUE; \
    l32i    a12, a2, A_PIXELS; \
    mull    a12, a12, a11; \
    add     a12, a12, a5; \
    l32i    a3, a2, A_X; \
    addi    a3, a3, -4; \
    ldinc   m0, a3; \
    ldinc   m1, a3; \
    l32i    a10, a2, A_LOW; \
    l32i    a2, a2, A_HIGH; \
.Lpixel_##name: \
    wsr     a6, acclo; \
    loopnez a9, .Lend_##name; \
    MAC_0(a4); \
    MAC_1(a3); \
    MAC_2(a4); \
    MAC_3(a3); \
.Lend_##name: \
    MAC_0(a4); \
    mov     a4, a14; \
    MAC_1(a3); \
    MAC_2(a4); \
    MAC_3(a3); \
    rsr     a15, acclo; \
    RESCALE(a15, a13, a7, a8); \
    CLAMP(a13, a15); \
    s8i     a13, a5, 0; \
    add     a5, a5, a11; \
    bne     a5, a12, .Lpixel_##name; \
    l32i    a0, a1, 8; \
    retw

#define CONV_ROW(name, row) \
    loopnez a9, .Lend##row##_##name; \
    MAC_0(a4); \
    MAC_1(a3); \
    MAC_2(a4); \
    MAC_3(a3); \
.Lend##row##_##name: \
    MAC_0(a4); \
    add     a3, a3, a10; \
    MAC_1(a3); \
    MAC_2(a4); \
    MAC_3(a3)

#define CONV_3(name, CLAMP) \
    .align  4; \
    .global name; \
    .type   name, @function; \
name: \
    entry   a1, 48; \
    CONV_PROLOGUE; \
    l32i    a10, a2, A_ROW_JUMP; \
    l32i    a13, a2, A_LINES; \
    s32i    a13, a1, 12; \
    s32i    a2, a1, 16; \
    l32i    a0, a2, A_X; \
    addi    a0, a0, -4; \
.Lline_##name: \
    l32i    a13, a2, A_PIXELS; \
    mull    a13, a13, a11; \
    add     a12, a13, a5; \
    mov     a3, a0; \
    ldinc   m0, a3; \
    ldinc   m1, a3; \
    l32i    a2, a2, A_PIXEL_JUMP; \
.Lpixel_##name: \
    wsr     a6, acclo; \
    CONV_ROW(name, 1); \
    CONV_ROW(name, 2); \
    loopnez a9, .Lend3_##name; \
    MAC_0(a4); \
    MAC_1(a3); \
    MAC_2(a4); \
    MAC_3(a3); \
.Lend3_##name: \
    MAC_0(a4); \
    add     a3, a3, a2; \
    MAC_1(a3); \
    mov     a4, a14; \
    MAC_2(a4); \
    MAC_3(a3); \
    rsr     a15, acclo; \
    RESCALE(a15, a13, a7, a8); \
    CLAMP(a13, a15); \
    s8i     a13, a5, 0; \
    add     a5, a5, a11; \
    sub     a15, a5, a12; \
    bnez    a15, .Lpixel_##name; \
    l32i    a2, a1, 16; \
    l32i    a13, a2, A_LINE_STEP; \
    add     a0, a0, a13; \
    l32i    a13, a1, 12; \
    addi    a13, a13, -1; \
    s32i    a13, a1, 12; \
    bnez    a13, .Lline_##name; \
    l32i    a0, a1, 8; \
    retw

CONV_1(smk_lx6_conv1, CLAMP_INT8)
CONV_1(smk_lx6_conv1_range, CLAMP_REGISTERS)
CONV_3(smk_lx6_conv3, CLAMP_INT8)
CONV_3(smk_lx6_conv3_range, CLAMP_RANGE)

/* void smk_lx6_plane(const int8_t *from, void *to, int32_t count, int32_t step, int32_t rows, int32_t gap) */
    .align  4
    .global smk_lx6_plane
    .type   smk_lx6_plane, @function
smk_lx6_plane:
    entry   a1, 32
    srli    a12, a4, 2
    extui   a13, a4, 0, 2
.Lplane_row:
    loopnez a12, .Lplane_end
    l8ui    a8, a2, 0
    add     a2, a2, a5
    l8ui    a9, a2, 0
    add     a2, a2, a5
    l8ui    a10, a2, 0
    add     a2, a2, a5
    l8ui    a11, a2, 0
    add     a2, a2, a5
    sext    a8, a8, 7
    s16i    a8, a3, 0
    sext    a9, a9, 7
    s16i    a9, a3, 2
    sext    a10, a10, 7
    s16i    a10, a3, 4
    sext    a11, a11, 7
    s16i    a11, a3, 6
    addi    a3, a3, 8
.Lplane_end:
    loopnez a13, .Lplane_rest
    l8ui    a8, a2, 0
    add     a2, a2, a5
    sext    a8, a8, 7
    s16i    a8, a3, 0
    addi    a3, a3, 2
.Lplane_rest:
    add     a3, a3, a7
    addi    a6, a6, -1
    bnez    a6, .Lplane_row
    retw

/*
 * Depthwise 3x3: a2, a3, a4 one word before the next load of the three rows, a5 output, a6 bias, a7 multiplier,
 * a8 nudge, a9..a13 weights (w0 w1), (w2 w3), (w4 w5), (w6 w7), (w8 0), a0 step, a14 and a15 temporary.
 * m0, m1 hold two words of the first row at the start of each pair.
 */
#define DW_EVEN_9 \
    mula.da.ll.ldinc m2, a3, m0, a9; \
    mula.da.hh.ldinc m3, a3, m0, a9; \
    mula.da.ll.ldinc m0, a4, m1, a10; \
    mula.ad.hl a10, m2; \
    mula.ad.lh a11, m2; \
    mula.da.ll.ldinc m1, a4, m0, a12; \
    mula.ad.hl a11, m3

#define DW_OUTPUT(CLAMP) \
    rsr     a15, acclo; \
    RESCALE(a15, a14, a7, a8); \
    CLAMP(a14, a15); \
    s8i     a14, a5, 0; \
    add     a5, a5, a0

#define DW_LINE(name) \
    l32i    a15, a1, 16; \
    l32i    a2, a1, 12; \
    l32i    a14, a15, A_LINE_STEP; \
    add     a14, a14, a2; \
    s32i    a14, a1, 12; \
    l32i    a14, a15, A_ROW_JUMP; \
    add     a3, a2, a14; \
    add     a4, a3, a14; \
    l32i    a14, a15, A_LOOPS; \
    mull    a14, a14, a0; \
    add     a14, a14, a5; \
    s32i    a14, a1, 20; \
    ldinc   m0, a2; \
    ldinc   m1, a2

#define DW_PROLOGUE \
    s32i    a0, a1, 8; \
    s32i    a2, a1, 16; \
    l32i    a13, a2, A_LOW; \
    s32i    a13, a1, 0; \
    l32i    a13, a2, A_HIGH; \
    s32i    a13, a1, 4; \
    l32i    a13, a2, A_X; \
    addi    a13, a13, -4; \
    s32i    a13, a1, 12; \
    l32i    a13, a2, A_LINES; \
    s32i    a13, a1, 24; \
    l32i    a13, a2, A_SHIFT; \
    ssr     a13; \
    l32i    a5, a2, A_OUTPUT; \
    l32i    a6, a2, A_BIAS; \
    l32i    a7, a2, A_MULTIPLIER; \
    l32i    a8, a2, A_NUDGE; \
    l32i    a0, a2, A_STEP; \
    l32i    a14, a2, A_WEIGHTS; \
    l32i    a9, a14, 0; \
    l32i    a10, a14, 4; \
    l32i    a11, a14, 8; \
    l32i    a12, a14, 12; \
    l32i    a13, a14, 16

#define DW_EPILOGUE(name) \
    l32i    a14, a1, 24; \
    addi    a14, a14, -1; \
    s32i    a14, a1, 24; \
    bnez    a14, .Lline_##name; \
    l32i    a0, a1, 8; \
    retw

/* Stride 1: an even and an odd pixel in turn; A_LOOPS pixels are in pairs, A_PIXELS & 1 remain. */
#define DEPTHWISE_1(name, CLAMP) \
    .align  4; \
    .global name; \
    .type   name, @function; \
name: \
    entry   a1, 64; \
    DW_PROLOGUE; \
.Lline_##name: \
    DW_LINE(name); \
    sub     a14, a14, a5; \
    beqz    a14, .Lrest_##name; \
.Lpair_##name: \
    wsr     a6, acclo; \
    DW_EVEN_9; \
    mula.da.hh m0, a12; \
    mula.da.ll m1, a13; \
    DW_OUTPUT(CLAMP); \
    wsr     a6, acclo; \
    mula.da.hl.lddec m0, a2, m0, a12; \
    mula.ad.hh a10, m2; \
    mula.da.lh m1, a12; \
    mula.da.hl.ldinc m1, a2, m1, a13; \
    mula.ad.ll a11, m3; \
    mula.da.hl m0, a9; \
    addi    a2, a2, -4; \
    mula.ad.hh a11, m3; \
    mula.da.lh.ldinc m0, a2, m1, a9; \
    mula.da.hl.ldinc m1, a2, m1, a10; \
    addi    a3, a3, -4; \
    addi    a4, a4, -4; \
    DW_OUTPUT(CLAMP); \
    l32i    a15, a1, 20; \
    sub     a15, a5, a15; \
    bnez    a15, .Lpair_##name; \
.Lrest_##name: \
    l32i    a15, a1, 16; \
    l32i    a15, a15, A_PIXELS; \
    bbci    a15, 0, .Leven_##name; \
    wsr     a6, acclo; \
    DW_EVEN_9; \
    mula.da.hh m0, a12; \
    mula.da.ll m1, a13; \
    DW_OUTPUT(CLAMP); \
.Leven_##name: \
    DW_EPILOGUE(name)

/* Stride 2: every pixel starts at a word; A_LOOPS is the pixels of a line. */
#define DEPTHWISE_2(name, CLAMP) \
    .align  4; \
    .global name; \
    .type   name, @function; \
name: \
    entry   a1, 64; \
    DW_PROLOGUE; \
.Lline_##name: \
    DW_LINE(name); \
.Lpair_##name: \
    wsr     a6, acclo; \
    DW_EVEN_9; \
    addi    a2, a2, -4; \
    mula.da.hh.ldinc m0, a2, m0, a12; \
    mula.da.ll.ldinc m1, a2, m1, a13; \
    addi    a3, a3, -4; \
    addi    a4, a4, -4; \
    DW_OUTPUT(CLAMP); \
    l32i    a15, a1, 20; \
    sub     a15, a5, a15; \
    bnez    a15, .Lpair_##name; \
    DW_EPILOGUE(name)

DEPTHWISE_1(smk_lx6_depthwise1, CLAMP_INT8)
DEPTHWISE_1(smk_lx6_depthwise1_range, CLAMP_RANGE)
DEPTHWISE_2(smk_lx6_depthwise2, CLAMP_INT8)
DEPTHWISE_2(smk_lx6_depthwise2_range, CLAMP_RANGE)
