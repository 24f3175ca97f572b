/* The session on the machine that builds it: lines go to standard output, instructions are not counted. */
#include <stdio.h>
#include <stdlib.h>

#include "session.h"

void session_write(const char *text, uint32_t bytes) {
    if (fwrite(text, 1, bytes, stdout) != bytes) {
        exit(2);
    }
}

session_count_t session_counter(void) {
    return (session_count_t){0, 0};
}

int main(void) {
    int result = session_run();
    return fflush(stdout) == 0 ? result : 2;
}
