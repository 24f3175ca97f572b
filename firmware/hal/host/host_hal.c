/* Clocks, signals and descriptors, beyond C11. */
#define _POSIX_C_SOURCE 200809L

#include "host_hal.h"

#include <string.h>
#include <time.h>

static host_t *host_of(void *context) {
    return context;
}

static uint64_t monotonic_us(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_nsec / 1000u;
}

static uint64_t now_us(void *context) {
    host_t *host = host_of(context);
    if (host->keyboard != NULL) {
        host->now_us = monotonic_us() - host->started_us;
    }
    return host->now_us;
}

/* Whole frames that the stream has had by now. */
static uint64_t frames_due(const host_t *host) {
    return host->now_us / HOST_FRAME_US;
}

/* In real time the stream runs on while nobody looks. */
static void sleep_ms(void *context, uint32_t ms) {
    host_t *host = host_of(context);
    if (host->keyboard == NULL) {
        host->now_us += (uint64_t)ms * 1000u;
        return;
    }
    host_keyboard_wait(host->keyboard, ms, now_us(host));
    (void)now_us(host);
    if (host->stream != NULL) {
        host_stream_pump(host->stream, frames_due(host));
    }
    host_keyboard_draw(host->keyboard, host->lights, host->status, host_keyboard_level(host->keyboard, host->now_us));
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
    host_t *host = host_of(context);
    uint64_t now = now_us(host);
    if (host->keyboard != NULL) {
        return host_keyboard_level(host->keyboard, now);
    }
    if (host->button != NULL) {
        return host_button_level(host->button, now);
    }
    return now >= host->press_us && now < host->release_us;
}

static void set_lights(void *context, const sm_colour_t *leds, uint32_t count) {
    bool on = false;
    for (uint32_t i = 0; i < count; i++) {
        on = on || leds[i].red > 0 || leds[i].green > 0 || leds[i].blue > 0;
    }
    host_of(context)->lights = on;
}

static void set_status(void *context, bool on) {
    host_of(context)->status = on;
}

/* Waits until the frame under way is there. */
static void wait_for_frame(host_t *host) {
    if (host->stream == NULL && host->keyboard == NULL) {
        host->now_us += HOST_FRAME_US;
        return;
    }
    uint64_t wait_us = HOST_FRAME_US - now_us(host) % HOST_FRAME_US;
    if (host->keyboard == NULL) {
        host->now_us += wait_us;
        return;
    }
    struct timespec wait = {0, (long)wait_us * 1000};
    (void)nanosleep(&wait, NULL);
    (void)now_us(host);
}

/* The stream's frame of this moment becomes the picture. */
static int take_stream_frame(host_t *host) {
    host_stream_t *stream = host->stream;
    uint64_t before = stream->frames;
    host->picture.width = 0;
    if (host->keyboard != NULL) {
        /* A live source may be slower than 25 frames a second: its next one is taken. */
        host_stream_pump(stream, frames_due(host));
        (void)host_stream_read_until(stream, before + 1u);
    }
    if (host->keyboard == NULL ? !host_stream_read_until(stream, frames_due(host)) : stream->frames == before) {
        return SM_ERR_CAMERA;
    }
    host->picture.width = stream->width;
    host->picture.height = stream->height;
    memcpy(host->picture.pixels, stream->latest, (size_t)stream->width * stream->height);
    return SM_OK;
}

static int camera_acquire(void *context, sm_frame_t *frame) {
    host_t *host = host_of(context);
    wait_for_frame(host);
    if (host->stream != NULL && take_stream_frame(host) != SM_OK) {
        return SM_ERR_CAMERA;
    }
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

/* Pictures are no sensor's. */
static int camera_sensor(void *context) {
    (void)context;
    return 0;
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

static int serial_read(void *context, uint8_t *data, uint32_t capacity) {
    return host_serial_read(&host_of(context)->serial, data, capacity);
}

static int serial_write(void *context, const uint8_t *data, uint32_t length) {
    return host_serial_write(&host_of(context)->serial, data, length);
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

void host_hold(host_t *host, uint32_t ms) {
    host->press_us = host->now_us;
    host->release_us = host->press_us + ms * 1000u;
}

int host_use_serial(host_t *host, sm_hal_t *hal) {
    hal->serial_read = serial_read;
    hal->serial_write = serial_write;
    return host_serial_open(&host->serial);
}

void host_follow_clock(host_t *host) {
    uint64_t real_us = monotonic_us();
    host->now_us += host->real_us == 0 ? 0 : real_us - host->real_us;
    host->real_us = real_us;
}

sm_hal_t host_init(host_t *host, const char *card_folder, uint32_t device_id, uint64_t seed, uint8_t *pixels,
                   uint32_t width, uint32_t height) {
    memset(host, 0, sizeof(*host));
    host->press_us = UINT64_MAX;
    host->release_us = UINT64_MAX;
    host->random_state = seed;
    host->started_us = monotonic_us();
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
        .marks_load = NULL,
        .marks_store = NULL,
        .report = report,
    };
}
