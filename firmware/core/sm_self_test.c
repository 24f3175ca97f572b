#include "sm_self_test.h"

#include <string.h>

/* Differs between places that one wrong address line would make the same (Knuth's multiplicative hash). */
static uint8_t pattern(size_t place, uint8_t flip) {
    return (uint8_t)(((uint32_t)place * 2654435761u) >> 24) ^ flip;
}

int sm_self_test_memory(uint8_t *memory, size_t bytes) {
    /* Volatile: every write and read is made. */
    volatile uint8_t *cells = memory;
    static const uint8_t flips[] = {0x00, 0xff};
    for (size_t pass = 0; pass < sizeof(flips); pass++) {
        for (size_t i = 0; i < bytes; i++) {
            cells[i] = pattern(i, flips[pass]);
        }
        for (size_t i = 0; i < bytes; i++) {
            if (cells[i] != pattern(i, flips[pass])) {
                return SM_ERR_MEMORY;
            }
        }
    }
    return SM_OK;
}

static bool holds(const volatile uint8_t *cell, uint8_t value) {
    return *cell == value;
}

/* Whether a byte still holds `rest` and takes each value that differs from it in one bit. Leaves it inverted. */
static bool walk(volatile uint8_t *cell, uint8_t rest) {
    bool good = holds(cell, rest);
    for (uint32_t bit = 0; good && bit < 8u; bit++) {
        uint8_t other = (uint8_t)(rest ^ 1u << bit);
        *cell = other;
        good = holds(cell, other);
    }
    *cell = (uint8_t)~rest;
    return good;
}

/* Takes all bytes from `rest` to its inverse, in ascending or descending order. */
static bool march(volatile uint8_t *cells, size_t bytes, uint8_t rest, bool up) {
    for (size_t i = 0; i < bytes; i++) {
        if (!walk(&cells[up ? i : bytes - 1u - i], rest)) {
            return false;
        }
    }
    return true;
}

int sm_self_test_arena(uint8_t *memory, size_t bytes) {
    volatile uint8_t *cells = memory;
    for (size_t i = 0; i < bytes; i++) {
        cells[i] = 0x00;
    }
    bool good = march(cells, bytes, 0x00, true) && march(cells, bytes, 0xff, true) &&
                march(cells, bytes, 0x00, false) && march(cells, bytes, 0xff, false);
    for (size_t i = 0; good && i < bytes; i++) {
        good = holds(&cells[i], 0x00);
    }
    return good ? sm_self_test_memory(memory, bytes) : SM_ERR_MEMORY;
}

int sm_self_test_camera(const sm_hal_t *hal, const sm_config_t *config, uint16_t *sensor) {
    int found = hal->camera_sensor == NULL ? 0 : hal->camera_sensor(hal->context);
    *sensor = found > 0 ? (uint16_t)found : 0;
    if (found < 0) {
        return found;
    }
    /* The lower byte is the version. */
    bool other = found != 0 && config->sensor != 0 && (uint32_t)found >> 8 != (uint32_t)config->sensor >> 8;
    return other ? SM_ERR_NOT_FOUND : SM_OK;
}

static int test_detector(const sm_detector_t *detector) {
    if (detector == NULL) {
        return SM_OK;
    }
    if (sm_self_test_arena((uint8_t *)detector->memory(), detector->memory_bytes) != SM_OK) {
        return SM_ERR_MEMORY;
    }
    if (detector->init() != 0) {
        return SM_ERR_MODEL;
    }
    return detector->self_test() == 0 ? SM_OK : SM_ERR_SELF_TEST;
}

static int test_model(const sm_config_t *config, const sm_engine_t *engine, const sm_memory_t *memory) {
    int8_t outputs[SM_MAX_LABELS];
    if (config->engine == SM_ENGINE_COIN) {
        return SM_OK;
    }
    if (sm_self_test_arena((uint8_t *)engine->memory(), engine->memory_bytes) != SM_OK) {
        return SM_ERR_MEMORY;
    }
    if (engine->init() != 0) {
        return SM_ERR_MODEL;
    }
    if (engine->self_test() != 0) {
        return SM_ERR_SELF_TEST;
    }
    memset(memory->input, 0x55, memory->input_bytes);
    if (engine->invoke(memory->input, outputs) != 0) {
        return SM_ERR_MODEL;
    }
    return engine->self_test() == 0 ? SM_OK : SM_ERR_SELF_TEST;
}

sm_self_test_t sm_self_test(const sm_hal_t *hal, const sm_config_t *config, const sm_engine_t *engine,
                            const sm_memory_t *memory) {
    sm_self_test_t result = {0};
    result.memory = sm_self_test_memory(memory->frames, memory->frames_bytes);
    if (result.memory == SM_OK) {
        result.memory = sm_self_test_memory((uint8_t *)memory->input, memory->input_bytes);
    }
    result.model = test_model(config, engine, memory);
    if (result.model == SM_OK) {
        result.model = test_detector(engine->detector);
    }
    result.camera = sm_self_test_camera(hal, config, &result.sensor);
    return result;
}
