/*
 * The host's serial line: a pseudo-terminal whose path a program opens like the port of a board, and commands on
 * standard input for what a person does to the bot meanwhile.
 */
#ifndef HOST_SERIAL_H
#define HOST_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_SERIAL_PATH_MAX 64
/* Longest command, with its terminating NUL. */
#define HOST_COMMAND_MAX 4096

typedef struct host_serial {
    char path[HOST_SERIAL_PATH_MAX]; /* empty: there is no line */
    int master;
    int slave;             /* held open, so that the line survives its programs */
    uint8_t waiting[2048]; /* one packet on its way */
    size_t waiting_bytes;
    size_t sent_bytes;
    char input[HOST_COMMAND_MAX]; /* read from standard input, not yet taken */
    size_t input_bytes;
    char command[HOST_COMMAND_MAX]; /* the line that was taken last */
} host_serial_t;

/* Makes the line. 0, or -1 with errno. */
int host_serial_open(host_serial_t *serial);

/* serial_read and serial_write of sm_hal.h. */
int host_serial_read(host_serial_t *serial, uint8_t *data, uint32_t capacity);
int host_serial_write(host_serial_t *serial, const uint8_t *data, uint32_t length);

/* Waits until something comes in, on the line or on standard input, at most `ms`. */
void host_serial_wait(const host_serial_t *serial, uint32_t ms);

/*
 * Takes what is there of standard input. Returns 1 with a line (without its end, valid until the next call), 0 when
 * there is none yet, -1 at the end of the input.
 */
int host_serial_command(host_serial_t *serial, const char **line);

#endif
