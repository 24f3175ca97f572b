#include "sm_session.h"

#include <string.h>

#include "sm_crc32.h"
#include "sm_score.h"
#include "sm_session_parts.h"

static uint64_t now_us(const sm_session_t *session) {
    return session->hal->now_us(session->hal->context);
}

static uint32_t now_ms(const sm_session_t *session) {
    return (uint32_t)(now_us(session) / 1000u);
}

static void start(sm_session_t *session, uint64_t pressed_us, uint32_t press_ms) {
    uint32_t number = session->press.number + 1u;
    memset(&session->press, 0, sizeof(session->press));
    session->press.number = number;
    session->press.press_ms = press_ms;
    session->pressed_us = pressed_us;
    session->pending = false;
    session->attempts = 0;
    session->next_log = 0;
    session->again = false;
    session->state = SM_SESSION_DROP;
}

const char *sm_press_answer(const sm_press_t *press) {
    if (press->faces == 0) {
        return "nobody";
    }
    return press->smile ? "smile" : "no smile";
}

void sm_session_take(sm_session_t *session) {
    start(session, now_us(session), 0);
    session->press.automatic = true;
}

void sm_session_press(sm_session_t *session) {
    bool early = session->state != SM_SESSION_HOLD && session->state != SM_SESSION_LOG;
    if (session->press.automatic && session->state != SM_SESSION_IDLE && early) {
        /* Whoever presses is the one to be judged: the number goes to the press. */
        session->press.number--;
        start(session, now_us(session), 0);
    } else if (session->state == SM_SESSION_IDLE) {
        start(session, now_us(session), 0);
    } else if (!early && (session->press.automatic || session->state == SM_SESSION_LOG)) {
        session->pending = true;
        session->pending_us = now_us(session);
        session->pending_press_ms = 0;
    }
}

void sm_session_release(sm_session_t *session, uint32_t press_ms) {
    uint32_t length = press_ms > 0 ? press_ms : 1u;
    if (session->pending) {
        session->pending_press_ms = length;
    } else if (session->press.press_ms == 0 && !session->press.automatic) {
        session->press.press_ms = length;
    }
}

void sm_session_cancel(sm_session_t *session) {
    session->pending = false;
    if (session->state != SM_SESSION_LOG) {
        session->state = SM_SESSION_IDLE;
    }
}

/* ---- frames ---- */

/* Counts a failed request; gives the press up after too many, or goes on with the frames there are. */
static enum sm_session_event no_frame(sm_session_t *session, int error) {
    session->attempts++;
    if (session->attempts < SM_CAMERA_ATTEMPTS) {
        return SM_SESSION_NONE;
    }
    session->press.error = error;
    if (session->press.frames > 0) {
        session->state = SM_SESSION_DECIDE;
        return SM_SESSION_NONE;
    }
    session->state = SM_SESSION_IDLE;
    return SM_SESSION_FAILED;
}

/* The frame that was being exposed when the finger came down shows the movement, not the face. */
static enum sm_session_event drop_frame(sm_session_t *session) {
    sm_frame_t frame;
    int error = session->hal->camera_acquire(session->hal->context, &frame);
    if (error != SM_OK) {
        return no_frame(session, error);
    }
    session->hal->camera_release(session->hal->context, &frame);
    session->attempts = 0;
    session->state = SM_SESSION_CAPTURE;
    return SM_SESSION_NONE;
}

uint8_t *sm_session_frame(const sm_session_t *session, uint32_t index) {
    return session->frames + (size_t)index * session->config->frame_width * session->config->frame_height;
}

/* Copies a frame and what the sensor says about it, so that the camera gets its buffer back before anything is
 * computed. */
static int keep_frame(sm_session_t *session, const sm_frame_t *frame, uint32_t index) {
    const sm_config_t *config = session->config;
    sm_capture_t *capture = &session->captures[index];
    if (frame->width == 0 || frame->height == 0 || frame->width > config->frame_width ||
        frame->height > config->frame_height) {
        return SM_ERR_FRAME;
    }
    memset(capture, 0, sizeof(*capture));
    memcpy(sm_session_frame(session, index), frame->pixels, (size_t)frame->width * frame->height);
    capture->config = config;
    capture->width = frame->width;
    capture->height = frame->height;
    capture->sensor_id = frame->sensor_id;
    capture->sensor_status = frame->sensor_status;
    capture->exposure = frame->exposure;
    capture->gain = frame->gain;
    return SM_OK;
}

static uint32_t since(const sm_session_t *session, uint64_t then) {
    return (uint32_t)(now_us(session) - then);
}

static int locate_face(sm_session_t *session, uint32_t index) {
    sm_capture_t *capture = &session->captures[index];
    uint64_t began = now_us(session);
    sm_located_t located;
    int error = sm_locate(&session->config->locator, session->engine->detector, sm_session_frame(session, index),
                          capture->width, capture->height, &located);
    if (error != SM_OK) {
        return SM_ERR_MODEL;
    }
    capture->box = located.box;
    capture->confidence = located.confidence;
    session->press.found[index] = located.found;
    capture->locate_us = since(session, began);
    return SM_OK;
}

static int preprocess_frame(sm_session_t *session, uint32_t index) {
    const sm_config_t *config = session->config;
    sm_capture_t *capture = &session->captures[index];
    uint64_t began = now_us(session);
    int error = sm_preprocess(sm_session_frame(session, index), capture->width, capture->box, config->input_size,
                              config->normalize, &session->scratch, session->input);
    capture->input_crc = sm_crc32(0, session->input, (size_t)config->input_size * config->input_size);
    capture->preprocess_us = since(session, began);
    return error;
}

static int score_frame(sm_session_t *session, uint32_t index) {
    sm_capture_t *capture = &session->captures[index];
    uint64_t began = now_us(session);
    if (session->config->engine == SM_ENGINE_COIN) {
        return SM_OK;
    }
    if (session->engine->invoke(session->input, capture->outputs) != 0) {
        return SM_ERR_MODEL;
    }
    capture->invoke_us = since(session, began);
    capture->output_count = session->config->label_count;
    capture->margin = sm_margin(capture->outputs, capture->output_count, session->config->positive);
    return SM_OK;
}

static enum sm_session_event capture_frame(sm_session_t *session) {
    sm_frame_t frame;
    uint32_t index = session->press.frames;
    uint64_t began = now_us(session);
    int error = session->hal->camera_acquire(session->hal->context, &frame);
    if (error == SM_OK) {
        error = keep_frame(session, &frame, index);
        session->hal->camera_release(session->hal->context, &frame);
    }
    if (error != SM_OK) {
        return no_frame(session, error);
    }
    session->attempts = 0;
    session->captures[index].uptime_ms = now_us(session) / 1000u;
    session->captures[index].acquire_us = since(session, began);
    error = locate_face(session, index);
    if (error == SM_OK) {
        error = preprocess_frame(session, index);
    }
    if (error == SM_OK) {
        error = score_frame(session, index);
    }
    if (error != SM_OK) {
        session->press.error = error;
        session->state = SM_SESSION_IDLE;
        return SM_SESSION_FAILED;
    }
    session->press.margins[index] = session->captures[index].margin;
    memcpy(session->press.outputs[index], session->captures[index].outputs, SM_MAX_LABELS);
    session->press.frames++;
    if (session->press.frames >= session->config->burst) {
        session->state = SM_SESSION_DECIDE;
    }
    return SM_SESSION_NONE;
}

/* ---- decision ---- */

static enum sm_session_event decide(sm_session_t *session) {
    const sm_config_t *config = session->config;
    sm_press_t *press = &session->press;
    press->sum = 0;
    press->faces = 0;
    for (uint32_t i = 0; i < press->frames; i++) {
        press->sum += press->found[i] ? press->margins[i] : 0;
        press->faces = (uint8_t)(press->faces + (press->found[i] ? 1u : 0u));
    }
    if (config->engine == SM_ENGINE_COIN) {
        bool heads = sm_coin(session->hal->random(session->hal->context), config->coin_per_mille);
        press->smile = heads && press->faces > 0;
    } else {
        press->threshold = sm_threshold(config->threshold_margin, press->faces);
        press->smile = press->faces > 0 && press->sum >= press->threshold;
    }
    if (press->smile) {
        sm_lights_smile(session->lights, config->lights_ms, now_ms(session));
    } else if (press->faces == 0) {
        sm_lights_nobody(session->lights, now_ms(session));
    } else {
        sm_lights_no_smile(session->lights, now_ms(session));
    }
    /* Not at the next update: the log may take a while. */
    sm_lights_output(session->lights, session->hal);
    press->latency_us = since(session, session->pressed_us);
    session->state = SM_SESSION_HOLD;
    return SM_SESSION_SCORED;
}

/* ---- steps ---- */

void sm_session_give_up(sm_session_t *session) {
    session->state = SM_SESSION_IDLE;
}

bool sm_session_will_log(const sm_session_t *session) {
    return session->state == SM_SESSION_LOG && session->next_log == 0;
}

enum sm_session_event sm_session_step(sm_session_t *session) {
    switch (session->state) {
    case SM_SESSION_DROP:
        return drop_frame(session);
    case SM_SESSION_CAPTURE:
        return capture_frame(session);
    case SM_SESSION_DECIDE:
        return decide(session);
    case SM_SESSION_HOLD:
        if (session->press.press_ms > 0 || session->press.automatic) {
            session->state = SM_SESSION_LOG;
        }
        return SM_SESSION_NONE;
    case SM_SESSION_LOG:
        return sm_session_log_capture(session);
    case SM_SESSION_IDLE:
    default:
        if (session->pending) {
            start(session, session->pending_us, session->pending_press_ms);
        }
        return SM_SESSION_NONE;
    }
}
