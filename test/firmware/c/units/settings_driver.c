/*
 * SMILEC.CFG. `read FILE` reads one and prints what counts from it and what does not; `fuzz SEED COUNT` reads so many
 * random files and fails when a value leaves its range.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sm_settings.h"

static const sm_config_t config = {.threshold_margin = 7, .brightness = 20, .brightness_max = 60, .burst = 3};

static int read_one(const char *path) {
    static uint8_t text[100000];
    sm_settings_problems_t problems;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 1;
    }
    uint32_t bytes = (uint32_t)fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    /* A copy of just its size: a read behind its end shows. */
    uint8_t *exact = malloc(bytes + 1u);
    if (exact == NULL) {
        return 1;
    }
    memcpy(exact + 1, text, bytes);
    sm_settings_t settings = sm_settings_parse(exact + 1, bytes, &config, &problems);
    free(exact);
    (void)printf("{\"threshold\":%d,\"brightness\":%u,\"burst\":%u,\"intervalMs\":%" PRIu32 ",\"count\":%" PRIu32
                 ",\"problems\":[",
                 settings.threshold_margin, settings.brightness, settings.burst, settings.interval_ms, problems.count);
    for (uint32_t i = 0; i < problems.count && i < SM_SETTINGS_PROBLEMS; i++) {
        (void)printf("%s\"%u %s\"", i > 0 ? "," : "", problems.first[i].line,
                     sm_settings_text(problems.first[i].reason));
    }
    (void)puts("]}");
    return 0;
}

static bool in_range(const sm_settings_t *settings) {
    return settings->threshold_margin >= -256 && settings->threshold_margin <= 255 && settings->brightness >= 1 &&
           settings->brightness <= config.brightness_max && settings->burst >= 1 && settings->burst <= config.burst &&
           settings->interval_ms <= SM_SETTINGS_INTERVAL_MAX_S * 1000u && settings->interval_ms % 1000u == 0;
}

/* Pieces that make files which mean something more often than bytes would. */
static uint32_t random_text(uint64_t *state, uint8_t *text, uint32_t capacity) {
    static const char *const pieces[] = {"threshold", "brightness", "burst",  "mode", "interval", "=",  "-", "1",
                                         "99",        "100000",     "button", "\r\n", "\n",       "\r", "#", " "};
    uint32_t bytes = 0;
    for (;;) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        uint32_t draw = (uint32_t)(*state >> 33);
        const char *piece = pieces[draw % 16u];
        uint32_t length = (uint32_t)strlen(piece);
        if (draw % 61u == 0 || bytes + length + 1u > capacity) {
            return bytes;
        }
        memcpy(text + bytes, piece, length);
        bytes += length;
        if (draw % 23u == 1u) {
            text[bytes++] = (uint8_t)(draw >> 8);
        }
    }
}

static int fuzz(uint64_t seed, uint32_t count) {
    uint32_t changed = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t text[400];
        sm_settings_problems_t problems;
        uint32_t bytes = random_text(&seed, text, sizeof(text));
        sm_settings_t settings = sm_settings_parse(text, bytes, &config, &problems);
        changed += settings.threshold_margin != config.threshold_margin || settings.burst != config.burst;
        if (!in_range(&settings)) {
            return 1;
        }
    }
    (void)printf("%" PRIu32 "\n", changed);
    return 0;
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "read") == 0) {
        return read_one(arguments[2]);
    }
    if (count == 4 && strcmp(arguments[1], "fuzz") == 0) {
        return fuzz(strtoull(arguments[2], NULL, 10), (uint32_t)strtoul(arguments[3], NULL, 10));
    }
    return 1;
}
