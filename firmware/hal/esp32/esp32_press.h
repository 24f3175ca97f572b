/*
 * Presses that came and went while the bot was busy.
 *
 * The core looks at the button between two pieces of work, and a piece can take longer than a press: making the next
 * segment on a slow card takes seconds. The edges are timed by interrupt; a press of which the core saw nothing is
 * shown to it afterwards, for just as long as its debouncing needs. Too short a contact is a glitch and too long a one
 * was not meant as a press: both are dropped.
 *
 * Portable C11; needs no ESP-IDF. Inline, since the interrupt calls it from internal RAM.
 */
#ifndef ESP32_PRESS_H
#define ESP32_PRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A longer contact is a long press, which asks for something else than a picture. */
#define ESP32_PRESS_LONGEST_US INT64_C(1000000)

/* Starts as all zeros except debounce_us. Shared between interrupt and task: each call under the same lock. */
typedef struct esp32_press {
    int64_t debounce_us; /* shortest contact that is a press, and half of how long a missed one is shown */
    int64_t fell_us; /* when the contact closed */
    int64_t shown_until_us;
    bool down; /* as the last edge left it */
    bool seen; /* the core has seen this contact */
    bool missed; /* a press is waiting to be shown */
} esp32_press_t;

/* An edge of the raw level; `down`: the contact is closed now. */
static inline __attribute__((always_inline)) void esp32_press_edge(esp32_press_t *press, bool down, int64_t now_us) {
    if (down && !press->down) {
        press->fell_us = now_us;
        press->seen = false;
    }
    if (!down && press->down && !press->seen) {
        int64_t length_us = now_us - press->fell_us;
        press->missed = press->missed || (length_us >= press->debounce_us && length_us <= ESP32_PRESS_LONGEST_US);
    }
    press->down = down;
}

/* What the core is told of the level `down`. */
static inline __attribute__((always_inline)) bool esp32_press_level(esp32_press_t *press, bool down, int64_t now_us) {
    if (down) {
        /* Whoever presses again has seen that the bot was busy. */
        press->seen = true;
        press->missed = false;
        press->shown_until_us = 0;
        return true;
    }
    if (press->missed) {
        press->missed = false;
        press->shown_until_us = now_us + 2 * press->debounce_us;
    }
    return now_us < press->shown_until_us;
}

#endif
