/* What the drivers of the whole bot share: its memory, a camera whose every picture is another, and its events as JSON
 * lines. */
#ifndef DRIVER_BOT_H
#define DRIVER_BOT_H

#include "sm_app.h"
#include "smilec_config.h"

#define DRIVER_FRAME_BYTES ((size_t)SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT)

/* For the core. */
sm_memory_t driver_memory(void);

/* The camera's frame of this number. */
sm_frame_t driver_frame(uint32_t number);

/* Takes it back: a frame that is used after its release would show. */
void driver_release(sm_frame_t *frame);

/* What the machine shows as an event happens. */
typedef struct driver_view {
    const sm_app_t *app;
    const uint8_t *frames; /* that the app was given */
    bool lights;
    uint64_t since_us; /* the contact closed */
    uint32_t opens;    /* files open on the card */
    bool mounted;
} driver_view_t;

/* Prints the event. */
void driver_print(const struct sm_report *report, const driver_view_t *view);

/* Prints that power went, while `waiting` blocks were not on the card yet, with what was logged of the press under way.
 */
void driver_print_cut(const sm_session_t *session, uint32_t waiting);

/* {"event":"NAME"} */
void driver_say(const char *name);

#endif
