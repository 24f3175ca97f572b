/*
 * Block files on a mounted FatFs volume.
 *
 * FatFs is called directly, not through the virtual file system: file objects, sector windows and the bounce buffer are
 * the caller's and lie in internal memory, so nothing is allocated per file or write, and FatFs' error codes arrive
 * unchanged.
 *
 * A whole-sector write at a sector's start goes from FatFs straight to the card (ff.c, f_write), which reports ready
 * only when it has taken the data. So a write is on the card when esp32_files_write returns, in the order of the calls,
 * and a sync has nothing left to do: f_sync would only rewrite the file's directory entry for its time, once per
 * capture, in the one sector whose loss would cost all files.
 */
#ifndef ESP32_FILES_H
#define ESP32_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "ff.h"

#include "sm_hal.h"

#define ESP32_FILES_OPEN_MAX 2
/* The card gets data from PSRAM or unaligned memory through this; a multiple of SM_BLOCK, small enough for internal
 * memory. */
#define ESP32_FILES_BOUNCE 8192u
/* Words of a cluster link map of up to three fragments; a contiguous file needs four. */
#define ESP32_FILES_MAP_WORDS 8u

/* Must lie in internal, DMA-capable, word-aligned memory. Starts as all zeros. */
typedef struct esp32_files {
    uint8_t bounce[ESP32_FILES_BOUNCE];
    FIL files[ESP32_FILES_OPEN_MAX];
    DWORD maps[ESP32_FILES_OPEN_MAX][ESP32_FILES_MAP_WORDS];
    bool open[ESP32_FILES_OPEN_MAX];
    FATFS *volume;
    uint8_t drive; /* FatFs' number of the volume */
} esp32_files_t;

/* The sm_error for a FatFs result; SM_OK for FR_OK. */
int esp32_files_error(FRESULT result);

/* As the functions of sm_hal.h with these names. */
int esp32_files_list(esp32_files_t *files, int (*visit)(void *argument, const char *name, uint32_t size),
                     void *argument);
int esp32_files_create(esp32_files_t *files, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes);
int esp32_files_open(esp32_files_t *files, const char *name);
int esp32_files_read(esp32_files_t *files, int file, uint32_t offset, uint8_t *data, uint32_t length);
int esp32_files_write(esp32_files_t *files, int file, uint32_t offset, const uint8_t *data, uint32_t length);
void esp32_files_close(esp32_files_t *files, int file);

/* Forgets all open files without touching the card: it is gone, or about to be unmounted. */
void esp32_files_forget(esp32_files_t *files);

#endif
