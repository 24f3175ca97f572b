#include "session.h"

#include <string.h>

/* Virtual times, microseconds. Nothing else takes any. */
#define FRAME_US 80000u  /* from one frame's start to the next one's */
#define INVOKE_US 20000u /* an inference */
#define BLOCK_US 500u    /* a block on its way to the card */
#define SYNC_US 2000u

/* Contact bounces: closed and open for so long each. */
#define BOUNCE_US 3000u
/* From a command to its press, and from the end of all work to the next command. */
#define BEFORE_US 50000u
#define AFTER_US 1000000u

static struct {
    sm_app_t app;
    sm_hal_t hal;
    sm_engine_t engine;
    session_card_t card;
    uint64_t now_us;
    uint64_t down_from_us;
    uint64_t down_until_us;
    uint32_t bounces;
    uint32_t random; /* what the firmware draws */
    uint32_t noise;  /* the camera's */
    uint32_t picture;
    uint32_t frames;
    uint64_t asked_us;   /* when the last frame was asked for */
    uint64_t next_frame; /* number of the first one not given yet */
    sm_marks_t marks;
    uint8_t pixels[SESSION_FRAME_BYTES];
} bot;

static uint8_t frame_memory[SMILEC_BURST * SESSION_FRAME_BYTES];
static int8_t input_memory[SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE] __attribute__((aligned(16)));

/* ---- what the core takes ---- */

/* Instructions within the HAL so far, when it was entered, and what a stage began with. */
static session_count_t inside;
static session_count_t entered;
static session_count_t copy_began, preprocess_began, network_began, press_began;
static bool press_open;

static session_count_t minus(session_count_t a, session_count_t b) {
    return (session_count_t){a.ticks - b.ticks, a.highs - b.highs};
}

/* The core's own instructions so far. */
static session_count_t own(void) {
    return minus(session_counter(), inside);
}

static void enter(void) {
    entered = session_counter();
}

static void leave(void) {
    session_count_t spent = minus(session_counter(), entered);
    inside.ticks += spent.ticks;
    inside.highs += spent.highs;
}

/* Only between enter and leave. */
static void print_stage(const char *stage, session_count_t began) {
    session_count_t spent = minus(minus(entered, inside), began);
    session_line_t line;
    session_begin(&line, 't');
    session_word(&line, stage);
    session_number(&line, spent.ticks);
    session_number(&line, spent.highs);
    session_end(&line);
}

/* ---- HAL: time, button, lights ---- */

static uint64_t now_us(void *context) {
    (void)context;
    return bot.now_us;
}

static void sleep_ms(void *context, uint32_t ms) {
    (void)context;
    bot.now_us += (uint64_t)ms * 1000u;
}

static uint32_t random_bits(void *context) {
    (void)context;
    bot.random = bot.random * 1664525u + 1013904223u;
    return bot.random ^ bot.random >> 16;
}

static uint32_t free_memory(void *context) {
    (void)context;
    return 123456;
}

static bool button_down(void *context) {
    uint64_t since = bot.now_us - bot.down_from_us;
    (void)context;
    if (bot.now_us < bot.down_from_us || bot.now_us >= bot.down_until_us) {
        return false;
    }
    return since >= (uint64_t)bot.bounces * 2u * BOUNCE_US || since % (2u * BOUNCE_US) < BOUNCE_US;
}

static void set_lights(void *context, const sm_colour_t *leds, uint32_t count) {
    (void)context;
    (void)leds;
    (void)count;
    enter();
    /* Not when the lights of an earlier press go out. */
    if (press_open && bot.app.session.state == SM_SESSION_DECIDE) {
        print_stage("light", press_began);
        press_open = false;
    }
    leave();
}

static void set_status(void *context, bool on) {
    (void)context;
    (void)on;
}

/* ---- HAL: camera ---- */

/* The picture with a seeded noise of -4 to 3 grey levels, another one for each frame. */
static void expose(void) {
    const uint8_t *picture = session_pictures[bot.picture];
    for (uint32_t i = 0; i < SESSION_FRAME_BYTES; i++) {
        bot.noise = bot.noise * 1664525u + 1013904223u;
        int32_t grey = (int32_t)picture[i] + (int32_t)(bot.noise >> 29) - 4;
        bot.pixels[i] = (uint8_t)(grey < 0 ? 0 : grey > 255 ? 255 : grey);
    }
}

/* As sm_hal.h says it of camera_acquire; frame n lasts from n * FRAME_US on. */
static void wait_for_frame(void) {
    uint64_t complete = bot.now_us / FRAME_US; /* so many are */
    uint64_t frame = bot.asked_us / FRAME_US + 1u;
    if (frame < bot.next_frame) {
        frame = bot.next_frame;
    }
    if (frame + 1u < complete) {
        frame = complete - 1u;
    }
    bot.asked_us = bot.now_us;
    bot.next_frame = frame + 1u;
    if (bot.now_us < (frame + 1u) * FRAME_US) {
        bot.now_us = (frame + 1u) * FRAME_US;
    }
}

static int camera_acquire(void *context, sm_frame_t *frame) {
    (void)context;
    enter();
    wait_for_frame();
    bot.frames++;
    expose();
    *frame = (sm_frame_t){
        .pixels = bot.pixels,
        .width = SMILEC_FRAME_WIDTH,
        .height = SMILEC_FRAME_HEIGHT,
        .sensor_id = 0x2642,
        .sensor_status = SM_SENSOR_AUTO_EXPOSURE | SM_SENSOR_AUTO_GAIN,
        .exposure = 300u + bot.frames,
        .gain = 7,
    };
    leave();
    copy_began = own();
    return SM_OK;
}

static void camera_release(void *context, sm_frame_t *frame) {
    (void)context;
    enter();
    /* The frame that is dropped is not copied. */
    if (bot.app.session.state == SM_SESSION_CAPTURE) {
        print_stage("copy", copy_began);
    }
    memset(bot.pixels, 0xaa, sizeof(bot.pixels)); /* a frame used after its release would show */
    frame->pixels = NULL;
    leave();
    preprocess_began = own();
}

static int camera_restart(void *context) {
    (void)context;
    return SM_OK;
}

static int invoke(const int8_t *input, int8_t *output) {
    /* The self-test asks too, without a frame. */
    bool of_press = bot.app.session.state != SM_SESSION_IDLE;
    enter();
    if (of_press) {
        print_stage("preprocess", preprocess_began);
    }
    leave();
    network_began = own();
    int result = sm_engine.invoke(input, output);
    enter();
    if (of_press) {
        print_stage("network", network_began);
    }
    bot.now_us += INVOKE_US;
    leave();
    return result;
}

/* ---- HAL: card ---- */

static int card_mount(void *context) {
    (void)context;
    bot.card.mounted = true;
    return SM_OK;
}

static void card_unmount(void *context) {
    (void)context;
    bot.card.mounted = false;
}

static int card_list(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    (void)context;
    return session_card_list(&bot.card, visit, argument);
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    (void)context;
    enter();
    int file = bot.card.mounted ? session_card_create(&bot.card, name, size, head, head_bytes) : SM_ERR_NO_CARD;
    bot.now_us += SYNC_US;
    leave();
    return file;
}

static int file_open(void *context, const char *name) {
    (void)context;
    return bot.card.mounted ? session_card_open(&bot.card, name) : SM_ERR_NO_CARD;
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    (void)context;
    enter();
    const uint8_t *bytes = bot.card.mounted ? session_card_at(&bot.card, file, offset, length) : NULL;
    if (bytes != NULL) {
        memcpy(data, bytes, length);
    }
    leave();
    return bytes != NULL ? SM_OK : SM_ERR_IO;
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    (void)context;
    enter();
    uint8_t *bytes = bot.card.mounted ? session_card_at(&bot.card, file, offset, length) : NULL;
    if (bytes != NULL) {
        memcpy(bytes, data, length);
    }
    bot.now_us += (uint64_t)(length / SM_BLOCK) * BLOCK_US;
    leave();
    return bytes != NULL ? SM_OK : SM_ERR_IO;
}

static int file_sync(void *context, int file) {
    (void)context;
    (void)file;
    bot.now_us += SYNC_US;
    return SM_OK;
}

static void file_close(void *context, int file) {
    (void)context;
    (void)file;
}

static int marks_load(void *context, sm_marks_t *marks) {
    (void)context;
    *marks = bot.marks;
    return SM_OK;
}

static int marks_store(void *context, const sm_marks_t *marks) {
    (void)context;
    bot.marks = *marks;
    return SM_OK;
}

/* ---- events ---- */

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

static void on_report(void *context, const struct sm_report *report) {
    session_line_t line;
    (void)context;
    enter();
    session_begin(&line, 'e');
    session_number(&line, (int64_t)(bot.now_us / 1000u));
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
    leave();
}

/* ---- running ---- */

static void set_up_hal(void) {
    bot.hal = (sm_hal_t){
        .device_id = 0x1a2b3c4du,
        .reset_reason = SM_RESET_POWER_ON,
        .boot_count = 1,
        .now_us = now_us,
        .sleep_ms = sleep_ms,
        .random = random_bits,
        .free_memory = free_memory,
        .button_down = button_down,
        .set_lights = set_lights,
        .set_status = set_status,
        .camera_acquire = camera_acquire,
        .camera_release = camera_release,
        .camera_restart = camera_restart,
        .card_mount = card_mount,
        .card_unmount = card_unmount,
        .card_list = card_list,
        .file_create = file_create,
        .file_open = file_open,
        .file_read = file_read,
        .file_write = file_write,
        .file_sync = file_sync,
        .file_close = file_close,
        .marks_load = marks_load,
        .marks_store = marks_store,
        .report = on_report,
    };
}

static int start(void) {
    const sm_memory_t memory = {frame_memory, sizeof(frame_memory), input_memory, sizeof(input_memory)};
    session_count_t began = own();
    bot.engine = sm_engine;
    bot.engine.invoke = invoke;
    bot.now_us = 0;
    bot.down_from_us = UINT64_MAX;
    bot.down_until_us = UINT64_MAX;
    bot.asked_us = 0;
    bot.next_frame = 0;
    int error = sm_app_init(&bot.app, &bot.hal, &sm_config, &bot.engine, memory);
    enter();
    print_stage("start", began);
    leave();
    return error;
}

/* One step of the bot; a step of the log is a stage. */
static uint32_t step(void) {
    enum sm_session_state before = bot.app.session.state;
    session_count_t began = own();
    uint32_t wait_ms = sm_app_step(&bot.app);
    enter();
    if (before == SM_SESSION_IDLE && bot.app.session.state != SM_SESSION_IDLE) {
        press_open = true;
        press_began = began;
    }
    if (before == SM_SESSION_LOG) {
        print_stage("log", began);
    }
    leave();
    return wait_ms;
}

static void run_until(uint64_t until_us) {
    while (bot.now_us < until_us || sm_app_busy(&bot.app)) {
        sleep_ms(NULL, step());
    }
}

static void press(uint32_t ms) {
    bot.down_from_us = bot.now_us + BEFORE_US;
    bot.down_until_us = bot.down_from_us + (uint64_t)ms * 1000u;
    run_until(bot.down_until_us + AFTER_US);
    bot.bounces = 0;
}

static int restart(uint32_t reason) {
    bot.card.mounted = false;
    bot.hal.reset_reason = (uint8_t)reason;
    bot.hal.boot_count++;
    return start();
}

static int obey(const session_command_t *command) {
    int error = SM_OK;
    switch (command->what) {
    case SESSION_PICTURE:
        bot.picture = command->value;
        break;
    case SESSION_PRESS:
        press(command->value);
        break;
    case SESSION_BOUNCE:
        bot.bounces = command->value;
        break;
    case SESSION_RESTART:
        error = restart(command->value);
        break;
    case SESSION_FILES:
        bot.card.max_files = command->value;
        break;
    case SESSION_WAIT:
    default:
        run_until(bot.now_us + (uint64_t)command->value * 1000u);
        break;
    }
    return error;
}

int session_run(void) {
    int error;
    bot.random = 1;
    bot.noise = 2;
    set_up_hal();
    session_card_init(&bot.card, 3);
    error = start();
    for (const session_command_t *command = session_script; error == SM_OK && command->what != SESSION_END; command++) {
        error = obey(command);
    }
    sm_app_stop(&bot.app);
    session_card_print(&bot.card);
    return error == SM_OK ? 0 : 1;
}
