/*
 * What can be set on the card: SMILEC.CFG, a text file of one key=value per line, read when the card is mounted
 * (docs/firmware.md). Keys are threshold, brightness, burst, mode and interval; empty lines and lines that start with #
 * say nothing. What can't be used is left out, each line on its own, and told; the other lines count.
 *
 * Line ends may be LF, CR LF or CR, a UTF-8 byte order mark is skipped, and letters may be of either case. A file
 * longer than SM_SETTINGS_BYTES, or with bytes that are no text, is left out as a whole.
 */
#ifndef SM_SETTINGS_H
#define SM_SETTINGS_H

#include "sm_hal.h"
#include "sm_types.h"

#define SM_SETTINGS_NAME "SMILEC.CFG"
/* Largest file, bytes; a multiple of SM_BLOCK. */
#define SM_SETTINGS_BYTES 2048u
/* Problems that are remembered with their lines; all are counted. */
#define SM_SETTINGS_PROBLEMS 8u
/* Longest interval, seconds: a day. */
#define SM_SETTINGS_INTERVAL_MAX_S 86400u

/* The values in force. */
typedef struct sm_settings {
    int16_t threshold_margin; /* as sm_config_t's */
    uint8_t brightness;       /* of a strip, per cent, 1 to the configuration's brightness_max */
    uint8_t burst;            /* frames per press, 1 to the configuration's burst */
    uint32_t interval_ms;     /* time between captures without a press, milliseconds; 0: by the button only */
} sm_settings_t;

/* Why a line, or the file, was left out. */
enum sm_settings_reason {
    SM_SETTINGS_OK = 0,
    SM_SETTINGS_TOO_LONG,   /* the whole file */
    SM_SETTINGS_NOT_TEXT,   /* the whole file */
    SM_SETTINGS_UNREADABLE, /* the whole file */
    SM_SETTINGS_SYNTAX,     /* not key=value */
    SM_SETTINGS_UNKNOWN_KEY,
    SM_SETTINGS_BAD_VALUE,   /* not a number or word of this key, or out of its range */
    SM_SETTINGS_REPEATED,    /* the first line of a key counts */
    SM_SETTINGS_NO_INTERVAL, /* mode=interval without an interval */
};

typedef struct sm_settings_problem {
    uint16_t line;  /* from 1; 0: the whole file */
    uint8_t reason; /* enum sm_settings_reason */
} sm_settings_problem_t;

typedef struct sm_settings_problems {
    uint32_t count;
    sm_settings_problem_t first[SM_SETTINGS_PROBLEMS];
} sm_settings_problems_t;

/* What was compiled in. */
sm_settings_t sm_settings_default(const sm_config_t *config);

/* Reads a text of `bytes` bytes over what was compiled in. */
sm_settings_t sm_settings_parse(const uint8_t *text, uint32_t bytes, const sm_config_t *config,
                                sm_settings_problems_t *problems);

/*
 * Reads the mounted card's file through `buffer` (SM_SETTINGS_BYTES, word-aligned). Returns 1 when there is one, 0 when
 * not; settings and problems are set in both cases. SM_ERR_NO_CARD and what else card_list returns: the card fails, and
 * nothing is set.
 */
int sm_settings_load(const sm_hal_t *hal, const sm_config_t *config, uint8_t *buffer, sm_settings_t *settings,
                     sm_settings_problems_t *problems);

/* A reason in words: "not key=value". */
const char *sm_settings_text(uint8_t reason);

#endif
