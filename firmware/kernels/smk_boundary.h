/*
 * QUANTIZE from and DEQUANTIZE to float32 (tflite-micro: kernels/internal/reference/quantize.h, dequantize.h): the
 * edges of a model whose caller works with floats. Floats are bytes here, four each in the machine's order, of any
 * alignment: they may lie in the arena.
 *
 * The compiler must keep to IEEE 754 (no -ffast-math). No libm is needed.
 */
#ifndef SMK_BOUNDARY_H
#define SMK_BOUNDARY_H

#include "smk_arithmetic.h"

/* Real value of one step of the quantized side. */
typedef struct smk_scale {
    float value;
} smk_scale_t;

/*
 * real / scale to the nearest integer, halves away from zero, and the zero point. Beyond what counts (|steps| >= 1024)
 * it saturates; NaN becomes -128.
 */
SMK_INLINE int8_t smk_quantize_one(float real, smk_scale_t scale, int32_t zero_point)
{
    const float steps = real / scale.value;
    int32_t whole;

    if (!(steps > -1024.0f)) {
        return INT8_MIN;
    }
    if (steps >= 1024.0f) {
        return INT8_MAX;
    }
    whole = (int32_t)steps;
    whole += steps - (float)whole >= 0.5f ? 1 : steps - (float)whole <= -0.5f ? -1 : 0;
    return (int8_t)smk_clamp(whole + zero_point, INT8_MIN, INT8_MAX);
}

SMK_INLINE void smk_quantize(int32_t count, smk_scale_t scale, int32_t zero_point, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        float real;

        memcpy(&real, input + (size_t)i * sizeof(real), sizeof(real));
        output[i] = smk_quantize_one(real, scale, zero_point);
    }
}

/* The product is exact before it is rounded to float: the same as TFLite Micro's in double. */
SMK_INLINE void smk_dequantize_one(int32_t value, smk_scale_t scale, int32_t zero_point, int8_t *output)
{
    const float real = scale.value * (float)(value - zero_point);

    memcpy(output, &real, sizeof(real));
}

SMK_INLINE void smk_dequantize(int32_t count, smk_scale_t scale, int32_t zero_point, const int8_t *input,
                               int8_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        smk_dequantize_one(input[i], scale, zero_point, output + (size_t)i * sizeof(float));
    }
}

/* input holds uint8. */
SMK_INLINE void smk_dequantize_unsigned(int32_t count, smk_scale_t scale, int32_t zero_point, const int8_t *input,
                                        int8_t *output)
{
    for (int32_t i = 0; i < count; i++) {
        smk_dequantize_one((uint8_t)input[i], scale, zero_point, output + (size_t)i * sizeof(float));
    }
}

#endif
