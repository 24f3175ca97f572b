/*
 * ADD, SUB and MUL with broadcasting, int8 (tflite-micro: kernels/internal/reference/integer_ops/add.h, sub.h,
 * integer_ops/mul.h), and every function of one byte (RELU, RELU6, LEAKY_RELU, HARD_SWISH, LOGISTIC, TANH; QUANTIZE
 * between int8 and uint8) as a table of 256 made at build time.
 *
 * smk_add, smk_sub and smk_mul may write over one of their inputs, smk_table over its input; the broadcasting ones may
 * write over an input of the output's shape.
 */
#ifndef SMK_ELEMENTWISE_H
#define SMK_ELEMENTWISE_H

#include "smk_arithmetic.h"

/* Headroom that add.h gives its inputs: (127 + 128) * 2^20 stays below 2^28. */
#define SMK_ADD_LEFT_SHIFT 20

/*
 * One input: (value + offset) * 2^SMK_ADD_LEFT_SHIFT * multiplier * 2^-31 / 2^shift.
 * offset -127..128, multiplier 2^30..2^31-1, shift 0..31.
 */
typedef struct smk_addend {
    int32_t offset;
    int32_t multiplier;
    int32_t shift;
} smk_addend_t;

/* ADD and SUB. */
typedef struct smk_add {
    smk_addend_t a;
    smk_addend_t b;
    int32_t multiplier; /* of the sum */
    int32_t shift;      /* to the right, 0..31 */
    smk_output_t output;
} smk_add_t;

SMK_INLINE int32_t smk_addend(smk_addend_t a, int32_t value)
{
    const int32_t shifted = (value + a.offset) * (INT32_C(1) << SMK_ADD_LEFT_SHIFT);

    return smk_rounding_shift_inner(smk_high_multiply_positive(shifted, a.multiplier), a.shift);
}

SMK_INLINE int8_t smk_add_one(smk_add_t p, int32_t a, int32_t b)
{
    const int32_t sum = smk_addend(p.a, a) + smk_addend(p.b, b);

    return smk_to_int8(smk_rounding_shift_inner(smk_high_multiply_positive(sum, p.multiplier), p.shift), p.output);
}

SMK_INLINE int8_t smk_sub_one(smk_add_t p, int32_t a, int32_t b)
{
    const int32_t difference = smk_addend(p.a, a) - smk_addend(p.b, b);

    return smk_to_int8(smk_rounding_shift_right(smk_high_multiply_positive(difference, p.multiplier), p.shift),
                       p.output);
}

/* (a + offset_a) * (b + offset_b) * multiplier * 2^(shift - 31); offsets -127..128, shift -31..30. */
typedef struct smk_mul {
    int32_t offset_a;
    int32_t offset_b;
    int32_t multiplier;
    int32_t shift;
    smk_output_t output;
} smk_mul_t;

SMK_INLINE int8_t smk_mul_one(smk_mul_t p, int32_t a, int32_t b)
{
    const int32_t product = (a + p.offset_a) * (b + p.offset_b);

    return smk_to_int8(smk_multiply(product, p.multiplier, p.shift), p.output);
}

/* Sizes of the output, outermost first, and how far each input moves along each dimension (0: broadcast), in elements.
 */
typedef struct smk_broadcast {
    int32_t size[6];
    int32_t step_a[6];
    int32_t step_b[6];
} smk_broadcast_t;

/* The function `name` for inputs of one shape and `name`_broadcast for others, from `one` for single values. */
#define SMK_DEFINE_BINARY(name, params_t, one)                                                                       \
    SMK_INLINE void name(int32_t count, params_t p, const int8_t *a, const int8_t *b, int8_t *output)                \
    {                                                                                                                \
        for (int32_t i = 0; i < count; i++) {                                                                        \
            output[i] = one(p, a[i], b[i]);                                                                          \
        }                                                                                                            \
    }                                                                                                                \
                                                                                                                     \
    SMK_INLINE void name##_broadcast(smk_broadcast_t s, params_t p, const int8_t *a, const int8_t *b, int8_t *output) \
    {                                                                                                                \
        int32_t at[6] = {0, 0, 0, 0, 0, 0};                                                                          \
        int32_t d;                                                                                                   \
                                                                                                                     \
        do {                                                                                                         \
            const int8_t *x = a;                                                                                     \
            const int8_t *y = b;                                                                                     \
                                                                                                                     \
            for (d = 0; d < 5; d++) {                                                                                \
                x += at[d] * s.step_a[d];                                                                            \
                y += at[d] * s.step_b[d];                                                                            \
            }                                                                                                        \
            for (int32_t i = 0; i < s.size[5]; i++) {                                                                \
                *output++ = one(p, x[i * s.step_a[5]], y[i * s.step_b[5]]);                                          \
            }                                                                                                        \
            for (d = 4; d >= 0 && ++at[d] == s.size[d]; d--) {                                                       \
                at[d] = 0;                                                                                           \
            }                                                                                                        \
        } while (d >= 0);                                                                                            \
    }

SMK_DEFINE_BINARY(smk_add, smk_add_t, smk_add_one)
SMK_DEFINE_BINARY(smk_sub, smk_add_t, smk_sub_one)
SMK_DEFINE_BINARY(smk_mul, smk_mul_t, smk_mul_one)

/* table[value + 128]: bit patterns, so that either side may be uint8. */
SMK_INLINE void smk_table(int32_t count, const int8_t *table, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        output[i] = table[input[i] + 128];
    }
}

#endif
