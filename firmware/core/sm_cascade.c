/* One window against the cascade: where nearly all the time goes, and on its own so that it keeps its registers. */
#include "sm_classic.h"

/*
 * Appends a bit: 1 when the block is darker than the middle one. Sums are known modulo 2^16; a block's is below 2^15, so
 * that bit 15 of a difference is its sign.
 */
#define APPEND(pattern, block, middle) (((pattern) << 1) + ((((block) - (middle)) >> 15) & 1u))

/*
 * Multi-block local binary pattern: of the eight blocks around the middle one of 3x3, column by column from the left,
 * downwards, in bits 7 to 0; a bit is set where the block is darker than the middle one.
 */
static inline uint32_t pattern_at(const uint16_t *const *rows, const sm_classic_blocks_t *blocks, uint32_t x) {
    const uint32_t width = blocks->width;
    const uint32_t height = blocks->height;
    const uint32_t left = x + blocks->x;
    rows += blocks->y;
    /* Down the left edge of the first column of blocks. */
    const uint16_t *p = *rows + left;
    rows += height;
    const uint16_t *q = *rows + left;
    rows += height;
    const uint16_t *r = *rows + left;
    rows += height;
    const uint16_t *s = *rows + left;
    const uint32_t a0 = (uint32_t)*q - *p;
    const uint32_t b0 = (uint32_t)*r - *q;
    const uint32_t c0 = (uint32_t)*s - *r;
    p += width, q += width, r += width, s += width;
    const uint32_t a1 = (uint32_t)*q - *p;
    const uint32_t b1 = (uint32_t)*r - *q;
    const uint32_t c1 = (uint32_t)*s - *r;
    p += width, q += width, r += width, s += width;
    const uint32_t a2 = (uint32_t)*q - *p;
    const uint32_t b2 = (uint32_t)*r - *q;
    const uint32_t c2 = (uint32_t)*s - *r;
    const uint32_t middle = b2 - b1;
    uint32_t pattern = APPEND(0u, a1 - a0, middle);
    pattern = APPEND(pattern, b1 - b0, middle);
    pattern = APPEND(pattern, c1 - c0, middle);
    pattern = APPEND(pattern, a2 - a1, middle);
    pattern = APPEND(pattern, c2 - c1, middle);
    p += width, q += width, r += width, s += width;
    const uint32_t a3 = (uint32_t)*q - *p;
    const uint32_t b3 = (uint32_t)*r - *q;
    const uint32_t c3 = (uint32_t)*s - *r;
    pattern = APPEND(pattern, a3 - a2, middle);
    pattern = APPEND(pattern, b3 - b2, middle);
    return APPEND(pattern, c3 - c2, middle);
}

uint32_t sm_cascade_weigh(const sm_cascade_t *cascade, const uint16_t *const *rows, uint32_t x, uint32_t *lookups) {
    const sm_classic_blocks_t *blocks = cascade->blocks;
    const sm_classic_blocks_t *const end = blocks + cascade->count;
    const int8_t *table = cascade->tables;
    int32_t score = 0;
    do {
        score += table[pattern_at(rows, blocks, x)];
        if (score < blocks->threshold) {
            *lookups += (uint32_t)(blocks - cascade->blocks) + 1u;
            return 0;
        }
        table += SM_CLASSIC_PATTERNS;
        blocks++;
    } while (blocks != end);
    *lookups += cascade->count;
    return (uint32_t)(score - end[-1].threshold) + 1u;
}
