#include "host_button.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define LINE_BYTES 256
/* A year: virtual time counts microseconds in 64 bits, but a script of that length is a mistake. */
#define LONGEST_MS 31536000000u

static int refuse(host_button_t *button, const char *what) {
    button->failed = true;
    button->ended = true;
    button->next_ms = UINT64_MAX;
    (void)snprintf(button->message, sizeof(button->message), "%.350s, line %u: %.100s", button->path, button->line,
                   what);
    return -1;
}

/* The time at the start of a line, and the rest of it; NULL when it does not begin with one. */
static const char *parse_time(const char *line, uint64_t *ms) {
    uint64_t value = 0;
    int digits = 0;
    for (; line[digits] >= '0' && line[digits] <= '9' && digits < 12; digits++) {
        value = value * 10u + (uint64_t)(line[digits] - '0');
    }
    const char *rest = line + digits;
    *ms = value;
    return digits == 0 || !isblank((unsigned char)*rest) ? NULL : rest + strspn(rest, " \t");
}

/* Takes a line without comment and surrounding space. */
static int take_line(host_button_t *button, const char *line) {
    uint64_t ms = 0;
    const char *what = parse_time(line, &ms);
    if (what == NULL) {
        return refuse(button, "does not begin with a time in milliseconds");
    }
    if (ms > LONGEST_MS) {
        return refuse(button, "the time is more than a year");
    }
    if (button->next_ms != UINT64_MAX && ms < button->next_ms) {
        return refuse(button, "the time is before that of the line above");
    }
    button->next_ends = strcmp(what, "end") == 0;
    button->next_down = strcmp(what, "down") == 0;
    if (!button->next_ends && !button->next_down && strcmp(what, "up") != 0) {
        return refuse(button, "says neither down nor up nor end");
    }
    button->next_ms = ms;
    return 0;
}

/* Strips comment, line end and surrounding space in place. */
static char *trim(char *line) {
    line[strcspn(line, "#\r\n")] = '\0';
    size_t length = strlen(line);
    while (length > 0 && isblank((unsigned char)line[length - 1])) {
        line[--length] = '\0';
    }
    return line + strspn(line, " \t");
}

/* Reads up to the next line that says something. */
static int read_next(host_button_t *button) {
    char line[LINE_BYTES];
    while (fgets(line, sizeof(line), button->file) != NULL) {
        button->line++;
        if (strchr(line, '\n') == NULL && !feof(button->file)) {
            return refuse(button, "is too long");
        }
        const char *text = trim(line);
        if (*text != '\0') {
            return take_line(button, text);
        }
    }
    if (ferror(button->file)) {
        return refuse(button, "cannot be read");
    }
    if (button->down) {
        return refuse(button, "is the last one and leaves the button down: add an up, or an end");
    }
    button->ended = true;
    button->next_ms = UINT64_MAX;
    return 0;
}

int host_button_open(host_button_t *button, const char *path) {
    memset(button, 0, sizeof(*button));
    button->path = path;
    button->next_ms = UINT64_MAX;
    button->file = fopen(path, "r");
    if (button->file == NULL) {
        (void)snprintf(button->message, sizeof(button->message), "%.350s: cannot be opened: %.100s", path,
                       strerror(errno));
        return -1;
    }
    if (read_next(button) == 0 && button->ended) {
        return refuse(button, "the script has no line with a time");
    }
    return button->failed ? -1 : 0;
}

void host_button_close(host_button_t *button) {
    if (button->file != NULL) {
        (void)fclose(button->file);
        button->file = NULL;
    }
}

bool host_button_level(host_button_t *button, uint64_t now_us) {
    while (!button->ended && now_us / 1000u >= button->next_ms) {
        if (button->next_ends) {
            button->ended = true;
            break;
        }
        button->down = button->next_down;
        (void)read_next(button);
    }
    return button->down;
}
