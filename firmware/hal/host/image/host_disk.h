/* An image file as the blocks of a card. */
#ifndef HOST_DISK_H
#define HOST_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_DISK_BLOCK 512u

/* Open from host_disk_open() or host_disk_make() to host_disk_close(). */
typedef struct host_disk {
    int descriptor;
    uint32_t blocks; /* a last piece that is no whole block does not count */
} host_disk_t;

/* Opens an image for reading and writing. No other program can open it then: two file systems on the same blocks would
 * destroy it. 0, or -1 with errno (EBUSY: another program has it). */
int host_disk_open(host_disk_t *disk, const char *path);

/* Makes an image of zeros that takes room only where something is written. 0, or -1 with errno. */
int host_disk_make(host_disk_t *disk, const char *path, uint32_t blocks);

/* 0, or -1 with errno. */
int host_disk_close(host_disk_t *disk);

/* Each returns whether it worked. */
bool host_disk_read(const host_disk_t *disk, uint32_t block, uint8_t *data, uint32_t count);
bool host_disk_write(const host_disk_t *disk, uint32_t block, const uint8_t *data, uint32_t count);

#endif
