#include "host_hal.h"

#include <string.h>

static host_t *host_of(void *context) {
    return context;
}

static uint64_t now_us(void *context) {
    return host_of(context)->now_us;
}

static void sleep_ms(void *context, uint32_t ms) {
    host_of(context)->now_us += (uint64_t)ms * 1000u;
}

/* SplitMix64 (Steele, Lea, Flood 2014), upper half. */
static uint32_t random_bits(void *context) {
    host_t *host = host_of(context);
    host->random_state += 0x9e3779b97f4a7c15u;
    uint64_t z = host->random_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static uint32_t free_memory(void *context) {
    (void)context;
    return 0;
}

static bool button_down(void *context) {
    const host_t *host = host_of(context);
    return host->now_us >= host->press_us && host->now_us < host->release_us;
}

static void set_lights(void *context, bool on) {
    host_of(context)->lights = on;
}

static void set_status(void *context, bool on) {
    host_of(context)->status = on;
}

static int camera_acquire(void *context, sm_frame_t *frame) {
    host_t *host = host_of(context);
    host->now_us += HOST_FRAME_US;
    if (host->picture.width == 0) {
        return SM_ERR_CAMERA;
    }
    memset(frame, 0, sizeof(*frame));
    frame->pixels = host->picture.pixels;
    frame->width = (uint16_t)host->picture.width;
    frame->height = (uint16_t)host->picture.height;
    return SM_OK;
}

static void camera_release(void *context, sm_frame_t *frame) {
    (void)context;
    frame->pixels = NULL;
}

static int camera_restart(void *context) {
    (void)context;
    return SM_OK;
}

static int card_mount(void *context) {
    return host_card_mount(&host_of(context)->card);
}

static void card_unmount(void *context) {
    host_card_unmount(&host_of(context)->card);
}

static int card_list(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    return host_card_list(&host_of(context)->card, visit, argument);
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    return host_file_create(&host_of(context)->card, name, size, head, head_bytes);
}

static int file_open(void *context, const char *name) {
    return host_file_open(&host_of(context)->card, name);
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    return host_file_read(&host_of(context)->card, file, offset, data, length);
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    return host_file_write(&host_of(context)->card, file, offset, data, length);
}

static int file_sync(void *context, int file) {
    return host_file_sync(&host_of(context)->card, file);
}

static void file_close(void *context, int file) {
    host_file_close(&host_of(context)->card, file);
}

static void report(void *context, const struct sm_report *report) {
    const host_t *host = host_of(context);
    if (host->report != NULL) {
        host->report(host->report_context, report);
    }
}

void host_press(host_t *host) {
    host->press_us = host->now_us + UINT64_C(1000) * HOST_PRESS_AFTER_MS;
    host->release_us = host->press_us + UINT64_C(1000) * HOST_PRESS_MS;
}

sm_hal_t host_init(host_t *host, const char *card_folder, uint32_t device_id, uint64_t seed, uint8_t *pixels,
                   uint32_t width, uint32_t height) {
    memset(host, 0, sizeof(*host));
    host->press_us = UINT64_MAX;
    host->release_us = UINT64_MAX;
    host->random_state = seed;
    host->picture.pixels = pixels;
    host->picture.capacity = (size_t)width * height;
    host->picture.max_width = width;
    host->picture.max_height = height;
    host_card_init(&host->card, card_folder);
    return (sm_hal_t){
        .context = host,
        .device_id = device_id,
        .reset_reason = SM_RESET_POWER_ON,
        .boot_count = 0,
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
        .marks_load = NULL,
        .marks_store = NULL,
        .report = report,
    };
}
