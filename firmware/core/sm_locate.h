/*
 * Which part of a frame the network looks at, and whether somebody is there: the C twin of src/locate/
 * (docs/preprocessing.md, "Locate").
 */
#ifndef SM_LOCATE_H
#define SM_LOCATE_H

#include "sm_types.h"

typedef struct sm_located {
    sm_box_t box;        /* square, inside the frame */
    uint16_t confidence; /* 0 to SM_MAX_CONFIDENCE; SM_MAX_CONFIDENCE with SM_LOCATOR_CENTER */
    bool found;          /* false: nobody is there, and the box is the best guess */
} sm_located_t;

/* The square around a fixed point that a locator tells of, in a frame of width x height pixels (1 to SM_MAX_FRAME_SIDE
 * each); always inside the frame. */
sm_box_t sm_locate_center(const sm_locator_t *locator, uint16_t width, uint16_t height);

/* Index of the candidate to look at, or -1 without any. Of those that reach the threshold and are at most `spread` less
 * confident than the surest, a large one near the middle; if none does, the most confident. */
int sm_locate_choose(const sm_candidate_t *candidates, int count, uint16_t threshold, uint16_t spread, uint16_t width,
                     uint16_t height);

/* SM_OK, SM_ERR_ARGUMENT for a detector that is not there, or the detector's error. */
int sm_locate(const sm_locator_t *locator, const sm_detector_t *detector, const uint8_t *pixels, uint16_t width,
              uint16_t height, sm_located_t *located);

#endif
