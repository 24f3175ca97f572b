#include "sm_lights.h"

#include <string.h>

/* Alternating on and off times in milliseconds, starting with on, ended by 0. */
static const uint16_t patterns[][13] = {
    [SM_PATTERN_NONE] = {0},
    [SM_PATTERN_READY] = {500, 0},
    [SM_PATTERN_NO_SMILE] = {100, 100, 100, 400, 0},
    [SM_PATTERN_NOBODY] = {600, 200, 100, 400, 0},
    [SM_PATTERN_HELD] = {50, 50, 50, 50, 50, 400, 0},
    [SM_PATTERN_WITHDRAWN] = {80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 400, 0},
    [SM_PATTERN_REFUSED] = {1000, 400, 0},
};

/* On a strip; at most SM_CHANNEL_SUM_MAX together. */
static const sm_colour_t pattern_colours[] = {
    [SM_PATTERN_NONE] = {0, 0, 0},        [SM_PATTERN_READY] = {170, 170, 170}, [SM_PATTERN_NO_SMILE] = {0, 0, 0},
    [SM_PATTERN_NOBODY] = {0, 0, 0},      [SM_PATTERN_HELD] = {255, 170, 0},
    [SM_PATTERN_WITHDRAWN] = {0, 80, 255}, [SM_PATTERN_REFUSED] = {255, 0, 0},
};
static const sm_colour_t black = {0, 0, 0};
static const sm_colour_t green = {0, 255, 0};
static const sm_colour_t warm_white = {255, 170, 70};
static const sm_colour_t violet = {150, 0, 255};
static const sm_colour_t blue = {0, 100, 255};
static const sm_colour_t red = {255, 0, 0};
static const sm_colour_t grey = {60, 60, 60};

void sm_lights_init(sm_lights_t *lights, const sm_config_t *config, uint32_t now_ms) {
    *lights = (sm_lights_t){
        .kind = config->lights_kind,
        .count = config->light_count,
        .brightness = config->brightness,
        .status_led = config->status_led,
        .pattern_since_ms = now_ms,
        .fault_since_ms = now_ms,
        .heartbeat_since_ms = now_ms,
    };
}

void sm_lights_dim(sm_lights_t *lights, uint8_t brightness) {
    lights->brightness = brightness;
}

void sm_lights_smile(sm_lights_t *lights, uint32_t duration_ms, uint32_t now_ms) {
    lights->smiling = true;
    lights->smile_since_ms = now_ms;
    lights->smile_ms = duration_ms;
    lights->neutral = false;
    lights->pattern = SM_PATTERN_NONE;
}

/* An answer that is not a smile. */
static void answer(sm_lights_t *lights, bool nobody, uint32_t now_ms) {
    lights->smiling = false;
    lights->neutral = true;
    lights->nobody = nobody;
    lights->neutral_since_ms = now_ms;
    sm_lights_show(lights, nobody ? SM_PATTERN_NOBODY : SM_PATTERN_NO_SMILE, now_ms);
}

void sm_lights_no_smile(sm_lights_t *lights, uint32_t now_ms) {
    answer(lights, false, now_ms);
}

void sm_lights_nobody(sm_lights_t *lights, uint32_t now_ms) {
    answer(lights, true, now_ms);
}

void sm_lights_show(sm_lights_t *lights, enum sm_pattern pattern, uint32_t now_ms) {
    lights->pattern = (uint8_t)pattern;
    lights->pattern_since_ms = now_ms;
}

void sm_lights_safe(sm_lights_t *lights, bool safe, uint32_t now_ms) {
    if (safe && !lights->safe) {
        lights->safe_since_ms = now_ms;
    }
    lights->safe = safe;
}

void sm_lights_fault(sm_lights_t *lights, uint8_t flashes, uint32_t now_ms) {
    if (flashes != lights->fault) {
        lights->fault = flashes;
        lights->fault_since_ms = now_ms;
    }
}

/* ---- levels ---- */

/* Time into something that repeats. Its start moves up by whole periods, so that nothing jumps when the clock wraps. */
static uint32_t phase(uint32_t *since_ms, uint32_t period_ms, uint32_t now_ms) {
    uint32_t elapsed = now_ms - *since_ms;
    *since_ms += elapsed - elapsed % period_ms;
    return elapsed % period_ms;
}

/* Level of the one-shot pattern; ends it when it is over. */
static bool pattern_level(sm_lights_t *lights, uint32_t now_ms) {
    uint32_t elapsed = now_ms - lights->pattern_since_ms;
    bool on = true;
    for (const uint16_t *step = patterns[lights->pattern]; *step != 0; step++) {
        if (elapsed < *step) {
            return on;
        }
        elapsed -= *step;
        on = !on;
    }
    lights->pattern = SM_PATTERN_NONE;
    return false;
}

static bool fault_level(sm_lights_t *lights, uint32_t now_ms) {
    uint32_t flash = SM_BLINK_ON_MS + SM_BLINK_OFF_MS;
    uint32_t into = phase(&lights->fault_since_ms, lights->fault * flash + SM_BLINK_PAUSE_MS, now_ms);
    return into < lights->fault * flash && into % flash < SM_BLINK_ON_MS;
}

static bool heartbeat_level(sm_lights_t *lights, uint32_t now_ms) {
    return phase(&lights->heartbeat_since_ms, SM_HEARTBEAT_MS, now_ms) < SM_HEARTBEAT_ON_MS;
}

/*
 * Level 0 to 255 of a soft pulse, `into` milliseconds into it: up and down along 3t^2 - 2t^3, squared, since the eye
 * takes light by about its square root.
 */
static uint32_t pulse_level(uint32_t into, uint32_t period_ms) {
    uint32_t step = into - into % SM_FADE_STEP_MS;
    uint32_t half = period_ms / 2u;
    uint32_t t = (step < half ? step : period_ms - step) * 255u / half;
    uint32_t smooth = t * t * (765u - 2u * t) / 65025u;
    return smooth * smooth / 255u;
}

/* ---- strip ---- */

static uint8_t channel(uint8_t full, uint32_t level, uint8_t brightness) {
    return (uint8_t)(full * level * brightness / 25500u);
}

static sm_colour_t dimmed(const sm_lights_t *lights, sm_colour_t colour, uint32_t level) {
    return (sm_colour_t){
        .red = channel(colour.red, level, lights->brightness),
        .green = channel(colour.green, level, lights->brightness),
        .blue = channel(colour.blue, level, lights->brightness),
    };
}

static void fill(const sm_lights_t *lights, sm_colour_t colour, uint32_t level, sm_light_frame_t *frame) {
    for (uint32_t i = 0; i < lights->count; i++) {
        frame->leds[i] = dimmed(lights, colour, level);
    }
}

/* What the strip shows of the answer and of the card; false when it has nothing to show. */
static bool strip_answer(sm_lights_t *lights, uint32_t now_ms, sm_light_frame_t *frame) {
    if (lights->smiling) {
        fill(lights, green, 255u, frame);
    } else if (lights->neutral) {
        uint32_t into = (now_ms - lights->neutral_since_ms) % SM_PULSE_MS;
        fill(lights, lights->nobody ? violet : warm_white, pulse_level(into, SM_PULSE_MS), frame);
    } else if (lights->safe) {
        uint32_t into = phase(&lights->safe_since_ms, SM_SAFE_PULSE_MS, now_ms);
        fill(lights, blue, pulse_level(into, SM_SAFE_PULSE_MS), frame);
    } else {
        return false;
    }
    return true;
}

/* `status`: what a status LED shows at this time. */
static void strip(sm_lights_t *lights, uint32_t now_ms, bool status, sm_light_frame_t *frame) {
    bool one_shot = lights->pattern >= SM_PATTERN_READY;
    if (!lights->status_led && one_shot) {
        fill(lights, status ? pattern_colours[lights->pattern] : black, 255u, frame);
    } else if (!strip_answer(lights, now_ms, frame) && !lights->status_led && status) {
        frame->leds[0] = dimmed(lights, lights->fault != 0 ? red : grey, 255u);
    }
}

/* ---- outputs ---- */

static bool status_level(sm_lights_t *lights, uint32_t now_ms) {
    bool on = lights->pattern != SM_PATTERN_NONE && pattern_level(lights, now_ms);
    if (lights->pattern != SM_PATTERN_NONE) {
        return on;
    }
    if (lights->safe) {
        /* The strip's period, a whole number of these: both move the start up. */
        return phase(&lights->safe_since_ms, SM_SAFE_PULSE_MS, now_ms) % SM_SAFE_MS < SM_SAFE_ON_MS;
    }
    return lights->fault != 0 ? fault_level(lights, now_ms) : heartbeat_level(lights, now_ms);
}

void sm_lights_update(sm_lights_t *lights, uint32_t now_ms, sm_light_frame_t *frame) {
    memset(frame, 0, sizeof(*frame));
    lights->smiling = lights->smiling && now_ms - lights->smile_since_ms < lights->smile_ms;
    lights->neutral = lights->neutral && now_ms - lights->neutral_since_ms < (lights->nobody ? 1u : SM_PULSES) * SM_PULSE_MS;
    frame->status = status_level(lights, now_ms);
    if (lights->kind == SM_LIGHTS_WS2812) {
        strip(lights, now_ms, frame->status, frame);
    } else if (lights->smiling) {
        frame->leds[0] = green;
    }
}

void sm_lights_output(sm_lights_t *lights, const sm_hal_t *hal) {
    sm_light_frame_t frame;
    uint32_t now_ms = (uint32_t)(hal->now_us(hal->context) / 1000u);
    sm_lights_update(lights, now_ms, &frame);
    bool repeat = lights->kind == SM_LIGHTS_WS2812 && now_ms - lights->sent_ms >= SM_REPEAT_MS;
    if (!lights->sent || repeat || memcmp(frame.leds, lights->shown.leds, sizeof(frame.leds)) != 0) {
        hal->set_lights(hal->context, frame.leds, lights->count);
        lights->sent_ms = now_ms;
    }
    if (!lights->sent || frame.status != lights->shown.status) {
        hal->set_status(hal->context, frame.status);
    }
    lights->sent = true;
    lights->shown = frame;
}
