/*
 * MEAN over height and width, and AVERAGE_POOL_2D over a whole picture, of rows that exist one at a time: the same sums
 * and the same rounding as smk_mean and smk_average_pool. `sums`: depth int32_t in scratch, read and written as bytes.
 */
#ifndef SMK_SUMS_H
#define SMK_SUMS_H

#include "smk_shape.h"

SMK_INLINE int32_t smk_sums_at(const int8_t *sums, int32_t channel)
{
    int32_t sum;

    memcpy(&sum, sums + channel * 4, 4);
    return sum;
}

SMK_INLINE void smk_sums_clear(int32_t depth, int8_t *sums)
{
    memset(sums, 0, (size_t)(depth * 4));
}

/* Adds a row of `width` pixels. */
SMK_INLINE void smk_sums_add(int32_t width, int32_t depth, const int8_t *row, int8_t *sums)
{
    for (int32_t c = 0; c < depth; c++) {
        int32_t sum = smk_sums_at(sums, c);

        for (int32_t x = 0; x < width; x++) {
            sum += row[x * depth + c];
        }
        memcpy(sums + c * 4, &sum, 4);
    }
}

SMK_INLINE void smk_sums_mean(int32_t depth, smk_mean_t p, const int8_t *sums, int8_t *output)
{
    for (int32_t c = 0; c < depth; c++) {
        output[c] =
            smk_to_int8(smk_multiply(smk_sums_at(sums, c) + p.sum_offset, p.multiplier, p.shift), p.output);
    }
}

/* Halves away from zero. */
SMK_INLINE void smk_sums_average(int32_t depth, int32_t area, int32_t low, int32_t high, const int8_t *sums,
                                 int8_t *output)
{
    for (int32_t c = 0; c < depth; c++) {
        const int32_t sum = smk_sums_at(sums, c);
        const int32_t half = sum > 0 ? area / 2 : -(area / 2);

        output[c] = (int8_t)smk_clamp((sum + half) / area, low, high);
    }
}

#endif
