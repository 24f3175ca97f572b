/* What every face locator answers: the C twin of src/locate/types.ts (docs/locate.md). */
#ifndef SM_LOCATE_H
#define SM_LOCATE_H

#include "sm_types.h"

/* A place where a face may be. */
typedef struct sm_candidate {
    sm_box_t box;        /* a square in frame pixels */
    uint16_t confidence; /* per mille, monotone in the detector's own score */
} sm_candidate_t;

#endif
