#include "sm_app_parts.h"

static bool idle_camera(sm_app_t *app) {
    if ((app->faults & SM_FAULT_CAMERA) == 0 || !sm_app_retry_due(app, &app->camera_retry)) {
        return false;
    }
    int error = app->hal->camera_restart(app->hal->context);
    if (error == SM_OK) {
        app->self_test.camera = sm_self_test_camera(app->hal, app->built_in, &app->self_test.sensor);
        sm_app_set_faults(app, SM_FAULT_CAMERA, 0, SM_OK);
    } else {
        sm_app_retry_later(app, &app->camera_retry);
    }
    return true;
}

/* A picture without a press, when it is time for one and nobody is at the button. */
static void take_by_interval(sm_app_t *app) {
    if (app->config.interval_ms != 0 && !sm_app_busy(app) && !app->button.down && !app->button.level &&
        (app->faults & SM_FAULTS_MUTE) == 0 && sm_app_now_ms(app) - app->picture_ms >= app->config.interval_ms) {
        sm_session_take(&app->session);
    }
}

bool sm_app_busy(const sm_app_t *app) {
    return app->session.state != SM_SESSION_IDLE || app->session.pending;
}

uint32_t sm_app_step(sm_app_t *app) {
    sm_app_watch_button(app);
    take_by_interval(app);
    bool worked = sm_app_step_session(app);
    sm_lights_output(&app->lights, app->hal);
    if (!worked && !sm_app_busy(app) && !app->button.down) {
        worked = sm_app_idle_card(app) || idle_camera(app);
    }
    if (!worked && !sm_app_busy(app)) {
        worked = sm_shell_step(app);
    }
    return worked || (sm_app_busy(app) && !sm_app_waits(app)) ? 0 : SM_IDLE_MS;
}

void sm_app_stop(sm_app_t *app) {
    sm_shell_pause(app);
    sm_log_close(&app->log);
    app->hal->card_unmount(app->hal->context);
    app->card_wanted = true;
}
