/*
 * Windows over NHWC pictures: what convolution, depthwise convolution and pooling share.
 *
 * A window that lies inside the picture is read where it is: `height` runs of width * depth bytes, one input row apart.
 * One that reaches over the border, or is dilated, is gathered into scratch first, with the input's zero point where
 * there is no picture, so the arithmetic that follows has no bounds to check and only one form.
 */
#ifndef SMK_WINDOW_H
#define SMK_WINDOW_H

#include "smk_arithmetic.h"

/*
 * All sizes in elements, all >= 1 except pad_top and pad_left (>= 0). Bottom and right padding follow from the output
 * size. Pooling needs no dilation, and gathers nothing: whole is unused there.
 */
typedef struct smk_window {
    int32_t batches;
    int32_t in_height;
    int32_t in_width;
    int32_t in_depth;
    int32_t out_height;
    int32_t out_width;
    int32_t out_depth;
    int32_t height; /* of the filter */
    int32_t width;
    int32_t stride_y;
    int32_t stride_x;
    int32_t dilation_y;
    int32_t dilation_x;
    int32_t pad_top;
    int32_t pad_left;
    bool whole; /* every window lies inside the picture and is not dilated: nothing is ever gathered */
} smk_window_t;

/* Elements of the picture under one window: the scratch that one gathered window takes, in bytes. */
SMK_INLINE int32_t smk_window_size(smk_window_t s)
{
    return s.height * s.width * s.in_depth;
}

/* Whether the window whose first element is at (y, x) of the picture lies inside it and can be read there. */
SMK_INLINE bool smk_window_inside(smk_window_t s, int32_t y, int32_t x)
{
    return s.whole || (s.dilation_y == 1 && s.dilation_x == 1 && y >= 0 && x >= 0 && y + s.height <= s.in_height &&
                       x + s.width <= s.in_width);
}

/* Copies the window whose first element is at (y, x) of `image` to `to`, row by row without gaps. */
SMK_INLINE void smk_window_gather(smk_window_t s, const int8_t *image, int32_t y, int32_t x, int32_t zero_point,
                                  int8_t *to)
{
    if (smk_window_inside(s, y, x)) {
        for (int32_t r = 0; r < s.height; r++) {
            const int32_t run = s.width * s.in_depth;

            memcpy(to + r * run, image + ((y + r) * s.in_width + x) * s.in_depth, (size_t)run);
        }
        return;
    }
    for (int32_t r = 0; r < s.height; r++) {
        const int32_t row = y + r * s.dilation_y;

        for (int32_t c = 0; c < s.width; c++) {
            const int32_t column = x + c * s.dilation_x;

            if (row >= 0 && row < s.in_height && column >= 0 && column < s.in_width) {
                memcpy(to, image + (row * s.in_width + column) * s.in_depth, (size_t)s.in_depth);
            } else {
                smk_fill(to, zero_point, s.in_depth);
            }
            to += s.in_depth;
        }
    }
}

#endif
