/*
 * A scripted button, in virtual time: a text file with lines "AT-MS down", "AT-MS up" and, once and last, "AT-MS end";
 * times ascend from 0, "#" begins a comment. Read line by line, so that it may be as long as it likes.
 *
 *     # a press of 120 ms that bounces, then a long one
 *     1000 down
 *     1003 up
 *     1007 down
 *     1127 up
 *     9000 down
 *     12500 up
 */
#ifndef HOST_BUTTON_H
#define HOST_BUTTON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "host_camera.h"

typedef struct host_button {
    const char *path;
    FILE *file;
    unsigned line;
    bool down;
    bool next_down;
    bool next_ends;
    uint64_t next_ms; /* when `down` becomes `next_down`; UINT64_MAX: never again */
    bool ended;       /* nothing more happens */
    bool failed;      /* message says what is wrong */
    char message[HOST_MESSAGE_MAX];
} host_button_t;

/* Opens a script and reads its first line. 0, or -1 with a sentence in button->message. */
int host_button_open(host_button_t *button, const char *path);

void host_button_close(host_button_t *button);

/* The contact at a time, which never goes back. */
bool host_button_level(host_button_t *button, uint64_t now_us);

#endif
