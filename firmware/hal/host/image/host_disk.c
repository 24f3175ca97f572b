/* POSIX.1-2008, and 64-bit file offsets on 32-bit machines. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "host_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Gives up what was opened, keeping errno. */
static int fail(host_disk_t *disk) {
    int reason = errno;
    (void)close(disk->descriptor);
    disk->descriptor = -1;
    errno = reason;
    return -1;
}

/* The lock goes with the program, however it ends. */
static int lock(host_disk_t *disk) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(disk->descriptor, F_SETLK, &whole) == 0) {
        return 0;
    }
    if (errno == EACCES || errno == EAGAIN) {
        errno = EBUSY;
    }
    return fail(disk);
}

int host_disk_open(host_disk_t *disk, const char *path) {
    struct stat status;
    disk->descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (disk->descriptor < 0) {
        return -1;
    }
    if (fstat(disk->descriptor, &status) != 0) {
        return fail(disk);
    }
    off_t blocks = status.st_size / (off_t)HOST_DISK_BLOCK;
    disk->blocks = blocks > (off_t)UINT32_MAX ? UINT32_MAX : (uint32_t)blocks;
    return lock(disk);
}

int host_disk_make(host_disk_t *disk, const char *path, uint32_t blocks) {
    disk->descriptor = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0644);
    if (disk->descriptor < 0) {
        return -1;
    }
    disk->blocks = blocks;
    return ftruncate(disk->descriptor, (off_t)blocks * (off_t)HOST_DISK_BLOCK) == 0 ? lock(disk) : fail(disk);
}

int host_disk_close(host_disk_t *disk) {
    int result = close(disk->descriptor);
    disk->descriptor = -1;
    return result;
}

static bool inside(const host_disk_t *disk, uint32_t block, uint32_t count) {
    return block <= disk->blocks && count <= disk->blocks - block;
}

bool host_disk_read(const host_disk_t *disk, uint32_t block, uint8_t *data, uint32_t count) {
    off_t at = (off_t)block * (off_t)HOST_DISK_BLOCK;
    size_t length = (size_t)count * HOST_DISK_BLOCK;
    if (!inside(disk, block, count)) {
        return false;
    }
    for (size_t done = 0; done < length;) {
        ssize_t part = pread(disk->descriptor, data + done, length - done, at + (off_t)done);
        if (part <= 0 && !(part < 0 && errno == EINTR)) {
            return false;
        }
        done += part > 0 ? (size_t)part : 0;
    }
    return true;
}

bool host_disk_write(const host_disk_t *disk, uint32_t block, const uint8_t *data, uint32_t count) {
    off_t at = (off_t)block * (off_t)HOST_DISK_BLOCK;
    size_t length = (size_t)count * HOST_DISK_BLOCK;
    if (!inside(disk, block, count)) {
        return false;
    }
    for (size_t done = 0; done < length;) {
        ssize_t part = pwrite(disk->descriptor, data + done, length - done, at + (off_t)done);
        if (part <= 0 && !(part < 0 && errno == EINTR)) {
            return false;
        }
        done += part > 0 ? (size_t)part : 0;
    }
    return true;
}
