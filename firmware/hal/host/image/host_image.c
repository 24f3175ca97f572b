#define _POSIX_C_SOURCE 200809L

#include "host_image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ff.h" /* first: diskio.h takes its types */

#include "diskio.h"
#include "fat_port.h"

#define DRIVE "0:"
#define BLOCKS_PER_MEBIBYTE (1048576u / HOST_DISK_BLOCK)

static struct host_image *image_of(void *context) {
    return ((host_t *)context)->image;
}

/* ---- the only drive ---- */

static host_disk_t *drive;

DSTATUS disk_initialize(BYTE pdrv) {
    (void)pdrv;
    return drive == NULL ? STA_NOINIT : 0;
}

DSTATUS disk_status(BYTE pdrv) {
    return disk_initialize(pdrv);
}

DRESULT disk_read(BYTE pdrv, BYTE *buff, LBA_t sector, UINT count) {
    (void)pdrv;
    return host_disk_read(drive, sector, buff, count) ? RES_OK : RES_ERROR;
}

DRESULT disk_write(BYTE pdrv, const BYTE *buff, LBA_t sector, UINT count) {
    (void)pdrv;
    return host_disk_write(drive, sector, buff, count) ? RES_OK : RES_ERROR;
}

/* A write is in the file when it returns; only a power cut of the host would lose it, and a simulation can be repeated.
 */
DRESULT disk_ioctl(BYTE pdrv, BYTE cmd, void *buff) {
    (void)pdrv;
    switch (cmd) {
    case CTRL_SYNC:
        return RES_OK;
    case GET_SECTOR_COUNT:
        *(LBA_t *)buff = drive->blocks;
        return RES_OK;
    default:
        return RES_PARERR;
    }
}

/* ---- what the files need ---- */

bool fat_port_takes(const void *data) {
    (void)data;
    return true;
}

void fat_port_alive(void) {
}

void fat_port_refused(const char *action, int result) {
    (void)action;
    (void)result;
}

/* ---- the card functions of sm_hal.h ---- */

static void card_unmount(void *context) {
    struct host_image *image = image_of(context);
    fat_files_forget(&image->files);
    if (image->mounted) {
        (void)f_mount(NULL, DRIVE, 0);
    }
    image->mounted = false;
}

static int card_mount(void *context) {
    struct host_image *image = image_of(context);
    card_unmount(context);
    FRESULT result = f_mount(&image->volume, DRIVE, 1);
    if (result != FR_OK) {
        (void)f_mount(NULL, DRIVE, 0);
        return fat_files_error(result);
    }
    image->files.drive = 0;
    image->files.volume = &image->volume;
    image->mounted = true;
    return SM_OK;
}

static int card_list(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    struct host_image *image = image_of(context);
    return image->mounted ? fat_files_list(&image->files, visit, argument) : SM_ERR_NO_CARD;
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    struct host_image *image = image_of(context);
    return image->mounted ? fat_files_create(&image->files, name, size, head, head_bytes) : SM_ERR_NO_CARD;
}

static int file_open(void *context, const char *name) {
    struct host_image *image = image_of(context);
    return image->mounted ? fat_files_open(&image->files, name) : SM_ERR_NO_CARD;
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    struct host_image *image = image_of(context);
    return image->mounted ? fat_files_read(&image->files, file, offset, data, length) : SM_ERR_NO_CARD;
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    struct host_image *image = image_of(context);
    return image->mounted ? fat_files_write(&image->files, file, offset, data, length) : SM_ERR_NO_CARD;
}

static int file_sync(void *context, int file) {
    (void)file;
    return image_of(context)->mounted ? SM_OK : SM_ERR_NO_CARD;
}

static void file_close(void *context, int file) {
    struct host_image *image = image_of(context);
    fat_files_close(&image->files, file);
}

int host_image_use(struct host_image *image, const char *path, host_t *host, sm_hal_t *hal) {
    if (host_disk_open(&image->disk, path) != 0) {
        return -1;
    }
    image->open = true;
    drive = &image->disk;
    host->image = image;
    hal->card_mount = card_mount;
    hal->card_unmount = card_unmount;
    hal->card_list = card_list;
    hal->file_create = file_create;
    hal->file_open = file_open;
    hal->file_read = file_read;
    hal->file_write = file_write;
    hal->file_sync = file_sync;
    hal->file_close = file_close;
    return 0;
}

void host_image_close(struct host_image *image) {
    if (image->open) {
        (void)host_disk_close(&image->disk);
        image->open = false;
        drive = NULL;
    }
}

/* ---- a new image ---- */

int host_image_make(const char *path, uint32_t mebibytes) {
    static uint8_t work[65536];
    static const MKFS_PARM fat32 = {.fmt = FM_FAT32, .n_fat = 2};
    host_disk_t disk;
    if (host_disk_make(&disk, path, mebibytes * BLOCKS_PER_MEBIBYTE) != 0) {
        return -1;
    }
    drive = &disk;
    errno = 0;
    FRESULT result = f_mkfs(DRIVE, &fat32, work, sizeof(work));
    int reason = errno != 0 ? errno : EIO;
    drive = NULL;
    if (host_disk_close(&disk) == 0 && result == FR_OK) {
        return 0;
    }
    (void)unlink(path);
    errno = result == FR_OK ? EIO : reason;
    return -1;
}
