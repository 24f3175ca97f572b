#include "faulty_disk.h"

#include <stdlib.h>
#include <string.h>

/* What a block takes on a class 10 card over one data line, and what a question for the status takes. */
#define BLOCK_US 300u
#define STATUS_US 50u

static void eject(faulty_disk_t *disk) {
    if (disk->inserted) {
        (void)host_disk_close(&disk->image);
    }
    free(disk->changed);
    disk->inserted = false;
    disk->changed = NULL;
}

/* What the file holds, and what is put there, whatever happens to the card. */
static void load(const faulty_disk_t *disk, uint32_t block, uint8_t *data) {
    if (!host_disk_read(&disk->image, block, data, 1)) {
        abort();
    }
}

static void put(const faulty_disk_t *disk, uint32_t block, const uint8_t *data) {
    if (!host_disk_write(&disk->image, block, data, 1)) {
        abort();
    }
}

void faulty_disk_repair(faulty_disk_t *disk) {
    disk->present = true;
    disk->dead = false;
    disk->cut_at = DISK_NEVER;
    disk->fail_from = DISK_NEVER;
    disk->remove_at = DISK_NEVER;
    disk->stall_from = DISK_NEVER;
    disk->read_only = false;
    disk->protected = false;
    disk->pretends = false;
}

int faulty_disk_insert(faulty_disk_t *disk, const char *path) {
    eject(disk);
    if (host_disk_open(&disk->image, path) != 0) {
        return -1;
    }
    disk->inserted = true;
    disk->changed = calloc(disk->image.blocks / 8u + 1u, 1);
    disk->kept_count = 0;
    disk->waiting_count = 0;
    disk->ready = false;
    faulty_disk_repair(disk);
    return disk->changed == NULL ? -1 : 0;
}

/* ---- taking changes back ---- */

void faulty_disk_keep(faulty_disk_t *disk) {
    for (uint32_t i = 0; i < disk->kept_count; i++) {
        disk->changed[disk->kept_blocks[i] / 8u] = 0;
    }
    disk->kept_count = 0;
}

void faulty_disk_restore(faulty_disk_t *disk) {
    for (uint32_t i = 0; i < disk->kept_count; i++) {
        put(disk, disk->kept_blocks[i], disk->kept + (size_t)i * DISK_BLOCK);
    }
    faulty_disk_keep(disk);
    disk->waiting_count = 0;
    faulty_disk_repair(disk);
}

static void keep_block(faulty_disk_t *disk, uint32_t block) {
    uint8_t bit = (uint8_t)(1u << block % 8u);
    if ((disk->changed[block / 8u] & bit) != 0) {
        return;
    }
    if (disk->kept_count == disk->kept_room) {
        disk->kept_room = disk->kept_room * 2u + 64u;
        disk->kept = realloc(disk->kept, (size_t)disk->kept_room * DISK_BLOCK);
        disk->kept_blocks = realloc(disk->kept_blocks, disk->kept_room * sizeof(uint32_t));
        if (disk->kept == NULL || disk->kept_blocks == NULL) {
            abort();
        }
    }
    load(disk, block, disk->kept + (size_t)disk->kept_count * DISK_BLOCK);
    disk->kept_blocks[disk->kept_count] = block;
    disk->kept_count++;
    disk->changed[block / 8u] |= bit;
}

static void store(faulty_disk_t *disk, uint32_t block, const uint8_t *data, uint32_t bytes) {
    uint8_t whole[DISK_BLOCK];
    keep_block(disk, block);
    if (bytes < DISK_BLOCK) {
        load(disk, block, whole);
    }
    memcpy(whole, data, bytes);
    put(disk, block, whole);
}

void faulty_disk_flip(faulty_disk_t *disk, uint32_t at, uint8_t bits) {
    uint8_t block[DISK_BLOCK];
    keep_block(disk, at / DISK_BLOCK);
    load(disk, at / DISK_BLOCK, block);
    block[at % DISK_BLOCK] ^= bits;
    put(disk, at / DISK_BLOCK, block);
}

/* ---- faults ---- */

/* Counts an operation. False when it fails. */
static bool operate(faulty_disk_t *disk, uint64_t microseconds, bool fails) {
    uint32_t number = disk->operations++;
    if (number >= disk->remove_at) {
        disk->present = false;
    }
    disk->ready = disk->ready && disk->present;
    if (disk->dead || !disk->ready) {
        return false;
    }
    if (number >= disk->stall_from && number - disk->stall_from < disk->stall_count) {
        microseconds += disk->stall_us;
    }
    disk->spend(microseconds);
    return !(fails && number >= disk->fail_from && number - disk->fail_from < disk->fail_count);
}

/* Power goes while `block` is to be written. */
static void cut(faulty_disk_t *disk, uint32_t block, const uint8_t *data) {
    disk->lost_from = disk->waiting_count;
    for (uint32_t i = 0; i < disk->waiting_count; i++) {
        bool lost = disk->cut == DISK_CUT_LOST && (disk->detail >> i & 1u) != 0;
        if (!lost) {
            store(disk, disk->waiting[i].block, disk->waiting[i].data, DISK_BLOCK);
        }
    }
    disk->waiting_count = 0;
    if (disk->cut == DISK_CUT_TORN) {
        store(disk, block, data, disk->detail);
    }
    disk->dead = true;
    disk->cut_at = DISK_NEVER;
}

static void take(faulty_disk_t *disk, uint32_t block, const uint8_t *data) {
    if (disk->pretends) {
        return;
    }
    if (disk->window == DISK_WRITES_THROUGH) {
        store(disk, block, data, DISK_BLOCK);
        return;
    }
    if (disk->waiting_count == DISK_WINDOW) {
        store(disk, disk->waiting[0].block, disk->waiting[0].data, DISK_BLOCK);
        memmove(&disk->waiting[0], &disk->waiting[1], (DISK_WINDOW - 1u) * sizeof(disk->waiting[0]));
        disk->waiting_count--;
    }
    disk->waiting[disk->waiting_count].block = block;
    memcpy(disk->waiting[disk->waiting_count].data, data, DISK_BLOCK);
    disk->waiting_count++;
}

/* ---- what the driver asks for ---- */

bool faulty_disk_start(faulty_disk_t *disk) {
    disk->ready = disk->present;
    return operate(disk, STATUS_US, false);
}

bool faulty_disk_status(faulty_disk_t *disk) {
    return operate(disk, STATUS_US, false);
}

static void read_block(const faulty_disk_t *disk, uint32_t block, uint8_t *data) {
    load(disk, block, data);
    for (uint32_t i = 0; i < disk->waiting_count; i++) {
        if (disk->waiting[i].block == block) {
            memcpy(data, disk->waiting[i].data, DISK_BLOCK);
        }
    }
}

bool faulty_disk_read(faulty_disk_t *disk, uint32_t block, uint8_t *data, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (block + i >= disk->image.blocks || !operate(disk, BLOCK_US, disk->fail_reads)) {
            return false;
        }
        read_block(disk, block + i, data + (size_t)i * DISK_BLOCK);
    }
    return true;
}

bool faulty_disk_write(faulty_disk_t *disk, uint32_t block, const uint8_t *data, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *from = data + (size_t)i * DISK_BLOCK;
        if (block + i >= disk->image.blocks || disk->read_only || !operate(disk, BLOCK_US, disk->fail_writes)) {
            return false;
        }
        if (disk->writes == disk->cut_at) {
            cut(disk, block + i, from);
            return false;
        }
        disk->writes++;
        take(disk, block + i, from);
    }
    return true;
}

bool faulty_disk_sync(faulty_disk_t *disk) {
    if (disk->dead || !disk->ready) {
        return false;
    }
    for (uint32_t i = 0; i < disk->waiting_count; i++) {
        store(disk, disk->waiting[i].block, disk->waiting[i].data, DISK_BLOCK);
    }
    disk->waiting_count = 0;
    return true;
}
