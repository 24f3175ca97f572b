/*
 * Block files on a mounted FatFs volume.
 *
 * FatFs is called directly, not through the virtual file system: file objects, sector windows and the bounce buffer are
 * the caller's and lie in internal memory, so nothing is allocated per file or write, and FatFs' error codes arrive
 * unchanged.
 *
 * A whole-sector write at a sector's start goes from FatFs straight to the card (ff.c, f_write), which reports ready
 * only when it has taken the data. So a write is on the card when fat_files_write returns, in the order of the calls,
 * and a sync has nothing left to do: f_sync would only rewrite the file's directory entry for its time, once per
 * capture, in the one sector whose loss would cost all files.
 */
#ifndef FAT_FILES_H
#define FAT_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "ff.h"

#include "sm_hal.h"

#define FAT_FILES_OPEN_MAX 2
/* The card gets data from PSRAM or unaligned memory through this; a multiple of SM_BLOCK, small enough for internal
 * memory. */
#define FAT_FILES_BOUNCE 8192u
/* Words of a cluster link map of up to three fragments; a contiguous file needs four. */
#define FAT_FILES_MAP_WORDS 8u

/* Must lie in internal, DMA-capable, word-aligned memory. Starts as all zeros. */
typedef struct fat_files {
    uint8_t bounce[FAT_FILES_BOUNCE];
    FIL files[FAT_FILES_OPEN_MAX];
    DWORD maps[FAT_FILES_OPEN_MAX][FAT_FILES_MAP_WORDS];
    bool open[FAT_FILES_OPEN_MAX];
    FATFS *volume;
    uint8_t drive; /* FatFs' number of the volume */
} fat_files_t;

/* The sm_error for a FatFs result; SM_OK for FR_OK. */
int fat_files_error(FRESULT result);

/* As the functions of sm_hal.h with these names. */
int fat_files_list(fat_files_t *files, int (*visit)(void *argument, const char *name, uint32_t size),
                     void *argument);
int fat_files_create(fat_files_t *files, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes);
int fat_files_open(fat_files_t *files, const char *name);
int fat_files_read(fat_files_t *files, int file, uint32_t offset, uint8_t *data, uint32_t length);
int fat_files_write(fat_files_t *files, int file, uint32_t offset, const uint8_t *data, uint32_t length);
void fat_files_close(fat_files_t *files, int file);

/* Forgets all open files without touching the card: it is gone, or about to be unmounted. */
void fat_files_forget(fat_files_t *files);

#endif
