/*
 * What the parts of the session share; session.h is what others use.
 *
 *   session.c             the script
 *   session_hal.c         time, button, lights, boot marks, and the network
 *   session_hal_camera.c  the camera
 *   session_hal_card.c    the card: session_card.c's files, in virtual time
 *   session_hal_report.c  events
 *   session_stages.c      what the core takes of each stage
 */
#ifndef SESSION_PARTS_H
#define SESSION_PARTS_H

#include "session.h"

typedef struct session_bot {
    sm_app_t app;
    sm_hal_t hal;
    sm_engine_t engine;
    session_card_t card;
    uint64_t now_us;
    uint64_t down_from_us;
    uint64_t down_until_us;
    uint32_t bounces;
    uint32_t random; /* what the firmware draws */
    uint32_t noise;  /* the camera's */
    uint32_t picture;
    uint32_t frames;
    uint64_t asked_us;   /* when the last frame was asked for */
    uint64_t next_frame; /* number of the first one not given yet */
    sm_marks_t marks;
    uint8_t pixels[SESSION_FRAME_BYTES];
} session_bot_t;

extern session_bot_t session_bot;

/* ---- session_hal.c ---- */

/* Fills session_bot.hal, with the functions of the other parts. */
void session_hal_set_up(void);

/* sm_hal_t's sleep_ms. */
void session_sleep_ms(void *context, uint32_t ms);

/* sm_engine_t's invoke: the generated network, and the time it takes. */
int session_invoke(const int8_t *input, int8_t *output);

/* ---- session_hal_camera.c, session_hal_card.c, session_hal_report.c: their functions of the HAL ---- */

void session_hal_add_camera(sm_hal_t *hal);
void session_hal_add_card(sm_hal_t *hal);
void session_hal_report(void *context, const struct sm_report *report);

/* ---- session_stages.c ---- */

/* Instructions within the HAL so far, when it was entered, and what a stage began with. */
typedef struct session_stages {
    session_count_t inside;
    session_count_t entered;
    session_count_t copy_began;
    session_count_t preprocess_began;
    session_count_t network_began;
    session_count_t press_began;
    bool press_open;
} session_stages_t;

extern session_stages_t session_stages;

/* Here, so that the calls do not count as the core's. */
static inline session_count_t session_minus(session_count_t a, session_count_t b) {
    return (session_count_t){a.ticks - b.ticks, a.highs - b.highs};
}

/* The core's own instructions so far. */
static inline session_count_t session_own_count(void) {
    return session_minus(session_counter(), session_stages.inside);
}

static inline void session_hal_enter(void) {
    session_stages.entered = session_counter();
}

static inline void session_hal_leave(void) {
    session_count_t spent = session_minus(session_counter(), session_stages.entered);
    session_stages.inside.ticks += spent.ticks;
    session_stages.inside.highs += spent.highs;
}

/* Only between enter and leave. */
void session_print_stage(const char *stage, session_count_t began);

#endif
