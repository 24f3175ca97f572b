/*
 * CONV_2D, DEPTHWISE_CONV_2D 3x3 and FULLY_CONNECTED on the multiply-accumulator (MAC16) of the ESP32's LX6. The same
 * results as smk_conv.h and smk_depthwise.h to the bit. smk_lx6.S holds the inner loops; this file brings the data into
 * their form.
 *
 * Convolution: activations are widened into int16 scratch, a band of output lines at a time, as 2 * (x + 128), four at
 * a time in the order 0 2 1 3; the weights of one output channel are widened into scratch likewise, turned left by one,
 * so that the last word holds the last and the first weight: after a pixel's last word the next pixel can go on. In
 * flash they are bytes w + 127 (each second one of a word's halves one more where the first is negative: widening both
 * at once borrows there), -127 <= w <= 127. Then each multiply-accumulate is one instruction.
 *
 * Depthwise: one channel's plane at a time, rows of int16 x with the padding around it; weights are doubled instead.
 *
 * bias holds the effect of the zero point and of the offset, doubled; so the accumulator is twice the sum and the
 * rounding doubling multiplication needs the high word of the product only. The generator uses these kernels only where
 *   2 * (255 * sum |w| + |bias|) < 2^31  (convolution; 128 instead of 255 for depthwise): 32 of the accumulator's 40
 *   bits are enough, and every shift is -1..-22: the zero point can be added before the shift.
 */
#ifndef SMK_LX6_H
#define SMK_LX6_H

#include "smk_window.h"

typedef struct smk_lx6 {
    const int32_t *weights;    /* convolution: [out_depth][taps / 4] words; depthwise: [out_depth][5] pairs, doubled */
    const int32_t *bias;       /* [out_depth] */
    const int32_t *multiplier; /* [out_depth] */
    const int8_t *shift;       /* [out_depth], -1..-22 */
    int32_t input_zero_point;
    smk_output_t output;
} smk_lx6_t;

/* What the inner loops take for one output channel. smk_lx6.S knows the offsets. */
typedef struct smk_lx6_channel {
    const void *x;
    const void *weights;
    int8_t *output;
    int32_t bias;
    int32_t multiplier;
    int32_t nudge;  /* half of 2^shift and the zero point * 2^shift */
    int32_t shift;  /* to the right */
    int32_t loops;  /* convolution: values in one run of a window / 4 - 1; depthwise: pixels */
    int32_t step;   /* between output pixels, bytes */
    int32_t pixels; /* of a line */
    int32_t lines;
    int32_t low;
    int32_t high;
    int32_t row_jump;     /* conv3: from the end of a window's run to the next; depthwise: between rows; bytes */
    int32_t pixel_jump;   /* conv3: from the end of a window's last run to the next window */
    int32_t line_step;    /* between the first windows of two lines, bytes */
    int32_t weight_bytes; /* convolution: of the widened weights */
} smk_lx6_channel_t;

_Static_assert(sizeof(void *) != 4 || sizeof(smk_lx6_channel_t) == 68, "smk_lx6.S relies on the offsets");

/* to[4 * quads] int16 = 2 * (from[] + 128), each four in the order 0 2 1 3. `to` at a multiple of 4. */
void smk_lx6_widen(const int8_t *from, void *to, int32_t quads);
void smk_lx6_fill(void *to, int32_t word, int32_t words);
void smk_lx6_unpack(const int32_t *from, void *to, int32_t quads);
/*
 * `rows` >= 1 times: to[count] int16 = from[0], from[step], ..., and `gap` bytes of `to` left as they are. `from` goes
 * on from row to row. `to` at a multiple of 2.
 */
void smk_lx6_plane(const int8_t *from, void *to, int32_t count, int32_t step, int32_t rows, int32_t gap);
/* Windows of one run, `pixels` of them without gaps; of three runs, row_jump apart. _range: low, high not -128, 127. */
void smk_lx6_conv1(const smk_lx6_channel_t *c);
void smk_lx6_conv1_range(const smk_lx6_channel_t *c);
void smk_lx6_conv3(const smk_lx6_channel_t *c);
void smk_lx6_conv3_range(const smk_lx6_channel_t *c);
/* 3x3, stride_x 1 or 2. */
void smk_lx6_depthwise1(const smk_lx6_channel_t *c);
void smk_lx6_depthwise1_range(const smk_lx6_channel_t *c);
void smk_lx6_depthwise2(const smk_lx6_channel_t *c);
void smk_lx6_depthwise2_range(const smk_lx6_channel_t *c);

SMK_INLINE int32_t smk_lx6_min(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

SMK_INLINE bool smk_lx6_full_range(smk_lx6_t w)
{
    return w.output.low == INT8_MIN && w.output.high == INT8_MAX;
}

/* Output channel `o`: all fields of `c` that differ between channels, but the weights. */
SMK_INLINE void smk_lx6_set_channel(smk_lx6_channel_t *c, smk_lx6_t w, int32_t o, int8_t *output)
{
    c->output = output + o;
    c->bias = w.bias[o];
    c->multiplier = w.multiplier[o];
    c->shift = -w.shift[o];
    c->nudge = (INT32_C(1) << c->shift >> 1) + w.output.zero_point * (INT32_C(1) << c->shift);
}

/* All output channels of the windows that lie widened at c->x. */
SMK_INLINE void smk_lx6_conv_channels(smk_lx6_channel_t *c, smk_lx6_t w, int32_t rows, int32_t taps, int32_t out_depth,
                                      int8_t *weights, int8_t *output)
{
    c->weights = weights;
    for (int32_t o = 0; o < out_depth; o++) {
        smk_lx6_unpack(w.weights + o * (taps / 4), weights, taps / 4);
        smk_lx6_set_channel(c, w, o, output);
        if (rows == 1) {
            if (smk_lx6_full_range(w)) {
                smk_lx6_conv1(c);
            } else {
                smk_lx6_conv1_range(c);
            }
        } else {
            if (smk_lx6_full_range(w)) {
                smk_lx6_conv3(c);
            } else {
                smk_lx6_conv3_range(c);
            }
        }
    }
}

/*
 * 1x1 over a row of s.out_width pixels, `band` at a time: the input's row -pad_top. in_depth is a multiple of 4.
 * scratch: in_depth * 2 of weights, band * in_depth * 2 + 8.
 */
SMK_INLINE void smk_lx6_conv_point(smk_window_t s, smk_lx6_t w, int32_t band, const int8_t *input, int8_t *scratch,
                                   int8_t *output)
{
    const int32_t taps = s.in_depth;
    int8_t *const x = scratch + taps * 2;
    smk_lx6_channel_t c = {.x = x,
                           .loops = taps / 4 - 1,
                           .step = s.out_depth,
                           .low = w.output.low,
                           .high = w.output.high,
                           .weight_bytes = taps * 2};

    input -= s.pad_top * s.in_width * taps;
    for (int32_t first = 0; first < s.out_width; first += band) {
        c.pixels = smk_lx6_min(band, s.out_width - first);
        smk_lx6_widen(input + first * taps, x, c.pixels * (taps / 4));
        smk_lx6_conv_channels(&c, w, 1, taps, s.out_depth, scratch, output + first * s.out_depth);
    }
}

/* As smk_window_gather; short runs inside the picture without calls. */
SMK_INLINE void smk_lx6_gather(smk_window_t s, const int8_t *image, int32_t y, int32_t x, int32_t zero_point,
                               int8_t *to)
{
    const int32_t run = s.width * s.in_depth;

    if (run > 16 || !smk_window_inside(s, y, x)) {
        smk_window_gather(s, image, y, x, zero_point, to);
        return;
    }
    image += (y * s.in_width + x) * s.in_depth;
    for (int32_t r = 0; r < s.height; r++, image += s.in_width * s.in_depth, to += run) {
        SMK_UNROLL
        for (int32_t i = 0; i < run; i++) {
            to[i] = image[i];
        }
    }
}

/*
 * Any window: each is gathered first. `taps`: values under the window rounded up to a multiple of 4; the weights of
 * those added are 0. scratch: taps * 2 of weights, taps of one gathered window, band * taps * 2 + 8.
 */
SMK_INLINE void smk_lx6_conv_patches(smk_window_t s, smk_lx6_t w, int32_t taps, int32_t band, const int8_t *input,
                                     int8_t *scratch, int8_t *output)
{
    int8_t *const window = scratch + taps * 2;
    int8_t *const x = window + taps;
    smk_lx6_channel_t c = {.x = x,
                           .loops = taps / 4 - 1,
                           .step = s.out_depth,
                           .low = w.output.low,
                           .high = w.output.high,
                           .weight_bytes = taps * 2};
    int32_t filled = 0;

    for (int32_t pixel = 0; pixel < s.batches * s.out_height * s.out_width; pixel++) {
        const int32_t line = pixel / s.out_width;
        const int8_t *const image = input + line / s.out_height * (s.in_height * s.in_width * s.in_depth);

        const int32_t y = line % s.out_height * s.stride_y - s.pad_top;
        const int32_t left = pixel % s.out_width * s.stride_x - s.pad_left;

        if (s.whole && s.height == 1 && s.width * s.in_depth == taps) {
            smk_lx6_widen(image + (y * s.in_width + left) * s.in_depth, x + filled * taps * 2, taps / 4);
        } else {
            smk_lx6_gather(s, image, y, left, w.input_zero_point, window);
            smk_lx6_widen(window, x + filled * taps * 2, taps / 4);
        }
        filled++;
        if (filled == band || pixel + 1 == s.batches * s.out_height * s.out_width) {
            c.pixels = filled;
            smk_lx6_conv_channels(&c, w, 1, taps, s.out_depth, scratch, output);
            output += filled * s.out_depth;
            filled = 0;
        }
    }
}

/* One line of the picture, widened, with `left` and `right` pixels of padding around `inside` ones from `from` on. */
SMK_INLINE int8_t *smk_lx6_widen_line(smk_window_t s, const int8_t *from, int32_t left, int32_t inside, int32_t right,
                                      int32_t padding, int8_t *to)
{
    const int32_t pixel = s.in_depth * 2;

    smk_lx6_fill(to, padding, left * pixel / 4);
    to += left * pixel;
    smk_lx6_widen(from, to, inside * s.in_depth / 4);
    to += inside * pixel;
    smk_lx6_fill(to, padding, right * pixel / 4);
    return to + right * pixel;
}

/*
 * 3x3, `band` output lines at a time. in_depth is a multiple of 4, no dilation.
 * scratch: taps * 2 of weights, ((band - 1) * stride_y + 3) * columns * in_depth * 2, where columns =
 * (out_width - 1) * stride_x + 3, and stride_x * in_depth * 2 + 8 read beyond.
 */
SMK_INLINE void smk_lx6_conv_rows(smk_window_t s, smk_lx6_t w, int32_t band, const int8_t *input, int8_t *scratch,
                                  int8_t *output)
{
    const int32_t taps = 9 * s.in_depth;
    const int32_t columns = (s.out_width - 1) * s.stride_x + 3;
    /* Columns that no window sees are left out, of the padding too. */
    const int32_t left = smk_lx6_min(s.pad_left, columns);
    const int32_t inside = smk_lx6_min(columns - left, s.in_width);
    const int32_t right = columns - left - inside;
    const int32_t line = columns * s.in_depth * 2;
    const int32_t padding = 2 * (w.input_zero_point + 128) * 0x10001;
    int8_t *const x = scratch + taps * 2;
    smk_lx6_channel_t c = {.x = x,
                           .loops = 3 * s.in_depth / 4 - 1,
                           .step = s.out_depth,
                           .pixels = s.out_width,
                           .low = w.output.low,
                           .high = w.output.high,
                           .row_jump = line - 6 * s.in_depth,
                           .pixel_jump = s.stride_x * s.in_depth * 2 - 2 * line - 6 * s.in_depth,
                           .line_step = s.stride_y * line,
                           .weight_bytes = taps * 2};

    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t oy = 0; oy < s.out_height; oy += band) {
            int8_t *to = x;

            c.lines = smk_lx6_min(band, s.out_height - oy);
            for (int32_t r = 0; r < (c.lines - 1) * s.stride_y + 3; r++) {
                const int32_t y = oy * s.stride_y - s.pad_top + r;

                if (y >= 0 && y < s.in_height) {
                    to = smk_lx6_widen_line(s, input + y * s.in_width * s.in_depth, left, inside, right, padding, to);
                } else {
                    to = smk_lx6_widen_line(s, input, columns, 0, 0, padding, to);
                }
            }
            smk_lx6_conv_channels(&c, w, 3, taps, s.out_depth, scratch, output);
            output += c.lines * s.out_width * s.out_depth;
        }
        input += s.in_height * s.in_width * s.in_depth;
    }
}

/*
 * Depthwise 3x3, multiplier 1, no dilation, stride_x 1 or 2, any stride_y. scratch: lines * row + 16, where lines =
 * (out_height - 1) * stride_y + 3 and row = 2 * the larger of (out_width - 1) * stride_x + 3 and pad_left + in_width,
 * rounded up to even.
 */
SMK_INLINE void smk_lx6_depthwise(smk_window_t s, smk_lx6_t w, const int8_t *input, int8_t *scratch, int8_t *output)
{
    const int32_t needed = (s.out_width - 1) * s.stride_x + 3, padded = s.pad_left + s.in_width;
    const int32_t columns = ((needed > padded ? needed : padded) + 1) / 2 * 2;
    const int32_t lines = (s.out_height - 1) * s.stride_y + 3;
    /* Rows of the picture above the first window, when it begins inside; rows that windows see. */
    const int32_t above = s.pad_top < 0 ? -s.pad_top : 0;
    const int32_t inside_y = smk_lx6_min(lines - s.pad_top, s.in_height) - above;
    int8_t *const inside = scratch + ((s.pad_top + above) * columns + s.pad_left) * 2;
    smk_lx6_channel_t c = {.x = scratch,
                           .loops = s.stride_x == 1 ? s.out_width / 2 * 2 : s.out_width,
                           .step = s.out_depth,
                           .pixels = s.out_width,
                           .lines = s.out_height,
                           .low = w.output.low,
                           .high = w.output.high,
                           .row_jump = columns * 2,
                           .line_step = s.stride_y * columns * 2};

    smk_lx6_fill(scratch, (int32_t)((uint32_t)(w.input_zero_point & 0xffff) * 0x10001), lines * columns / 2 + 4);
    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t o = 0; o < s.out_depth; o++) {
            if (inside_y > 0) {
                smk_lx6_plane(input + above * s.in_width * s.in_depth + o, inside, s.in_width, s.in_depth, inside_y,
                              (columns - s.in_width) * 2);
            }
            smk_lx6_set_channel(&c, w, o, output);
            c.weights = w.weights + o * 5;
            if (s.stride_x == 1) {
                if (smk_lx6_full_range(w)) {
                    smk_lx6_depthwise1(&c);
                } else {
                    smk_lx6_depthwise1_range(&c);
                }
            } else {
                if (smk_lx6_full_range(w)) {
                    smk_lx6_depthwise2(&c);
                } else {
                    smk_lx6_depthwise2_range(&c);
                }
            }
        }
        input += s.in_height * s.in_width * s.in_depth;
        output += s.out_height * s.out_width * s.out_depth;
    }
}

#endif
