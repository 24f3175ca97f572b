#define _GNU_SOURCE
#include "ram_bot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver_bot.h"
#include "sm_config.h"

ram_bot_t bot;

static int invoke(const int8_t *input, int8_t *output) {
    if (bot.model_failures > 0) {
        bot.model_failures--;
        return -1;
    }
    return sm_engine.invoke(input, output);
}

static int8_t *folded_arena(void) {
    return bot.arena;
}

void ram_bot_boot(void) {
    bot.engine = sm_engine;
    bot.engine.invoke = invoke;
    if (bot.arena != NULL) {
        bot.engine.memory = folded_arena;
        bot.engine.memory_bytes = bot.arena_bytes;
    }
    bot.now_us = bot.clock_us;
    bot.down_from_us = UINT64_MAX;
    bot.down_until_us = UINT64_MAX;
    bot.running = sm_app_init(&bot.app, &bot.hal, &sm_config, &bot.engine, bot.memory) == SM_OK;
    if (!bot.running) {
        abort();
    }
}

void ram_bot_fold(bool arena) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int file = memfd_create("folded", 0);
    uint8_t *twice = mmap(NULL, 2u * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < 2; i++) {
        if (file < 0 || ftruncate(file, (off_t)page) != 0 || twice == MAP_FAILED ||
            mmap(twice + i * page, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
            abort();
        }
    }
    if (arena) {
        bot.arena = (int8_t *)twice;
        bot.arena_bytes = (uint32_t)(2u * page);
    } else {
        bot.memory.frames = twice;
        bot.memory.frames_bytes = 2u * page;
    }
}

void ram_bot_run_until(uint64_t until_us) {
    while (bot.running && (bot.now_us < until_us || sm_app_busy(&bot.app))) {
        uint32_t wait_ms = sm_app_step(&bot.app);
        if (bot.card.dead) {
            driver_print_cut(&bot.app.session, 0);
            bot.running = false;
        }
        bot.now_us += wait_ms * UINT64_C(1000);
    }
}

void ram_bot_fresh(uint64_t seed) {
    memset(&bot, 0, sizeof(bot));
    bot.memory = driver_memory();
    bot.random = seed;
    bot.sensor = 0x2642;
    ram_card_init(&bot.card, seed);
    ram_bot_set_up_hal();
    ram_bot_boot();
    ram_bot_run_until(bot.now_us + 1000000u);
}

void ram_bot_press(uint32_t ms) {
    bot.down_from_us = bot.now_us + 50000u;
    bot.down_until_us = bot.down_from_us + ms * 1000u;
    ram_bot_run_until(bot.down_until_us + 1000000u);
    bot.bounces = 0;
}
