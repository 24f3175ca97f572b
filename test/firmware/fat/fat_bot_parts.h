/*
 * What the parts of the bot share.
 *
 *   fat_bot_driver.c   its commands
 *   fat_bot.c          starting, running, the watchdog
 *   fat_bot_hal.c      button, lights, camera, card, as esp32_hal.c
 */
#ifndef FAT_BOT_PARTS_H
#define FAT_BOT_PARTS_H

#include <setjmp.h>

#include "esp32_card.h"
#include "fat_bot.h"
#include "host_hal.h"
#include "sm_app.h"

#define FAT_BOT_EDGES 512u

typedef struct fat_bot {
    host_t host; /* time, chance and lights; first: the HAL's context */
    sm_app_t app;
    sm_hal_t hal;
    esp32_card_t card;
    faulty_disk_t disk;
    sm_marks_t marks;
    uint32_t boots;
    uint64_t fed_us;               /* the watchdog, last */
    uint64_t edges[FAT_BOT_EDGES]; /* the contact changes at these times; open before the first */
    uint32_t edge_count;
    uint32_t frames;
    uint32_t bad_frames; /* still to come, after good_frames good ones */
    uint32_t good_frames;
    char bad_kind; /* t, s, l, o: see `camera` */
    uint32_t restarts;
    uint64_t pressed_us; /* when the last press began */
    uint64_t lights_us;  /* when the lights went on last */
    bool running;
    jmp_buf reset;
} fat_bot_t;

extern fat_bot_t bot;

/* ---- fat_bot.c ---- */

/* Power on with this reset reason. */
void fat_bot_boot(uint8_t reason);

/* Steps until it is so late, or power goes, or the watchdog starts the chip anew; if `idle`, also until everything is
 * done. */
void fat_bot_run_until(uint64_t until_us, bool idle);

/* Time passes. A task that has not fed the watchdog for too long: the chip starts anew, wherever it was. */
void fat_bot_spend(uint64_t microseconds);

/* ---- fat_bot_hal.c ---- */

/* Makes bot.hal: the host's, with the functions of this board. */
void fat_bot_set_up_hal(uint8_t reason);

#endif
