/* X/Open: pseudo-terminals. */
#define _XOPEN_SOURCE 700

#include "host_serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Bytes as they are, in both directions. */
static int make_raw(int terminal) {
    struct termios settings;
    if (tcgetattr(terminal, &settings) != 0) {
        return -1;
    }
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD | CLOCAL;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    return tcsetattr(terminal, TCSANOW, &settings);
}

static int set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

int host_serial_open(host_serial_t *serial) {
    serial->slave = -1;
    serial->master = posix_openpt(O_RDWR | O_NOCTTY);
    if (serial->master < 0) {
        return -1;
    }
    const char *path = grantpt(serial->master) == 0 && unlockpt(serial->master) == 0 ? ptsname(serial->master) : NULL;
    if (path == NULL || strlen(path) >= sizeof(serial->path)) {
        return -1;
    }
    serial->slave = open(path, O_RDWR | O_NOCTTY);
    if (serial->slave < 0 || make_raw(serial->slave) != 0 || set_nonblocking(serial->master) != 0) {
        return -1;
    }
    memcpy(serial->path, path, strlen(path) + 1u);
    return 0;
}

/* Sends on what the terminal takes now. */
static void push(host_serial_t *serial) {
    while (serial->sent_bytes < serial->waiting_bytes) {
        ssize_t count =
            write(serial->master, serial->waiting + serial->sent_bytes, serial->waiting_bytes - serial->sent_bytes);
        if (count <= 0) {
            return;
        }
        serial->sent_bytes += (size_t)count;
    }
}

int host_serial_read(host_serial_t *serial, uint8_t *data, uint32_t capacity) {
    push(serial);
    ssize_t count = read(serial->master, data, capacity);
    return count > 0 ? (int)count : 0;
}

int host_serial_write(host_serial_t *serial, const uint8_t *data, uint32_t length) {
    push(serial);
    if (serial->sent_bytes < serial->waiting_bytes || length > sizeof(serial->waiting)) {
        return 0;
    }
    memcpy(serial->waiting, data, length);
    serial->waiting_bytes = length;
    serial->sent_bytes = 0;
    push(serial);
    return (int)length;
}

void host_serial_wait(const host_serial_t *serial, uint32_t ms) {
    bool writes = serial->sent_bytes < serial->waiting_bytes;
    struct pollfd ends[2] = {
        {.fd = serial->master, .events = (short)(POLLIN | (writes ? POLLOUT : 0))},
        {.fd = STDIN_FILENO, .events = POLLIN},
    };
    (void)poll(ends, 2, (int)ms);
}

/* Takes the first line out of what was read. */
static bool take_line(host_serial_t *serial, const char **line) {
    const char *end = memchr(serial->input, '\n', serial->input_bytes);
    if (end == NULL) {
        return false;
    }
    size_t length = (size_t)(end - serial->input);
    memcpy(serial->command, serial->input, length);
    serial->command[length] = '\0';
    serial->input_bytes -= length + 1u;
    memmove(serial->input, end + 1, serial->input_bytes);
    *line = serial->command;
    return true;
}

int host_serial_command(host_serial_t *serial, const char **line) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (take_line(serial, line)) {
        return 1;
    }
    if (poll(&input, 1, 0) <= 0) {
        return 0;
    }
    size_t room = sizeof(serial->input) - serial->input_bytes;
    ssize_t count = room == 0 ? 0 : read(STDIN_FILENO, serial->input + serial->input_bytes, room);
    if (count < 0 && errno == EINTR) {
        return 0;
    }
    if (count <= 0) {
        return -1;
    }
    serial->input_bytes += (size_t)count;
    return take_line(serial, line) ? 1 : 0;
}
