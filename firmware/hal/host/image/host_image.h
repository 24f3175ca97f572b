/*
 * The host's card: an image file with a FAT32 volume, which any card reader's program takes for the card. The volume is
 * kept by the board's own code (hal/fat) over the FatFs that ESP-IDF uses, so the same blocks are written in the same
 * order. Built in where FatFs' sources are (src/build/fatfs.ts).
 */
#ifndef HOST_IMAGE_H
#define HOST_IMAGE_H

#include "fat_files.h"
#include "host_disk.h"
#include "host_hal.h"

/* Mebibytes of a new image. Fewer are no FAT32, which has at least 65,525 clusters; SDHC cards have at most so many. */
#define HOST_IMAGE_LEAST 34u
#define HOST_IMAGE_MOST 32768u

/* Starts as all zeros. */
struct host_image {
    host_disk_t disk;
    fat_files_t files;
    FATFS volume;
    bool open;
    bool mounted;
};

/* The image at `path` becomes the machine's card. 0, or -1 with errno. */
int host_image_use(struct host_image *image, const char *path, host_t *host, sm_hal_t *hal);

/* After the last use of the card. */
void host_image_close(struct host_image *image);

/* Makes a formatted image with one partition, as cards are sold. Nothing of it is left after a failure. 0, or -1 with
 * errno. */
int host_image_make(const char *path, uint32_t mebibytes);

#endif
