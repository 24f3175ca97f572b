/* The session on the simulated Xtensa. */
#include "session.h"
#include "sim_calls.h"

#define STANDARD_OUTPUT 1

void session_write(const char *text, uint32_t bytes) {
    sim_write(STANDARD_OUTPUT, text, (int)bytes);
}

session_count_t session_counter(void) {
    return (session_count_t){sim_ccount(), sim_multiplies()};
}

void sim_main(void) {
    sim_exit(session_run());
}
