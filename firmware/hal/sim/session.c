#include "session_parts.h"

/* Virtual microseconds from a command to its press, and from the end of all work to the next command. */
#define BEFORE_US 50000u
#define AFTER_US 1000000u

session_bot_t session_bot;

static uint8_t frame_memory[SMILEC_BURST * SESSION_FRAME_BYTES];
static int8_t input_memory[SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE] __attribute__((aligned(16)));

static int start(void) {
    const sm_memory_t memory = {frame_memory, sizeof(frame_memory), input_memory, sizeof(input_memory)};
    session_count_t began = session_own_count();
    session_bot.engine = sm_engine;
    session_bot.engine.invoke = session_invoke;
    session_bot.now_us = 0;
    session_bot.down_from_us = UINT64_MAX;
    session_bot.down_until_us = UINT64_MAX;
    session_bot.asked_us = 0;
    session_bot.next_frame = 0;
    int error = sm_app_init(&session_bot.app, &session_bot.hal, &sm_config, &session_bot.engine, memory);
    session_hal_enter();
    session_print_stage("start", began);
    session_hal_leave();
    return error;
}

/* One step of the bot; a step of the log is a stage. */
static uint32_t step(void) {
    enum sm_session_state before = session_bot.app.session.state;
    session_count_t began = session_own_count();
    uint32_t wait_ms = sm_app_step(&session_bot.app);
    session_hal_enter();
    if (before == SM_SESSION_IDLE && session_bot.app.session.state != SM_SESSION_IDLE) {
        session_stages.press_open = true;
        session_stages.press_began = began;
    }
    if (before == SM_SESSION_LOG) {
        session_print_stage("log", began);
    }
    session_hal_leave();
    return wait_ms;
}

static void run_until(uint64_t until_us) {
    while (session_bot.now_us < until_us || sm_app_busy(&session_bot.app)) {
        session_sleep_ms(NULL, step());
    }
}

static void press(uint32_t ms) {
    session_bot.down_from_us = session_bot.now_us + BEFORE_US;
    session_bot.down_until_us = session_bot.down_from_us + (uint64_t)ms * 1000u;
    run_until(session_bot.down_until_us + AFTER_US);
    session_bot.bounces = 0;
}

static int restart(uint32_t reason) {
    session_bot.card.mounted = false;
    session_bot.hal.reset_reason = (uint8_t)reason;
    session_bot.hal.boot_count++;
    return start();
}

static int obey(const session_command_t *command) {
    int error = SM_OK;
    switch (command->what) {
    case SESSION_PICTURE:
        session_bot.picture = command->value;
        break;
    case SESSION_PRESS:
        press(command->value);
        break;
    case SESSION_BOUNCE:
        session_bot.bounces = command->value;
        break;
    case SESSION_RESTART:
        error = restart(command->value);
        break;
    case SESSION_FILES:
        session_bot.card.max_files = command->value;
        break;
    case SESSION_WAIT:
    default:
        run_until(session_bot.now_us + (uint64_t)command->value * 1000u);
        break;
    }
    return error;
}

int session_run(void) {
    int error;
    session_bot.random = 1;
    session_bot.noise = 2;
    session_hal_set_up();
    session_card_init(&session_bot.card, 3);
    error = start();
    for (const session_command_t *command = session_script; error == SM_OK && command->what != SESSION_END; command++) {
        error = obey(command);
    }
    sm_app_stop(&session_bot.app);
    session_card_print(&session_bot.card);
    return error == SM_OK ? 0 : 1;
}
