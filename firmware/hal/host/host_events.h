/* What the host program prints: one JSON object a line, or texts on the keyboard's line. */
#ifndef HOST_EVENTS_H
#define HOST_EVENTS_H

#include <stdbool.h>

#include "host_hal.h"
#include "sm_app.h"

/* What the events of a run have in common. */
typedef struct host_events {
    const host_t *host;
    const sm_config_t *config;
    uint32_t device_id;
    const char *frame; /* what the camera shows: a picture's path, or NULL for a stream */
    bool timed;        /* events carry "atMs", their time since the start */
    bool silent;       /* the keyboard's line is on the same terminal */
} host_events_t;

void host_print_ready(const host_events_t *events, int error);
void host_print_press(const host_events_t *events, const sm_press_t *press, int error);
void host_print_failed(const host_events_t *events, int error);
void host_print_withdrawn(const host_events_t *events, uint32_t count, int error);
void host_print_faults(const host_events_t *events, uint32_t faults, int error);
void host_print_settings(const host_events_t *events, const sm_settings_t *settings,
                         const sm_settings_problems_t *problems);
void host_print_end(uint32_t presses, uint32_t captures);

/* A few words for people about an event, or NULL when it says nothing new. */
const char *host_say(const sm_report_t *report, char *text, size_t bytes);

#endif
