#include "sm_settings.h"

#include <string.h>

enum { KEY_THRESHOLD = 0, KEY_BRIGHTNESS, KEY_BURST, KEY_MODE, KEY_INTERVAL, KEY_COUNT };
enum { MODE_BUTTON = 0, MODE_INTERVAL };

static const char *const keys[KEY_COUNT] = {"threshold", "brightness", "burst", "mode", "interval"};
static const char *const modes[] = {"button", "interval"};

/* A piece of the file. */
typedef struct span {
    const uint8_t *text;
    uint32_t length;
} span_t;

typedef struct reader {
    const sm_config_t *config;
    sm_settings_t settings;
    sm_settings_problems_t *problems;
    uint32_t interval_ms; /* how long an interval is, whatever the mode */
    int32_t mode;         /* MODE_*, or -1: as compiled */
    uint16_t mode_line;
    uint32_t seen; /* bit per key */
} reader_t;

sm_settings_t sm_settings_default(const sm_config_t *config) {
    return (sm_settings_t){
        .threshold_margin = config->threshold_margin,
        .brightness = config->brightness,
        .burst = config->burst,
        .interval_ms = config->interval_ms,
    };
}

static void note(sm_settings_problems_t *problems, uint16_t line, enum sm_settings_reason reason) {
    if (problems->count < SM_SETTINGS_PROBLEMS) {
        problems->first[problems->count] = (sm_settings_problem_t){line, (uint8_t)reason};
    }
    problems->count++;
}

/* ---- words and numbers ---- */

static bool blank(uint8_t byte) {
    return byte == ' ' || byte == '\t';
}

static span_t trimmed(span_t span) {
    while (span.length > 0 && blank(span.text[0])) {
        span.text++;
        span.length--;
    }
    while (span.length > 0 && blank(span.text[span.length - 1u])) {
        span.length--;
    }
    return span;
}

static uint8_t lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static bool same(span_t span, const char *word) {
    uint32_t i = 0;
    while (i < span.length && word[i] != '\0' && lower(span.text[i]) == (uint8_t)word[i]) {
        i++;
    }
    return i == span.length && word[i] == '\0';
}

/* Index of the word, or -1. */
static int32_t find(span_t span, const char *const *words, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (same(span, words[i])) {
            return i;
        }
    }
    return -1;
}

/* A decimal number from `low` to `high`, both within +-10^6. */
static bool number(span_t span, int32_t low, int32_t high, int32_t *value) {
    bool negative = span.length > 0 && span.text[0] == '-';
    uint32_t digits = negative ? 1u : 0u;
    int32_t parsed = 0;
    if (digits == span.length) {
        return false;
    }
    for (uint32_t i = digits; i < span.length; i++) {
        if (span.text[i] < '0' || span.text[i] > '9' || parsed > 1000000) {
            return false;
        }
        parsed = parsed * 10 + (span.text[i] - '0');
    }
    *value = negative ? -parsed : parsed;
    return *value >= low && *value <= high;
}

/* ---- lines ---- */

/* Takes the value over; false when it is none of this key's. */
static bool apply(reader_t *reader, int32_t key, span_t value) {
    const sm_config_t *config = reader->config;
    int32_t parsed = 0;
    switch (key) {
    case KEY_THRESHOLD:
        if (!number(value, -256, 255, &parsed)) {
            return false;
        }
        reader->settings.threshold_margin = (int16_t)parsed;
        return true;
    case KEY_BRIGHTNESS:
        if (!number(value, 1, 100, &parsed)) {
            return false;
        }
        /* More than the supply stands is no mistake of whoever wrote it. */
        reader->settings.brightness = parsed < config->brightness_max ? (uint8_t)parsed : config->brightness_max;
        return true;
    case KEY_BURST:
        if (!number(value, 1, config->burst, &parsed)) {
            return false;
        }
        reader->settings.burst = (uint8_t)parsed;
        return true;
    case KEY_MODE:
        reader->mode = find(value, modes, (int32_t)(sizeof(modes) / sizeof(modes[0])));
        return reader->mode >= 0;
    case KEY_INTERVAL:
    default:
        if (!number(value, 1, SM_SETTINGS_INTERVAL_MAX_S, &parsed)) {
            return false;
        }
        reader->interval_ms = (uint32_t)parsed * 1000u;
        return true;
    }
}

static void read_line(reader_t *reader, span_t line, uint16_t number_of_line) {
    line = trimmed(line);
    if (line.length == 0 || line.text[0] == '#') {
        return;
    }
    const uint8_t *equals = memchr(line.text, '=', line.length);
    if (equals == NULL) {
        note(reader->problems, number_of_line, SM_SETTINGS_SYNTAX);
        return;
    }
    uint32_t key_length = (uint32_t)(equals - line.text);
    int32_t key = find(trimmed((span_t){line.text, key_length}), keys, KEY_COUNT);
    uint32_t bit = key < 0 ? 0u : 1u << (uint32_t)key;
    if (key < 0) {
        note(reader->problems, number_of_line, SM_SETTINGS_UNKNOWN_KEY);
    } else if ((reader->seen & bit) != 0) {
        note(reader->problems, number_of_line, SM_SETTINGS_REPEATED);
    } else {
        reader->seen |= bit;
        reader->mode_line = key == KEY_MODE ? number_of_line : reader->mode_line;
        if (!apply(reader, key, trimmed((span_t){equals + 1, line.length - key_length - 1u}))) {
            note(reader->problems, number_of_line, SM_SETTINGS_BAD_VALUE);
        }
    }
}

static bool is_text(const uint8_t *text, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        if ((text[i] < ' ' && text[i] != '\t' && text[i] != '\r' && text[i] != '\n') || text[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static void read_lines(reader_t *reader, const uint8_t *text, uint32_t bytes) {
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    uint32_t start = bytes >= sizeof(mark) && memcmp(text, mark, sizeof(mark)) == 0 ? (uint32_t)sizeof(mark) : 0u;
    uint16_t line = 1;
    for (uint32_t i = start; i <= bytes; i++) {
        if (i < bytes && text[i] != '\n' && text[i] != '\r') {
            continue;
        }
        read_line(reader, (span_t){text + start, i - start}, line);
        /* CR LF is one end. */
        i += i + 1u < bytes && text[i] == '\r' && text[i + 1u] == '\n' ? 1u : 0u;
        start = i + 1u;
        line++;
    }
}

/* The mode decides whether the interval counts. */
static void settle_mode(reader_t *reader) {
    bool interval = reader->mode == MODE_INTERVAL || (reader->mode < 0 && reader->settings.interval_ms != 0);
    if (interval && reader->interval_ms == 0) {
        note(reader->problems, reader->mode_line, SM_SETTINGS_NO_INTERVAL);
        return;
    }
    reader->settings.interval_ms = interval ? reader->interval_ms : 0;
}

sm_settings_t sm_settings_parse(const uint8_t *text, uint32_t bytes, const sm_config_t *config,
                                sm_settings_problems_t *problems) {
    reader_t reader = {.config = config, .settings = sm_settings_default(config), .problems = problems, .mode = -1};
    reader.interval_ms = reader.settings.interval_ms;
    *problems = (sm_settings_problems_t){0};
    if (bytes > SM_SETTINGS_BYTES || !is_text(text, bytes)) {
        note(problems, 0, bytes > SM_SETTINGS_BYTES ? SM_SETTINGS_TOO_LONG : SM_SETTINGS_NOT_TEXT);
        return reader.settings;
    }
    read_lines(&reader, text, bytes);
    settle_mode(&reader);
    return reader.settings;
}

/* ---- card ---- */

/* Size of the file on the card. */
typedef struct search {
    bool found;
    uint32_t bytes;
} search_t;

static int note_file(void *argument, const char *name, uint32_t size) {
    search_t *search = argument;
    if (strcmp(name, SM_SETTINGS_NAME) == 0) {
        *search = (search_t){true, size};
    }
    return 0;
}

/* Reads the blocks that the file has. */
static int read_file(const sm_hal_t *hal, uint32_t bytes, uint8_t *buffer) {
    int file = hal->file_open(hal->context, SM_SETTINGS_NAME);
    if (file < 0) {
        return file;
    }
    int error = hal->file_read(hal->context, file, 0, buffer, (bytes + SM_BLOCK - 1u) / SM_BLOCK * SM_BLOCK);
    hal->file_close(hal->context, file);
    return error;
}

int sm_settings_load(const sm_hal_t *hal, const sm_config_t *config, uint8_t *buffer, sm_settings_t *settings,
                     sm_settings_problems_t *problems) {
    search_t search = {false, 0};
    int error = hal->card_list(hal->context, note_file, &search);
    bool readable = search.bytes > 0 && search.bytes <= SM_SETTINGS_BYTES;
    if (error == SM_OK && readable) {
        error = read_file(hal, search.bytes, buffer);
    }
    if (error == SM_ERR_NO_CARD || (error != SM_OK && !readable)) {
        return error;
    }
    if (error != SM_OK) {
        *settings = sm_settings_default(config);
        *problems = (sm_settings_problems_t){1, {{0, SM_SETTINGS_UNREADABLE}}};
    } else {
        *settings = sm_settings_parse(buffer, search.bytes, config, problems);
    }
    return search.found ? 1 : 0;
}

const char *sm_settings_text(uint8_t reason) {
    static const char *const texts[] = {
        [SM_SETTINGS_OK] = "good",
        [SM_SETTINGS_TOO_LONG] = "the file is longer than 2,048 bytes",
        [SM_SETTINGS_NOT_TEXT] = "the file is not plain text",
        [SM_SETTINGS_UNREADABLE] = "the file can't be read",
        [SM_SETTINGS_SYNTAX] = "not key=value",
        [SM_SETTINGS_UNKNOWN_KEY] = "no such key",
        [SM_SETTINGS_BAD_VALUE] = "not a value that this key takes",
        [SM_SETTINGS_REPEATED] = "an earlier line sets this key",
        [SM_SETTINGS_NO_INTERVAL] = "mode=interval wants interval=SECONDS",
    };
    return reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "unknown";
}
