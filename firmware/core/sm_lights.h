/*
 * What lights and status LED show, as a function of time: the lights the answer, the status LED everything else.
 * Setting a pattern and reading the outputs are separate, so that nothing here waits. Times are milliseconds modulo
 * 2^32, and nothing jumps when they wrap.
 *
 * Status LED, highest first: a one-shot pattern; the card may be taken out; a fault's blink code, n flashes and a
 * pause, repeated; a short flash every five seconds while all is well.
 *
 * Lights on an output: on for a smile. A strip: all LEDs green for a smile, two soft pulses of warm white for none, one
 * of violet when nobody is there, and slow blue while the card may be taken out. Without a status LED the strip shows one-shot patterns too, on all LEDs,
 * and blink codes and the sign of life on the first one: a fault that lasts should neither light the faces nor heat the
 * LEDs.
 */
#ifndef SM_LIGHTS_H
#define SM_LIGHTS_H

#include "sm_hal.h"
#include "sm_types.h"

enum sm_pattern {
    SM_PATTERN_NONE = 0,
    SM_PATTERN_NO_SMILE, /* two short flashes; lights on an output stay off */
    SM_PATTERN_NOBODY,   /* a long flash and a short one: no face was found; lights on an output stay off */
    /* From here on a strip without a status LED shows them, too. */
    SM_PATTERN_READY,    /* one flash of half a second */
    SM_PATTERN_HELD,     /* three quick flashes: let go now to withdraw the last press, or later to take the card out */
    SM_PATTERN_WITHDRAWN, /* six quick flashes: its captures are marked */
    SM_PATTERN_REFUSED,   /* one flash of a second: it could not be done */
};

#define SM_BLINK_ON_MS 200u
#define SM_BLINK_OFF_MS 300u
#define SM_BLINK_PAUSE_MS 1500u
#define SM_HEARTBEAT_ON_MS 30u
#define SM_HEARTBEAT_MS 5000u
/* The card may be taken out: on, with a short gap in each period. */
#define SM_SAFE_ON_MS 1800u
#define SM_SAFE_MS 2000u
/* A strip's pulses: up and down again in one period; and how often it changes meanwhile. */
#define SM_PULSE_MS 1000u
#define SM_PULSES 2u
#define SM_SAFE_PULSE_MS 4000u
#define SM_FADE_STEP_MS 20u
/* A strip gets its colours again this often: what it missed or misread shows for no longer. */
#define SM_REPEAT_MS 1000u

/* Channels of an LED that are lit together in any pattern come to at most this, of 3 * 255: what the strip's current is
 * computed from (src/board/strip.ts). */
#define SM_CHANNEL_SUM_MAX 510u

/* What is out at a time. */
typedef struct sm_light_frame {
    sm_colour_t leds[SM_MAX_LEDS]; /* the first `count` of sm_lights_t */
    bool status;
} sm_light_frame_t;

typedef struct sm_lights {
    uint8_t kind;       /* SM_LIGHTS_* */
    uint8_t count;      /* LEDs */
    uint8_t brightness; /* of a strip, per cent */
    bool status_led;
    bool smiling;
    uint32_t smile_since_ms;
    uint32_t smile_ms;
    bool neutral; /* the pulses for no smile, or for nobody */
    bool nobody;
    uint32_t neutral_since_ms;
    uint8_t pattern; /* enum sm_pattern */
    uint32_t pattern_since_ms;
    bool safe;
    uint32_t safe_since_ms;
    uint8_t fault; /* number of flashes; 0: none */
    uint32_t fault_since_ms;
    uint32_t heartbeat_since_ms;
    bool sent; /* `shown` is out since sent_ms */
    uint32_t sent_ms;
    sm_light_frame_t shown;
} sm_lights_t;

void sm_lights_init(sm_lights_t *lights, const sm_config_t *config, uint32_t now_ms);

/* A strip's brightness from now on, per cent, 1 to 100. */
void sm_lights_dim(sm_lights_t *lights, uint8_t brightness);

/* Turns the lights on for `duration_ms`, starting again if they are on. */
void sm_lights_smile(sm_lights_t *lights, uint32_t duration_ms, uint32_t now_ms);

/* Turns the lights off and shows SM_PATTERN_NO_SMILE; a strip pulses. */
void sm_lights_no_smile(sm_lights_t *lights, uint32_t now_ms);

/* Turns the lights off and shows SM_PATTERN_NOBODY; a strip pulses once, violet. */
void sm_lights_nobody(sm_lights_t *lights, uint32_t now_ms);

/* Shows a one-shot pattern in place of the one before. */
void sm_lights_show(sm_lights_t *lights, enum sm_pattern pattern, uint32_t now_ms);

/* Whether to show that the card may be taken out. */
void sm_lights_safe(sm_lights_t *lights, bool safe, uint32_t now_ms);

/* Repeats `flashes` until changed; 0 ends it. Setting the same number again does not start it over. */
void sm_lights_fault(sm_lights_t *lights, uint8_t flashes, uint32_t now_ms);

/* The outputs at a time; call it at least every 10 ms. Ends what has run out. */
void sm_lights_update(sm_lights_t *lights, uint32_t now_ms, sm_light_frame_t *frame);

/* Brings the machine's outputs up to date: calls it only for what changed, and for a strip every SM_REPEAT_MS. */
void sm_lights_output(sm_lights_t *lights, const sm_hal_t *hal);

#endif
