/*
 * A card in memory on which power can be cut at any block, and which can fail, be full or be taken out.
 *
 * Blocks that were written but not synced are kept apart: when power goes, either all of them up to the cut are on the
 * card (ORDERED) or a random subset (REORDERED). A new file holds what an earlier card's file held: stale data. Its
 * directory entry appears before its first blocks are written (WEAK) or after.
 */
#ifndef RAM_CARD_H
#define RAM_CARD_H

#include "sm_hal.h"

#define RAM_FILES 24
#define RAM_FILE_BYTES 65536u
#define RAM_PENDING 4096u

typedef struct ram_file {
    bool exists;
    char name[SM_NAME_MAX];
    uint32_t size;
    uint8_t durable[RAM_FILE_BYTES]; /* what is on the card */
    uint8_t live[RAM_FILE_BYTES];    /* what reads give */
    uint8_t stale[RAM_FILE_BYTES];   /* what a file created here holds at first */
} ram_file_t;

typedef struct ram_card {
    ram_file_t files[RAM_FILES];
    uint32_t max_files; /* room on the card */
    bool absent;
    bool mounted;
    bool dead; /* power is gone */
    bool reordered;
    bool weak;
    uint32_t cut_after; /* value of `writes` at which power goes; UINT32_MAX: never */
    uint32_t writes;    /* block writes and syncs so far */
    uint32_t fail_from; /* calls of write that fail: the first one's number (from 0), and how many */
    uint32_t fail_count;
    uint32_t write_calls;
    uint32_t lies; /* so many writes store their data inverted, and say nothing, after so many honest ones */
    uint32_t honest;
    uint32_t opens;
    uint64_t random;
    struct {
        uint32_t file;
        uint32_t offset;
    } pending[RAM_PENDING];
    uint32_t pending_count;
} ram_card_t;

void ram_card_init(ram_card_t *card, uint64_t seed);

/* Power is back: what reads give is what was on the card. */
void ram_card_power_on(ram_card_t *card);

/* Forgets the files; what they held becomes the stale content, shifted by `shift` files. */
void ram_card_wipe(ram_card_t *card, uint32_t shift);

/* Puts a user's file on the card, or replaces it; it is durable. */
void ram_card_put(ram_card_t *card, const char *name, const uint8_t *data, uint32_t size);

/* The card functions of sm_hal.h. */
int ram_mount(ram_card_t *card);
void ram_unmount(ram_card_t *card);
int ram_list(ram_card_t *card, int (*visit)(void *argument, const char *name, uint32_t size), void *argument);
int ram_create(ram_card_t *card, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes);
int ram_open(ram_card_t *card, const char *name);
int ram_read(ram_card_t *card, int file, uint32_t offset, uint8_t *data, uint32_t length);
int ram_write(ram_card_t *card, int file, uint32_t offset, const uint8_t *data, uint32_t length);
int ram_sync(ram_card_t *card, int file);
void ram_close(ram_card_t *card, int file);

#endif
