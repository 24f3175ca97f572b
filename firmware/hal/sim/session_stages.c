#include "session_parts.h"

session_stages_t session_stages;

void session_print_stage(const char *stage, session_count_t began) {
    session_count_t spent = session_minus(session_minus(session_stages.entered, session_stages.inside), began);
    session_line_t line;
    session_begin(&line, 't');
    session_word(&line, stage);
    session_number(&line, spent.ticks);
    session_number(&line, spent.highs);
    session_end(&line);
}
