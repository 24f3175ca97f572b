/*
 * Box of a frame -> network input, integer-only: the C twin of src/preprocess/ (docs/preprocessing.md). Both give the
 * same value for every pixel.
 */
#ifndef SM_PREPROCESS_H
#define SM_PREPROCESS_H

#include "sm_types.h"

/* Working memory of sm_preprocess, owned by the caller; contents need not survive a call. 1,280 bytes. */
typedef struct sm_preprocess_scratch {
    uint32_t line[SM_MAX_INPUT_SIZE];
    uint32_t rows[SM_MAX_INPUT_SIZE];
    int8_t table[256];
} sm_preprocess_scratch_t;

/*
 * Scales the box to size x size by exact area average and normalizes it. `pixels` is the frame, `stride` its width in
 * pixels; the box must lie inside the frame; `normalize` is SM_NORMALIZE_*. Writes size * size values to `input`.
 * SM_ERR_ARGUMENT for a size outside SM_MIN_INPUT_SIZE to SM_MAX_INPUT_SIZE, an unknown normalize or an empty box.
 */
int sm_preprocess(const uint8_t *pixels, uint32_t stride, sm_box_t box, uint32_t size, int normalize,
                  sm_preprocess_scratch_t *scratch, int8_t *input);

/* Most pixels that sm_standardize takes. */
#define SM_MAX_STANDARDIZED 32768u

/* The second half: n grey values to n standardized ones, which may take their place. `table` holds 256 entries. */
void sm_standardize(const uint8_t *grey, uint32_t n, int8_t *table, int8_t *input);

#endif
