/*
 * Exact area resize, integer-only, one output row at a time: the C twin of src/preprocess/resize.ts (docs/preprocessing.md,
 * "Resize"). Both give the same value for every pixel.
 */
#ifndef SM_RESIZE_H
#define SM_RESIZE_H

#include "sm_types.h"

/* A resize under way; the caller owns it, the pixels and the two lines. Fields are the resizer's own. */
typedef struct sm_resizer {
    const uint8_t *row; /* first pixel of the next source row */
    uint32_t stride;
    uint32_t width; /* of the source */
    uint32_t height;
    uint32_t out_width;
    uint32_t out_height;
    uint32_t *line;
    uint32_t *sums;
    uint32_t left; /* units of the summed source row not yet used */
} sm_resizer_t;

/*
 * Begins to scale a box of a frame to width x height pixels, each 1 to SM_MAX_FRAME_SIDE. `pixels` is the frame, `stride`
 * its width; the box must lie inside the frame. `line` and `sums` hold `width` values each.
 */
void sm_resize_begin(sm_resizer_t *resizer, const uint8_t *pixels, uint32_t stride, sm_box_t box, uint32_t width,
                     uint32_t height, uint32_t *line, uint32_t *sums);

/*
 * Writes the next output row; at most `height` times. Source rows are read once, top down, no earlier than they are
 * needed: a picture that is not enlarged may be written over its own source, if that has no gaps between its rows.
 */
void sm_resize_row(sm_resizer_t *resizer, uint8_t *out);

#endif
