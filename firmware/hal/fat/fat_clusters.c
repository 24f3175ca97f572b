#include "fat_clusters.h"

#include <string.h>

#include "diskio.h"

#include "sm_hal.h"

#define ENTRY_BYTES 4u
#define ENTRIES_PER_BLOCK (SM_BLOCK / ENTRY_BYTES)
#define FIRST_CLUSTER 2u

/* The allocation table on the card, read block by block. */
typedef struct table {
    const FATFS *volume;
    uint8_t *block;
    DWORD number; /* of the block that is there, from 1; 0: none */
} table_t;

static FRESULT look_up(table_t *table, DWORD cluster, DWORD *next) {
    DWORD number = cluster / ENTRIES_PER_BLOCK + 1u;
    if (number != table->number) {
        table->number = number;
        if (disk_read(table->volume->pdrv, table->block, table->volume->fatbase + number - 1u, 1) != RES_OK) {
            return FR_DISK_ERR;
        }
    }
    const uint8_t *entry = table->block + cluster % ENTRIES_PER_BLOCK * ENTRY_BYTES;
    *next = ((DWORD)entry[0] | (DWORD)entry[1] << 8 | (DWORD)entry[2] << 16 | (DWORD)entry[3] << 24) & 0x0fffffffu;
    return FR_OK;
}

/* The last cluster of the top folder. */
static FRESULT folder_end(table_t *table, DWORD *last) {
    DWORD next = (DWORD)table->volume->dirbase;
    for (DWORD steps = 0; steps < table->volume->n_fatent; steps++) {
        if (next < FIRST_CLUSTER) {
            return FR_INT_ERR;
        }
        if (next >= table->volume->n_fatent) {
            return FR_OK;
        }
        *last = next;
        FRESULT result = look_up(table, next, &next);
        if (result != FR_OK) {
            return result;
        }
    }
    return FR_INT_ERR;
}

static DWORD behind(const table_t *table, DWORD cluster) {
    return cluster + 1u < table->volume->n_fatent ? cluster + 1u : FIRST_CLUSTER;
}

/* The cluster that create_chain() (ff.c) would append to a folder ending in `last`: the next one, or else the first
 * free one behind the one it took last. 0: none is free. */
static FRESULT next_cluster(table_t *table, DWORD last, DWORD *cluster) {
    DWORD taken = table->volume->last_clst;
    DWORD from = taken >= FIRST_CLUSTER && taken < table->volume->n_fatent ? taken : last;
    DWORD next = 0;
    *cluster = behind(table, last);
    FRESULT result = look_up(table, *cluster, &next);
    if (result != FR_OK || next == 0) {
        return result;
    }
    *cluster = from;
    do {
        *cluster = behind(table, *cluster);
        result = look_up(table, *cluster, &next);
    } while (result == FR_OK && next != 0 && *cluster != from);
    *cluster = next == 0 ? *cluster : 0;
    return result;
}

static FRESULT clear_cluster(const FATFS *volume, DWORD cluster, uint8_t *blocks, uint32_t count) {
    LBA_t first = volume->database + (LBA_t)(cluster - FIRST_CLUSTER) * volume->csize;
    memset(blocks, 0, (size_t)count * SM_BLOCK);
    for (uint32_t done = 0; done < volume->csize; done += count) {
        UINT part = volume->csize - done < count ? volume->csize - done : count;
        if (disk_write(volume->pdrv, blocks, first + done, part) != RES_OK) {
            return FR_DISK_ERR;
        }
    }
    return disk_ioctl(volume->pdrv, CTRL_SYNC, NULL) == RES_OK ? FR_OK : FR_DISK_ERR;
}

FRESULT fat_clusters_prepare(FATFS *volume, uint8_t *blocks, uint32_t count) {
    table_t table = {volume, blocks, 0};
    DWORD last = 0;
    DWORD cluster = 0;
    if (volume->fs_type != FS_FAT32) {
        volume->last_clst = 0;
        return FR_OK;
    }
    FRESULT result = folder_end(&table, &last);
    if (result == FR_OK) {
        result = next_cluster(&table, last, &cluster);
    }
    return result == FR_OK && cluster != 0 ? clear_cluster(volume, cluster, blocks, count) : result;
}
