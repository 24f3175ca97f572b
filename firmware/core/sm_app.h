/*
 * The bot: button, session, card and lights tied together. Both HALs use the same two calls:
 *
 *     static sm_app_t app;
 *     sm_app_init(&app, &hal, &sm_config, &sm_engine, memory);
 *     for (;;) {
 *         hal.sleep_ms(hal.context, sm_app_step(&app));
 *     }
 *
 * A step does one piece of work (at most one frame, one inference or one capture written) and returns. All state is in
 * sm_app_t and in the memory that the caller hands over; both must stay valid.
 *
 * What is wrong shows as a blink code on the status LED (docs/firmware.md). The bot does what it still can: without a
 * card it scores and does not log; a card that fails under a press is mounted again at once, since it may have been
 * exchanged, and the press logged; without a camera it tries again, from one second up to one minute apart; a network
 * that fails its self-test is never asked.
 */
#ifndef SM_APP_H
#define SM_APP_H

#include "sm_button.h"
#include "sm_hal.h"
#include "sm_lights.h"
#include "sm_log.h"
#include "sm_self_test.h"
#include "sm_session.h"
#include "sm_settings.h"
#include "sm_shell.h"

/* Waits between two attempts to start the camera or to mount the card: doubling from the first to the last. */
#define SM_RETRY_FIRST_MS 1000u
#define SM_RETRY_LAST_MS 60000u

/* A card that fails while a press is logged is mounted again so often, for the same press. */
#define SM_PRESS_REMOUNTS 2u

/* After the card may be taken out, so often is looked whether it is gone or another one is there; after so many looks
 * (five minutes) every SM_RETRY_LAST_MS. */
#define SM_EJECT_LOOK_MS 2000u
#define SM_EJECT_LOOKS 150u

/* Pause between two steps with nothing to do, milliseconds: the button is looked at this often. */
#define SM_IDLE_MS 5u

/* Faults in order of their blink codes: the lowest set one is shown, as its position plus one flashes. In words and for
 * people: src/device/faults.ts. */
enum sm_fault {
    SM_FAULT_MODEL = 1 << 0,       /* 1 flash: the network failed its self-test or an inference */
    SM_FAULT_CAMERA = 1 << 1,      /* 2: no frames */
    SM_FAULT_NO_CARD = 1 << 2,     /* 3: no card */
    SM_FAULT_CARD_FULL = 1 << 3,   /* 4: no room for another segment */
    SM_FAULT_CARD_FAILS = 1 << 4,  /* 5: the card does not read or write, or is write-protected */
    SM_FAULT_CARD_FORMAT = 1 << 5, /* 6: the card has no FAT file system */
    SM_FAULT_BUTTON = 1 << 6,      /* 7: the button has been down for half a minute */
    SM_FAULT_SETTINGS = 1 << 7,    /* 8: a line of SMILEC.CFG can't be used */
    SM_FAULT_MEMORY = 1 << 8,      /* 9: the memory for frames failed its test, or is not there */
    SM_FAULT_SETUP = 1 << 9, /* 10: the machine refuses a pin, its watchdog or the configuration; the core never runs */
    SM_FAULT_ARENA = 1 << 10, /* 11: the network's working memory failed its test */
};
#define SM_FAULT_COUNT 11u
/* With one of these no press is answered. */
#define SM_FAULTS_MUTE ((uint32_t)SM_FAULT_MODEL | SM_FAULT_MEMORY | SM_FAULT_ARENA)

enum sm_event {
    SM_EVENT_READY,     /* started: self_test; error is SM_OK or the network's failure */
    SM_EVENT_SCORED,    /* the lights show a decision: press */
    SM_EVENT_FAILED,    /* a press without a decision: press, error */
    SM_EVENT_DONE,      /* a press is finished and logged as far as possible: press, error of the log */
    SM_EVENT_MOUNTED,   /* the card is in use */
    SM_EVENT_WITHDRAWN, /* count captures marked, or error */
    SM_EVENT_FAULTS,    /* the set of faults changed: faults; error is what led to it, if anything did */
    SM_EVENT_SETTINGS,  /* SMILEC.CFG was read: settings, problems */
    SM_EVENT_TESTED,    /* the card was tested: error */
    SM_EVENT_EJECTED,   /* nothing is open on the card: it may be taken out, or the power away */
};

typedef struct sm_report {
    enum sm_event event;
    int error;               /* sm_error */
    uint32_t faults;         /* enum sm_fault, those present now */
    uint32_t count;          /* captures withdrawn */
    const sm_press_t *press; /* NULL unless the event has one; valid during the call */
    const sm_log_t *log;     /* where the log stands; never NULL */
    /* never NULL */
    const sm_self_test_t *self_test;
    const sm_settings_t *settings; /* of the card */
    const sm_settings_problems_t *problems;
} sm_report_t;

/* Attempts at something that fails, spaced out. */
typedef struct sm_retry {
    uint32_t wait_ms; /* 0: nothing to retry */
    uint32_t since_ms;
} sm_retry_t;

typedef struct sm_app {
    const sm_hal_t *hal;
    const sm_config_t *built_in; /* as given */
    sm_config_t config;          /* in force: the card's threshold, burst and interval, or what the serial line set */
    sm_button_t button;
    sm_lights_t lights;
    sm_log_t log;
    sm_session_t session;
    sm_self_test_t self_test;
    sm_settings_t settings; /* the last mounted card's, or the configuration's */
    sm_settings_problems_t problems;
    uint32_t faults;
    bool card_wanted;     /* not mounted, or to be mounted again */
    uint32_t mounted_for; /* number of the press for whose captures a card was looked for last */
    uint8_t remounts;     /* after failures under that press */
    bool remount;         /* as soon as the button is up: the press waits to be logged */
    bool card_untested;   /* mounted, to be tested when idle */
    bool eject_wanted;    /* as soon as the press under way is logged */
    bool ejected;         /* unmounted on purpose; not wanted until a press or another card */
    bool card_gone;       /* ejected, and seen to be taken out */
    uint32_t looks;       /* for it, at most SM_EJECT_LOOKS */
    sm_retry_t card_retry;
    sm_retry_t camera_retry;
    uint32_t picture_ms; /* when the last press, or picture without one, ended */
    sm_shell_t shell;
} sm_app_t;

/* Blink code of a set of faults: flashes of the lowest one, 0 for none. */
uint8_t sm_app_flashes(uint32_t faults);

/* Bytes of memory.frames for a configuration. */
size_t sm_app_frames_bytes(const sm_config_t *config);

/*
 * Checks the configuration, tests network, memory and camera (sm_self_test.h), and reports SM_EVENT_READY. Touches no
 * card. SM_ERR_ARGUMENT or SM_ERR_MEMORY (too little of it): nothing can run. What fails its test is a fault, not an
 * error of this call.
 */
int sm_app_init(sm_app_t *app, const sm_hal_t *hal, const sm_config_t *config, const sm_engine_t *engine,
                sm_memory_t memory);

/* One step. Returns how many milliseconds may pass before the next one: 0 while there is work. */
uint32_t sm_app_step(sm_app_t *app);

/* Whether a press is being worked on, or remembered. */
bool sm_app_busy(const sm_app_t *app);

/* Closes the log and unmounts the card, before power is taken away on purpose. */
void sm_app_stop(sm_app_t *app);

#endif
