/* From the windows that passed a cascade to one candidate for each face: the C twin of src/locate/classic/group.ts. */
#ifndef SM_CLASSIC_GROUP_H
#define SM_CLASSIC_GROUP_H

#include "sm_types.h"

/* Hits kept of a frame. */
#define SM_CLASSIC_MAX_HITS 128

/* A window that passed: a square in frame pixels. */
typedef struct sm_hit {
    uint16_t x;
    uint16_t y;
    uint16_t side;
    uint32_t weight; /* score above the last threshold, plus 1 */
} sm_hit_t;

/* The strongest hits, in the order of finding. */
typedef struct sm_hits {
    uint32_t count;
    sm_hit_t hits[SM_CLASSIC_MAX_HITS];
} sm_hits_t;

/* One face. */
typedef struct sm_group {
    sm_box_t box;
    uint32_t evidence;
} sm_group_t;

/* Most evidence first. */
typedef struct sm_groups {
    uint32_t count;
    sm_group_t groups[SM_MAX_CANDIDATES];
} sm_groups_t;

void sm_hits_add(sm_hits_t *list, sm_hit_t hit);

/* Empties `hits`. Writes the candidates, best first, and returns their number. */
int sm_hits_group(sm_hits_t *hits, sm_groups_t *groups, uint32_t width, uint32_t height, uint32_t halfway,
                  sm_candidate_t out[SM_MAX_CANDIDATES]);

#endif
