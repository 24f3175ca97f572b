#include "sm_score.h"

int16_t sm_margin(const int8_t *outputs, uint32_t count, uint32_t positive) {
    int16_t best = INT16_MIN;
    for (uint32_t i = 0; i < count; i++) {
        if (i != positive && outputs[i] > best) {
            best = outputs[i];
        }
    }
    return (int16_t)(outputs[positive] - best);
}

int32_t sm_threshold(int16_t threshold_margin, uint32_t frames) {
    return (int32_t)threshold_margin * (int32_t)frames;
}

bool sm_coin(uint32_t random, uint16_t per_mille) {
    /* The high half of a 32 x 32 bit product is uniform on 0 to 999 without a division's bias worth mentioning (2^-22).
     */
    return (uint32_t)(((uint64_t)random * 1000u) >> 32) < per_mille;
}
