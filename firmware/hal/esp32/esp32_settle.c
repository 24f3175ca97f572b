#include "esp32_settle.h"

static bool close_to(uint32_t a, uint32_t b) {
    uint32_t larger = a > b ? a : b;
    uint32_t difference = a > b ? a - b : b - a;
    return difference <= larger / 16u;
}

bool esp32_settle_step(esp32_settle_t *settle, uint32_t exposure, uint32_t gain) {
    bool same = settle->frames > 0 && close_to(exposure, settle->exposure) && close_to(gain, settle->gain);
    bool blind = exposure == 0 && gain == 0;
    settle->steady = same ? (uint16_t)(settle->steady + 1u) : 1u;
    settle->exposure = exposure;
    settle->gain = gain;
    if (settle->frames < UINT16_MAX) {
        settle->frames++;
    }
    if (blind) {
        return settle->frames >= ESP32_SETTLE_BLIND_FRAMES;
    }
    return settle->frames >= ESP32_SETTLE_MIN_FRAMES && settle->steady >= ESP32_SETTLE_STEADY_FRAMES;
}
