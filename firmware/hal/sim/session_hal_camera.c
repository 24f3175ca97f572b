#include "session_parts.h"

#include <string.h>

/* Virtual time, microseconds, from one frame's start to the next one's. */
#define FRAME_US 80000u

/* The picture with a seeded noise of -4 to 3 grey levels, another one for each frame. */
static void expose(void) {
    const uint8_t *picture = session_pictures[session_bot.picture];
    for (uint32_t i = 0; i < SESSION_FRAME_BYTES; i++) {
        session_bot.noise = session_bot.noise * 1664525u + 1013904223u;
        int32_t grey = (int32_t)picture[i] + (int32_t)(session_bot.noise >> 29) - 4;
        session_bot.pixels[i] = (uint8_t)(grey < 0 ? 0 : grey > 255 ? 255 : grey);
    }
}

/* As sm_hal.h says it of camera_acquire; frame n lasts from n * FRAME_US on. */
static void wait_for_frame(void) {
    uint64_t complete = session_bot.now_us / FRAME_US; /* so many are */
    uint64_t frame = session_bot.asked_us / FRAME_US + 1u;
    if (frame < session_bot.next_frame) {
        frame = session_bot.next_frame;
    }
    if (frame + 1u < complete) {
        frame = complete - 1u;
    }
    session_bot.asked_us = session_bot.now_us;
    session_bot.next_frame = frame + 1u;
    if (session_bot.now_us < (frame + 1u) * FRAME_US) {
        session_bot.now_us = (frame + 1u) * FRAME_US;
    }
}

static int camera_acquire(void *context, sm_frame_t *frame) {
    (void)context;
    session_hal_enter();
    wait_for_frame();
    session_bot.frames++;
    expose();
    *frame = (sm_frame_t){
        .pixels = session_bot.pixels,
        .width = SMILEC_FRAME_WIDTH,
        .height = SMILEC_FRAME_HEIGHT,
        .sensor_id = 0x2642,
        .sensor_status = SM_SENSOR_AUTO_EXPOSURE | SM_SENSOR_AUTO_GAIN,
        .exposure = 300u + session_bot.frames,
        .gain = 7,
    };
    session_hal_leave();
    session_stages.copy_began = session_own_count();
    return SM_OK;
}

static void camera_release(void *context, sm_frame_t *frame) {
    (void)context;
    session_hal_enter();
    /* The frame that is dropped is not copied. */
    if (session_bot.app.session.state == SM_SESSION_CAPTURE) {
        session_print_stage("copy", session_stages.copy_began);
    }
    memset(session_bot.pixels, 0xaa, sizeof(session_bot.pixels)); /* a frame used after its release would show */
    frame->pixels = NULL;
    session_hal_leave();
    session_stages.preprocess_began = session_own_count();
}

static int camera_restart(void *context) {
    (void)context;
    return SM_OK;
}

void session_hal_add_camera(sm_hal_t *hal) {
    hal->camera_acquire = camera_acquire;
    hal->camera_release = camera_release;
    hal->camera_restart = camera_restart;
}
