#include "session_parts.h"

/* Virtual time of an inference, microseconds. */
#define INVOKE_US 20000u

/* Contact bounces: closed and open for so long each, microseconds. */
#define BOUNCE_US 3000u

static uint64_t now_us(void *context) {
    (void)context;
    return session_bot.now_us;
}

void session_sleep_ms(void *context, uint32_t ms) {
    (void)context;
    session_bot.now_us += (uint64_t)ms * 1000u;
}

static uint32_t random_bits(void *context) {
    (void)context;
    session_bot.random = session_bot.random * 1664525u + 1013904223u;
    return session_bot.random ^ session_bot.random >> 16;
}

static uint32_t free_memory(void *context) {
    (void)context;
    return 123456;
}

static bool button_down(void *context) {
    uint64_t since = session_bot.now_us - session_bot.down_from_us;
    (void)context;
    if (session_bot.now_us < session_bot.down_from_us || session_bot.now_us >= session_bot.down_until_us) {
        return false;
    }
    return since >= (uint64_t)session_bot.bounces * 2u * BOUNCE_US || since % (2u * BOUNCE_US) < BOUNCE_US;
}

static void set_lights(void *context, const sm_colour_t *leds, uint32_t count) {
    (void)context;
    (void)leds;
    (void)count;
    session_hal_enter();
    /* Not when the lights of an earlier press go out. */
    if (session_stages.press_open && session_bot.app.session.state == SM_SESSION_DECIDE) {
        session_print_stage("light", session_stages.press_began);
        session_stages.press_open = false;
    }
    session_hal_leave();
}

static void set_status(void *context, bool on) {
    (void)context;
    (void)on;
}

static int marks_load(void *context, sm_marks_t *marks) {
    (void)context;
    *marks = session_bot.marks;
    return SM_OK;
}

static int marks_store(void *context, const sm_marks_t *marks) {
    (void)context;
    session_bot.marks = *marks;
    return SM_OK;
}

int session_invoke(const int8_t *input, int8_t *output) {
    /* The self-test asks too, without a frame. */
    bool of_press = session_bot.app.session.state != SM_SESSION_IDLE;
    session_hal_enter();
    if (of_press) {
        session_print_stage("preprocess", session_stages.preprocess_began);
    }
    session_hal_leave();
    session_stages.network_began = session_own_count();
    int result = sm_engine.invoke(input, output);
    session_hal_enter();
    if (of_press) {
        session_print_stage("network", session_stages.network_began);
    }
    session_bot.now_us += INVOKE_US;
    session_hal_leave();
    return result;
}

void session_hal_set_up(void) {
    session_bot.hal = (sm_hal_t){
        .device_id = 0x1a2b3c4du,
        .reset_reason = SM_RESET_POWER_ON,
        .boot_count = 1,
        .now_us = now_us,
        .sleep_ms = session_sleep_ms,
        .random = random_bits,
        .free_memory = free_memory,
        .button_down = button_down,
        .set_lights = set_lights,
        .set_status = set_status,
        .marks_load = marks_load,
        .marks_store = marks_store,
        .report = session_hal_report,
    };
    session_hal_add_camera(&session_bot.hal);
    session_hal_add_card(&session_bot.hal);
}
