#include "sm_app_parts.h"

static bool in_range(uint32_t value, uint32_t low, uint32_t high) {
    return value >= low && value <= high;
}

static bool good_network(const sm_config_t *config) {
    return in_range(config->label_count, 2, SM_MAX_LABELS) && config->positive < config->label_count &&
           in_range(config->engine, SM_ENGINE_AOT, SM_ENGINE_COIN) && config->normalize <= SM_NORMALIZE_STANDARDIZE &&
           in_range(config->input_size, SM_MIN_INPUT_SIZE, SM_MAX_INPUT_SIZE);
}

static bool good_frames(const sm_config_t *config) {
    return in_range(config->frame_width, 1, SM_MAX_FRAME_SIDE) && in_range(config->frame_height, 1, SM_MAX_FRAME_SIDE);
}

/* Whether there is what the locator needs. */
static bool good_locator(const sm_locator_t *locator, const sm_detector_t *detector) {
    if (locator->kind == SM_LOCATOR_CENTER) {
        return locator->x <= 1000 && locator->y <= 1000 && in_range(locator->size, 1, 1000);
    }
    return in_range(locator->kind, SM_LOCATOR_CLASSIC, SM_LOCATOR_NEURAL) && detector != NULL &&
           detector->memory != NULL && in_range(locator->threshold, 1, SM_MAX_CONFIDENCE);
}

static bool good_press(const sm_config_t *config) {
    return in_range(config->burst, 1, SM_MAX_BURST) && in_range(config->debounce_ms, 1, 200) &&
           config->threshold_margin >= -256 && config->threshold_margin <= 255 && config->coin_per_mille <= 1000 &&
           in_range(config->slots_per_segment, SM_MIN_SLOTS, SM_MAX_SLOTS) &&
           (config->interval_ms == 0 || in_range(config->interval_ms, SM_MIN_INTERVAL_MS, SM_MAX_INTERVAL_MS));
}

static bool good_lights(const sm_config_t *config) {
    return in_range(config->lights_kind, SM_LIGHTS_GPIO, SM_LIGHTS_WS2812) &&
           in_range(config->light_count, 1, SM_MAX_LEDS) && in_range(config->brightness, 1, config->brightness_max) &&
           config->brightness_max <= 100;
}

/* Whether the network is the one that the configuration tells of. */
static bool good_engine(const sm_config_t *config, const sm_engine_t *engine) {
    bool complete =
        engine->init != NULL && engine->invoke != NULL && engine->self_test != NULL && engine->memory != NULL;
    return config->engine == SM_ENGINE_COIN ||
           (complete && engine->input_length == (uint32_t)config->input_size * config->input_size &&
            engine->output_length == config->label_count);
}

int sm_app_check(const sm_config_t *config, const sm_engine_t *engine, const sm_memory_t *memory) {
    if (!good_network(config) || !good_frames(config) || !good_press(config) || !good_lights(config) ||
        !good_engine(config, engine) || !good_locator(&config->locator, engine->detector)) {
        return SM_ERR_ARGUMENT;
    }
    size_t input_bytes = (size_t)config->input_size * config->input_size;
    bool enough = memory->frames_bytes >= sm_app_frames_bytes(config) && memory->input_bytes >= input_bytes;
    return enough ? SM_OK : SM_ERR_MEMORY;
}
