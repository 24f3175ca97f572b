/* Clocks, signals and descriptors, beyond C11. */
#define _POSIX_C_SOURCE 200809L

#include "host_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int host_stream_open(host_stream_t *stream, const char *path, uint32_t width, uint32_t height, uint8_t *filling,
                     uint8_t *latest) {
    bool standard = strcmp(path, "-") == 0;
    memset(stream, 0, sizeof(*stream));
    stream->path = standard ? "standard input" : path;
    stream->descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    stream->width = width;
    stream->height = height;
    stream->filling = filling;
    stream->latest = latest;
    if (stream->descriptor < 0) {
        (void)snprintf(stream->message, sizeof(stream->message), "%.350s: cannot be opened: %.100s", path,
                       strerror(errno));
        return -1;
    }
    return 0;
}

void host_stream_close(host_stream_t *stream) {
    if (stream->descriptor > STDIN_FILENO) {
        (void)close(stream->descriptor);
    }
    stream->descriptor = -1;
}

static size_t frame_bytes(const host_stream_t *stream) {
    return (size_t)stream->width * stream->height;
}

static void finish_frame(host_stream_t *stream) {
    uint8_t *whole = stream->filling;
    stream->filling = stream->latest;
    stream->latest = whole;
    stream->filled = 0;
    stream->frames++;
}

static void note_end(host_stream_t *stream) {
    stream->ended = stream->filled == 0;
    stream->failed = !stream->ended;
    if (stream->failed) {
        (void)snprintf(stream->message, sizeof(stream->message),
                       "%.350s: the stream ends inside frame %" PRIu64 ": %zu of %zu bytes", stream->path,
                       stream->frames + 1, stream->filled, frame_bytes(stream));
    }
}

/* Reads once, at most to the end of the frame; waits when nothing is there. */
static void read_some(host_stream_t *stream) {
    ssize_t got = read(stream->descriptor, stream->filling + stream->filled, frame_bytes(stream) - stream->filled);
    if (got < 0 && errno == EINTR) {
        return;
    }
    if (got < 0) {
        stream->failed = true;
        (void)snprintf(stream->message, sizeof(stream->message), "%.350s: cannot be read: %.100s", stream->path,
                       strerror(errno));
        return;
    }
    if (got == 0) {
        note_end(stream);
        return;
    }
    stream->filled += (size_t)got;
    if (stream->filled == frame_bytes(stream)) {
        finish_frame(stream);
    }
}

bool host_stream_read_until(host_stream_t *stream, uint64_t frames) {
    while (stream->frames < frames && !stream->ended && !stream->failed) {
        read_some(stream);
    }
    return stream->frames >= frames;
}

void host_stream_pump(host_stream_t *stream, uint64_t frames) {
    struct pollfd waiting = {stream->descriptor, POLLIN, 0};
    while (stream->frames < frames && !stream->ended && !stream->failed && poll(&waiting, 1, 0) > 0) {
        read_some(stream);
    }
}
