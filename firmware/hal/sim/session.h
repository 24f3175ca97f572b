/*
 * A session of the whole bot by a script: all of firmware/core and the generated network behind a HAL of its own, with
 * virtual time, pictures and a card in memory. The same sources run on the simulated Xtensa (session_sim.c) and on the
 * machine that builds them (session_host.c); everything they print but the lines "t" must be equal.
 *
 *   e ...                  an event of sm_app.h, as numbers
 *   f NAME BYTES           a file on the card when the session ends; its contents follow,
 *   x HEX                  512 bytes of it
 *   z                      512 zeros
 *   t STAGE TICKS HIGHS    what the core took of one stage, the HAL left out: session_counter()
 */
#ifndef SESSION_H
#define SESSION_H

#include "sm_app.h"
#include "sm_config.h"
#include "smilec_config.h"

#define SESSION_FRAME_BYTES (SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT)

enum session_what {
    SESSION_END = 0,
    SESSION_PICTURE, /* what the camera sees from now on: index into session_pictures */
    SESSION_PRESS,   /* hold the button so many milliseconds; run until all is done, plus a second */
    SESSION_BOUNCE,  /* so many contact bounces of 3 ms at the next press */
    SESSION_WAIT,    /* milliseconds */
    SESSION_RESTART, /* power off and on; enum sm_reset */
    SESSION_FILES,   /* room on the card for so many files */
};

typedef struct session_command {
    uint32_t what; /* enum session_what */
    uint32_t value;
} session_command_t;

/* Generated: the script, and frames of SESSION_FRAME_BYTES. */
extern const session_command_t session_script[];
extern const uint8_t session_pictures[][SESSION_FRAME_BYTES];

/* Instructions so far, modulo 2^32; zeros where they are not counted. */
typedef struct session_count {
    uint32_t ticks;
    uint32_t highs; /* multiply-highs among them, each replaced by a routine (src/build/xtensa-sim.ts) */
} session_count_t;

/* ---- given by the machine ---- */
void session_write(const char *text, uint32_t bytes);
session_count_t session_counter(void);

/* ---- session.c ---- */
/* Runs the script and prints; 0, or 1 when the bot refuses to start. */
int session_run(void);

/* ---- session_text.c: lines of output ---- */
typedef struct session_line {
    char text[1040];
    uint32_t length;
} session_line_t;

void session_begin(session_line_t *line, char kind);
void session_word(session_line_t *line, const char *word);
void session_number(session_line_t *line, int64_t value);
void session_hex(session_line_t *line, const uint8_t *bytes, uint32_t count);
void session_end(session_line_t *line);

/* ---- session_card.c: files in memory ---- */
#define SESSION_FILES_MAX 4
#define SESSION_FILE_BYTES 524288u

typedef struct session_file {
    bool exists;
    char name[SM_NAME_MAX];
    uint32_t size;
    uint8_t bytes[SESSION_FILE_BYTES];
} session_file_t;

typedef struct session_card {
    session_file_t files[SESSION_FILES_MAX];
    uint32_t max_files;
    bool mounted;
} session_card_t;

/* An empty card; the blocks that files will get hold seeded random bytes. */
void session_card_init(session_card_t *card, uint32_t seed);
int session_card_list(session_card_t *card, int (*visit)(void *argument, const char *name, uint32_t size),
                      void *argument);
int session_card_create(session_card_t *card, const char *name, uint32_t size, const uint8_t *head,
                        uint32_t head_bytes);
int session_card_open(session_card_t *card, const char *name);
/* The bytes of an access, or NULL when it is not whole blocks of the file. */
uint8_t *session_card_at(session_card_t *card, int file, uint32_t offset, uint32_t length);
void session_card_print(const session_card_t *card);

#endif
