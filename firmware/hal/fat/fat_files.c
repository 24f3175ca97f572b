#include "fat_files.h"

#include <stddef.h>
#include <string.h>

#include "diskio.h"

#include "fat_clusters.h"
#include "fat_names.h"
#include "fat_port.h"

/* The driver takes a word-aligned window as it is, and anything else through a buffer that it allocates each time. */
_Static_assert(offsetof(FATFS, win) % 4 == 0, "FatFs' window of a volume is word-aligned");
#if !FF_FS_TINY
_Static_assert(offsetof(FIL, buf) % 4 == 0, "FatFs' window of a file is word-aligned");
#endif

int fat_files_error(FRESULT result) {
    switch (result) {
    case FR_OK:
        return SM_OK;
    case FR_NOT_READY:
    case FR_NOT_ENABLED:
    case FR_INVALID_DRIVE:
        return SM_ERR_NO_CARD;
    case FR_NO_FILE:
    case FR_NO_PATH:
        return SM_ERR_NOT_FOUND;
    case FR_EXIST:
        return SM_ERR_EXISTS;
    case FR_NO_FILESYSTEM:
        return SM_ERR_FORMAT;
    case FR_WRITE_PROTECTED: /* as with a card that says so only when it is written to */
        return SM_ERR_IO;
    case FR_INT_ERR:
        return SM_ERR_CORRUPT;
    case FR_NOT_ENOUGH_CORE:
        return SM_ERR_MEMORY;
    case FR_INVALID_NAME:
    case FR_INVALID_PARAMETER:
        return SM_ERR_ARGUMENT;
    default:
        return SM_ERR_IO;
    }
}

static int failed(FRESULT result, const char *action) {
    if (result != FR_OK) {
        fat_port_refused(action, (int)result);
    }
    return fat_files_error(result);
}

/* FR_DENIED means, where something is created: no room in the folder or no contiguous clusters. */
static int failed_creation(FRESULT result, const char *action) {
    int error = failed(result, action);
    return result == FR_DENIED ? SM_ERR_CARD_FULL : error;
}

static int free_place(const fat_files_t *files) {
    for (int i = 0; i < FAT_FILES_OPEN_MAX; i++) {
        if (!files->open[i]) {
            return i;
        }
    }
    return SM_ERR_MEMORY;
}

static FIL *opened(fat_files_t *files, int file) {
    bool valid = file >= 0 && file < FAT_FILES_OPEN_MAX && files->open[file];
    return valid ? &files->files[file] : NULL;
}

/* Lets seeks be computed instead of followed through the allocation table. A file in too many pieces simply goes
 * without. */
static void map_clusters(fat_files_t *files, int place) {
#if FF_USE_FASTSEEK
    FIL *file = &files->files[place];
    file->cltbl = files->maps[place];
    file->cltbl[0] = FAT_FILES_MAP_WORDS;
    if (f_lseek(file, CREATE_LINKMAP) != FR_OK) {
        file->cltbl = NULL;
    }
#else
    (void)files;
    (void)place;
#endif
}

int fat_files_list(fat_files_t *files, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    const char root[] = {(char)('0' + files->drive), ':', '/', '\0'};
    char name[SM_NAME_MAX];
    FF_DIR folder;
    FILINFO entry;
    FRESULT result = f_opendir(&folder, root);
    if (result != FR_OK) {
        return failed(result, "list");
    }
    int answer = 0;
    while (answer == 0 && (result = f_readdir(&folder, &entry)) == FR_OK && entry.fname[0] != '\0') {
        if ((entry.fattrib & AM_DIR) == 0 && fat_name_from_entry(entry.fname, name)) {
            answer = visit(argument, name, entry.fsize);
        }
    }
    FRESULT closed = f_closedir(&folder);
    if (result == FR_OK) {
        result = closed;
    }
    return result == FR_OK ? answer : failed(result, "list");
}

static FRESULT write_piece(FIL *file, const uint8_t *source, UINT bytes) {
    UINT moved = 0;
    FRESULT result = f_write(file, source, bytes, &moved);
    return result == FR_OK && moved != bytes ? FR_DISK_ERR : result;
}

static FRESULT write_head(FIL *file, const uint8_t *head, uint32_t head_bytes, uint8_t *bounce) {
    memcpy(bounce, head, head_bytes);
    FRESULT result = f_lseek(file, 0);
    return result == FR_OK ? write_piece(file, bounce, head_bytes) : result;
}

/* A look into the folder makes FatFs write the part of the allocation table that it holds; then the card writes what it
 * may still hold. */
static FRESULT write_chain(const FIL *file, const char *path) {
    FRESULT result = f_stat(path, NULL);
    return result == FR_OK && disk_ioctl(file->obj.fs->pdrv, CTRL_SYNC, NULL) != RES_OK ? FR_DISK_ERR : result;
}

/* The directory entry gets the size with f_sync, after the clusters and the head are on the card: a cut before leaves
 * an empty file and lost clusters, never old data and never clusters that another file can get too. */
static FRESULT fill_new(FIL *file, const char *path, uint32_t size, const uint8_t *head, uint32_t head_bytes,
                        uint8_t *bounce) {
    FRESULT result = f_expand(file, size, 1);
    if (result == FR_OK && head_bytes > 0) {
        result = write_head(file, head, head_bytes, bounce);
    }
    if (result == FR_OK) {
        result = write_chain(file, path);
    }
    return result == FR_OK ? f_sync(file) : result;
}

int fat_files_create(fat_files_t *files, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    char path[FAT_PATH_MAX];
    int place = free_place(files);
    if (size == 0 || size % SM_BLOCK != 0 || head_bytes > size || head_bytes > FAT_FILES_BOUNCE ||
        head_bytes % SM_BLOCK != 0 || !fat_name_to_path(files->drive, name, path)) {
        return SM_ERR_ARGUMENT;
    }
    if (place < 0) {
        return place;
    }
    FIL *file = &files->files[place];
    FRESULT result = fat_clusters_prepare(files->volume, files->bounce, FAT_FILES_BOUNCE / SM_BLOCK);
    fat_port_alive(); /* on a full card that was a look through the whole table, and another one follows */
    if (result == FR_OK) {
        result = f_open(file, path, FA_CREATE_NEW | FA_READ | FA_WRITE);
    }
    if (result != FR_OK) {
        return failed_creation(result, "create");
    }
    result = fill_new(file, path, size, head, head_bytes, files->bounce);
    if (result != FR_OK) {
        int error = failed_creation(result, "preallocate");
        (void)f_close(file);
        (void)failed(f_unlink(path), "remove");
        return error;
    }
    map_clusters(files, place);
    files->open[place] = true;
    return place;
}

int fat_files_open(fat_files_t *files, const char *name) {
    char path[FAT_PATH_MAX];
    int place = free_place(files);
    if (!fat_name_to_path(files->drive, name, path)) {
        return SM_ERR_ARGUMENT;
    }
    if (place < 0) {
        return place;
    }
    FRESULT result = f_open(&files->files[place], path, FA_OPEN_EXISTING | FA_READ | FA_WRITE);
    if (result != FR_OK) {
        /* FR_DENIED: the file is marked read-only. */
        return result == FR_DENIED ? SM_ERR_FORMAT : failed(result, "open");
    }
    map_clusters(files, place);
    files->open[place] = true;
    return place;
}

/* `end`: where the file ends, or the last block that it begins. */
static bool inside(uint32_t end, uint32_t offset, uint32_t length) {
    return offset % SM_BLOCK == 0 && length % SM_BLOCK == 0 && offset <= end && length <= end - offset;
}

/* How much of the rest goes at once: all of it from memory that the card takes, else what the bounce buffer holds. */
static UINT piece_of(uint32_t rest, bool in_place) {
    return in_place || rest < FAT_FILES_BOUNCE ? rest : FAT_FILES_BOUNCE;
}

/* `left`: from here to the file's end. What the last block has behind it is read as zeros. */
static FRESULT read_piece(FIL *file, uint8_t *target, UINT bytes, uint32_t left) {
    UINT moved = 0;
    FRESULT result = f_read(file, target, bytes, &moved);
    if (result == FR_OK && moved != bytes) {
        memset(target + moved, 0, bytes - moved);
        result = moved == left ? FR_OK : FR_DISK_ERR;
    }
    return result;
}

int fat_files_read(fat_files_t *files, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    FIL *opened_file = opened(files, file);
    /* A user's file of any length; the core's own are whole blocks. No segment comes near 4 GB. */
    uint32_t size = opened_file == NULL ? 0 : (uint32_t)f_size(opened_file);
    uint32_t missing = (SM_BLOCK - size % SM_BLOCK) % SM_BLOCK;
    if (opened_file == NULL || missing > UINT32_MAX - size || !inside(size + missing, offset, length)) {
        return SM_ERR_ARGUMENT;
    }
    bool in_place = fat_port_takes(data);
    FRESULT result = f_lseek(opened_file, offset);
    for (uint32_t done = 0; result == FR_OK && done < length;) {
        UINT piece = piece_of(length - done, in_place);
        result = read_piece(opened_file, in_place ? data + done : files->bounce, piece, size - offset - done);
        if (result == FR_OK && !in_place) {
            memcpy(data + done, files->bounce, piece);
        }
        done += piece;
    }
    if (result == FR_DISK_ERR) {
        /* A block that does not read says nothing about the others: FatFs would refuse them all. */
        opened_file->err = 0;
    }
    return failed(result, "read");
}

int fat_files_write(fat_files_t *files, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    FIL *opened_file = opened(files, file);
    if (opened_file == NULL || !inside((uint32_t)f_size(opened_file), offset, length)) {
        return SM_ERR_ARGUMENT;
    }
    bool in_place = fat_port_takes(data);
    FRESULT result = f_lseek(opened_file, offset);
    for (uint32_t done = 0; result == FR_OK && done < length;) {
        UINT piece = piece_of(length - done, in_place);
        if (!in_place) {
            memcpy(files->bounce, data + done, piece);
        }
        result = write_piece(opened_file, in_place ? data + done : files->bounce, piece);
        done += piece;
    }
    return failed(result, "write");
}

void fat_files_close(fat_files_t *files, int file) {
    FIL *opened_file = opened(files, file);
    if (opened_file != NULL) {
        files->open[file] = false;
        (void)failed(f_close(opened_file), "close");
    }
}

void fat_files_forget(fat_files_t *files) {
    for (int i = 0; i < FAT_FILES_OPEN_MAX; i++) {
        files->open[i] = false;
    }
}
