/* A run of the host program: one press per picture, a script, or the keyboard. */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include <stdio.h>

#include "host_events.h"
#include "host_hal.h"
#include "host_options.h"
#include "sm_app.h"

/* Exit statuses of the program. */
#define HOST_EXIT_MODEL 1
#define HOST_EXIT_INPUT 2
#define HOST_EXIT_OUTPUT 3
#define HOST_EXIT_SIGNAL 128

/* Longest path in a list of pictures, with its line end and terminating NUL. */
#define HOST_LINE_BYTES 4096

typedef struct host_run {
    const host_options_t *options;
    host_t host;
    host_stream_t stream;
    host_button_t button;
    host_keyboard_t keyboard;
    sm_hal_t hal;
    sm_config_t config;
    sm_app_t app;
    host_events_t events;
    FILE *list;                 /* of pictures, or NULL */
    char line[HOST_LINE_BYTES]; /* path of the present picture */
    bool finished;              /* the present press is done */
    int failure; /* sm_error of a network that does not run, or of a press when nothing else is to come */
    uint32_t presses;
    uint32_t captures;
} host_run_t;

/* The function for host_t.report, with the run as context. */
void host_run_report(void *context, const struct sm_report *report);

/* Runs to the end of what the options name. Returns the exit status, after saying what went wrong on standard error. */
int host_run(host_run_t *run);

#endif
