#include "sm_app.h"

#include <string.h>

static uint32_t now_ms(const sm_app_t *app) {
    return (uint32_t)(app->hal->now_us(app->hal->context) / 1000u);
}

static void report(const sm_app_t *app, enum sm_event event, int error, uint32_t count, const sm_press_t *press) {
    sm_report_t contents = {
        .event = event,
        .error = error,
        .faults = app->faults,
        .count = count,
        .press = press,
        .log = &app->log,
        .self_test = &app->self_test,
        .settings = &app->settings,
        .problems = &app->problems,
    };
    if (app->hal->report != NULL) {
        app->hal->report(app->hal->context, &contents);
    }
}

/* ---- faults ---- */

uint8_t sm_app_flashes(uint32_t faults) {
    uint8_t flashes = 0;
    for (uint8_t i = 0; i < SM_FAULT_COUNT && flashes == 0; i++) {
        flashes = (faults >> i & 1u) != 0 ? (uint8_t)(i + 1u) : 0u;
    }
    return flashes;
}

/* Replaces those of `mask` by `faults`; shows the lowest one and reports a change. */
static void set_faults(sm_app_t *app, uint32_t mask, uint32_t faults, int error) {
    uint32_t changed = (app->faults & ~mask) | faults;
    if (changed == app->faults) {
        return;
    }
    app->faults = changed;
    sm_lights_fault(&app->lights, sm_app_flashes(changed), now_ms(app));
    report(app, SM_EVENT_FAULTS, error, 0, NULL);
}

_Static_assert(SM_SETTINGS_BYTES <= SM_LOG_HEAD_BYTES + SM_LOG_END_BYTES, "the log's buffer holds SMILEC.CFG");

#define CARD_FAULTS ((uint32_t)SM_FAULT_NO_CARD | SM_FAULT_CARD_FULL | SM_FAULT_CARD_FAILS | SM_FAULT_CARD_FORMAT)

static uint32_t card_fault(int error) {
    switch (error) {
    case SM_OK:
        return 0;
    case SM_ERR_NO_CARD:
        return SM_FAULT_NO_CARD;
    case SM_ERR_CARD_FULL:
        return SM_FAULT_CARD_FULL;
    case SM_ERR_FORMAT:
        return SM_FAULT_CARD_FORMAT;
    default:
        return SM_FAULT_CARD_FAILS;
    }
}

static void retry_later(sm_app_t *app, sm_retry_t *retry) {
    uint32_t doubled = retry->wait_ms == 0 ? SM_RETRY_FIRST_MS : retry->wait_ms * 2u;
    retry->wait_ms = doubled < SM_RETRY_LAST_MS ? doubled : SM_RETRY_LAST_MS;
    retry->since_ms = now_ms(app);
}

static bool retry_due(const sm_app_t *app, const sm_retry_t *retry) {
    return retry->wait_ms == 0 || now_ms(app) - retry->since_ms >= retry->wait_ms;
}

/* ---- card ---- */

static void drop_card(sm_app_t *app) {
    sm_shell_pause(app);
    sm_log_close(&app->log);
    app->hal->card_unmount(app->hal->context);
    app->card_wanted = true;
}

/* Takes note of how the last use of the card went. A full card stays mounted: its last captures can still be withdrawn.
 */
static void note_card(sm_app_t *app, int error) {
    if (error != SM_OK && error != SM_ERR_CARD_FULL) {
        drop_card(app);
        retry_later(app, &app->card_retry);
    }
    if (error == SM_OK) {
        app->card_retry.wait_ms = 0;
    }
    set_faults(app, CARD_FAULTS, card_fault(error == SM_OK && app->log.full ? SM_ERR_CARD_FULL : error), error);
}

/* What the card says counts from now on, until another card is mounted. */
static int load_settings(sm_app_t *app) {
    /* The log's buffer is in use during its calls only. */
    int found = sm_settings_load(app->hal, app->built_in, app->log.buffer, &app->settings, &app->problems);
    if (found < 0) {
        return found;
    }
    app->config.threshold_margin = app->settings.threshold_margin;
    app->config.burst = app->settings.burst;
    app->config.interval_ms = app->settings.interval_ms;
    sm_lights_dim(&app->lights, app->settings.brightness);
    set_faults(app, SM_FAULT_SETTINGS, app->problems.count > 0 ? SM_FAULT_SETTINGS : 0, SM_OK);
    if (found > 0) {
        report(app, SM_EVENT_SETTINGS, SM_OK, app->problems.count, NULL);
    }
    return SM_OK;
}

static void mount_card(sm_app_t *app) {
    sm_shell_pause(app);
    int error = app->hal->card_mount(app->hal->context);
    if (error == SM_OK) {
        error = load_settings(app);
    }
    if (error == SM_OK) {
        error = sm_log_mount(&app->log);
        app->card_wanted = error != SM_OK;
    }
    if (error != SM_OK) {
        note_card(app, error);
        return;
    }
    /* The wait starts over only after a capture got through: a card that mounts and then fails would otherwise be tried
     * every second. */
    app->card_untested = true;
    set_faults(app, CARD_FAULTS & ~(uint32_t)SM_FAULT_CARD_FAILS, 0, SM_OK);
    report(app, SM_EVENT_MOUNTED, SM_OK, 0, NULL);
}

/* Mounting needs the button up: on some boards it shares a line with the card. Returns whether it was tried. */
static bool try_mount(sm_app_t *app, bool due) {
    if (!app->card_wanted || app->button.level || app->button.down || !due) {
        return false;
    }
    mount_card(app);
    return true;
}

static void test_card(sm_app_t *app) {
    app->card_untested = false;
    int error = sm_log_test(&app->log);
    if (error == SM_ERR_NO_SLOT) {
        return;
    }
    report(app, SM_EVENT_TESTED, error, 0, NULL);
    if (error != SM_OK) {
        note_card(app, error);
    }
}

/* ---- taking the card out ---- */

/* All captures are on the card when they were written; nothing is open any more after this. */
static void eject(sm_app_t *app) {
    drop_card(app);
    app->card_wanted = false;
    app->card_untested = false;
    app->eject_wanted = false;
    app->ejected = true;
    app->card_gone = false;
    app->looks = 0;
    app->card_retry = (sm_retry_t){SM_EJECT_LOOK_MS, now_ms(app)};
    set_faults(app, CARD_FAULTS, 0, SM_OK);
    sm_lights_safe(&app->lights, true, now_ms(app));
    report(app, SM_EVENT_EJECTED, SM_OK, 0, NULL);
}

static void end_eject(sm_app_t *app) {
    app->eject_wanted = false;
    if (app->ejected) {
        app->ejected = false;
        app->card_wanted = true;
        app->card_retry.wait_ms = 0;
        sm_lights_safe(&app->lights, false, now_ms(app));
    }
}

/* Whether the card was taken out, or another one put in, which ends it. Mounting reads a few blocks and writes nothing,
 * so the card may be pulled at any time. */
static bool look_for_card(sm_app_t *app) {
    if (app->button.level || app->button.down || !retry_due(app, &app->card_retry)) {
        return false;
    }
    sm_shell_pause(app);
    int error = app->hal->card_mount(app->hal->context);
    app->hal->card_unmount(app->hal->context);
    app->looks += app->looks < SM_EJECT_LOOKS ? 1u : 0u;
    app->card_retry = (sm_retry_t){app->looks < SM_EJECT_LOOKS ? SM_EJECT_LOOK_MS : SM_RETRY_LAST_MS, now_ms(app)};
    if (error != SM_ERR_NO_CARD && app->card_gone) {
        end_eject(app);
    }
    app->card_gone = app->card_gone || error == SM_ERR_NO_CARD;
    return true;
}

/* Card work while nobody waits. Returns whether something was done. */
static bool idle_card(sm_app_t *app) {
    if (app->eject_wanted) {
        eject(app);
        return true;
    }
    if (app->ejected) {
        return look_for_card(app);
    }
    if (app->card_wanted) {
        return try_mount(app, retry_due(app, &app->card_retry));
    }
    if (sm_log_has_work(&app->log) || app->card_untested) {
        sm_shell_pause(app);
    }
    int made = sm_log_idle(&app->log);
    if (made == 0 && app->card_untested) {
        test_card(app);
        return true;
    }
    if (made < 0) {
        note_card(app, made);
    } else if (made > 0 && (app->faults & SM_FAULT_CARD_FAILS) != 0) {
        note_card(app, SM_OK);
    }
    return made != 0;
}

/* ---- camera ---- */

static bool idle_camera(sm_app_t *app) {
    if ((app->faults & SM_FAULT_CAMERA) == 0 || !retry_due(app, &app->camera_retry)) {
        return false;
    }
    int error = app->hal->camera_restart(app->hal->context);
    if (error == SM_OK) {
        app->self_test.camera = sm_self_test_camera(app->hal, app->built_in, &app->self_test.sensor);
        set_faults(app, SM_FAULT_CAMERA, 0, SM_OK);
    } else {
        retry_later(app, &app->camera_retry);
    }
    return true;
}

/* ---- button ---- */

static void withdraw(sm_app_t *app) {
    sm_shell_pause(app);
    int marked = sm_log_withdraw(&app->log);
    sm_lights_show(&app->lights, marked > 0 ? SM_PATTERN_WITHDRAWN : SM_PATTERN_REFUSED, now_ms(app));
    report(app, SM_EVENT_WITHDRAWN, marked > 0 ? SM_OK : marked, marked > 0 ? (uint32_t)marked : 0, NULL);
    if (marked < 0 && marked != SM_ERR_NOT_FOUND && !app->card_wanted && !app->ejected) {
        note_card(app, marked);
    }
}

/* What a press means is settled when it ends: short: a picture, with the card in use again; long: withdraw the last
 * press; very long: let the card be taken out; stuck: nothing. */
static void released(sm_app_t *app) {
    set_faults(app, SM_FAULT_BUTTON, 0, SM_OK);
    if (app->button.reached == SM_BUTTON_LONG) {
        withdraw(app);
    } else if (app->button.reached == SM_BUTTON_VERY_LONG) {
        app->eject_wanted = !app->ejected;
    } else if (app->button.reached == SM_BUTTON_NONE) {
        end_eject(app);
        sm_session_release(&app->session, app->button.held_ms);
    }
}

static void watch_button(sm_app_t *app) {
    bool level = app->hal->button_down(app->hal->context);
    switch (sm_button_update(&app->button, level, now_ms(app))) {
    case SM_BUTTON_PRESSED:
        if ((app->faults & ((uint32_t)SM_FAULT_MODEL | SM_FAULT_MEMORY)) == 0) {
            sm_session_press(&app->session);
        } else {
            sm_lights_show(&app->lights, SM_PATTERN_REFUSED, now_ms(app));
        }
        break;
    case SM_BUTTON_LONG:
        sm_session_cancel(&app->session);
        sm_lights_show(&app->lights, SM_PATTERN_HELD, now_ms(app));
        break;
    case SM_BUTTON_VERY_LONG:
        sm_lights_show(&app->lights, SM_PATTERN_HELD, now_ms(app));
        break;
    case SM_BUTTON_STUCK:
        set_faults(app, SM_FAULT_BUTTON, SM_FAULT_BUTTON, SM_OK);
        break;
    case SM_BUTTON_RELEASED:
        released(app);
        break;
    case SM_BUTTON_NONE:
    default:
        if (!app->button.down) {
            set_faults(app, SM_FAULT_BUTTON, 0, SM_OK);
        }
        break;
    }
}

/* ---- session ---- */

static void session_failed(sm_app_t *app) {
    const sm_press_t *press = &app->session.press;
    report(app, SM_EVENT_FAILED, press->error, 0, press);
    sm_lights_show(&app->lights, SM_PATTERN_REFUSED, now_ms(app));
    if (press->error == SM_ERR_CAMERA || press->error == SM_ERR_FRAME) {
        set_faults(app, SM_FAULT_CAMERA, SM_FAULT_CAMERA, press->error);
    } else {
        set_faults(app, SM_FAULT_MODEL, SM_FAULT_MODEL, press->error);
    }
}

static void session_done(sm_app_t *app) {
    const sm_press_t *press = &app->session.press;
    if (!app->card_wanted && !app->ejected) {
        note_card(app, press->log_error);
    }
    report(app, SM_EVENT_DONE, press->log_error, 0, press);
}

/* Returns whether there was work. */
static bool step_session(sm_app_t *app) {
    bool busy = sm_app_busy(app);
    if (busy || app->button.down) {
        app->picture_ms = now_ms(app);
    }
    if (busy) {
        sm_shell_pause(app);
    }
    /* A card that was put in since the last look gets this press already. Tried once a press: it stays to be logged. */
    if (sm_session_will_log(&app->session) && app->session.press.number != app->mounted_for) {
        app->mounted_for = app->session.press.number;
        if (try_mount(app, retry_due(app, &app->card_retry) || (app->faults & SM_FAULT_NO_CARD) != 0)) {
            return true;
        }
    }
    switch (sm_session_step(&app->session)) {
    case SM_SESSION_SCORED:
        app->camera_retry.wait_ms = 0;
        report(app, SM_EVENT_SCORED, SM_OK, 0, &app->session.press);
        break;
    case SM_SESSION_FAILED:
        session_failed(app);
        break;
    case SM_SESSION_DONE:
        session_done(app);
        break;
    case SM_SESSION_NONE:
    default:
        break;
    }
    /* Waiting for the release is not work. */
    return busy && app->session.state != SM_SESSION_HOLD;
}

/* A picture without a press, when it is time for one and nobody is at the button. */
static void take_by_interval(sm_app_t *app) {
    if (app->config.interval_ms != 0 && !sm_app_busy(app) && !app->button.down && !app->button.level &&
        (app->faults & (SM_FAULT_MODEL | SM_FAULT_MEMORY)) == 0 &&
        now_ms(app) - app->picture_ms >= app->config.interval_ms) {
        sm_session_take(&app->session);
    }
}

/* ---- start ---- */

size_t sm_app_frames_bytes(const sm_config_t *config) {
    return (size_t)config->burst * config->frame_width * config->frame_height;
}

static bool in_range(uint32_t value, uint32_t low, uint32_t high) {
    return value >= low && value <= high;
}

static int check(const sm_config_t *config, const sm_engine_t *engine, const sm_memory_t *memory) {
    bool coin = config->engine == SM_ENGINE_COIN;
    size_t input_bytes = (size_t)config->input_size * config->input_size;
    if (!in_range(config->label_count, 2, SM_MAX_LABELS) || config->positive >= config->label_count ||
        !in_range(config->engine, SM_ENGINE_AOT, SM_ENGINE_COIN) || config->normalize > SM_NORMALIZE_STANDARDIZE ||
        !in_range(config->input_size, SM_MIN_INPUT_SIZE, SM_MAX_INPUT_SIZE) ||
        !in_range(config->frame_width, 1, SM_MAX_FRAME_SIDE) || !in_range(config->frame_height, 1, SM_MAX_FRAME_SIDE) ||
        config->locator.x > 1000 || config->locator.y > 1000 || !in_range(config->locator.size, 1, 1000) ||
        config->threshold_margin < -256 || config->threshold_margin > 255 || config->coin_per_mille > 1000 ||
        !in_range(config->burst, 1, SM_MAX_BURST) || !in_range(config->debounce_ms, 1, 200) ||
        !in_range(config->slots_per_segment, SM_MIN_SLOTS, SM_MAX_SLOTS) ||
        !in_range(config->lights_kind, SM_LIGHTS_GPIO, SM_LIGHTS_WS2812) ||
        !in_range(config->light_count, 1, SM_MAX_LEDS) || !in_range(config->brightness, 1, config->brightness_max) ||
        config->brightness_max > 100 ||
        (config->interval_ms != 0 && !in_range(config->interval_ms, SM_MIN_INTERVAL_MS, SM_MAX_INTERVAL_MS))) {
        return SM_ERR_ARGUMENT;
    }
    if (!coin && (engine->init == NULL || engine->invoke == NULL || engine->self_test == NULL ||
                  engine->input_length != input_bytes || engine->output_length != config->label_count)) {
        return SM_ERR_ARGUMENT;
    }
    return memory->frames_bytes < sm_app_frames_bytes(config) || memory->input_bytes < input_bytes ? SM_ERR_MEMORY
                                                                                                   : SM_OK;
}

/* Faults that the self-test found. */
static uint32_t tested_faults(const sm_self_test_t *result) {
    uint32_t faults = result->model == SM_OK ? 0 : SM_FAULT_MODEL;
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

int sm_app_init(sm_app_t *app, const sm_hal_t *hal, const sm_config_t *config, const sm_engine_t *engine,
                sm_memory_t memory) {
    int error = check(config, engine, &memory);
    memset(app, 0, sizeof(*app));
    app->hal = hal;
    if (error == SM_OK) {
        error = sm_log_init(&app->log, hal, config->frame_width, config->frame_height, config->slots_per_segment,
                            config->burst);
    }
    if (error != SM_OK) {
        return error;
    }
    sm_button_init(&app->button, config->debounce_ms, hal->button_down(hal->context), now_ms(app));
    sm_lights_init(&app->lights, config, now_ms(app));
    app->built_in = config;
    app->config = *config;
    app->picture_ms = now_ms(app);
    connect_session(app, engine, &memory);
    app->settings = sm_settings_default(config);
    app->card_wanted = true;
    app->self_test = sm_self_test(hal, config, engine, &memory);
    sm_lights_show(&app->lights, SM_PATTERN_READY, now_ms(app));
    sm_lights_output(&app->lights, hal);
    report(app, SM_EVENT_READY, app->self_test.model, 0, NULL);
    uint32_t faults = tested_faults(&app->self_test);
    set_faults(app, faults, faults, app->self_test.model);
    return SM_OK;
}

bool sm_app_busy(const sm_app_t *app) {
    return app->session.state != SM_SESSION_IDLE || app->session.pending;
}

uint32_t sm_app_step(sm_app_t *app) {
    watch_button(app);
    take_by_interval(app);
    bool worked = step_session(app);
    sm_lights_output(&app->lights, app->hal);
    if (!worked && !sm_app_busy(app) && !app->button.down) {
        worked = idle_card(app) || idle_camera(app);
    }
    if (!worked && !sm_app_busy(app)) {
        worked = sm_shell_step(app);
    }
    return worked || (sm_app_busy(app) && app->session.state != SM_SESSION_HOLD) ? 0 : SM_IDLE_MS;
}

void sm_app_stop(sm_app_t *app) {
    sm_shell_pause(app);
    sm_log_close(&app->log);
    app->hal->card_unmount(app->hal->context);
    app->card_wanted = true;
}
