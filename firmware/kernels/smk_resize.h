/*
 * RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR, int8 NHWC pictures (tflite-micro: kernels/internal/reference/
 * resize_nearest_neighbor.h; ResizeBilinearInteger in resize_bilinear.h). Input and output have one scale and zero
 * point.
 */
#ifndef SMK_RESIZE_H
#define SMK_RESIZE_H

#include "smk_arithmetic.h"

/* All sizes in elements, all >= 1. */
typedef struct smk_resize {
    int32_t batches;
    int32_t in_height;
    int32_t in_width;
    int32_t depth;
    int32_t out_height;
    int32_t out_width;
} smk_resize_t;

/* Which input row and column each output row and column shows: float32 rounding, done at build time. */
typedef struct smk_nearest {
    const int32_t *rows;    /* [out_height], 0..in_height-1 */
    const int32_t *columns; /* [out_width], 0..in_width-1 */
} smk_nearest_t;

SMK_INLINE void smk_resize_nearest(smk_resize_t s, smk_nearest_t p, const int8_t *input, int8_t *output)
{
    for (int32_t n = 0; n < s.batches; n++) {
        for (int32_t y = 0; y < s.out_height; y++) {
            const int8_t *row = input + p.rows[y] * s.in_width * s.depth;

            for (int32_t x = 0; x < s.out_width; x++) {
                memcpy(output, row + p.columns[x] * s.depth, (size_t)s.depth);
                output += s.depth;
            }
        }
        input += s.in_height * s.in_width * s.depth;
    }
}

/* 1.0 in positions between pixels. */
#define SMK_BILINEAR_ONE 1024

/* Output row y lies at y * scale_y + offset_y of the input, in 1/1024 of a row; columns likewise. */
typedef struct smk_bilinear {
    int32_t scale_y;
    int32_t scale_x;
    int32_t offset_y;
    int32_t offset_x;
} smk_bilinear_t;

/* Two rows (columns) and the weight of the second; the first has the rest of 1024. Before row 0 both are row 0. */
typedef struct smk_neighbours {
    int32_t low;
    int32_t high;
    int32_t weight;
} smk_neighbours_t;

SMK_INLINE smk_neighbours_t smk_neighbours(int32_t position, int32_t size)
{
    const int32_t low = position / SMK_BILINEAR_ONE;
    const int32_t high = (position + SMK_BILINEAR_ONE - 1) / SMK_BILINEAR_ONE;
    smk_neighbours_t n;

    n.low = low > 0 ? low : 0;
    n.high = high < size - 1 ? high : size - 1;
    n.weight = position - SMK_BILINEAR_ONE * n.low;
    return n;
}

/* Weights are -512..1023, so no sum is beyond 2^29. */
SMK_INLINE void smk_resize_bilinear(smk_resize_t s, smk_bilinear_t p, const int8_t *input, int8_t *output)
{
    const int32_t half = INT32_C(1) << 19;

    for (int32_t b = 0; b < s.batches; b++) {
        for (int32_t y = 0; y < s.out_height; y++) {
            const smk_neighbours_t rows = smk_neighbours(y * p.scale_y + p.offset_y, s.in_height);
            const int8_t *upper = input + rows.low * s.in_width * s.depth;
            const int8_t *lower = input + rows.high * s.in_width * s.depth;

            for (int32_t x = 0; x < s.out_width; x++) {
                const smk_neighbours_t columns = smk_neighbours(x * p.scale_x + p.offset_x, s.in_width);
                const int32_t left = columns.low * s.depth;
                const int32_t right = columns.high * s.depth;

                for (int32_t c = 0; c < s.depth; c++) {
                    const int32_t sum =
                        (upper[left + c] * (SMK_BILINEAR_ONE - columns.weight) + upper[right + c] * columns.weight) *
                            (SMK_BILINEAR_ONE - rows.weight) +
                        (lower[left + c] * (SMK_BILINEAR_ONE - columns.weight) + lower[right + c] * columns.weight) *
                            rows.weight;

                    *output++ = (int8_t)((sum + (sum > 0 ? half : -half)) / (INT32_C(1) << 20));
                }
            }
        }
        input += s.in_height * s.in_width * s.depth;
    }
}

#endif
