/*
 * The terminal's keyboard as button, in real time: space is a press, l a long one (withdraws the last captures), e a
 * very long one (ejects the card), q ends. One line shows what lights and status LED do and what the bot said last.
 * The terminal is put back as it was, also when a signal ends the program.
 */
#ifndef HOST_KEYBOARD_H
#define HOST_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

typedef struct host_keyboard {
    int terminal; /* -1: not open */
    struct termios before;
    bool changed; /* the terminal is not as `before` */
    uint64_t down_us; /* the button is down from here */
    uint64_t up_us;   /* up to here */
    bool quit;
    bool shown_lights;
    bool shown_status;
    bool shown_down;
    bool drawn;
    char said[128]; /* what the bot said last */
} host_keyboard_t;

/* Opens the terminal. false after saying on standard error that there is none. */
bool host_keyboard_open(host_keyboard_t *keyboard);

/* Whether standard output is a terminal too, and lines printed there would run into this one. */
bool host_keyboard_shares(const host_keyboard_t *keyboard);

/* Puts the terminal back and ends the line. */
void host_keyboard_close(host_keyboard_t *keyboard);

/* Waits up to `ms` milliseconds for a key and takes note of it. */
void host_keyboard_wait(host_keyboard_t *keyboard, uint32_t ms, uint64_t now_us);

bool host_keyboard_level(const host_keyboard_t *keyboard, uint64_t now_us);

/* Sets the text at the end of the line; shown with the next drawing. */
void host_keyboard_say(host_keyboard_t *keyboard, const char *text);

/* Draws the line when something on it has changed. */
void host_keyboard_draw(host_keyboard_t *keyboard, bool lights, bool status, bool down);

/* The signal that asked the program to end; 0: none. */
int host_keyboard_signal(void);

#endif
