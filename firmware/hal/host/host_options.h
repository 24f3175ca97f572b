/* The host program's command line. */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct host_options {
    const char *frames; /* list of pictures, or NULL */
    const char *raw;    /* raw frame stream, "-" for standard input, or NULL */
    uint32_t raw_width;
    uint32_t raw_height;
    const char *card;
    uint32_t new_card; /* mebibytes of an image to make, or 0 */
    const char *button; /* script, or NULL */
    bool keyboard;
    bool serial; /* a pseudo-terminal as serial line */
    bool whole_box;
    uint32_t device_id;
    uint64_t seed;
} host_options_t;

/* A whole number of the base without sign, at most `largest`. */
bool host_parse_number(const char *text, int base, uint64_t largest, uint64_t *value);

/* Reads the arguments. false after saying on standard error what is wrong and how the program is used. */
bool host_options_parse(int count, char **arguments, host_options_t *options);

#endif
