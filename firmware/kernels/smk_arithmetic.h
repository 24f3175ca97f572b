/*
 * Integer arithmetic of TFLite Micro's reference int8 kernels, exact to the bit: gemmlowp's fixed-point primitives and
 * the double-rounding MultiplyByQuantizedMultiplier (tflite-micro: kernels/internal/common.cc; gemmlowp:
 * fixedpoint/fixedpoint.h).
 *
 * Defined for every argument in the stated range: no signed overflow, no shift of a negative number to the left. Two
 * things are implementation-defined in C11 and taken as every compiler for two's complement machines defines them: `>>`
 * of a negative number is arithmetic (checked below) and the conversion of an unsigned number beyond INT32_MAX to
 * int32_t wraps (6.3.1.3; GCC and Clang document it).
 *
 * All kernels (smk_*.h) are static inline: generated code calls each with literal shapes, so the compiler specialises
 * it for the layer.
 */
#ifndef SMK_ARITHMETIC_H
#define SMK_ARITHMETIC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

_Static_assert((INT32_C(-3) >> 1) == -2 && (INT64_C(-3) >> 1) == -2,
               "right shifts of negative numbers must be arithmetic");

/* SMK_UNROLL stands before a loop of few turns that is worth having without its branches. */
#if defined(__clang__)
#define SMK_INLINE static inline __attribute__((always_inline))
#define SMK_UNROLL _Pragma("unroll 8")
#elif defined(__GNUC__)
#define SMK_INLINE static inline __attribute__((always_inline))
#define SMK_UNROLL _Pragma("GCC unroll 8")
#else
#define SMK_INLINE static inline
#define SMK_UNROLL
#endif

/*
 * Xtensa has few registers, no addressing with an index and no sums of 64 bits: there, loops over products are unrolled
 * by hand and kept in order (SMK_IN_ORDER*: all these values exist at this point), else compilers spill.
 */
#if defined(__XTENSA__) && defined(__GNUC__)
#define SMK_FEW_REGISTERS 1
#define SMK_IN_ORDER(a, b, c, d, p, q, r, s)                                                                           \
    __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(p), "+r"(q), "+r"(r), "+r"(s))
#define SMK_IN_ORDER_3(a, p, q) __asm__("" : "+r"(a), "+r"(p), "+r"(q))
#else
#define SMK_FEW_REGISTERS 0
#define SMK_IN_ORDER(a, b, c, d, p, q, r, s) ((void)0)
#define SMK_IN_ORDER_3(a, p, q) ((void)0)
#endif

/* a + b, wrapping as two's complement. */
SMK_INLINE int32_t smk_wrapping_add(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

SMK_INLINE int32_t smk_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

/*
 * gemmlowp::SaturatingRoundingDoublingHighMul: round(a * b / 2^31), halves up. gemmlowp writes it as a division that
 * truncates with a nudge that depends on the sign; an arithmetic shift gives the same for every product. a * b = 2^62
 * (both INT32_MIN) saturates.
 */
SMK_INLINE int32_t smk_high_multiply(int32_t a, int32_t b)
{
    const int64_t rounded = ((int64_t)a * b + (INT64_C(1) << 30)) >> 31;

    return rounded > INT32_MAX ? INT32_MAX : (int32_t)rounded;
}

/* As smk_high_multiply for 0 <= b: nothing to saturate. */
SMK_INLINE int32_t smk_high_multiply_positive(int32_t a, int32_t b)
{
#if SMK_FEW_REGISTERS
    /* Without a sum of 64 bits: the upper word doubled, and bits 30 and 31 of the lower one, rounded. */
    const int64_t product = (int64_t)a * b;
    const uint32_t low = (uint32_t)product;

    return (int32_t)(((uint32_t)(product >> 32) << 1) + (((low >> 30) + 1) >> 1));
#else
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
#endif
}

/* gemmlowp::RoundingDivideByPOT: x / 2^exponent to the nearest, halves away from zero. exponent 0..31. */
SMK_INLINE int32_t smk_rounding_shift_right(int32_t x, int32_t exponent)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1);
    const int32_t threshold = (mask >> 1) + (x < 0);

    return (x >> exponent) + ((x & mask) > threshold);
}

/* As smk_rounding_shift_right for INT32_MIN < x. */
SMK_INLINE int32_t smk_rounding_shift_inner(int32_t x, int32_t exponent)
{
#if SMK_FEW_REGISTERS
    return exponent == 0 ? x : (((x + (x >> 31)) >> (exponent - 1)) + 1) >> 1;
#else
    return smk_rounding_shift_right(x, exponent);
#endif
}

/* gemmlowp::SaturatingRoundingMultiplyByPOT for exponent 1..30: x * 2^exponent, saturating. */
SMK_INLINE int32_t smk_saturating_shift_left(int32_t x, int32_t exponent)
{
    const int64_t product = (int64_t)x * (INT64_C(1) << exponent);

    return product > INT32_MAX ? INT32_MAX : product < INT32_MIN ? INT32_MIN : (int32_t)product;
}

/*
 * MultiplyByQuantizedMultiplier, double rounding: x * multiplier * 2^(shift - 31). multiplier 0 or 2^30..2^31-1; shift
 * -31..30, positive to the left (which wraps). A literal shift, or one known to be <= 0, removes the branch.
 */
SMK_INLINE int32_t smk_multiply(int32_t x, int32_t multiplier, int32_t shift)
{
    if (shift > 0) {
        return smk_high_multiply_positive((int32_t)((uint32_t)x << shift), multiplier);
    }
    return smk_rounding_shift_inner(smk_high_multiply_positive(x, multiplier), -shift);
}

/*
 * How an accumulator becomes an int8: rescale, add the zero point, clamp to the activation range. -128 <= zero_point,
 * low, high <= 127, low <= high. The zero point is added after the clamp so that it cannot overflow; the result is the
 * same.
 */
typedef struct smk_output {
    int32_t zero_point;
    int32_t low;
    int32_t high;
} smk_output_t;

SMK_INLINE int8_t smk_to_int8(int32_t scaled, smk_output_t o)
{
    return (int8_t)(smk_clamp(scaled, o.low - o.zero_point, o.high - o.zero_point) + o.zero_point);
}

/* The bytes of a row that repeat one int8 value. */
SMK_INLINE void smk_fill(int8_t *to, int32_t value, int32_t count)
{
    memset(to, (uint8_t)value, (size_t)count);
}

#endif
