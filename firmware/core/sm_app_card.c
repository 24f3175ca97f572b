#include "sm_app_parts.h"

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

void sm_app_drop_card(sm_app_t *app) {
    sm_shell_pause(app);
    sm_log_close(&app->log);
    app->hal->card_unmount(app->hal->context);
    app->card_wanted = true;
}

void sm_app_note_card(sm_app_t *app, int error) {
    if (error != SM_OK && error != SM_ERR_CARD_FULL) {
        sm_app_drop_card(app);
        sm_app_retry_later(app, &app->card_retry);
    }
    if (error == SM_OK) {
        app->card_retry.wait_ms = 0;
    }
    sm_app_set_faults(app, CARD_FAULTS, card_fault(error == SM_OK && app->log.full ? SM_ERR_CARD_FULL : error), error);
}

/* ---- mounting ---- */

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
    sm_app_set_faults(app, SM_FAULT_SETTINGS, app->problems.count > 0 ? SM_FAULT_SETTINGS : 0, SM_OK);
    if (found > 0) {
        sm_app_report(app, SM_EVENT_SETTINGS, SM_OK, app->problems.count, NULL);
    }
    return SM_OK;
}

void sm_app_mount(sm_app_t *app) {
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
        sm_app_note_card(app, error);
        return;
    }
    /* The wait starts over only after a capture got through: a card that mounts and then fails would otherwise be tried
     * every second. */
    app->card_untested = true;
    sm_app_set_faults(app, CARD_FAULTS & ~(uint32_t)SM_FAULT_CARD_FAILS, 0, SM_OK);
    sm_app_report(app, SM_EVENT_MOUNTED, SM_OK, 0, NULL);
}

bool sm_app_can_mount(const sm_app_t *app) {
    return !app->button.level && !app->button.down;
}

/* ---- taking the card out ---- */

/* All captures are on the card when they were written; nothing is open any more after this. */
static void eject(sm_app_t *app) {
    sm_app_drop_card(app);
    app->card_wanted = false;
    app->card_untested = false;
    app->eject_wanted = false;
    app->ejected = true;
    app->card_gone = false;
    app->looks = 0;
    app->card_retry = (sm_retry_t){SM_EJECT_LOOK_MS, sm_app_now_ms(app)};
    sm_app_set_faults(app, CARD_FAULTS, 0, SM_OK);
    sm_lights_safe(&app->lights, true, sm_app_now_ms(app));
    sm_app_report(app, SM_EVENT_EJECTED, SM_OK, 0, NULL);
}

void sm_app_end_eject(sm_app_t *app) {
    app->eject_wanted = false;
    if (app->ejected) {
        app->ejected = false;
        app->card_wanted = true;
        app->card_retry.wait_ms = 0;
        sm_lights_safe(&app->lights, false, sm_app_now_ms(app));
    }
}

/* Whether the card was taken out, or another one put in, which ends it. Mounting reads a few blocks and writes nothing,
 * so the card may be pulled at any time. */
static bool look_for_card(sm_app_t *app) {
    if (!sm_app_can_mount(app) || !sm_app_retry_due(app, &app->card_retry)) {
        return false;
    }
    sm_shell_pause(app);
    int error = app->hal->card_mount(app->hal->context);
    app->hal->card_unmount(app->hal->context);
    app->looks += app->looks < SM_EJECT_LOOKS ? 1u : 0u;
    app->card_retry =
        (sm_retry_t){app->looks < SM_EJECT_LOOKS ? SM_EJECT_LOOK_MS : SM_RETRY_LAST_MS, sm_app_now_ms(app)};
    if (error != SM_ERR_NO_CARD && app->card_gone) {
        sm_app_end_eject(app);
    }
    app->card_gone = app->card_gone || error == SM_ERR_NO_CARD;
    return true;
}

/* ---- while nobody waits ---- */

static void test_card(sm_app_t *app) {
    app->card_untested = false;
    int error = sm_log_test(&app->log);
    if (error == SM_ERR_NO_SLOT) {
        return;
    }
    sm_app_report(app, SM_EVENT_TESTED, error, 0, NULL);
    if (error != SM_OK) {
        sm_app_note_card(app, error);
    }
}

bool sm_app_idle_card(sm_app_t *app) {
    if (app->eject_wanted) {
        eject(app);
        return true;
    }
    if (app->ejected) {
        return look_for_card(app);
    }
    if (app->card_wanted) {
        bool tried = sm_app_can_mount(app) && sm_app_retry_due(app, &app->card_retry);
        if (tried) {
            sm_app_mount(app);
        }
        return tried;
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
        sm_app_note_card(app, made);
    } else if (made > 0 && (app->faults & SM_FAULT_CARD_FAILS) != 0) {
        sm_app_note_card(app, SM_OK);
    }
    return made != 0;
}
