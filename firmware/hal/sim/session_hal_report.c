#include "session_parts.h"

static void print_press(session_line_t *line, const sm_press_t *press) {
    session_number(line, press->number);
    session_number(line, press->press_ms);
    session_number(line, press->frames);
    session_number(line, press->logged);
    session_number(line, press->smile);
    session_number(line, press->sum);
    session_number(line, press->threshold);
    session_number(line, press->latency_us);
    session_number(line, press->error);
    session_number(line, press->log_error);
    for (uint32_t i = 0; i < press->frames; i++) {
        session_number(line, press->margins[i]);
    }
}

void session_hal_report(void *context, const struct sm_report *report) {
    session_line_t line;
    (void)context;
    session_hal_enter();
    session_begin(&line, 'e');
    session_number(&line, (int64_t)(session_bot.now_us / 1000u));
    session_number(&line, report->event);
    session_number(&line, report->error);
    session_number(&line, report->faults);
    session_number(&line, report->count);
    session_number(&line, report->log->segment);
    session_number(&line, report->log->next_slot);
    session_number(&line, report->log->next_sequence);
    if (report->press != NULL) {
        print_press(&line, report->press);
    }
    session_end(&line);
    session_hal_leave();
}
