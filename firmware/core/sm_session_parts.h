/* What the parts of a press share: sm_session.c takes and judges its frames, sm_session_log.c writes them. */
#ifndef SM_SESSION_PARTS_H
#define SM_SESSION_PARTS_H

#include "sm_session.h"

/* Where a frame of the press is kept until it is logged. */
uint8_t *sm_session_frame(const sm_session_t *session, uint32_t index);

/* Logs the next capture, which is a step. */
enum sm_session_event sm_session_log_capture(sm_session_t *session);

#endif
