/* From raw int8 outputs to a decision (src/graph/bundle.ts, "margin"). */
#ifndef SM_SCORE_H
#define SM_SCORE_H

#include "sm_types.h"

/* The positive label's output minus the largest other one, -255 to 255. count is 2 to SM_MAX_LABELS and positive less
 * than it. */
int16_t sm_margin(const int8_t *outputs, uint32_t count, uint32_t positive);

/* Sum of the margins that a burst of `frames` frames must reach. */
int32_t sm_threshold(int16_t threshold_margin, uint32_t frames);

/* Whether chance says smile: true in per_mille of 1,000 equally likely values of `random`. */
bool sm_coin(uint32_t random, uint16_t per_mille);

#endif
