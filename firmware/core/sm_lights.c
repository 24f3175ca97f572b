#include "sm_lights.h"

/* Alternating on and off times in milliseconds, starting with on, ended by 0. */
static const uint16_t patterns[][13] = {
    [SM_PATTERN_NONE] = {0},
    [SM_PATTERN_READY] = {500, 0},
    [SM_PATTERN_NO_SMILE] = {100, 100, 100, 400, 0},
    [SM_PATTERN_HELD] = {50, 50, 50, 50, 50, 400, 0},
    [SM_PATTERN_WITHDRAWN] = {80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 80, 400, 0},
    [SM_PATTERN_REFUSED] = {1000, 400, 0},
};

void sm_lights_init(sm_lights_t *lights, uint32_t now_ms) {
    *lights = (sm_lights_t){.fault_since_ms = now_ms, .pattern_since_ms = now_ms};
}

void sm_lights_smile(sm_lights_t *lights, uint32_t duration_ms, uint32_t now_ms) {
    lights->smiling = true;
    lights->smile_since_ms = now_ms;
    lights->smile_ms = duration_ms;
    lights->pattern = SM_PATTERN_NONE;
}

void sm_lights_no_smile(sm_lights_t *lights, uint32_t now_ms) {
    lights->smiling = false;
    sm_lights_show(lights, SM_PATTERN_NO_SMILE, now_ms);
}

void sm_lights_show(sm_lights_t *lights, enum sm_pattern pattern, uint32_t now_ms) {
    lights->pattern = (uint8_t)pattern;
    lights->pattern_since_ms = now_ms;
}

void sm_lights_fault(sm_lights_t *lights, uint8_t flashes, uint32_t now_ms) {
    if (flashes != lights->fault) {
        lights->fault = flashes;
        lights->fault_since_ms = now_ms;
    }
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

static bool fault_level(const sm_lights_t *lights, uint32_t now_ms) {
    uint32_t flash = SM_BLINK_ON_MS + SM_BLINK_OFF_MS;
    uint32_t phase = (now_ms - lights->fault_since_ms) % (lights->fault * flash + SM_BLINK_PAUSE_MS);
    return phase < lights->fault * flash && phase % flash < SM_BLINK_ON_MS;
}

void sm_lights_update(sm_lights_t *lights, uint32_t now_ms, bool *lights_on, bool *status_on) {
    if (lights->smiling && now_ms - lights->smile_since_ms >= lights->smile_ms) {
        lights->smiling = false;
    }
    *lights_on = lights->smiling;
    *status_on = lights->pattern != SM_PATTERN_NONE && pattern_level(lights, now_ms);
    if (lights->pattern == SM_PATTERN_NONE) {
        *status_on = lights->fault != 0 ? fault_level(lights, now_ms) : now_ms % SM_HEARTBEAT_MS < SM_HEARTBEAT_ON_MS;
    }
}
