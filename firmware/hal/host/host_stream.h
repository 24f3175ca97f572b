/*
 * A raw frame stream as camera: 8-bit grey frames of one size, one after the other without anything between (what
 * `ffmpeg -f rawvideo -pix_fmt gray` writes). Memory is two frames, however long it is.
 */
#ifndef HOST_STREAM_H
#define HOST_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host_camera.h"

typedef struct host_stream {
    const char *path;
    int descriptor;
    uint32_t width;
    uint32_t height;
    uint8_t *filling; /* width * height bytes, the caller's: the frame being read */
    uint8_t *latest;  /* the same: the last whole one */
    size_t filled;
    uint64_t frames; /* whole ones read so far */
    bool ended;      /* at the end of a frame */
    bool failed;     /* in the middle of one, or unreadable: message says what */
    char message[HOST_MESSAGE_MAX];
} host_stream_t;

/* Opens it; "-" is standard input. 0, or -1 with a sentence in stream->message. */
int host_stream_open(host_stream_t *stream, const char *path, uint32_t width, uint32_t height, uint8_t *filling,
                     uint8_t *latest);

void host_stream_close(host_stream_t *stream);

/* Reads until `frames` whole ones have been there, waiting for them. false: the stream has no more, or failed. */
bool host_stream_read_until(host_stream_t *stream, uint64_t frames);

/* The same without waiting: takes what is there. */
void host_stream_pump(host_stream_t *stream, uint64_t frames);

#endif
