/*
 * When automatic exposure has settled after the camera was switched on: the first frames are dark or green. Portable
 * C11; needs no ESP-IDF.
 */
#ifndef ESP32_SETTLE_H
#define ESP32_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

/* Frames that are dropped in any case. */
#define ESP32_SETTLE_MIN_FRAMES 6u
/* Frames in a row with the same light (within 1/16) that end the wait. */
#define ESP32_SETTLE_STEADY_FRAMES 3u
/* Frames after which a sensor that tells neither exposure nor gain is taken as settled. */
#define ESP32_SETTLE_BLIND_FRAMES 15u

/* Starts as all zeros. */
typedef struct esp32_settle {
    uint32_t exposure;
    uint32_t gain;
    uint16_t frames; /* seen */
    uint16_t steady; /* in a row */
} esp32_settle_t;

/* Takes one frame's exposure and gain (both 0: unknown); true when the next frame may be used. */
bool esp32_settle_step(esp32_settle_t *settle, uint32_t exposure, uint32_t gain);

#endif
