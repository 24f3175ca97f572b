/*
 * Preloaded into a program (LD_PRELOAD) to make a folder behave like a full or a read-only disk, without being root:
 *
 *   FAULT_FOLDER   files below this path are affected
 *   FAULT_BYTES    bytes that may still be written there before every write fails with ENOSPC; absent: unlimited
 *   FAULT_READONLY when set, creating or opening for writing fails with EROFS
 *   FAULT_KILL     the process is killed at the operation of this number, from 1, that changes something there: making, writing, syncing, removing
 *   FAULT_COUNT    file that the number of these operations is written to when the process ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_llong written;

static int below_folder(const char *path) {
    const char *folder = getenv("FAULT_FOLDER");
    return folder != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

static atomic_llong operations;

static void count_operation(void) {
    long long number = atomic_fetch_add(&operations, 1) + 1;
    const char *last = getenv("FAULT_KILL");
    if (last != NULL && number == atoll(last)) {
        kill(getpid(), SIGKILL);
    }
}

__attribute__((destructor)) static void write_count(void) {
    const char *path = getenv("FAULT_COUNT");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%lld", atomic_load(&operations));
        fclose(file);
    }
}

static int is_affected(int fd) {
    char link[64];
    char path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) {
        return 0;
    }
    path[length] = '\0';
    return below_folder(path);
}

static int is_full(int fd, size_t bytes) {
    if (!is_affected(fd)) {
        return 0;
    }
    count_operation();
    const char *budget = getenv("FAULT_BYTES");
    if (budget == NULL) {
        return 0;
    }
    return atomic_fetch_add(&written, (long long)bytes) + (long long)bytes > atoll(budget);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(code) return errno = (code), -1

ssize_t write(int fd, const void *data, size_t bytes) {
    if (is_full(fd, bytes)) {
        FAIL(ENOSPC);
    }
    return REAL(write)(fd, data, bytes);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) {
    if (is_full(fd, bytes)) {
        FAIL(ENOSPC);
    }
    return REAL(pwrite)(fd, data, bytes, at);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at) {
    if (is_full(fd, bytes)) {
        FAIL(ENOSPC);
    }
    return REAL(pwrite64)(fd, data, bytes, at);
}

static size_t total(const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int i = 0; i < count; i++) {
        bytes += parts[i].iov_len;
    }
    return bytes;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (is_full(fd, total(parts, count))) {
        FAIL(ENOSPC);
    }
    return REAL(writev)(fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    if (is_full(fd, total(parts, count))) {
        FAIL(ENOSPC);
    }
    return REAL(pwritev)(fd, parts, count, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
    if (is_full(fd, total(parts, count))) {
        FAIL(ENOSPC);
    }
    return REAL(pwritev64)(fd, parts, count, at);
}

static int is_read_only(const char *path, int flags) {
    if ((flags & O_CREAT) != 0 && below_folder(path)) {
        count_operation();
    }
    return getenv("FAULT_READONLY") != NULL && (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0 && below_folder(path);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (is_read_only(path, flags)) {
        FAIL(EROFS);
    }
    return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (is_read_only(path, flags)) {
        FAIL(EROFS);
    }
    return REAL(open64)(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    if (below_folder(path)) {
        count_operation();
    }
    if (getenv("FAULT_READONLY") != NULL && below_folder(path)) {
        FAIL(EROFS);
    }
    return REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
    if (below_folder(path)) {
        count_operation();
    }
    return REAL(unlink)(path);
}

int fsync(int fd) {
    if (is_affected(fd)) {
        count_operation();
    }
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    if (is_affected(fd)) {
        count_operation();
    }
    return REAL(fdatasync)(fd);
}
