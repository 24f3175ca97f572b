/* The host's camera: 8-bit binary PGM files (Netpbm's P5), one picture per press. */
#ifndef HOST_CAMERA_H
#define HOST_CAMERA_H

#include <stddef.h>
#include <stdint.h>

/* Longest message of this layer, with terminating NUL. */
#define HOST_MESSAGE_MAX 512u

typedef struct host_picture {
    uint8_t *pixels; /* capacity bytes, the caller's */
    size_t capacity;
    uint32_t max_width;
    uint32_t max_height;
    uint32_t width; /* 0: nothing loaded */
    uint32_t height;
} host_picture_t;

/*
 * Reads a picture of at most max_width x max_height pixels. Bytes after the pixels are ignored (captures are padded).
 * Returns 0, or -1 with a sentence in `message` saying what is wrong; nothing is loaded then.
 */
int host_picture_load(host_picture_t *picture, const char *path, char message[HOST_MESSAGE_MAX]);

#endif
