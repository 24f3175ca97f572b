#include <stdlib.h>

#include "driver_bot.h"
#include "esp32_pins.h"
#include "esp32_watchdog.h"
#include "fat_bot_parts.h"
#include "smilec_config.h"

#define CAMERA_TIMEOUT_US 1000000u

/* ---- button ---- */

static bool button_down(void *context) {
    bool down = false;
    (void)context;
    for (uint32_t i = 0; i < bot.edge_count && bot.edges[i] <= bot.host.now_us; i++) {
        down = !down;
    }
    return down;
}

bool esp32_pins_button_level(void) {
    return button_down(&bot.host);
}

void esp32_pins_hold_low(void) {
}

/* ---- lights ---- */

static void (*host_set_lights)(void *context, const sm_colour_t *leds, uint32_t count);

static void set_lights(void *context, const sm_colour_t *leds, uint32_t count) {
    bool before = bot.host.lights;
    host_set_lights(context, leds, count);
    if (bot.host.lights && !before) {
        bot.lights_us = bot.host.now_us;
    }
}

/* ---- camera ---- */

static int camera_acquire(void *context, sm_frame_t *frame) {
    (void)context;
    bool bad = bot.bad_frames > 0 && bot.good_frames == 0;
    esp32_watchdog_feed();
    if (bot.bad_frames > 0 && bot.good_frames > 0) {
        bot.good_frames--;
    }
    bot.bad_frames -= bad ? 1u : 0u;
    if (bad && bot.bad_kind == 't') {
        fat_bot_spend(CAMERA_TIMEOUT_US);
        return SM_ERR_CAMERA;
    }
    fat_bot_spend(HOST_FRAME_US);
    bot.frames++;
    *frame = driver_frame(bot.frames);
    if (bad) {
        frame->width = bot.bad_kind == 'l' ? SMILEC_FRAME_WIDTH + 8 : bot.bad_kind == 'o' ? 0 : SMILEC_FRAME_WIDTH;
        frame->height = bot.bad_kind == 's' ? SMILEC_FRAME_HEIGHT / 2 : SMILEC_FRAME_HEIGHT;
    }
    return SM_OK;
}

static void camera_release(void *context, sm_frame_t *frame) {
    (void)context;
    driver_release(frame);
}

static int camera_restart(void *context) {
    (void)context;
    esp32_watchdog_feed();
    bot.restarts++;
    return SM_OK;
}

/* ---- card: as esp32_hal.c ---- */

static int card_result(int result) {
    esp32_watchdog_feed();
    return esp32_card_explain(&bot.card, result);
}

static int card_mount(void *context) {
    if (button_down(context)) {
        abort(); /* sm_hal.h promises that the button is up */
    }
    esp32_watchdog_feed();
    return esp32_card_mount(&bot.card);
}

static void card_unmount(void *context) {
    (void)context;
    esp32_card_unmount(&bot.card);
}

static int card_list(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    (void)context;
    return bot.card.mounted ? card_result(fat_files_list(&bot.card.files, visit, argument)) : SM_ERR_NO_CARD;
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    (void)context;
    esp32_watchdog_feed();
    return bot.card.mounted ? card_result(fat_files_create(&bot.card.files, name, size, head, head_bytes))
                            : SM_ERR_NO_CARD;
}

static int file_open(void *context, const char *name) {
    (void)context;
    return bot.card.mounted ? card_result(fat_files_open(&bot.card.files, name)) : SM_ERR_NO_CARD;
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    (void)context;
    return bot.card.mounted ? card_result(fat_files_read(&bot.card.files, file, offset, data, length)) : SM_ERR_NO_CARD;
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    (void)context;
    return bot.card.mounted ? card_result(fat_files_write(&bot.card.files, file, offset, data, length))
                            : SM_ERR_NO_CARD;
}

/* The board has nothing to do here: its card has written when a write returns. A card that writes back gets its sync.
 */
static int file_sync(void *context, int file) {
    (void)context;
    (void)file;
    return bot.card.mounted && faulty_disk_sync(&bot.disk) ? SM_OK : SM_ERR_NO_CARD;
}

static void file_close(void *context, int file) {
    (void)context;
    fat_files_close(&bot.card.files, file);
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

/* ---- output ---- */

static void on_report(void *context, const struct sm_report *report) {
    driver_view_t view = {
        .app = &bot.app,
        .frames = driver_memory().frames,
        .lights = bot.host.lights,
        .since_us = bot.host.now_us - bot.pressed_us,
        .opens = (bot.card.files.open[0] ? 1u : 0u) + (bot.card.files.open[1] ? 1u : 0u),
        .mounted = bot.card.mounted,
    };
    (void)context;
    driver_print(report, &view);
}

void fat_bot_set_up_hal(uint8_t reason) {
    bot.hal = host_init(&bot.host, NULL, 0x1a2b3c4du, bot.host.random_state, NULL, 0, 0);
    host_set_lights = bot.hal.set_lights;
    bot.hal.reset_reason = reason;
    bot.hal.boot_count = bot.boots;
    bot.hal.button_down = button_down;
    bot.hal.set_lights = set_lights;
    bot.hal.camera_acquire = camera_acquire;
    bot.hal.camera_release = camera_release;
    bot.hal.camera_restart = camera_restart;
    bot.hal.card_mount = card_mount;
    bot.hal.card_unmount = card_unmount;
    bot.hal.card_list = card_list;
    bot.hal.file_create = file_create;
    bot.hal.file_open = file_open;
    bot.hal.file_read = file_read;
    bot.hal.file_write = file_write;
    bot.hal.file_sync = file_sync;
    bot.hal.file_close = file_close;
    bot.hal.marks_load = marks_load;
    bot.hal.marks_store = marks_store;
    bot.hal.report = on_report;
}
