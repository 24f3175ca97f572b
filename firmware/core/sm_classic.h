/*
 * The classic locator: a boosted cascade of look-up tables over multi-block local binary patterns, integer-only: the C
 * twin of src/locate/classic/ (docs/locate.md, "Classic"). Both give the same candidates for every frame.
 */
#ifndef SM_CLASSIC_H
#define SM_CLASSIC_H

#include "sm_classic_group.h"
#include "sm_resize.h"

/* Side of the largest window of a cascade, pixels. */
#define SM_CLASSIC_MAX_WINDOW 33
/* Local binary patterns of eight neighbours: entries of a table. */
#define SM_CLASSIC_PATTERNS 256

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
    const int8_t *tables;              /* [count * SM_CLASSIC_PATTERNS]: what each pattern adds to the score */
} sm_cascade_t;

/*
 * Looks at one window. `rows` are the window's rows of the integral image, window + 1 of them, each with its sums modulo
 * 2^16; x is the window's left. Returns the score above the last threshold plus 1, or 0 when a threshold is missed; adds
 * the tables it looked up to `lookups`.
 */
uint32_t sm_cascade_weigh(const sm_cascade_t *cascade, const uint16_t *const *rows, uint32_t x, uint32_t *lookups);

/* The caller's memory, cut up. Fields are the locator's own. */
typedef struct sm_classic_work {
    sm_hits_t hits;
    sm_groups_t groups;
    const uint16_t *rows[SM_CLASSIC_MAX_WINDOW + 1]; /* of the integral image, from the window's top */
    sm_resizer_t resizer;
    uint32_t *line;     /* the resizer's: as many as the base has columns */
    uint32_t *sums;     /* likewise */
    uint16_t *integral; /* window + 1 rows of base width + 1 sums modulo 2^16, in turn */
    uint8_t *row;       /* one row of a level */
    uint8_t *picture;   /* the octave's */
} sm_classic_work_t;

/* Bytes of working memory for a base of width x height pixels: the frame's size times window / smallest. */
#define SM_CLASSIC_BYTES(window, width, height)                                                                        \
    ((uint32_t)sizeof(sm_classic_work_t) + 2u * (width) * (uint32_t)sizeof(uint32_t) +                                               \
     ((window) + 1u) * ((width) + 1u) * (uint32_t)sizeof(uint16_t) + (width) + (width) * (height))

/* Bytes of working memory for frames of width x height pixels. */
uint32_t sm_classic_bytes(const sm_cascade_t *cascade, uint16_t width, uint16_t height);

/*
 * Finds faces in a frame of width x height pixels, 1 to SM_MAX_FRAME_SIDE each. Writes the candidates, most confident
 * first, and returns their number; contents of `memory`, aligned for uint64_t, need not survive a call. SM_ERR_MEMORY
 * when `bytes` are fewer than sm_classic_bytes says, SM_ERR_ARGUMENT for a frame outside the limits.
 */
int sm_classic_locate(const sm_cascade_t *cascade, const uint8_t *pixels, uint16_t width, uint16_t height,
                      void *memory, uint32_t bytes, sm_candidate_t out[SM_MAX_CANDIDATES]);

#endif
