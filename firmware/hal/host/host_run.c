#include "host_run.h"

#include <errno.h>
#include <string.h>

/* Virtual time after which a press that is not finished counts as a bug, microseconds. */
#define PRESS_LIMIT_US 60000000u
/* How long the bot goes on after a script's last line, microseconds: until nothing is left to do. */
#define SETTLE_US 2000000u

static int complain(const char *what) {
    (void)fprintf(stderr, "%s\n", what);
    return HOST_EXIT_INPUT;
}

/* ---- events ---- */

void host_run_report(void *context, const struct sm_report *report) {
    host_run_t *run = context;
    char text[128];
    const char *said = run->host.keyboard == NULL ? NULL : host_say(report, text, sizeof(text));
    if (said != NULL) {
        host_keyboard_say(run->host.keyboard, said);
    }
    switch (report->event) {
    case SM_EVENT_READY:
        run->failure = report->error;
        host_print_ready(&run->events, report->error);
        break;
    case SM_EVENT_FAILED:
        run->finished = true;
        if (run->events.timed) {
            host_print_failed(&run->events, report->error);
        } else {
            run->failure = report->error;
        }
        break;
    case SM_EVENT_DONE:
        run->presses++;
        run->captures += report->press->logged;
        run->finished = true;
        host_print_press(&run->events, report->press, report->error);
        break;
    case SM_EVENT_FAULTS:
        host_print_faults(&run->events, report->faults, report->error);
        break;
    case SM_EVENT_WITHDRAWN:
        host_print_withdrawn(&run->events, report->count, report->error);
        break;
    case SM_EVENT_SETTINGS:
        host_print_settings(&run->events, report->settings, report->problems);
        break;
    case SM_EVENT_SCORED:
    case SM_EVENT_MOUNTED:
    case SM_EVENT_TESTED:
    case SM_EVENT_EJECTED:
    default:
        break;
    }
}

/* ---- the camera's pictures ---- */

/* Reads the next line of the list without its end. 1: a line, 0: end of the list, negative: too long or unreadable. */
static int next_line(FILE *list, char line[HOST_LINE_BYTES]) {
    do {
        errno = 0;
        if (fgets(line, HOST_LINE_BYTES, list) == NULL) {
            return ferror(list) ? -1 : 0;
        }
        size_t length = strlen(line);
        if (length + 1 == HOST_LINE_BYTES && line[length - 1] != '\n') {
            return -1;
        }
        line[length - (length > 0 && line[length - 1] == '\n')] = '\0';
    } while (line[0] == '\0');
    return 1;
}

/* Puts the list's next picture before the camera. 1: there is one, 0: the list is at its end, negative: refused. */
static int next_picture(host_run_t *run) {
    char message[HOST_MESSAGE_MAX];
    int more = next_line(run->list, run->line);
    if (more < 0) {
        (void)fprintf(stderr, "%s: cannot be read, or a line is too long\n", run->options->frames);
    }
    if (more <= 0) {
        return more;
    }
    run->events.frame = run->line;
    if (host_picture_load(&run->host.picture, run->line, message) != 0) {
        (void)complain(message);
        return -1;
    }
    return 1;
}

/* The same, with the first picture after the last. */
static int next_picture_in_turn(host_run_t *run) {
    if (run->list == NULL) {
        return 0;
    }
    int more = next_picture(run);
    if (more == 0) {
        more = fseek(run->list, 0, SEEK_SET) == 0 ? next_picture(run) : -1;
    }
    if (more == 0) {
        (void)fprintf(stderr, "%s: names no pictures\n", run->options->frames);
    }
    return more > 0 ? 0 : HOST_EXIT_INPUT;
}

/* ---- running ---- */

/* One step of the firmware. Says what is wrong with the inputs, if anything is. */
static int step(host_run_t *run) {
    if (!run->events.timed) {
        /* One press per picture, and nothing else, whatever the configuration and the card say. */
        run->app.config.interval_ms = 0;
    }
    run->hal.sleep_ms(run->hal.context, sm_app_step(&run->app));
    if (run->stream.failed) {
        return complain(run->stream.message);
    }
    if (run->button.failed) {
        return complain(run->button.message);
    }
    return ferror(stdout) ? HOST_EXIT_OUTPUT : 0;
}

/* Presses once and lets the firmware run until it is idle again with the button up. */
static int press(host_run_t *run) {
    int status = 0;
    run->finished = false;
    host_press(&run->host);
    uint64_t limit = run->host.now_us + PRESS_LIMIT_US;
    while (status == 0 && (!run->finished || sm_app_busy(&run->app) || run->app.button.down)) {
        status = step(run);
        if (status == 0 && run->failure != SM_OK && run->stream.ended) {
            return 0;
        }
        if (status == 0 && (run->failure != SM_OK || run->host.now_us > limit)) {
            (void)fprintf(stderr, "%s: the firmware gave no decision (%d)\n",
                          run->events.frame == NULL ? run->options->raw : run->events.frame, run->failure);
            return HOST_EXIT_MODEL;
        }
    }
    return status;
}

/* One press per picture. */
static int press_pictures(host_run_t *run) {
    int more = next_picture(run);
    int status = 0;
    while (status == 0 && more > 0) {
        status = press(run);
        more = status == 0 ? next_picture(run) : 0;
    }
    if (status == 0 && more == 0 && run->presses == 0) {
        (void)fprintf(stderr, "%s: names no pictures\n", run->options->frames);
    }
    return more < 0 || (status == 0 && run->presses == 0) ? HOST_EXIT_INPUT : status;
}

/* Press after press until the stream ends; the press that it ends in has no decision. */
static int press_stream(host_run_t *run) {
    int status = 0;
    while (status == 0 && !run->stream.ended) {
        status = press(run);
    }
    if (status == 0 && run->presses == 0) {
        (void)fprintf(stderr, "%s: the stream ends before a press is over\n", run->stream.path);
        return HOST_EXIT_INPUT;
    }
    return status;
}

/* Whether the script is over and the bot has nothing left to do, or `end` has cut it off. */
static bool script_done(const host_run_t *run, uint64_t *idle_since) {
    bool idle = run->button.ended && !sm_app_busy(&run->app) && !run->app.button.down;
    if (!idle) {
        *idle_since = run->host.now_us;
    }
    return run->button.ended && (run->button.next_ends || run->host.now_us - *idle_since >= SETTLE_US);
}

static int run_script(host_run_t *run) {
    uint64_t idle_since = 0;
    int status = next_picture_in_turn(run);
    while (status == 0 && !script_done(run, &idle_since)) {
        run->finished = false;
        status = step(run);
        if (status == 0 && run->finished) {
            status = next_picture_in_turn(run);
        }
    }
    return status;
}

static int run_keyboard(host_run_t *run) {
    int status = next_picture_in_turn(run);
    while (status == 0 && !run->keyboard.quit) {
        run->finished = false;
        status = step(run);
        if (status == 0 && run->finished) {
            status = next_picture_in_turn(run);
        }
    }
    return status == 0 && host_keyboard_signal() != 0 ? HOST_EXIT_SIGNAL + host_keyboard_signal() : status;
}

/* ---- a serial line ---- */

/* Does what a line of standard input says. */
static int obey(host_run_t *run, const char *line) {
    uint64_t ms = HOST_PRESS_MS;
    if (strcmp(line, "press") == 0 ||
        (strncmp(line, "press ", 6) == 0 && host_parse_number(line + 6, 10, 100000, &ms))) {
        host_hold(&run->host, (uint32_t)ms);
        return 0;
    }
    if (strncmp(line, "picture ", 8) == 0) {
        char message[HOST_MESSAGE_MAX];
        (void)snprintf(run->line, sizeof(run->line), "%s", line + 8);
        run->events.frame = run->line;
        return host_picture_load(&run->host.picture, run->line, message) == 0 ? 0 : complain(message);
    }
    (void)fprintf(stderr, "unknown command: %s\n", line);
    return HOST_EXIT_INPUT;
}

/* Runs in real time, with the configured interval, until standard input ends. */
static int serve(host_run_t *run) {
    const char *line = NULL;
    int more = 0;
    int status = 0;
    run->events.timed = true;
    run->app.config.interval_ms = run->app.settings.interval_ms;
    while (status == 0 && more >= 0) {
        host_follow_clock(&run->host);
        uint32_t wait_ms = sm_app_step(&run->app);
        (void)fflush(stdout);
        host_serial_wait(&run->host.serial, wait_ms);
        more = host_serial_command(&run->host.serial, &line);
        status = more > 0 ? obey(run, line) : 0;
    }
    return ferror(stdout) ? HOST_EXIT_OUTPUT : status;
}

int host_run(host_run_t *run) {
    if (run->options->serial) {
        int status = run->list == NULL ? 0 : press_pictures(run);
        return status == 0 ? serve(run) : status;
    }
    if (run->host.keyboard != NULL) {
        return run_keyboard(run);
    }
    if (run->host.button != NULL) {
        return run_script(run);
    }
    return run->host.stream == NULL ? press_pictures(run) : press_stream(run);
}
