#include <string.h>

#include "sm_app_parts.h"

size_t sm_app_frames_bytes(const sm_config_t *config) {
    return (size_t)config->burst * config->frame_width * config->frame_height;
}

/* Faults that the self-test found. */
static uint32_t tested_faults(const sm_self_test_t *result) {
    uint32_t faults = result->model == SM_OK ? 0 : result->model == SM_ERR_MEMORY ? SM_FAULT_ARENA : SM_FAULT_MODEL;
    faults |= result->memory == SM_OK ? 0 : SM_FAULT_MEMORY;
    return faults | (result->camera == SM_ERR_CAMERA ? SM_FAULT_CAMERA : 0);
}

static void connect_session(sm_app_t *app, const sm_engine_t *engine, const sm_memory_t *memory) {
    app->session.hal = app->hal;
    app->session.config = &app->config;
    app->session.engine = engine;
    app->session.log = &app->log;
    app->session.lights = &app->lights;
    app->session.frames = memory->frames;
    app->session.input = memory->input;
}

static void tell_ready(sm_app_t *app) {
    uint32_t faults = tested_faults(&app->self_test);
    sm_lights_show(&app->lights, SM_PATTERN_READY, sm_app_now_ms(app));
    sm_lights_output(&app->lights, app->hal);
    sm_app_report(app, SM_EVENT_READY, app->self_test.model, 0, NULL);
    sm_app_set_faults(app, faults, faults, app->self_test.model);
}

int sm_app_init(sm_app_t *app, const sm_hal_t *hal, const sm_config_t *config, const sm_engine_t *engine,
                sm_memory_t memory) {
    int error = sm_app_check(config, engine, &memory);
    memset(app, 0, sizeof(*app));
    app->hal = hal;
    if (error == SM_OK) {
        error = sm_log_init(&app->log, hal, config->frame_width, config->frame_height, config->slots_per_segment,
                            config->burst);
    }
    if (error != SM_OK) {
        return error;
    }
    sm_button_init(&app->button, config->debounce_ms, hal->button_down(hal->context), sm_app_now_ms(app));
    sm_lights_init(&app->lights, config, sm_app_now_ms(app));
    app->built_in = config;
    app->config = *config;
    app->picture_ms = sm_app_now_ms(app);
    connect_session(app, engine, &memory);
    app->settings = sm_settings_default(config);
    app->card_wanted = true;
    app->self_test = sm_self_test(hal, config, engine, &memory);
    tell_ready(app);
    return SM_OK;
}
