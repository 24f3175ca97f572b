#include <stdlib.h>

#include "driver_bot.h"
#include "ram_bot.h"

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
    bot.random = bot.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(bot.random >> 32);
}

static uint32_t free_memory(void *context) {
    (void)context;
    return 123456;
}

static bool button_down(void *context) {
    (void)context;
    bool down = bot.now_us >= bot.down_from_us && bot.now_us < bot.down_until_us;
    uint64_t since = bot.now_us - bot.down_from_us;
    return down && !(since < bot.bounces * 6000u && since % 6000u >= 3000u);
}

static void set_lights(void *context, const sm_colour_t *leds, uint32_t count) {
    (void)context;
    if (count == 0 || count > SM_MAX_LEDS) {
        abort();
    }
    bot.led_count = count;
    bot.lights = false;
    for (uint32_t i = 0; i < count; i++) {
        bot.leds[i] = leds[i];
        bot.lights = bot.lights || leds[i].red > 0 || leds[i].green > 0 || leds[i].blue > 0;
    }
}

static void set_status(void *context, bool on) {
    (void)context;
    bot.status = on;
}

static int camera_acquire(void *context, sm_frame_t *frame) {
    (void)context;
    bot.now_us += 40000u;
    if (bot.camera_failures > 0 && bot.camera_good > 0) {
        bot.camera_good--;
    } else if (bot.camera_failures > 0) {
        bot.camera_failures--;
        return SM_ERR_CAMERA;
    }
    bot.frames++;
    *frame = driver_frame(bot.frames);
    return SM_OK;
}

static void camera_release(void *context, sm_frame_t *frame) {
    (void)context;
    driver_release(frame);
}

static int camera_restart(void *context) {
    (void)context;
    bot.restarts++;
    bot.sensor = bot.sensor < 0 ? 0x2642 : bot.sensor;
    return SM_OK;
}

static int camera_sensor(void *context) {
    (void)context;
    return bot.sensor;
}

static int card_mount(void *context) {
    (void)context;
    if (button_down(context)) {
        abort(); /* sm_hal.h promises that the button is up */
    }
    bot.mounts++;
    return ram_mount(&bot.card);
}

static void card_unmount(void *context) {
    (void)context;
    ram_unmount(&bot.card);
}

static int card_list(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    (void)context;
    return ram_list(&bot.card, visit, argument);
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    (void)context;
    return ram_create(&bot.card, name, size, head, head_bytes);
}

static int file_open(void *context, const char *name) {
    (void)context;
    return ram_open(&bot.card, name);
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    (void)context;
    bot.now_us += bot.read_us;
    return ram_read(&bot.card, file, offset, data, length);
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    (void)context;
    return ram_write(&bot.card, file, offset, data, length);
}

static int file_sync(void *context, int file) {
    (void)context;
    return ram_sync(&bot.card, file);
}

static void file_close(void *context, int file) {
    (void)context;
    ram_close(&bot.card, file);
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
        .frames = bot.memory.frames,
        .lights = bot.lights,
        .since_us = bot.now_us - bot.down_from_us,
        .opens = bot.card.opens,
        .mounted = bot.card.mounted,
    };
    (void)context;
    driver_print(report, &view);
}

/* ---- set-up ---- */

void ram_bot_set_up_hal(void) {
    bot.hal = (sm_hal_t){
        .device_id = 0x1a2b3c4du,
        .reset_reason = SM_RESET_POWER_ON,
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
        .camera_sensor = camera_sensor,
        .card_mount = card_mount,
        .card_unmount = card_unmount,
        .card_list = card_list,
        .file_create = file_create,
        .file_open = file_open,
        .file_read = file_read,
        .file_write = file_write,
        .file_sync = file_sync,
        .file_close = file_close,
        .report = on_report,
    };
}

void ram_bot_keep_marks(void) {
    bot.hal.marks_load = marks_load;
    bot.hal.marks_store = marks_store;
}
