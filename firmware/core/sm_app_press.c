#include "sm_app_parts.h"

/* ---- button ---- */

static void withdraw(sm_app_t *app) {
    sm_shell_pause(app);
    int marked = sm_log_withdraw(&app->log);
    sm_lights_show(&app->lights, marked > 0 ? SM_PATTERN_WITHDRAWN : SM_PATTERN_REFUSED, sm_app_now_ms(app));
    sm_app_report(app, SM_EVENT_WITHDRAWN, marked > 0 ? SM_OK : marked, marked > 0 ? (uint32_t)marked : 0, NULL);
    if (marked < 0 && marked != SM_ERR_NOT_FOUND && !app->card_wanted && !app->ejected) {
        sm_app_note_card(app, marked);
    }
}

/* What a press means is settled when it ends: short: a picture, with the card in use again; long: withdraw the last
 * press; very long: let the card be taken out; stuck: nothing. */
static void released(sm_app_t *app) {
    sm_app_set_faults(app, SM_FAULT_BUTTON, 0, SM_OK);
    if (app->button.reached == SM_BUTTON_LONG) {
        withdraw(app);
    } else if (app->button.reached == SM_BUTTON_VERY_LONG) {
        app->eject_wanted = !app->ejected;
    } else if (app->button.reached == SM_BUTTON_NONE) {
        sm_app_end_eject(app);
        sm_session_release(&app->session, app->button.held_ms);
    }
}

void sm_app_watch_button(sm_app_t *app) {
    bool level = app->hal->button_down(app->hal->context);
    switch (sm_button_update(&app->button, level, sm_app_now_ms(app))) {
    case SM_BUTTON_PRESSED:
        if ((app->faults & SM_FAULTS_MUTE) == 0) {
            sm_session_press(&app->session);
        } else {
            sm_lights_show(&app->lights, SM_PATTERN_REFUSED, sm_app_now_ms(app));
        }
        break;
    case SM_BUTTON_LONG:
        sm_session_cancel(&app->session);
        sm_lights_show(&app->lights, SM_PATTERN_HELD, sm_app_now_ms(app));
        break;
    case SM_BUTTON_VERY_LONG:
        sm_lights_show(&app->lights, SM_PATTERN_HELD, sm_app_now_ms(app));
        break;
    case SM_BUTTON_STUCK:
        sm_app_set_faults(app, SM_FAULT_BUTTON, SM_FAULT_BUTTON, SM_OK);
        break;
    case SM_BUTTON_RELEASED:
        released(app);
        break;
    case SM_BUTTON_NONE:
    default:
        if (!app->button.down) {
            sm_app_set_faults(app, SM_FAULT_BUTTON, 0, SM_OK);
        }
        break;
    }
}

/* ---- session ---- */

static void session_failed(sm_app_t *app) {
    const sm_press_t *press = &app->session.press;
    sm_app_report(app, SM_EVENT_FAILED, press->error, 0, press);
    sm_lights_show(&app->lights, SM_PATTERN_REFUSED, sm_app_now_ms(app));
    if (press->error == SM_ERR_CAMERA || press->error == SM_ERR_FRAME) {
        sm_app_set_faults(app, SM_FAULT_CAMERA, SM_FAULT_CAMERA, press->error);
    } else {
        sm_app_set_faults(app, SM_FAULT_MODEL, SM_FAULT_MODEL, press->error);
    }
}

/* A failure of the card has been noted when it came. */
static void session_done(sm_app_t *app) {
    const sm_press_t *press = &app->session.press;
    if (app->log.mounted && (press->log_error == SM_OK || press->log_error == SM_ERR_CARD_FULL)) {
        sm_app_note_card(app, press->log_error);
    }
    sm_app_report(app, SM_EVENT_DONE, press->log_error, 0, press);
}

/* The card may have been exchanged or put back since the last press: it is mounted, and the capture tried, again. */
static void session_unlogged(sm_app_t *app) {
    int error = app->session.press.log_error;
    bool in_use = !app->card_wanted && !app->ejected;
    if (in_use && !app->log.mounted && app->remounts < SM_PRESS_REMOUNTS) {
        app->remounts++;
        app->remount = true;
        sm_app_drop_card(app);
        return;
    }
    if (in_use && error != SM_ERR_CARD_FULL && error != SM_ERR_NO_SLOT) {
        sm_app_note_card(app, error);
    }
    sm_session_give_up(&app->session);
    session_done(app);
}

/* A card that was put in since the last look gets this press already, and one that failed under it a second chance:
 * whether it was mounted for that. Pictures by interval leave a failing card the time between two attempts. */
static bool mount_for_press(sm_app_t *app) {
    const sm_press_t *press = &app->session.press;
    bool wanted = app->remount;
    if (sm_session_will_log(&app->session) && press->number != app->mounted_for) {
        app->mounted_for = press->number;
        app->remounts = 0;
        wanted = app->card_wanted && (!press->automatic || sm_app_retry_due(app, &app->card_retry) ||
                                      (app->faults & SM_FAULT_NO_CARD) != 0);
    }
    app->remount = false;
    if (!wanted || !sm_app_can_mount(app)) {
        return false;
    }
    sm_app_mount(app);
    return true;
}

/* Until it is held so long that it means something else: then the press stays unlogged. */
bool sm_app_waits(const sm_app_t *app) {
    return app->session.state == SM_SESSION_HOLD ||
           (app->remount && !sm_app_can_mount(app) && !(app->button.down && app->button.reached != SM_BUTTON_NONE));
}

bool sm_app_step_session(sm_app_t *app) {
    bool busy = sm_app_busy(app);
    if (busy || app->button.down) {
        app->picture_ms = sm_app_now_ms(app);
    }
    if (busy) {
        sm_shell_pause(app);
    }
    if (app->remount && sm_app_waits(app)) {
        return false;
    }
    if (mount_for_press(app)) {
        return true;
    }
    switch (sm_session_step(&app->session)) {
    case SM_SESSION_SCORED:
        app->camera_retry.wait_ms = 0;
        sm_app_report(app, SM_EVENT_SCORED, SM_OK, 0, &app->session.press);
        break;
    case SM_SESSION_FAILED:
        session_failed(app);
        break;
    case SM_SESSION_UNLOGGED:
        session_unlogged(app);
        break;
    case SM_SESSION_DONE:
        session_done(app);
        break;
    case SM_SESSION_NONE:
    default:
        break;
    }
    return busy && !sm_app_waits(app);
}
