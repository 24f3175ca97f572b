/*
 * Runs the bot by commands, one per line of the standard input, and prints one JSON line per event.
 *
 *   insert FILE                     an image file as the card
 *   remove | push                   the card goes out, or the same one in again
 *   pull N                          it goes out at the Nth operation from now
 *   keep | restore                  the card's contents, and back to them (also repairs)
 *   window through|back             how the card writes
 *   cut N clean|torn|lost DETAIL    power goes at the Nth block write from now
 *   fail N COUNT reads|writes|both  operations fail
 *   stall N COUNT MS                operations take longer
 *   flip OFFSET BITS                bits of a byte on the card
 *   readonly | protect | pretend | repair     refuses writes; says that it will; forgets them; no more faults
 *   forget                          the bot has no numbers of its own, as a new one
 *   boot REASON                     power on with a reset reason; runs for a second
 *   press MS                        hold the button so long; run until everything is done, plus a second
 *   wave US...                      the contact changes at these times from now
 *   wait MS | run MS                until everything is done and the time is over | exactly so long
 *   clock MS                        it is so late now
 *   camera COUNT AFTER timeout|short|large|odd     frames that do not come, or are not as they should be
 *   state | say TEXT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver_bot.h"
#include "driver_script.h"
#include "esp32_watchdog.h"
#include "fat_bot_parts.h"

static void print_state(void) {
    (void)printf("{\"event\":\"state\",\"lights\":%s,\"status\":%s,\"restarts\":%" PRIu32 ",\"faults\":%" PRIu32
                 ",\"writes\":%" PRIu32 ",\"operations\":%" PRIu32 ",\"atMs\":%" PRIu64 ",\"lightsMs\":%" PRIu64
                 ",\"waiting\":%" PRIu32 "}\n",
                 bot.host.lights ? "true" : "false", bot.host.status ? "true" : "false", bot.restarts, bot.app.faults,
                 bot.disk.writes, bot.disk.operations, bot.host.now_us / 1000u,
                 bot.lights_us > bot.pressed_us ? (bot.lights_us - bot.pressed_us) / 1000u : 0, bot.disk.waiting_count);
}

static void press(uint64_t ms) {
    bot.pressed_us = bot.host.now_us + 50000u;
    bot.edges[0] = bot.pressed_us;
    bot.edges[1] = bot.pressed_us + ms * 1000u;
    bot.edge_count = 2;
    fat_bot_run_until(bot.edges[1] + 1000000u, true);
}

static void wave(const char *times) {
    char *end = NULL;
    bot.edge_count = 0;
    for (const char *at = times; bot.edge_count < FAT_BOT_EDGES; at = end) {
        uint64_t time = strtoull(at, &end, 10);
        if (end == at) {
            break;
        }
        bot.edges[bot.edge_count++] = bot.host.now_us + time;
    }
    bot.pressed_us = bot.edge_count > 0 ? bot.edges[0] : 0;
}

static void set_cut(const driver_words_t *words) {
    char how = words->second[0];
    bot.disk.cut_at = bot.disk.writes + driver_number(words);
    bot.disk.cut = how == 'c' ? DISK_CUT_CLEAN : how == 't' ? DISK_CUT_TORN : DISK_CUT_LOST;
    bot.disk.detail = (uint32_t)strtoul(words->third, NULL, 10);
}

static void set_failures(const driver_words_t *words) {
    bot.disk.fail_from = bot.disk.operations + driver_number(words);
    bot.disk.fail_count = (uint32_t)words->second_number;
    bot.disk.fail_reads = words->third[0] != 'w';
    bot.disk.fail_writes = words->third[0] != 'r';
}

static void set_stalls(const driver_words_t *words) {
    bot.disk.stall_from = bot.disk.operations + driver_number(words);
    bot.disk.stall_count = (uint32_t)words->second_number;
    bot.disk.stall_us = strtoull(words->third, NULL, 10) * 1000u;
}

static void insert_card(const driver_words_t *words) {
    if (faulty_disk_insert(&bot.disk, words->first) != 0) {
        perror(words->first);
        exit(1);
    }
}

static void remove_card(const driver_words_t *words) {
    (void)words;
    bot.disk.present = false;
    bot.disk.ready = false;
}

static void push_card(const driver_words_t *words) {
    (void)words;
    bot.disk.remove_at = DISK_NEVER;
    bot.disk.present = true;
}

static void pull_card(const driver_words_t *words) {
    bot.disk.remove_at = bot.disk.operations + driver_number(words);
}

static void keep_card(const driver_words_t *words) {
    (void)words;
    faulty_disk_keep(&bot.disk);
}

static void restore_card(const driver_words_t *words) {
    (void)words;
    faulty_disk_restore(&bot.disk);
}

static void set_window(const driver_words_t *words) {
    bot.disk.window = words->first[0] == 't' ? DISK_WRITES_THROUGH : DISK_WRITES_BACK;
}

static void flip_bits(const driver_words_t *words) {
    faulty_disk_flip(&bot.disk, driver_number(words), (uint8_t)words->second_number);
}

static void make_read_only(const driver_words_t *words) {
    (void)words;
    bot.disk.read_only = true;
}

static void protect(const driver_words_t *words) {
    (void)words;
    bot.disk.read_only = true;
    bot.disk.protected = true;
}

static void make_pretend(const driver_words_t *words) {
    (void)words;
    bot.disk.pretends = true;
}

static void repair_card(const driver_words_t *words) {
    (void)words;
    faulty_disk_repair(&bot.disk);
}

static void forget(const driver_words_t *words) {
    bot.marks = (sm_marks_t){0, 0};
    bot.boots = 0;
    bot.frames = 0;
    bot.host.random_state = words->number;
}

static void do_boot(const driver_words_t *words) {
    fat_bot_boot((uint8_t)words->number);
    fat_bot_run_until(bot.host.now_us + 1000000u, true);
}

static void do_press(const driver_words_t *words) {
    press(words->number);
}

static void do_wave(const driver_words_t *words) {
    wave(words->rest);
}

static void wait_until_done(const driver_words_t *words) {
    fat_bot_run_until(bot.host.now_us + words->number * 1000u, true);
}

static void run_exactly(const driver_words_t *words) {
    fat_bot_run_until(bot.host.now_us + words->number * 1000u, false);
}

static void set_clock(const driver_words_t *words) {
    bot.host.now_us = words->number * 1000u;
    esp32_watchdog_feed();
}

static void set_camera(const driver_words_t *words) {
    bot.bad_frames = driver_number(words);
    bot.good_frames = (uint32_t)words->second_number;
    bot.bad_kind = words->third[0];
}

static void do_state(const driver_words_t *words) {
    (void)words;
    print_state();
}

static void do_say(const driver_words_t *words) {
    driver_say(words->first);
}

static const driver_command_t COMMANDS[] = {
    {"insert", insert_card}, {"remove", remove_card},
    {"push", push_card},     {"pull", pull_card},
    {"keep", keep_card},     {"restore", restore_card},
    {"window", set_window},  {"cut", set_cut},
    {"fail", set_failures},  {"stall", set_stalls},
    {"flip", flip_bits},     {"readonly", make_read_only},
    {"protect", protect},    {"pretend", make_pretend},
    {"repair", repair_card}, {"forget", forget},
    {"boot", do_boot},       {"press", do_press},
    {"wave", do_wave},       {"wait", wait_until_done},
    {"run", run_exactly},    {"clock", set_clock},
    {"camera", set_camera},  {"state", do_state},
    {"say", do_say},         {NULL, NULL},
};

int main(void) {
    bot.disk.spend = fat_bot_spend;
    driver_run(stdin, COMMANDS);
    return 0;
}
