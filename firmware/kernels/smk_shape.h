/*
 * Operators that move or sum up: MEAN (tflite-micro: kernels/internal/reference/reduce.h, QuantizedMeanOrSum), PAD and
 * PADV2 (pad.h), CONCATENATION (concatenation.h), TRANSPOSE (transpose.h) and STRIDED_SLICE (strided_slice.h).
 */
#ifndef SMK_SHAPE_H
#define SMK_SHAPE_H

#include "smk_arithmetic.h"

/* RESHAPE from the caller's input to the caller's output, where no name can be shared. */
SMK_INLINE void smk_copy(int32_t count, const int8_t *input, int8_t *output)
{
    memcpy(output, input, (size_t)count);
}

/*
 * A tensor as three kept and three summed dimensions (1 where there are fewer): sizes, and how far apart neighbours lie
 * in the input, in elements. The output is the kept dimensions in order.
 */
typedef struct smk_reduction {
    int32_t kept[3];
    int32_t kept_step[3];
    int32_t summed[3];
    int32_t summed_step[3];
} smk_reduction_t;

/* The multiplier already holds 1 / count; the zero point's share of the sum is taken off before rescaling. */
typedef struct smk_mean {
    int32_t sum_offset; /* minus the input's zero point times the number of elements summed */
    int32_t multiplier;
    int32_t shift;
    smk_output_t output;
} smk_mean_t;

SMK_INLINE int32_t smk_mean_sum(smk_reduction_t s, const int8_t *from)
{
    int32_t sum = 0;

    for (int32_t i = 0; i < s.summed[0]; i++) {
        for (int32_t j = 0; j < s.summed[1]; j++) {
            for (int32_t k = 0; k < s.summed[2]; k++) {
                sum += from[i * s.summed_step[0] + j * s.summed_step[1] + k * s.summed_step[2]];
            }
        }
    }
    return sum;
}

SMK_INLINE void smk_mean(smk_reduction_t s, smk_mean_t p, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < s.kept[0]; i++) {
        for (int32_t j = 0; j < s.kept[1]; j++) {
            for (int32_t k = 0; k < s.kept[2]; k++) {
                const int32_t sum =
                    smk_mean_sum(s, input + i * s.kept_step[0] + j * s.kept_step[1] + k * s.kept_step[2]);

                *output++ = smk_to_int8(smk_multiply(sum + p.sum_offset, p.multiplier, p.shift), p.output);
            }
        }
    }
}

/* Five dimensions, outermost first: input size, and how many elements come before and after it. */
typedef struct smk_padding {
    int32_t size[5];
    int32_t before[5];
    int32_t after[5];
} smk_padding_t;

/* Dimensions 3 and 4: the rows of one plane. Returns where the output goes on. */
SMK_INLINE int8_t *smk_pad_plane(smk_padding_t s, int32_t value, const int8_t *input, int8_t *output)
{
    const int32_t row = s.before[4] + s.size[4] + s.after[4];

    smk_fill(output, value, s.before[3] * row);
    output += s.before[3] * row;
    for (int32_t r = 0; r < s.size[3]; r++) {
        smk_fill(output, value, s.before[4]);
        memcpy(output + s.before[4], input, (size_t)s.size[4]);
        smk_fill(output + s.before[4] + s.size[4], value, s.after[4]);
        input += s.size[4];
        output += row;
    }
    smk_fill(output, value, s.after[3] * row);
    return output + s.after[3] * row;
}

SMK_INLINE void smk_pad(smk_padding_t s, int32_t value, const int8_t *input, int8_t *output)
{
    const int32_t plane = (s.before[3] + s.size[3] + s.after[3]) * (s.before[4] + s.size[4] + s.after[4]);

    for (int32_t i = -s.before[0]; i < s.size[0] + s.after[0]; i++) {
        for (int32_t j = -s.before[1]; j < s.size[1] + s.after[1]; j++) {
            for (int32_t k = -s.before[2]; k < s.size[2] + s.after[2]; k++) {
                if (i >= 0 && i < s.size[0] && j >= 0 && j < s.size[1] && k >= 0 && k < s.size[2]) {
                    output = smk_pad_plane(s, value, input, output);
                    input += s.size[3] * s.size[4];
                } else {
                    smk_fill(output, value, plane);
                    output += plane;
                }
            }
        }
    }
}

/* CONCATENATION of one input: `rows` runs of `width` bytes to every `step` bytes of the output, from `offset` on. */
SMK_INLINE void smk_place(int32_t rows, int32_t width, int32_t step, int32_t offset, const int8_t *input,
                          int8_t *output)
{
    for (int32_t r = 0; r < rows; r++) {
        memcpy(output + offset + r * step, input + r * width, (size_t)width);
    }
}

/*
 * TRANSPOSE and STRIDED_SLICE: five dimensions of the output, outermost first, and how far apart neighbours lie in the
 * input, in elements, also backwards. The first element of the output is input[start].
 */
typedef struct smk_gather {
    int32_t start;
    int32_t size[5];
    int32_t step[5];
} smk_gather_t;

SMK_INLINE void smk_gather(smk_gather_t s, const int8_t *input, int8_t *output)
{
    int32_t at[4] = {0, 0, 0, 0};
    int32_t d;

    do {
        int32_t from = s.start;

        for (d = 0; d < 4; d++) {
            from += at[d] * s.step[d];
        }
        if (s.step[4] == 1) {
            memcpy(output, input + from, (size_t)s.size[4]);
            output += s.size[4];
        } else {
            for (int32_t i = 0; i < s.size[4]; i++) {
                *output++ = input[from + i * s.step[4]];
            }
        }
        for (d = 3; d >= 0 && ++at[d] == s.size[d]; d--) {
            at[d] = 0;
        }
    } while (d >= 0);
}

#endif
