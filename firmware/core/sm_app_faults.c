#include "sm_app_parts.h"

uint32_t sm_app_now_ms(const sm_app_t *app) {
    return (uint32_t)(app->hal->now_us(app->hal->context) / 1000u);
}

void sm_app_report(const sm_app_t *app, enum sm_event event, int error, uint32_t count, const sm_press_t *press) {
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

uint8_t sm_app_flashes(uint32_t faults) {
    uint8_t flashes = 0;
    for (uint8_t i = 0; i < SM_FAULT_COUNT && flashes == 0; i++) {
        flashes = (faults >> i & 1u) != 0 ? (uint8_t)(i + 1u) : 0u;
    }
    return flashes;
}

void sm_app_set_faults(sm_app_t *app, uint32_t mask, uint32_t faults, int error) {
    uint32_t changed = (app->faults & ~mask) | faults;
    if (changed == app->faults) {
        return;
    }
    app->faults = changed;
    sm_lights_fault(&app->lights, sm_app_flashes(changed), sm_app_now_ms(app));
    sm_app_report(app, SM_EVENT_FAULTS, error, 0, NULL);
}

void sm_app_retry_later(const sm_app_t *app, sm_retry_t *retry) {
    uint32_t doubled = retry->wait_ms == 0 ? SM_RETRY_FIRST_MS : retry->wait_ms * 2u;
    retry->wait_ms = doubled < SM_RETRY_LAST_MS ? doubled : SM_RETRY_LAST_MS;
    retry->since_ms = sm_app_now_ms(app);
}

bool sm_app_retry_due(const sm_app_t *app, const sm_retry_t *retry) {
    return retry->wait_ms == 0 || sm_app_now_ms(app) - retry->since_ms >= retry->wait_ms;
}
