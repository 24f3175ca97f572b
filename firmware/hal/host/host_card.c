/* POSIX.1-2008, and 64-bit file offsets on 32-bit machines. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "host_card.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096u

static int card_error(int code) {
    switch (code) {
    case ENOENT:
        return SM_ERR_NOT_FOUND;
    case EEXIST:
        return SM_ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return SM_ERR_CARD_FULL;
    case EROFS:
    case EACCES:
    case EPERM:
        return SM_ERR_FORMAT;
    default:
        return SM_ERR_IO;
    }
}

static int join(const host_card_t *card, const char *name, char path[PATH_BYTES]) {
    int length = snprintf(path, PATH_BYTES, "%s/%s", card->folder, name);
    return length > 0 && (unsigned)length < PATH_BYTES ? SM_OK : SM_ERR_IO;
}

void host_card_init(host_card_t *card, const char *folder) {
    card->folder = folder;
    card->mounted = false;
    for (int i = 0; i < HOST_CARD_FILES; i++) {
        card->descriptors[i] = -1;
    }
}

int host_card_mount(host_card_t *card) {
    struct stat status;
    if (card->folder == NULL || stat(card->folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return SM_ERR_NO_CARD;
    }
    if (access(card->folder, W_OK | X_OK) != 0) {
        return SM_ERR_FORMAT;
    }
    card->mounted = true;
    return SM_OK;
}

void host_card_unmount(host_card_t *card) {
    for (int i = 0; i < HOST_CARD_FILES; i++) {
        host_file_close(card, i);
    }
    card->mounted = false;
}

/* Copies a name that fits 8.3 in upper case. */
static bool short_name(const char *name, char upper[SM_NAME_MAX]) {
    size_t length = strlen(name);
    if (length >= SM_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i <= length; i++) {
        upper[i] = (char)toupper((unsigned char)name[i]);
    }
    return true;
}

int host_card_list(host_card_t *card, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    DIR *folder = card->mounted ? opendir(card->folder) : NULL;
    int result = SM_OK;
    if (folder == NULL) {
        return SM_ERR_NO_CARD;
    }
    for (;;) {
        char path[PATH_BYTES];
        char upper[SM_NAME_MAX];
        struct stat status;
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            result = errno != 0 ? SM_ERR_IO : SM_OK;
            break;
        }
        if (!short_name(entry->d_name, upper) || join(card, entry->d_name, path) != SM_OK ||
            lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > (off_t)UINT32_MAX) {
            continue;
        }
        result = visit(argument, upper, (uint32_t)status.st_size);
        if (result != 0) {
            break;
        }
    }
    return closedir(folder) != 0 && result == SM_OK ? SM_ERR_IO : result;
}

static int free_handle(const host_card_t *card) {
    for (int i = 0; i < HOST_CARD_FILES; i++) {
        if (card->descriptors[i] < 0) {
            return i;
        }
    }
    return SM_ERR_MEMORY;
}

static int open_file(host_card_t *card, const char *name, int flags) {
    char path[PATH_BYTES];
    int handle = free_handle(card);
    if (!card->mounted || handle < 0) {
        return card->mounted ? handle : SM_ERR_NO_CARD;
    }
    if (join(card, name, path) != SM_OK) {
        return SM_ERR_IO;
    }
    int descriptor = open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) {
        return card_error(errno);
    }
    card->descriptors[handle] = descriptor;
    return handle;
}

int host_file_create(host_card_t *card, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    char path[PATH_BYTES];
    int handle = open_file(card, name, O_CREAT | O_EXCL);
    if (handle < 0) {
        return handle;
    }
    int error = host_file_write(card, handle, 0, head, head_bytes);
    if (error == SM_OK && ftruncate(card->descriptors[handle], (off_t)size) != 0) {
        error = card_error(errno);
    }
    if (error == SM_OK) {
        return handle;
    }
    host_file_close(card, handle);
    if (join(card, name, path) == SM_OK) {
        (void)unlink(path);
    }
    return error;
}

int host_file_open(host_card_t *card, const char *name) {
    return open_file(card, name, 0);
}

static int descriptor_of(const host_card_t *card, int file) {
    return card->mounted && file >= 0 && file < HOST_CARD_FILES ? card->descriptors[file] : -1;
}

int host_file_read(host_card_t *card, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    int descriptor = descriptor_of(card, file);
    for (uint32_t done = 0; done < length;) {
        ssize_t count = descriptor < 0 ? -1 : pread(descriptor, data + done, length - done, (off_t)offset + done);
        if (count < 0 && descriptor >= 0 && errno == EINTR) {
            continue;
        }
        if (count == 0 && length - done < SM_BLOCK) {
            /* The file ends inside its last block. */
            memset(data + done, 0, length - done);
            return SM_OK;
        }
        if (count <= 0) {
            return descriptor < 0 ? SM_ERR_NO_CARD : SM_ERR_IO;
        }
        done += (uint32_t)count;
    }
    return SM_OK;
}

int host_file_write(host_card_t *card, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    int descriptor = descriptor_of(card, file);
    for (uint32_t done = 0; done < length;) {
        ssize_t count = descriptor < 0 ? -1 : pwrite(descriptor, data + done, length - done, (off_t)offset + done);
        if (count < 0 && descriptor >= 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return descriptor < 0 ? SM_ERR_NO_CARD : count < 0 ? card_error(errno) : SM_ERR_IO;
        }
        done += (uint32_t)count;
    }
    return SM_OK;
}

/* A folder on the host survives this program being killed; only a power cut of the host would lose writes, and a
 * simulation can be repeated. */
int host_file_sync(host_card_t *card, int file) {
    return descriptor_of(card, file) < 0 ? SM_ERR_NO_CARD : SM_OK;
}

void host_file_close(host_card_t *card, int file) {
    if (file >= 0 && file < HOST_CARD_FILES && card->descriptors[file] >= 0) {
        (void)close(card->descriptors[file]);
        card->descriptors[file] = -1;
    }
}
