/*
 * The classic locator: a boosted cascade of look-up tables over multi-block local binary patterns, integer-only: the C
 * twin of src/locate/classic/ (docs/locate.md, "Classic"). Both give the same candidates for every frame.
 */
#ifndef SM_CLASSIC_H
#define SM_CLASSIC_H

#include "sm_locate.h"
#include "sm_types.h"

/* Side of the largest window of a cascade, pixels. */
#define SM_CLASSIC_MAX_WINDOW 48
/* Hits kept of a frame, and candidates that come of them. */
#define SM_CLASSIC_MAX_HITS 128
#define SM_CLASSIC_MAX_CANDIDATES 16

/* What is looked at: 3x3 blocks of width x height pixels each, their top left corner at x, y in the window. */
typedef struct sm_classic_blocks {
    uint8_t x;
    uint8_t y;
    uint8_t width;
    uint8_t height;
    int16_t threshold; /* the window is no face when its score so far is below */
} sm_classic_blocks_t;

/* A trained cascade; src/locate/classic/emit.ts writes it as constants. */
typedef struct sm_cascade {
    uint16_t window;    /* side in pixels, 9 to SM_CLASSIC_MAX_WINDOW */
    uint16_t smallest;  /* side of the smallest face in a frame of up to 320 pixels, window to 320 */
    uint16_t count;     /* tables, at least 1 */
    uint16_t threshold; /* confidence from which a candidate counts, per mille */
    uint32_t evidence;  /* of which the confidence is 500, 1 to 1000000 */
    const sm_classic_blocks_t *blocks; /* [count] */
    const int8_t (*tables)[256];       /* [count]: what each pattern adds to the score */
} sm_cascade_t;

/* Bytes of working memory for frames of width x height pixels. */
uint32_t sm_classic_bytes(const sm_cascade_t *cascade, uint16_t width, uint16_t height);

/*
 * Finds faces in a frame of width x height pixels, 1 to SM_MAX_FRAME_SIDE each. Writes at most `max` candidates, most
 * confident first, and returns their number; contents of `memory`, aligned for uint64_t, need not survive a call.
 * SM_ERR_MEMORY when `bytes` are fewer than sm_classic_bytes says, SM_ERR_ARGUMENT for a frame outside the limits.
 */
int sm_classic_locate(const sm_cascade_t *cascade, const uint8_t *pixels, uint16_t width, uint16_t height,
                      void *memory, uint32_t bytes, sm_candidate_t *out, uint32_t max);

#endif
