/*
 * CONV_2D and FULLY_CONNECTED, int8 (tflite-micro: kernels/internal/reference/integer_ops/conv.h, fully_connected.h).
 *
 * bias[o] already holds the effect of the input's zero point: bias - zero_point * sum(weights of o). So the inner loops
 * multiply stored bytes, and padding is the zero point itself. Sums of products must fit int32_t, which the generator
 * checks for each channel (|sum| <= 128 * sum|w|).
 *
 * Four forms, chosen by the generator:
 *   smk_conv_pairs   two successive pixels times two channels at a time: every byte loaded is used twice
 *   smk_conv_single  one pixel times four channels: for outputs one pixel wide (FULLY_CONNECTED on one picture)
 *   smk_conv_few     few input values per pixel (the first layer on grey pictures): weights lie tap by tap
 *   smk_conv_grouped channels in groups that do not see each other: one channel at a time
 */
#ifndef SMK_CONV_H
#define SMK_CONV_H

#include "smk_window.h"

typedef struct smk_conv {
    const int8_t *weights;     /* [out_depth][taps]; in smk_conv_few [taps][out_depth] */
    const int32_t *bias;       /* [out_depth], with the input's zero point folded in */
    const int32_t *multiplier; /* [out_depth] */
    const int8_t *shift;       /* [out_depth], positive to the left */
    int32_t input_zero_point;
    smk_output_t output;
} smk_conv_t;

SMK_INLINE int8_t smk_conv_output(smk_conv_t w, int32_t channel, int32_t sum)
{
    const int32_t acc = smk_wrapping_add(sum, w.bias[channel]);

    return smk_to_int8(smk_multiply(acc, w.multiplier[channel], w.shift[channel]), w.output);
}

/* Sums of products of two runs of values with two runs of weights. */
typedef struct smk_conv_sums {
    int32_t first_o, first_p, second_o, second_p;
} smk_conv_sums_t;

/* Adds the products of `run` (literal) values of two pixels with those of two channels. */
SMK_INLINE void smk_conv_add(smk_conv_sums_t *sums, const int8_t *x, const int8_t *y, const int8_t *wo,
                             const int8_t *wp, int32_t run)
{
    smk_conv_sums_t s = *sums;

    if (SMK_FEW_REGISTERS && run >= 4) {
        for (const int8_t *end = x + run / 4 * 4; x != end; x += 4, y += 4, wo += 4, wp += 4) {
            SMK_UNROLL
            for (int32_t i = 0; i < 4; i++) {
                const int16_t a = x[i], b = y[i], u = wo[i], v = wp[i];

                s.first_o += a * u;
                s.first_p += a * v;
                s.second_o += b * u;
                s.second_p += b * v;
                SMK_IN_ORDER(s.first_o, s.first_p, s.second_o, s.second_p, x, y, wo, wp);
            }
        }
        run %= 4;
    }
    for (int32_t i = 0; i < run; i++) {
        const int16_t a = x[i], b = y[i], u = wo[i], v = wp[i];

        s.first_o += a * u;
        s.first_p += a * v;
        s.second_o += b * u;
        s.second_p += b * v;
    }
    *sums = s;
}

/*
 * Two windows times all channels. The windows consist of s.height runs `step` bytes apart. With an odd number of
 * channels the last pair is the last channel twice; with an odd number of pixels `first` and `second` are the same:
 * both write the same value twice.
 */
SMK_INLINE void smk_conv_pair(smk_window_t s, smk_conv_t w, const int8_t *first, const int8_t *second, int32_t step,
                              int8_t *to_first, int8_t *to_second)
{
    const int32_t run = s.width * s.in_depth;
    const int32_t size = s.height * run;

    for (int32_t o = 0; o < s.out_depth; o += 2) {
        const int32_t p = o + 1 < s.out_depth ? o + 1 : o;
        const int8_t *wo = w.weights + o * size;
        const int8_t *wp = w.weights + p * size;
        smk_conv_sums_t sums = {0, 0, 0, 0};

        for (int32_t r = 0; r < s.height; r++) {
            smk_conv_add(&sums, first + r * step, second + r * step, wo, wp, run);
            wo += run;
            wp += run;
        }
        to_first[o] = smk_conv_output(w, o, sums.first_o);
        to_first[p] = smk_conv_output(w, p, sums.first_p);
        to_second[o] = smk_conv_output(w, o, sums.second_o);
        to_second[p] = smk_conv_output(w, p, sums.second_p);
    }
}

/* To the next output pixel, which may be the first of the next line. */
SMK_INLINE void smk_conv_advance(smk_window_t s, int32_t *y, int32_t *x)
{
    if (++*x == s.out_width) {
        *x = 0;
        ++*y;
    }
}

/* scratch: 2 * smk_window_size(s) bytes, unused when s.whole. */
SMK_INLINE void smk_conv_pairs(smk_window_t s, smk_conv_t w, const int8_t *input, int8_t *scratch, int8_t *output)
{
    const int32_t row = s.in_width * s.in_depth;
    /* Where loops are dear, a gathered window's short runs are better one long one. */
    const bool joined = SMK_FEW_REGISTERS && !s.whole && s.height > 1 && s.width * s.in_depth < 16;
    smk_window_t pair = s;

    if (joined) {
        pair.width = s.height * s.width;
        pair.height = 1;
    }
    for (int32_t n = 0; n < s.batches; n++) {
        int32_t oy = 0, ox = 0;

        for (int32_t left = s.out_height * s.out_width; left > 0; left -= 2) {
            const int32_t y = oy * s.stride_y - s.pad_top, x = ox * s.stride_x - s.pad_left;
            int32_t y_second = y, x_second = x;
            const int8_t *first, *second;
            int32_t step;

            smk_conv_advance(s, &oy, &ox);
            if (left > 1) {
                y_second = oy * s.stride_y - s.pad_top;
                x_second = ox * s.stride_x - s.pad_left;
                smk_conv_advance(s, &oy, &ox);
            }
            if (!joined && smk_window_inside(s, y, x) && smk_window_inside(s, y_second, x_second)) {
                first = input + y * row + x * s.in_depth;
                second = input + y_second * row + x_second * s.in_depth;
                step = row;
            } else {
                smk_window_gather(s, input, y, x, w.input_zero_point, scratch);
                smk_window_gather(s, input, y_second, x_second, w.input_zero_point, scratch + smk_window_size(s));
                first = scratch;
                second = scratch + smk_window_size(s);
                step = s.width * s.in_depth;
            }
            smk_conv_pair(pair, w, first, second, step, output, output + (left > 1 ? s.out_depth : 0));
            output += (left > 1 ? 2 : 1) * s.out_depth;
        }
        input += s.in_height * row;
    }
}

/* Four channels at a time; the last ones repeat the last channel when there are not four left. */
SMK_INLINE void smk_conv_one(smk_window_t s, smk_conv_t w, const int8_t *window, int32_t step, int8_t *to)
{
    const int32_t run = s.width * s.in_depth;
    const int32_t size = s.height * run;
    const int32_t last = s.out_depth - 1;

    for (int32_t o = 0; o < s.out_depth; o += 4) {
        const int32_t o1 = o + 1 < last ? o + 1 : last;
        const int32_t o2 = o + 2 < last ? o + 2 : last;
        const int32_t o3 = o + 3 < last ? o + 3 : last;
        const int8_t *w0 = w.weights + o * size, *w1 = w.weights + o1 * size;
        const int8_t *w2 = w.weights + o2 * size, *w3 = w.weights + o3 * size;
        int32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;

        for (int32_t r = 0; r < s.height; r++) {
            const int8_t *x = window + r * step;

            for (int32_t i = 0; i < run; i++) {
                const int16_t a = x[i], t = w0[i], u = w1[i], v = w2[i], z = w3[i];

                sum0 += a * t;
                sum1 += a * u;
                sum2 += a * v;
                sum3 += a * z;
            }
            w0 += run;
            w1 += run;
            w2 += run;
            w3 += run;
        }
        to[o] = smk_conv_output(w, o, sum0);
        to[o1] = smk_conv_output(w, o1, sum1);
        to[o2] = smk_conv_output(w, o2, sum2);
        to[o3] = smk_conv_output(w, o3, sum3);
    }
}

/* scratch: smk_window_size(s) bytes, unused when s.whole. */
SMK_INLINE void smk_conv_single(smk_window_t s, smk_conv_t w, const int8_t *input, int8_t *scratch, int8_t *output)
{
    const int32_t row = s.in_width * s.in_depth;

    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t oy = 0; oy < s.out_height; oy++) {
            for (int32_t ox = 0; ox < s.out_width; ox++) {
                const int32_t y = oy * s.stride_y - s.pad_top;
                const int32_t x = ox * s.stride_x - s.pad_left;

                if (smk_window_inside(s, y, x)) {
                    smk_conv_one(s, w, input + y * row + x * s.in_depth, row, output);
                } else {
                    smk_window_gather(s, input, y, x, w.input_zero_point, scratch);
                    smk_conv_one(s, w, scratch, s.width * s.in_depth, output);
                }
                output += s.out_depth;
            }
        }
        input += s.in_height * row;
    }
}

/* Channels at a time in smk_conv_few. */
#define SMK_CONV_RUN 8

/* `count` (literal, at most SMK_CONV_RUN) channels from `o` on: each gathered value times a run of weights. */
SMK_INLINE void smk_conv_run(smk_window_t s, smk_conv_t w, const int8_t *window, int32_t o, int32_t count, int8_t *to)
{
    int32_t sums[SMK_CONV_RUN];

    for (int32_t c = 0; c < count; c++) {
        sums[c] = 0;
    }
    for (int32_t i = 0; i < smk_window_size(s); i++) {
        const int16_t a = window[i];

        for (int32_t c = 0; c < count; c++) {
            const int16_t u = w.weights[i * s.out_depth + o + c];

            sums[c] += a * u;
        }
    }
    for (int32_t c = 0; c < count; c++) {
        to[o + c] = smk_conv_output(w, o + c, sums[c]);
    }
}

/* scratch: smk_window_size(s) bytes. */
SMK_INLINE void smk_conv_few(smk_window_t s, smk_conv_t w, const int8_t *input, int8_t *scratch, int8_t *output)
{
    const int32_t rest = s.out_depth % SMK_CONV_RUN;

    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t oy = 0; oy < s.out_height; oy++) {
            for (int32_t ox = 0; ox < s.out_width; ox++) {
                smk_window_gather(s, input, oy * s.stride_y - s.pad_top, ox * s.stride_x - s.pad_left,
                                  w.input_zero_point, scratch);
                for (int32_t o = 0; o < s.out_depth - rest; o += SMK_CONV_RUN) {
                    smk_conv_run(s, w, scratch, o, SMK_CONV_RUN, output);
                }
                smk_conv_run(s, w, scratch, s.out_depth - rest, rest, output);
                output += s.out_depth;
            }
        }
        input += s.in_height * s.in_width * s.in_depth;
    }
}

/* groups: literal, divides in_depth and out_depth. scratch: smk_window_size(s) bytes. */
SMK_INLINE void smk_conv_grouped(smk_window_t s, smk_conv_t w, int32_t groups, const int8_t *input, int8_t *scratch,
                                 int8_t *output)
{
    const int32_t depth = s.in_depth / groups;

    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t oy = 0; oy < s.out_height; oy++) {
            for (int32_t ox = 0; ox < s.out_width; ox++) {
                const int8_t *u = w.weights;

                smk_window_gather(s, input, oy * s.stride_y - s.pad_top, ox * s.stride_x - s.pad_left,
                                  w.input_zero_point, scratch);
                for (int32_t o = 0; o < s.out_depth; o++) {
                    const int8_t *x = scratch + o / (s.out_depth / groups) * depth;
                    int32_t sum = 0;

                    for (int32_t t = 0; t < s.height * s.width; t++) {
                        for (int32_t i = 0; i < depth; i++) {
                            sum += x[t * s.in_depth + i] * *u++;
                        }
                    }
                    output[o] = smk_conv_output(w, o, sum);
                }
                output += s.out_depth;
            }
        }
        input += s.in_height * s.in_width * s.in_depth;
    }
}

#endif
