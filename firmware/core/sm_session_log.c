#include "sm_session_parts.h"

/* What all captures of a press share, known only now. */
static void complete_capture(sm_session_t *session, uint32_t index) {
    const sm_press_t *press = &session->press;
    sm_capture_t *capture = &session->captures[index];
    capture->press = press->number;
    capture->press_ms = press->press_ms;
    capture->burst_index = (uint8_t)(index + 1u);
    capture->burst_count = press->frames;
    capture->faces = press->faces;
    capture->sum = press->sum;
    capture->threshold = press->threshold;
    capture->smile = press->smile;
    capture->reset_reason = session->hal->reset_reason;
    capture->free_memory = session->hal->free_memory(session->hal->context);
    capture->latency_us = press->latency_us;
}

/* After a failure: 1 when the capture is on the card all the same, 0 when it is to be written, or a failure; of a press
 * that began on another card or in another segment the rest has no place. */
static int look_again(sm_session_t *session, uint32_t index) {
    int held = sm_log_holds(session->log, &session->captures[index]);
    if (held != 0 || index == 0 || sm_log_follows(session->log, &session->captures[index - 1u])) {
        return held;
    }
    return SM_ERR_NO_SLOT;
}

static int write_capture(sm_session_t *session, uint32_t index) {
    int held = session->again ? look_again(session, index) : 0;
    if (held != 0) {
        return held < 0 ? held : SM_OK;
    }
    int error = index == 0 ? sm_log_begin(session->log, session->press.frames) : SM_OK;
    if (error == SM_OK) {
        complete_capture(session, index);
        error = sm_log_append(session->log, &session->captures[index], sm_session_frame(session, index));
    }
    return error;
}

enum sm_session_event sm_session_log_capture(sm_session_t *session) {
    sm_press_t *press = &session->press;
    uint32_t index = session->next_log;
    press->log_error = write_capture(session, index);
    session->again = press->log_error != SM_OK;
    if (session->again) {
        return SM_SESSION_UNLOGGED;
    }
    press->sequences[index] = session->captures[index].header.sequence;
    press->logged++;
    session->next_log++;
    if (session->next_log < press->frames) {
        return SM_SESSION_NONE;
    }
    session->state = SM_SESSION_IDLE;
    return SM_SESSION_DONE;
}
