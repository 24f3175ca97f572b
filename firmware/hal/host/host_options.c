#include "host_options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct option {
    const char *name;
    const char *values; /* as the usage names them */
    int count;
    bool (*set)(host_options_t *options, char **values);
    const char *meaning;
} option_t;

bool host_parse_number(const char *text, int base, uint64_t largest, uint64_t *value) {
    char *end = NULL;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, base);
    if (errno != 0 || end == text || *end != '\0' || strchr("0123456789abcdefABCDEF", text[0]) == NULL ||
        parsed > largest) {
        return false;
    }
    *value = parsed;
    return true;
}

static bool set_frames(host_options_t *options, char **values) {
    options->frames = values[0];
    return true;
}

/* "320x240". */
static bool set_raw(host_options_t *options, char **values) {
    char width[8];
    const char *cross = strchr(values[0], 'x');
    size_t digits = cross == NULL ? 0 : (size_t)(cross - values[0]);
    uint64_t numbers[2] = {0, 0};
    if (digits == 0 || digits >= sizeof(width)) {
        return false;
    }
    memcpy(width, values[0], digits);
    width[digits] = '\0';
    if (!host_parse_number(width, 10, UINT16_MAX, &numbers[0]) || !host_parse_number(cross + 1, 10, UINT16_MAX, &numbers[1]) ||
        numbers[0] == 0 || numbers[1] == 0) {
        return false;
    }
    options->raw_width = (uint32_t)numbers[0];
    options->raw_height = (uint32_t)numbers[1];
    options->raw = values[1];
    return true;
}

static bool set_card(host_options_t *options, char **values) {
    options->card = values[0];
    return true;
}

static bool set_new_card(host_options_t *options, char **values) {
    uint64_t number = 0;
    bool valid = host_parse_number(values[0], 10, UINT32_MAX, &number) && number > 0;
    options->new_card = (uint32_t)number;
    return valid;
}

static bool set_button(host_options_t *options, char **values) {
    options->button = values[0];
    return true;
}

static bool set_keyboard(host_options_t *options, char **values) {
    (void)values;
    options->keyboard = true;
    return true;
}

static bool set_serial(host_options_t *options, char **values) {
    options->serial = strcmp(values[0], "pty") == 0;
    return options->serial;
}

static bool set_box(host_options_t *options, char **values) {
    options->whole_box = strcmp(values[0], "whole") == 0;
    return options->whole_box || strcmp(values[0], "locator") == 0;
}

static bool set_device_id(host_options_t *options, char **values) {
    uint64_t number = 0;
    bool valid = strlen(values[0]) == 8 && host_parse_number(values[0], 16, UINT32_MAX, &number);
    options->device_id = (uint32_t)number;
    return valid;
}

static bool set_seed(host_options_t *options, char **values) {
    return host_parse_number(values[0], 10, UINT64_MAX, &options->seed);
}

static const option_t table[] = {
    {"--frames", "LIST", 1, set_frames, "camera: a text file with the path of a PGM picture a line, one a press"},
    {"--raw", "WxH FILE", 2, set_raw, "camera: 8-bit grey frames one after the other, 25 a second; -: standard input"},
    {"--card", "PATH", 1, set_card, "folder that stands for the card, or an image file of one"},
    {"--new-card", "MIB", 1, set_new_card, "makes the image that --card names, formatted, and ends"},
    {"--button", "FILE", 1, set_button, "button: lines of AT-MS down, AT-MS up, AT-MS end; without it, a press a picture"},
    {"--keyboard", "", 0, set_keyboard, "button: the terminal's keys, in real time"},
    {"--serial", "pty", 1, set_serial,
     "then goes on in real time with a serial line; standard input says: press [MS], picture PATH"},
    {"--box", "whole|locator", 1, set_box, "part of the frame that is looked at"},
    {"--device-id", "HEX8", 1, set_device_id, "the bot's id"},
    {"--seed", "N", 1, set_seed, "of the bot's chance"},
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

static bool usage(void) {
    (void)fputs("usage: program --frames LIST --card PATH [OPTIONS]\n"
                "       program --raw WxH FILE --card PATH [OPTIONS]\n"
                "       program --new-card MIB --card FILE\n",
                stderr);
    for (size_t i = 0; i < OPTIONS; i++) {
        int width = (int)(22u - strlen(table[i].name));
        (void)fprintf(stderr, "  %s %-*s %s\n", table[i].name, width, table[i].values, table[i].meaning);
    }
    return false;
}

static const option_t *find(const char *name) {
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

/* With a serial line pictures may come later, and standard input has the commands. */
static bool fit_together(const host_options_t *options) {
    int cameras = (options->frames != NULL) + (options->raw != NULL);
    int buttons = (options->button != NULL) + options->keyboard + options->serial;
    if (options->new_card > 0) {
        return options->card != NULL && cameras + buttons == 0;
    }
    return options->card != NULL && buttons <= 1 && cameras <= 1 && (cameras == 1 || options->serial) &&
           !(options->serial && options->raw != NULL);
}

bool host_options_parse(int count, char **arguments, host_options_t *options) {
    *options = (host_options_t){.device_id = 0x50c00001u, .seed = 1};
    for (int i = 1; i < count;) {
        const option_t *option = find(arguments[i]);
        int left = count - i - 1;
        if (option == NULL || left < option->count || !option->set(options, arguments + i + 1)) {
            (void)fprintf(stderr, "bad argument: %s %s\n", arguments[i],
                          left > 0 ? arguments[i + 1] : "(without a value)");
            return usage();
        }
        i += 1 + option->count;
    }
    if (!fit_together(options)) {
        (void)fputs("one camera, one card and at most one button are wanted\n", stderr);
        return usage();
    }
    return true;
}
