/*
 * The whole bot on a card in memory (ram_card.h), in virtual time.
 *
 *   bot_driver.c     its script
 *   ram_bot.c        starting, running, pressing
 *   ram_bot_hal.c    time, button, lights, camera, card
 *   ram_bot_line.c   the serial line
 */
#ifndef RAM_BOT_H
#define RAM_BOT_H

#include "ram_card.h"
#include "sm_app.h"

/* What the line can take in, and put out, at most. */
#define RAM_BOT_LINE_BYTES (1u << 20)

typedef struct ram_bot {
    ram_card_t card;
    sm_app_t app;
    sm_hal_t hal;
    sm_engine_t engine;
    sm_memory_t memory;
    uint64_t now_us;
    uint64_t down_from_us;
    uint64_t down_until_us;
    uint32_t bounces; /* the contact opens for 3 of every 6 ms during so many periods of a press */
    uint64_t random;
    uint32_t frames;
    uint32_t camera_failures;
    uint32_t camera_good;    /* frames given before the failures begin */
    uint32_t model_failures; /* still to come */
    uint32_t restarts;
    uint32_t mounts;
    int sensor;
    int8_t *arena; /* instead of the network's own; NULL: that one */
    uint32_t arena_bytes;
    uint64_t clock_us; /* at which the next start begins */
    sm_colour_t leds[SM_MAX_LEDS];
    uint32_t led_count;
    bool lights; /* any LED */
    bool status;
    bool running;
    sm_marks_t marks;
    uint32_t read_us;
    uint64_t line_free_us; /* when all that was handed to the line has gone out */
    uint8_t in[RAM_BOT_LINE_BYTES];
    uint32_t in_bytes;
    uint32_t in_taken;
    uint64_t in_from_us;
    uint32_t out_bytes;
    uint8_t out[RAM_BOT_LINE_BYTES];
} ram_bot_t;

extern ram_bot_t bot;

/* ---- ram_bot.c ---- */

/* An empty card and a fresh bot, running for a second. */
void ram_bot_fresh(uint64_t seed);

/* Power on, at bot.clock_us. */
void ram_bot_boot(void);

/* Steps until it is so late and everything is done, or power goes. */
void ram_bot_run_until(uint64_t until_us);

void ram_bot_press(uint32_t ms);

/* From the next start on, the memory for frames, or the network's, is the same page twice, one behind the other. */
void ram_bot_fold(bool arena);

/* ---- ram_bot_hal.c ---- */

/* Fills bot.hal; without a serial line, and without numbers kept outside the card. */
void ram_bot_set_up_hal(void);
void ram_bot_keep_marks(void);

/* ---- ram_bot_line.c ---- */

/* Bytes come in, in hexadecimal; the first ones connect the line. */
void ram_bot_feed(const char *hex);

/* Writes what has gone out into a file, and forgets it. */
void ram_bot_write_line(const char *path);

#endif
