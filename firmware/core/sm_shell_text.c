#include "sm_shell_text.h"

#include "sm_app.h"

static void number(sm_text_t *text, const char *key, uint64_t value) {
    sm_text_string(text, key);
    sm_text_string(text, "=");
    sm_text_unsigned(text, value, 1);
    sm_text_string(text, "\n");
}

static void integer(sm_text_t *text, const char *key, int32_t value) {
    sm_text_string(text, key);
    sm_text_string(text, "=");
    sm_text_signed(text, value);
    sm_text_string(text, "\n");
}

static void word(sm_text_t *text, const char *key, const char *value) {
    sm_text_string(text, key);
    sm_text_string(text, "=");
    sm_text_string(text, value);
    sm_text_string(text, "\n");
}

static void hex(sm_text_t *text, const char *key, uint32_t value) {
    sm_text_string(text, key);
    sm_text_string(text, "=");
    sm_text_hex(text, value, 8);
    sm_text_string(text, "\n");
}

static const char *card_state(const sm_app_t *app) {
    if (!app->log.mounted) {
        return "none";
    }
    return app->log.full ? "full" : "mounted";
}

static void status_versions(const sm_app_t *app, sm_text_t *text) {
    static const char *const engines[] = {"unknown", "aot", "tflm", "coin"};
    const sm_config_t *config = &app->config;
    number(text, "protocol", SM_PROTOCOL_VERSION);
    number(text, "log-format", SM_LOG_VERSION);
    word(text, "firmware", config->firmware_version);
    word(text, "bot", config->bot_name);
    hex(text, "config", config->config_hash);
    word(text, "model", config->model_hash);
    word(text, "engine", engines[config->engine]);
    number(text, "input-size", config->input_size);
    number(text, "burst", config->burst);
    integer(text, "threshold", config->threshold_margin);
    number(text, "interval-ms", config->interval_ms);
}

void sm_shell_status(const sm_app_t *app, sm_text_t *text) {
    const sm_hal_t *hal = app->hal;
    status_versions(app, text);
    hex(text, "device", hal->device_id);
    number(text, "boot", app->log.boot);
    number(text, "reset", hal->reset_reason);
    number(text, "uptime-ms", hal->now_us(hal->context) / 1000u);
    number(text, "free-memory", hal->free_memory(hal->context));
    number(text, "faults", app->faults);
    number(text, "presses", app->session.press.number);
    word(text, "card", card_state(app));
    number(text, "segment", app->log.file < 0 ? 0 : app->log.segment);
    number(text, "next-slot", app->log.file < 0 ? 0 : app->log.next_slot);
    number(text, "slots", app->log.file < 0 ? 0 : app->log.slots);
    number(text, "next-sequence", app->log.next_sequence);
    number(text, "damaged-packets", app->shell.damaged);
}

/* "3,-4": numbers with commas. */
static void separate(sm_text_t *text, uint32_t index) {
    if (index > 0) {
        sm_text_string(text, ",");
    }
}

static void last_frames(const sm_app_t *app, sm_text_t *text) {
    const sm_press_t *press = &app->session.press;
    uint32_t outputs = app->config.engine == SM_ENGINE_COIN ? 0 : app->config.label_count;
    sm_text_string(text, "margins=");
    for (uint32_t i = 0; i < press->frames; i++) {
        separate(text, i);
        sm_text_signed(text, press->margins[i]);
    }
    sm_text_string(text, "\noutputs=");
    for (uint32_t i = 0; i < press->frames; i++) {
        sm_text_string(text, i > 0 ? ";" : "");
        for (uint32_t k = 0; k < outputs; k++) {
            separate(text, k);
            sm_text_signed(text, press->outputs[i][k]);
        }
    }
    sm_text_string(text, "\nsequences=");
    for (uint32_t i = 0; i < press->logged; i++) {
        separate(text, i);
        sm_text_unsigned(text, press->sequences[i], 1);
    }
    sm_text_string(text, "\n");
}

void sm_shell_last(const sm_app_t *app, sm_text_t *text) {
    const sm_press_t *press = &app->session.press;
    const char *answer = press->smile ? "smile" : "no-smile";
    const char *decision = press->faces == 0 ? "nobody" : answer;
    number(text, "press", press->number);
    number(text, "press-ms", press->press_ms);
    word(text, "decision", press->frames == 0 ? "none" : decision);
    number(text, "frames", press->frames);
    number(text, "faces", press->faces);
    number(text, "logged", press->logged);
    integer(text, "sum", press->sum);
    integer(text, "threshold", press->threshold);
    number(text, "latency-us", press->latency_us);
    integer(text, "error", press->error);
    integer(text, "log-error", press->log_error);
    last_frames(app, text);
}

void sm_shell_threshold(const sm_app_t *app, sm_text_t *text) {
    integer(text, "threshold", app->config.threshold_margin);
    integer(text, "built-in", app->built_in->threshold_margin);
}

void sm_shell_self_test(const sm_app_t *app, sm_text_t *text) {
    const sm_shell_t *shell = &app->shell;
    integer(text, "model", shell->model_error);
    integer(text, "camera", shell->camera_error);
    word(text, "card", card_state(app));
    number(text, "free-memory", app->hal->free_memory(app->hal->context));
    number(text, "faults", app->faults);
}
