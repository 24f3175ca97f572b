/*
 * The host as a bot: pictures (host_camera.h) or a raw frame stream (host_stream.h) as camera, a folder (host_card.h) or
 * an image file (image/host_image.h) as card, and as button presses one by one, a script (host_button.h) or the keyboard
 * (host_keyboard.h). Time is virtual except with the keyboard or a serial line (host_serial.h), and then nothing depends
 * on the wall clock: the same pictures, script, card and seed give the same bytes on every machine.
 */
#ifndef HOST_HAL_H
#define HOST_HAL_H

#include "host_button.h"
#include "host_camera.h"
#include "host_card.h"
#include "host_keyboard.h"
#include "host_serial.h"
#include "host_stream.h"
#include "sm_hal.h"

/* Time between two camera frames (25 per second), microseconds. */
#define HOST_FRAME_US 40000u
/* When a press by host_press begins and how long it lasts, milliseconds. */
#define HOST_PRESS_AFTER_MS 100u
#define HOST_PRESS_MS 120u

typedef struct host {
    uint64_t now_us; /* with the keyboard: as of the last look at the clock */
    uint64_t press_us; /* the button is down from press_us up to release_us */
    uint64_t release_us;
    uint64_t random_state;
    bool lights; /* any of them */
    bool status;
    host_picture_t picture;
    host_stream_t *stream;     /* instead of pictures, or NULL */
    host_button_t *button;     /* instead of host_press, or NULL */
    host_keyboard_t *keyboard; /* the same, and real time */
    uint64_t started_us;       /* real time at the start */
    host_card_t card;
    struct host_image *image; /* instead of a folder, or NULL */
    host_serial_t serial;
    uint64_t real_us; /* of the host's clock, while virtual time follows it */
    void (*report)(void *context, const struct sm_report *report);
    void *report_context;
} host_t;

/* Sets up the machine; `pixels` holds the camera's picture. Returns the functions for sm_app_init; both structs must
 * stay where they are. */
sm_hal_t host_init(host_t *host, const char *card_folder, uint32_t device_id, uint64_t seed, uint8_t *pixels,
                   uint32_t width, uint32_t height);

/* Schedules a press. */
void host_press(host_t *host);

/* Holds the button from now on for so long. */
void host_hold(host_t *host, uint32_t ms);

/* Gives the machine a serial line (host->serial.path). 0, or -1 with errno. */
int host_use_serial(host_t *host, sm_hal_t *hal);

/* Lets virtual time go on by what has passed since the last call; begins with the first. */
void host_follow_clock(host_t *host);

#endif
