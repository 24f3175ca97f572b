/*
 * What the two outputs show, as a function of time: the lights (the green answer) and the status LED (everything else).
 * Setting a pattern and reading the outputs are separate, so that nothing here waits. Times are milliseconds modulo
 * 2^32.
 *
 * Status LED, highest first: a one-shot pattern; a fault's blink code, n flashes and a pause, repeated; a short flash
 * every five seconds while all is well.
 */
#ifndef SM_LIGHTS_H
#define SM_LIGHTS_H

#include "sm_types.h"

enum sm_pattern {
    SM_PATTERN_NONE = 0,
    SM_PATTERN_READY,     /* one flash of half a second */
    SM_PATTERN_NO_SMILE,  /* two short flashes; the lights stay off */
    SM_PATTERN_HELD,      /* three quick flashes: let go now to withdraw the last press */
    SM_PATTERN_WITHDRAWN, /* six quick flashes: its captures are marked */
    SM_PATTERN_REFUSED,   /* one flash of a second: it could not be done */
};

#define SM_BLINK_ON_MS 200u
#define SM_BLINK_OFF_MS 300u
#define SM_BLINK_PAUSE_MS 1500u
#define SM_HEARTBEAT_ON_MS 30u
#define SM_HEARTBEAT_MS 5000u

typedef struct sm_lights {
    bool smiling;
    uint32_t smile_since_ms;
    uint32_t smile_ms;
    uint8_t pattern; /* enum sm_pattern */
    uint32_t pattern_since_ms;
    uint8_t fault; /* number of flashes; 0: none */
    uint32_t fault_since_ms;
} sm_lights_t;

void sm_lights_init(sm_lights_t *lights, uint32_t now_ms);

/* Turns the lights on for `duration_ms`, starting again if they are on. */
void sm_lights_smile(sm_lights_t *lights, uint32_t duration_ms, uint32_t now_ms);

/* Turns the lights off and shows SM_PATTERN_NO_SMILE. */
void sm_lights_no_smile(sm_lights_t *lights, uint32_t now_ms);

/* Shows a one-shot pattern on the status LED, in place of the one before. */
void sm_lights_show(sm_lights_t *lights, enum sm_pattern pattern, uint32_t now_ms);

/* Repeats `flashes` until changed; 0 ends it. Setting the same number again does not start it over. */
void sm_lights_fault(sm_lights_t *lights, uint8_t flashes, uint32_t now_ms);

/* The outputs at a time; call it at least every 10 ms. Ends what has run out. */
void sm_lights_update(sm_lights_t *lights, uint32_t now_ms, bool *lights_on, bool *status_on);

#endif
