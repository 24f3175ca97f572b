/*
 * SOFTMAX over the last dimension, int8 to int8 (tflite-micro: kernels/internal/reference/softmax.h). exp() of a
 * difference to the row's largest value has at most 256 values: they are a table made at build time. The reciprocal is
 * gemmlowp's (fixedpoint.h: three Newton-Raphson steps).
 */
#ifndef SMK_SOFTMAX_H
#define SMK_SOFTMAX_H

#include "smk_arithmetic.h"

/* Leading zero bits of x > 0. */
SMK_INLINE int32_t smk_leading_zeros(uint32_t x)
{
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_clz(x);
#else
    int32_t count = 0;

    for (; x < UINT32_C(0x80000000); x <<= 1) {
        count++;
    }
    return count;
#endif
}

/* gemmlowp::one_over_one_plus_x_for_x_in_0_1: 1 / (1 + x), both Q0.31, 0 <= x. */
SMK_INLINE int32_t smk_one_over_one_plus(int32_t x)
{
    const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t y = 1515870810 + smk_high_multiply(half_denominator, -1010580540); /* 48/17 - 32/17 * d, Q2.29 */

    for (int32_t i = 0; i < 3; i++) {
        const int32_t rest = (INT32_C(1) << 29) - smk_high_multiply(half_denominator, y);

        y += smk_saturating_shift_left(smk_high_multiply(y, rest), 2);
    }
    return smk_saturating_shift_left(y, 1);
}

/*
 * rows * depth values. exps[d]: exp of a difference of -d, Q0.31, for d = 0..exp_count-1; greater differences count as
 * zero. May write over its input.
 */
SMK_INLINE void smk_softmax(int32_t rows, int32_t depth, const int32_t *exps, int32_t exp_count, const int8_t *input,
                            int8_t *output)
{
    for (int32_t r = 0; r < rows; r++) {
        int32_t largest = INT8_MIN;
        int32_t sum = 0; /* Q12.19 */
        int32_t zeros, scale;

        for (int32_t c = 0; c < depth; c++) {
            largest = input[c] > largest ? input[c] : largest;
        }
        for (int32_t c = 0; c < depth; c++) {
            if (largest - input[c] < exp_count) {
                sum += smk_rounding_shift_right(exps[largest - input[c]], 12);
            }
        }
        zeros = smk_leading_zeros((uint32_t)sum);
        scale = smk_one_over_one_plus((int32_t)(((uint32_t)sum << zeros) - UINT32_C(0x80000000)));
        for (int32_t c = 0; c < depth; c++) {
            int32_t value = 0;

            if (largest - input[c] < exp_count) {
                value = smk_rounding_shift_right(smk_high_multiply(scale, exps[largest - input[c]]), 12 - zeros + 23);
            }
            output[c] = (int8_t)smk_clamp(value + INT8_MIN, INT8_MIN, INT8_MAX);
        }
        input += depth;
        output += depth;
    }
}

#endif
