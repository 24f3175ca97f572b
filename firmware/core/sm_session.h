/*
 * One press of the button as an explicit state machine: drop the frame under way, take a burst, find the face in each
 * frame and score it, decide, lights, wait for the release, log. Frames without a face are scored and logged, for the
 * desk, but have no say; when none has one, the answer is that nobody is there.
 *
 *   IDLE --press--> DROP --> CAPTURE (once per frame) --> DECIDE --> HOLD --release--> LOG (once per capture) --> IDLE
 *                     |         |                                     |
 *                     +---------+-- no frame at all: FAILED --> IDLE  +-- long press: the captures are dropped --> IDLE
 *
 * Lights come first, the log after; a failing log never stops scoring. A capture that did not get on the card is tried
 * again on the card that is mounted then; a press of which some are logged goes on only behind them. A press during
 * HOLD or LOG is remembered and follows at once. A picture that is taken without a press (interval) goes the same way
 * with nobody to wait for; a press before its lights takes its place. Frames of a press are kept in the caller's memory
 * until they are logged.
 */
#ifndef SM_SESSION_H
#define SM_SESSION_H

#include "sm_hal.h"
#include "sm_lights.h"
#include "sm_locate.h"
#include "sm_log.h"
#include "sm_preprocess.h"

/* Frames asked for in a row before a press is given up. */
#define SM_CAMERA_ATTEMPTS 3u

enum sm_session_state {
    SM_SESSION_IDLE = 0,
    SM_SESSION_DROP,
    SM_SESSION_CAPTURE,
    SM_SESSION_DECIDE,
    SM_SESSION_HOLD,
    SM_SESSION_LOG,
};

/* What came of a press; what reports show. */
typedef struct sm_press {
    uint32_t number;   /* presses since the start, from 1 */
    uint32_t press_ms; /* how long the button was down; 0 until the release, and for a picture without a press */
    bool automatic;    /* nobody pressed: taken by interval */
    uint8_t frames;    /* frames scored */
    uint8_t logged;    /* captures on the card */
    uint8_t faces;     /* frames in which a face was found; 0: nobody is there, and no smile */
    bool smile;
    int32_t sum;
    int32_t threshold;
    uint32_t latency_us; /* from the debounced press to the lights */
    int16_t margins[SM_MAX_BURST];
    bool found[SM_MAX_BURST];
    int8_t outputs[SM_MAX_BURST][SM_MAX_LABELS];
    uint32_t sequences[SM_MAX_BURST]; /* of the first `logged` frames */
    int error;                        /* SM_OK, or what stopped the burst: camera or network */
    int log_error;                    /* SM_OK, or what stopped the log */
} sm_press_t;

typedef struct sm_session {
    const sm_hal_t *hal;
    const sm_config_t *config;
    const sm_engine_t *engine;
    sm_log_t *log;
    sm_lights_t *lights;
    uint8_t *frames; /* burst * frame_width * frame_height bytes */
    int8_t *input;   /* input_size * input_size bytes */

    enum sm_session_state state;
    uint8_t attempts; /* failed requests for the present frame */
    uint8_t next_log; /* index of the next capture to log */
    bool again;       /* the card failed while it was written */
    bool pending;     /* another press came while this one was being finished */
    uint64_t pressed_us;
    uint64_t pending_us;
    uint32_t pending_press_ms; /* 0 until its release */
    sm_press_t press;
    sm_capture_t captures[SM_MAX_BURST];
    sm_preprocess_scratch_t scratch;
} sm_session_t;

/* What a step brought to an end. */
enum sm_session_event {
    SM_SESSION_NONE = 0,
    SM_SESSION_SCORED, /* the lights show the decision */
    SM_SESSION_FAILED, /* no decision: press.error says why */
    /* A capture did not get on the card: press.log_error. The next step tries it again, unless sm_session_give_up(). */
    SM_SESSION_UNLOGGED,
    SM_SESSION_DONE, /* all captures are logged */
};

/* "smile", "no smile" or "nobody". */
const char *sm_press_answer(const sm_press_t *press);

/* The button went down. */
void sm_session_press(sm_session_t *session);

/* Takes a picture without a press. Only while idle, with nothing pending. */
void sm_session_take(sm_session_t *session);

/* The button went up after press_ms. */
void sm_session_release(sm_session_t *session, uint32_t press_ms);

/* The press turned out to be a long one, which means something else: its captures are dropped. */
void sm_session_cancel(sm_session_t *session);

/* Nothing more of the press under way is logged: it ends. */
void sm_session_give_up(sm_session_t *session);

/* Whether the next step begins to log a press. */
bool sm_session_will_log(const sm_session_t *session);

/* Does one piece of work: at most one frame or one capture. */
enum sm_session_event sm_session_step(sm_session_t *session);

#endif
