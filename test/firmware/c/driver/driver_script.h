/* A driver's script: one command per line, its name and up to three words. */
#ifndef DRIVER_SCRIPT_H
#define DRIVER_SCRIPT_H

#include <stdint.h>
#include <stdio.h>

typedef struct driver_words {
    const char *name;
    const char *first; /* "" where there is none */
    const char *second;
    const char *third;
    const char *rest; /* all behind the name */
    uint64_t number;  /* the first and second word as decimal numbers, or 0 */
    uint64_t second_number;
} driver_words_t;

typedef struct driver_command {
    const char *name;
    void (*run)(const driver_words_t *words);
} driver_command_t;

/* The first word as a number of 32 bits. */
uint32_t driver_number(const driver_words_t *words);

/* Runs a script to its end; `commands` ends with a NULL name. Ends the program at a command that it does not know. */
void driver_run(FILE *script, const driver_command_t *commands);

#endif
