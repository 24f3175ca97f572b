/*
 * An SD card as a block device over an image file, with faults: power cuts that tear a block or lose some of what the
 * card had not written yet, errors, removal, stalls, a card that refuses to be written and one that only pretends.
 *
 * The image file (host_disk.h) always holds exactly what is on the card, so that other programs can judge it. What was
 * changed since faulty_disk_keep() can be taken back, block by block.
 */
#ifndef FAULTY_DISK_H
#define FAULTY_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "host_disk.h"

#define DISK_BLOCK HOST_DISK_BLOCK
/* Blocks that a card with a write-back window takes before the first of them must be written. */
#define DISK_WINDOW 8u
#define DISK_NEVER UINT32_MAX

enum disk_cut {
    DISK_CUT_CLEAN, /* between two blocks */
    DISK_CUT_TORN,  /* the block under way keeps its old end from byte `detail` on */
    DISK_CUT_LOST,  /* of the window's blocks, oldest first, those whose bit is set in `detail` are lost */
};

enum disk_window {
    DISK_WRITES_THROUGH, /* a block is on the card when its write returns */
    DISK_WRITES_BACK,    /* it may wait in the window until a sync */
};

typedef struct faulty_disk {
    host_disk_t image;
    bool inserted; /* at least once */
    bool present;
    bool ready; /* answers: a card that was put in must be started first */
    bool dead;  /* power is gone */
    enum disk_window window;

    uint32_t writes;     /* blocks taken so far */
    uint32_t operations; /* blocks read or written, and questions for the status, so far */

    uint32_t cut_at; /* value of `writes` at which power goes */
    enum disk_cut cut;
    uint32_t detail;
    uint32_t lost_from; /* blocks that were waiting when power went */

    uint32_t fail_from; /* operations that fail: the first one's number, and how many */
    uint32_t fail_count;
    bool fail_reads;
    bool fail_writes;
    uint32_t remove_at;  /* value of `operations` at which the card is pulled out */
    uint32_t stall_from; /* operations that take `stall_us` longer */
    uint32_t stall_count;
    uint64_t stall_us;
    bool read_only; /* refuses writes */
    bool protected; /* says so before it is asked to write, as a slot with a line for a switch does */
    bool pretends;  /* takes writes and forgets them */

    void (*spend)(uint64_t microseconds); /* time goes by */

    struct {
        uint32_t block;
        uint8_t data[DISK_BLOCK];
    } waiting[DISK_WINDOW];
    uint32_t waiting_count;

    uint8_t *kept; /* old contents of changed blocks, in the order of kept_blocks */
    uint32_t *kept_blocks;
    uint32_t kept_count;
    uint32_t kept_room;
    uint8_t *changed; /* a bit per block */
} faulty_disk_t;

/* Puts the image in a file in, without faults. Returns 0, or -1 with errno. */
int faulty_disk_insert(faulty_disk_t *disk, const char *path);

/* No more faults; the card has power. */
void faulty_disk_repair(faulty_disk_t *disk);

/* The present contents are what faulty_disk_restore() brings back. */
void faulty_disk_keep(faulty_disk_t *disk);
void faulty_disk_restore(faulty_disk_t *disk);

/* Flips bits of a byte on the card. */
void faulty_disk_flip(faulty_disk_t *disk, uint32_t at, uint8_t bits);

/* Each returns whether it worked. */
bool faulty_disk_start(faulty_disk_t *disk);
bool faulty_disk_status(faulty_disk_t *disk);
bool faulty_disk_read(faulty_disk_t *disk, uint32_t block, uint8_t *data, uint32_t count);
bool faulty_disk_write(faulty_disk_t *disk, uint32_t block, const uint8_t *data, uint32_t count);
bool faulty_disk_sync(faulty_disk_t *disk);

#endif
