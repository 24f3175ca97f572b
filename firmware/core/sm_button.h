/*
 * Debounced push button as a state machine driven by time: call sm_button_update() with the raw level and the time
 * every few milliseconds. Times are milliseconds modulo 2^32; only differences are used.
 *
 * A level counts once it has been steady for debounce_ms; press and hold times are measured from the first edge of the
 * steady level. A button that is down when the machine starts gives no events until it was up once, except
 * SM_BUTTON_STUCK. A contact that never is steady gives no events.
 */
#ifndef SM_BUTTON_H
#define SM_BUTTON_H

#include "sm_types.h"

#define SM_BUTTON_LONG_MS 3000u
#define SM_BUTTON_VERY_LONG_MS 10000u
#define SM_BUTTON_STUCK_MS 30000u

enum sm_button_event {
    SM_BUTTON_NONE = 0,
    SM_BUTTON_PRESSED,
    SM_BUTTON_RELEASED,  /* held_ms says how long it was down */
    SM_BUTTON_LONG,      /* still down after SM_BUTTON_LONG_MS; once per press, likewise the next two */
    SM_BUTTON_VERY_LONG, /* still down after SM_BUTTON_VERY_LONG_MS */
    SM_BUTTON_STUCK,     /* still down after SM_BUTTON_STUCK_MS */
};

typedef struct sm_button {
    uint32_t debounce_ms;
    uint32_t changed_ms; /* last edge of the raw level */
    uint32_t pressed_ms; /* first edge of the present or last press */
    uint32_t held_ms;    /* length of the last press, or of the present one so far */
    bool level;          /* raw level at the last update */
    bool down;           /* debounced level */
    bool armed;          /* was up once since the start */
    uint8_t reached;     /* last of LONG, VERY_LONG, STUCK that the present press gave */
} sm_button_t;

void sm_button_init(sm_button_t *button, uint32_t debounce_ms, bool level, uint32_t now_ms);

/* Takes the raw level; returns at most one event. */
enum sm_button_event sm_button_update(sm_button_t *button, bool level, uint32_t now_ms);

#endif
