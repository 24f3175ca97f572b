#include "esp32_hal.h"

#include <inttypes.h>

#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "esp32_lights.h"
#include "esp32_pins.h"
#include "esp32_report.h"
#include "esp32_serial.h"
#include "esp32_watchdog.h"
#include "smilec_config.h"

static const char *const TAG = "hal";

/* Longest sleep in one piece, so that the watchdog is fed in between. */
#define SLEEP_PIECE_MS 1000u

static esp32_hal_t *layer_of(void *context) {
    return (esp32_hal_t *)context;
}

static uint64_t now_us(void *context) {
    (void)context;
    return (uint64_t)esp_timer_get_time();
}

static void sleep_ms(void *context, uint32_t ms) {
    (void)context;
    while (ms > 0) {
        uint32_t piece = ms < SLEEP_PIECE_MS ? ms : SLEEP_PIECE_MS;
        TickType_t ticks = pdMS_TO_TICKS(piece);
        vTaskDelay(ticks > 0 ? ticks : 1);
        esp32_watchdog_feed();
        ms -= piece;
    }
}

/* Without radio the generator is seeded by the bootloader's entropy (ESP-IDF, "Random Number Generation"): good for
 * chance and epochs, not for keys. */
static uint32_t random32(void *context) {
    (void)context;
    return esp_random();
}

static uint32_t free_memory(void *context) {
    (void)context;
    return (uint32_t)heap_caps_get_free_size(MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
}

static bool button_down(void *context) {
    (void)context;
    return esp32_pins_button_down();
}

static void set_lights(void *context, const sm_colour_t *leds, uint32_t count) {
    (void)context;
    esp32_lights_set(leds, count);
}

static void set_status(void *context, bool on) {
    (void)context;
    esp32_lights_set_status(on);
}

static int camera_acquire(void *context, sm_frame_t *frame) {
    esp32_watchdog_feed();
    return esp32_camera_acquire(&layer_of(context)->camera, frame);
}

static void camera_release(void *context, sm_frame_t *frame) {
    esp32_camera_release(&layer_of(context)->camera, frame);
}

static int camera_restart(void *context) {
    esp32_watchdog_feed();
    return esp32_camera_restart(&layer_of(context)->camera);
}

static int camera_sensor(void *context) {
    return esp32_camera_sensor(&layer_of(context)->camera);
}

/* What the card did, with a card that is gone told from a failing one. */
static int card_result(void *context, int result) {
    esp32_watchdog_feed();
    return esp32_card_explain(&layer_of(context)->card, result);
}

static int card_mount(void *context) {
    esp32_watchdog_feed();
    return esp32_card_mount(&layer_of(context)->card);
}

static void card_unmount(void *context) {
    esp32_card_unmount(&layer_of(context)->card);
}

static int card_list(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    esp32_card_t *card = &layer_of(context)->card;
    return card->mounted ? card_result(context, fat_files_list(&card->files, visit, argument)) : SM_ERR_NO_CARD;
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    esp32_card_t *card = &layer_of(context)->card;
    esp32_watchdog_feed();
    return card->mounted ? card_result(context, fat_files_create(&card->files, name, size, head, head_bytes))
                         : SM_ERR_NO_CARD;
}

static int file_open(void *context, const char *name) {
    esp32_card_t *card = &layer_of(context)->card;
    return card->mounted ? card_result(context, fat_files_open(&card->files, name)) : SM_ERR_NO_CARD;
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    esp32_card_t *card = &layer_of(context)->card;
    return card->mounted ? card_result(context, fat_files_read(&card->files, file, offset, data, length))
                         : SM_ERR_NO_CARD;
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    esp32_card_t *card = &layer_of(context)->card;
    return card->mounted ? card_result(context, fat_files_write(&card->files, file, offset, data, length))
                         : SM_ERR_NO_CARD;
}

/* Nothing is left to do (fat_files.h). */
static int file_sync(void *context, int file) {
    (void)file;
    return layer_of(context)->card.mounted ? SM_OK : SM_ERR_NO_CARD;
}

static void file_close(void *context, int file) {
    fat_files_close(&layer_of(context)->card.files, file);
}

static int marks_load(void *context, sm_marks_t *marks) {
    return esp32_marks_load(&layer_of(context)->marks, marks);
}

static int marks_store(void *context, const sm_marks_t *marks) {
    return esp32_marks_store(&layer_of(context)->marks, marks);
}

static int serial_read(void *context, uint8_t *data, uint32_t capacity) {
    (void)context;
    return esp32_serial_read(data, capacity);
}

static int serial_write(void *context, const uint8_t *data, uint32_t length) {
    (void)context;
    return esp32_serial_write(data, length);
}

static void report(void *context, const struct sm_report *news) {
    (void)context;
    esp32_report(news);
}

static uint8_t reset_reason(void) {
    switch (esp_reset_reason()) {
    case ESP_RST_POWERON:
        return SM_RESET_POWER_ON;
    case ESP_RST_EXT:
        return SM_RESET_EXTERNAL;
    case ESP_RST_SW:
        return SM_RESET_SOFTWARE;
    case ESP_RST_PANIC:
    case ESP_RST_CPU_LOCKUP:
        return SM_RESET_PANIC;
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
        return SM_RESET_WATCHDOG;
    case ESP_RST_BROWNOUT:
    case ESP_RST_PWR_GLITCH:
        return SM_RESET_BROWNOUT;
    case ESP_RST_DEEPSLEEP:
        return SM_RESET_DEEP_SLEEP;
    default:
        return SM_RESET_UNKNOWN;
    }
}

/* The last four of the six bytes burned into each chip; the first ones are the maker's. 0 when they can't be read. */
static uint32_t device_id(void) {
    uint8_t mac[6] = {0};
    esp_err_t result = esp_efuse_mac_get_default(mac);
    if (result != ESP_OK) {
        ESP_LOGW(TAG, "device id: %s", esp_err_to_name(result));
        return 0;
    }
    return (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
}

int esp32_hal_init(esp32_hal_t *layer, sm_hal_t *hal) {
    int result = esp32_pins_init();
    bool kept = esp32_marks_open(&layer->marks) == SM_OK;
    bool answers = SMILEC_SERIAL_BAUD != 0 && esp32_serial_start() == SM_OK;
    *hal = (sm_hal_t){
        .context = layer,
        .device_id = device_id(),
        .reset_reason = reset_reason(),
        .boot_count = esp32_marks_count_start(&layer->marks),
        .now_us = now_us,
        .sleep_ms = sleep_ms,
        .random = random32,
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
        .marks_load = kept ? marks_load : NULL,
        .marks_store = kept ? marks_store : NULL,
        .serial_read = answers ? serial_read : NULL,
        .serial_write = answers ? serial_write : NULL,
        .report = report,
    };
    ESP_LOGI(TAG, "device %08" PRIx32 ", start %" PRIu32 ", reset reason %u", hal->device_id, hal->boot_count,
             (unsigned)hal->reset_reason);
    return result;
}
