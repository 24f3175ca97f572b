/* Clocks, signals and descriptors, beyond C11. */
#define _POSIX_C_SOURCE 200809L

#include "host_keyboard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long the keys' presses last: a short one, and a little more than SM_BUTTON_LONG_MS and SM_BUTTON_VERY_LONG_MS. */
#define SHORT_US 120000u
#define LONG_US 3300000u
#define VERY_LONG_US 10300000u
/* Least time between two presses: less is a bounce to the debouncer. */
#define GAP_US 250000u

/* Signals that end the program, with the terminal put back first. */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static volatile sig_atomic_t signalled;

static void note_signal(int number) {
    signalled = number;
}

int host_keyboard_signal(void) {
    return signalled;
}

static void catch_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = note_signal;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        (void)sigaction(ending[i], &action, NULL);
    }
}

/* Keys come one by one and are not echoed; Ctrl-C stays a signal. Suspending would leave the terminal so: it is off. */
static bool set_up(host_keyboard_t *keyboard) {
    if (tcgetattr(keyboard->terminal, &keyboard->before) != 0) {
        return false;
    }
    struct termios keys = keyboard->before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys.c_cc[VMIN] = 0;
    keys.c_cc[VTIME] = 0;
    keys.c_cc[VSUSP] = _POSIX_VDISABLE;
    catch_signals();
    keyboard->changed = tcsetattr(keyboard->terminal, TCSAFLUSH, &keys) == 0;
    return keyboard->changed;
}

bool host_keyboard_open(host_keyboard_t *keyboard) {
    memset(keyboard, 0, sizeof(*keyboard));
    keyboard->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (keyboard->terminal < 0 || !set_up(keyboard)) {
        (void)fprintf(stderr, "--keyboard wants a terminal: %s\n", strerror(errno));
        host_keyboard_close(keyboard);
        return false;
    }
    host_keyboard_say(keyboard, "space: press, l: long press, e: very long press, q: end");
    return true;
}

bool host_keyboard_shares(const host_keyboard_t *keyboard) {
    return keyboard->terminal >= 0 && isatty(STDOUT_FILENO) == 1;
}

void host_keyboard_close(host_keyboard_t *keyboard) {
    if (keyboard->terminal < 0) {
        return;
    }
    if (keyboard->changed) {
        (void)dprintf(keyboard->terminal, "\n");
        (void)tcsetattr(keyboard->terminal, TCSAFLUSH, &keyboard->before);
    }
    (void)close(keyboard->terminal);
    keyboard->terminal = -1;
}

/* A key during a press is left out: the finger is on the button already. */
static void take_key(host_keyboard_t *keyboard, char key, uint64_t now_us) {
    uint64_t length = key == ' ' ? SHORT_US : key == 'l' ? LONG_US : key == 'e' ? VERY_LONG_US : 0;
    keyboard->quit |= key == 'q';
    if (length > 0 && now_us >= keyboard->up_us) {
        uint64_t earliest = keyboard->up_us == 0 ? 0 : keyboard->up_us + GAP_US;
        keyboard->down_us = now_us > earliest ? now_us : earliest;
        keyboard->up_us = keyboard->down_us + length;
    }
}

void host_keyboard_wait(host_keyboard_t *keyboard, uint32_t ms, uint64_t now_us) {
    char key = 0;
    struct pollfd waiting = {keyboard->terminal, POLLIN, 0};
    keyboard->quit |= signalled != 0;
    if (poll(&waiting, 1, (int)ms) <= 0) {
        return;
    }
    ssize_t got = read(keyboard->terminal, &key, 1);
    if (got == 1) {
        take_key(keyboard, key, now_us);
    }
    /* The terminal is gone. */
    keyboard->quit |= got == 0 || (got < 0 && errno != EINTR) || (waiting.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

bool host_keyboard_level(const host_keyboard_t *keyboard, uint64_t now_us) {
    return now_us >= keyboard->down_us && now_us < keyboard->up_us;
}

void host_keyboard_say(host_keyboard_t *keyboard, const char *text) {
    (void)snprintf(keyboard->said, sizeof(keyboard->said), "%s", text);
    keyboard->drawn = false;
}

void host_keyboard_draw(host_keyboard_t *keyboard, bool lights, bool status, bool down) {
    if (keyboard->drawn && lights == keyboard->shown_lights && status == keyboard->shown_status &&
        down == keyboard->shown_down) {
        return;
    }
    keyboard->drawn = true;
    keyboard->shown_lights = lights;
    keyboard->shown_status = status;
    keyboard->shown_down = down;
    (void)dprintf(keyboard->terminal, "\r\033[K[%s] lights %s  status %s  %s", down ? "pressed" : "       ",
                  lights ? "GREEN" : "off  ", status ? "*" : ".", keyboard->said);
}
