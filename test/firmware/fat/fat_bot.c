#include "fat_bot_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver_bot.h"
#include "esp32_watchdog.h"
#include "esp_log.h"
#include "sm_config.h"

fat_bot_t bot;

faulty_disk_t *fat_bot_disk(void) {
    return &bot.disk;
}

bool fat_bot_is_slow_memory(const void *pointer) {
    sm_memory_t memory = driver_memory();
    const uint8_t *at = pointer;
    return at >= memory.frames && at < memory.frames + memory.frames_bytes;
}

void test_log(const char *tag, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (getenv("FAT_BOT_LOG") != NULL) {
        (void)fprintf(stderr, "%s: ", tag);
        (void)vfprintf(stderr, format, arguments);
        (void)fputc('\n', stderr);
    }
    va_end(arguments);
}

/* ---- time and the watchdog ---- */

void fat_bot_spend(uint64_t microseconds) {
    bot.host.now_us += microseconds;
    if (bot.running && bot.host.now_us - bot.fed_us > ESP32_WATCHDOG_MS * UINT64_C(1000)) {
        bot.running = false;
        longjmp(bot.reset, 1);
    }
}

void esp32_watchdog_feed(void) {
    bot.fed_us = bot.host.now_us;
}

/* ---- running ---- */

void fat_bot_boot(uint8_t reason) {
    bot.boots++;
    memset(&bot.card, 0, sizeof(bot.card));
    sdmmc_card_power_off();
    bot.disk.waiting_count = bot.disk.dead ? 0 : bot.disk.waiting_count;
    bot.disk.dead = false;
    fat_bot_set_up_hal(reason);
    bot.edge_count = 0;
    bot.bad_frames = 0;
    bot.restarts = 0;
    bot.pressed_us = 0;
    bot.lights_us = 0;
    bot.fed_us = 0;
    bot.running = true;
    if (sm_app_init(&bot.app, &bot.hal, &sm_config, &sm_engine, driver_memory()) != SM_OK) {
        abort();
    }
}

/* One step, and the pause after it. The tick of an idle step never passes in less. */
static void step(void) {
    uint32_t ms = sm_app_step(&bot.app);
    esp32_watchdog_feed();
    fat_bot_spend(ms * UINT64_C(1000));
    if (bot.disk.dead) {
        driver_print_cut(&bot.app.session, bot.disk.lost_from);
        bot.running = false;
    }
}

void fat_bot_run_until(uint64_t until_us, bool idle) {
    if (setjmp(bot.reset) != 0) {
        (void)puts("{\"event\":\"watchdog\"}");
        return;
    }
    while (bot.running && (bot.host.now_us < until_us || (idle && sm_app_busy(&bot.app)))) {
        step();
    }
}
