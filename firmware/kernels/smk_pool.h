/*
 * AVERAGE_POOL_2D and MAX_POOL_2D, int8 (tflite-micro: kernels/internal/reference/integer_ops/pooling.h). Padding does
 * not count: windows are cut to the picture. Input and output have one scale and zero point. The generator makes sure
 * that every window meets the picture.
 */
#ifndef SMK_POOL_H
#define SMK_POOL_H

#include "smk_window.h"

typedef struct smk_range {
    int32_t first;
    int32_t end; /* one past the last */
} smk_range_t;

/* The part of a window that starts at `start` which lies in 0..size-1. */
SMK_INLINE smk_range_t smk_pool_range(int32_t start, int32_t filter, int32_t size)
{
    const smk_range_t range = {start < 0 ? 0 : start, start + filter < size ? start + filter : size};

    return range;
}

/* Channels at a time. */
#define SMK_POOL_RUN 8

/* Average of `count` (literal, at most SMK_POOL_RUN) channels from `channel` on, halves away from zero. */
SMK_INLINE void smk_average_run(smk_window_t s, const int8_t *image, smk_range_t rows, smk_range_t columns,
                                int32_t channel, int32_t count, int32_t low, int32_t high, int8_t *to)
{
    const int32_t area = (rows.end - rows.first) * (columns.end - columns.first);
    int32_t sums[SMK_POOL_RUN];

    for (int32_t c = 0; c < count; c++) {
        sums[c] = 0;
    }
    for (int32_t y = rows.first; y < rows.end; y++) {
        for (int32_t x = columns.first; x < columns.end; x++) {
            const int8_t *from = image + (y * s.in_width + x) * s.in_depth + channel;

            for (int32_t c = 0; c < count; c++) {
                sums[c] += from[c];
            }
        }
    }
    for (int32_t c = 0; c < count; c++) {
        const int32_t half = sums[c] > 0 ? area / 2 : -(area / 2);

        to[channel + c] = (int8_t)smk_clamp((sums[c] + half) / area, low, high);
    }
}

SMK_INLINE void smk_average_pool(smk_window_t s, int32_t low, int32_t high, const int8_t *input, int8_t *output)
{
    const int32_t rest = s.in_depth % SMK_POOL_RUN;

    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t oy = 0; oy < s.out_height; oy++) {
            const smk_range_t rows = smk_pool_range(oy * s.stride_y - s.pad_top, s.height, s.in_height);

            for (int32_t ox = 0; ox < s.out_width; ox++) {
                const smk_range_t columns = smk_pool_range(ox * s.stride_x - s.pad_left, s.width, s.in_width);

                for (int32_t c = 0; c < s.in_depth - rest; c += SMK_POOL_RUN) {
                    smk_average_run(s, input, rows, columns, c, SMK_POOL_RUN, low, high, output);
                }
                smk_average_run(s, input, rows, columns, s.in_depth - rest, rest, low, high, output);
                output += s.in_depth;
            }
        }
        input += s.in_height * s.in_width * s.in_depth;
    }
}

/* Pixel by pixel of the window into the output, which starts at `low`: no value of the range is below it. */
SMK_INLINE void smk_max_pool(smk_window_t s, int32_t low, int32_t high, const int8_t *input, int8_t *output)
{
    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t oy = 0; oy < s.out_height; oy++) {
            const smk_range_t rows = smk_pool_range(oy * s.stride_y - s.pad_top, s.height, s.in_height);

            for (int32_t ox = 0; ox < s.out_width; ox++) {
                const smk_range_t columns = smk_pool_range(ox * s.stride_x - s.pad_left, s.width, s.in_width);

                smk_fill(output, low, s.in_depth);
                for (int32_t y = rows.first; y < rows.end; y++) {
                    for (int32_t x = columns.first; x < columns.end; x++) {
                        const int8_t *from = input + (y * s.in_width + x) * s.in_depth;

                        for (int32_t c = 0; c < s.in_depth; c++) {
                            output[c] = from[c] > output[c] ? from[c] : output[c];
                        }
                    }
                }
                for (int32_t c = 0; high < INT8_MAX && c < s.in_depth; c++) {
                    output[c] = output[c] > high ? (int8_t)high : output[c];
                }
                output += s.in_depth;
            }
        }
        input += s.in_height * s.in_width * s.in_depth;
    }
}

#endif
