/*
 * DEPTHWISE_CONV_2D, int8 (tflite-micro: kernels/internal/reference/integer_ops/depthwise_conv.h).
 *
 * Weights lie [height][width][out_depth] as in the flatbuffer; bias holds the effect of the input's zero point as in
 * smk_conv.h. out_depth = in_depth * multiplier; output channel o reads input channel o / multiplier.
 *
 *   smk_depthwise           multiplier 1: runs of neighbouring channels
 *   smk_depthwise_multiply  any multiplier, one channel at a time
 *
 * With one input channel, a depthwise convolution is smk_conv_few.
 */
#ifndef SMK_DEPTHWISE_H
#define SMK_DEPTHWISE_H

#include "smk_conv.h"

/* Channels at a time: as many as fill the vectors of larger processors; their sums take 64 bytes of stack. */
#define SMK_DEPTHWISE_RUN 16

/*
 * `count` (literal, at most SMK_DEPTHWISE_RUN) channels from `o` on. The window consists of s.height runs `step` bytes
 * apart. The taps are unrolled so that compilers vectorise over channels.
 */
SMK_INLINE void smk_depthwise_run(smk_window_t s, smk_conv_t w, const int8_t *window, int32_t step, int32_t o,
                                  int32_t count, int8_t *to)
{
    int32_t sums[SMK_DEPTHWISE_RUN];

    for (int32_t c = 0; c < count; c++) {
        const int8_t *x = window + o + c;
        const int8_t *u = w.weights + o + c;
        int32_t sum = 0;

        SMK_UNROLL
        for (int32_t r = 0; r < s.height; r++) {
            SMK_UNROLL
            for (int32_t t = 0; t < s.width; t++) {
                const int16_t a = x[r * step + t * s.in_depth], b = u[(r * s.width + t) * s.out_depth];

                sum += a * b;
            }
        }
        sums[c] = sum;
    }
    for (int32_t c = 0; c < count; c++) {
        to[o + c] = smk_conv_output(w, o + c, sums[c]);
    }
}

/* One channel at a time, row by row. */
SMK_INLINE void smk_depthwise_in_order(smk_window_t s, smk_conv_t w, const int8_t *window, int32_t step, int8_t *to)
{
    for (int32_t o = 0; o < s.out_depth; o++) {
        const int8_t *x = window + o;
        const int8_t *u = w.weights + o;
        int32_t sum = 0;

        SMK_UNROLL
        for (int32_t r = 0; r < s.height; r++) {
            SMK_UNROLL
            for (int32_t t = 0; t < s.width; t++) {
                const int16_t a = x[t * s.in_depth], b = u[t * s.out_depth];

                sum += a * b;
            }
            x += step;
            u += s.width * s.out_depth;
            SMK_IN_ORDER_3(sum, x, u);
        }
        to[o] = smk_conv_output(w, o, sum);
    }
}

SMK_INLINE void smk_depthwise_pixel(smk_window_t s, smk_conv_t w, const int8_t *window, int32_t step, int8_t *to)
{
    const int32_t rest = s.out_depth % SMK_DEPTHWISE_RUN;

    if (SMK_FEW_REGISTERS) {
        smk_depthwise_in_order(s, w, window, step, to);
        return;
    }
    for (int32_t o = 0; o < s.out_depth - rest; o += SMK_DEPTHWISE_RUN) {
        smk_depthwise_run(s, w, window, step, o, SMK_DEPTHWISE_RUN, to);
    }
    smk_depthwise_run(s, w, window, step, s.out_depth - rest, rest, to);
}

SMK_INLINE void smk_depthwise_multiply_pixel(smk_window_t s, smk_conv_t w, int32_t multiplier, const int8_t *window,
                                             int32_t step, int8_t *to)
{
    for (int32_t o = 0; o < s.out_depth; o++) {
        const int32_t i = o / multiplier;
        int32_t sum = 0;

        for (int32_t r = 0; r < s.height; r++) {
            for (int32_t t = 0; t < s.width; t++) {
                sum += window[r * step + t * s.in_depth + i] * w.weights[(r * s.width + t) * s.out_depth + o];
            }
        }
        to[o] = smk_conv_output(w, o, sum);
    }
}

/* scratch: smk_window_size(s) bytes, unused when s.whole. multiplier: literal, >= 1. */
SMK_INLINE void smk_depthwise_multiply(smk_window_t s, smk_conv_t w, int32_t multiplier, const int8_t *input,
                                       int8_t *scratch, int8_t *output)
{
    const int32_t row = s.in_width * s.in_depth;

    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t oy = 0; oy < s.out_height; oy++) {
            for (int32_t ox = 0; ox < s.out_width; ox++) {
                const int32_t y = oy * s.stride_y - s.pad_top;
                const int32_t x = ox * s.stride_x - s.pad_left;
                const int8_t *window = scratch;
                int32_t step = s.width * s.in_depth;

                if (smk_window_inside(s, y, x)) {
                    window = input + y * row + x * s.in_depth;
                    step = row;
                } else {
                    smk_window_gather(s, input, y, x, w.input_zero_point, scratch);
                }
                if (multiplier == 1) {
                    smk_depthwise_pixel(s, w, window, step, output);
                } else {
                    smk_depthwise_multiply_pixel(s, w, multiplier, window, step, output);
                }
                output += s.out_depth;
            }
        }
        input += s.in_height * row;
    }
}

SMK_INLINE void smk_depthwise(smk_window_t s, smk_conv_t w, const int8_t *input, int8_t *scratch, int8_t *output)
{
    smk_depthwise_multiply(s, w, 1, input, scratch, output);
}

#endif
