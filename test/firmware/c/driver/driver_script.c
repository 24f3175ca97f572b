#include "driver_script.h"

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 8192

uint32_t driver_number(const driver_words_t *words) {
    return (uint32_t)words->number;
}

static void obey(const driver_words_t *words, const driver_command_t *commands) {
    for (const driver_command_t *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, words->name) == 0) {
            command->run(words);
            return;
        }
    }
    (void)fprintf(stderr, "unknown command: %s\n", words->name);
    exit(1);
}

void driver_run(FILE *script, const driver_command_t *commands) {
    static char line[LINE_BYTES];
    static char second[LINE_BYTES];
    while (fgets(line, sizeof(line), script) != NULL) {
        char name[16] = "";
        char first[1024] = "";
        char third[32] = "";
        int rest = 0;
        second[0] = '\0';
        if (sscanf(line, "%15s %n%1023s %8191s %31s", name, &rest, first, second, third) > 0) {
            driver_words_t words = {.name = name, .first = first, .second = second, .third = third, .rest = line + rest};
            words.number = strtoull(first, NULL, 10);
            words.second_number = strtoull(second, NULL, 10);
            obey(&words, commands);
        }
    }
}
