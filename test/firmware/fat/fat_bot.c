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
#define _POSIX_C_SOURCE 200809L

#include "fat_bot.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver_bot.h"
#include "driver_script.h"
#include "esp32_card.h"
#include "esp32_pins.h"
#include "esp32_watchdog.h"
#include "esp_log.h"
#include "host_hal.h"
#include "sm_config.h"

#define EDGES 512u
#define CAMERA_TIMEOUT_US 1000000u

static struct {
    host_t host; /* time, chance and lights; first: the HAL's context */
    sm_app_t app;
    sm_hal_t hal;
    esp32_card_t card;
    faulty_disk_t disk;
    sm_marks_t marks;
    uint32_t boots;
    uint64_t fed_us;       /* the watchdog, last */
    uint64_t edges[EDGES]; /* the contact changes at these times; open before the first */
    uint32_t edge_count;
    uint32_t frames;
    uint32_t bad_frames; /* still to come, after good_frames good ones */
    uint32_t good_frames;
    char bad_kind; /* t, s, l, o: see `camera` */
    uint32_t restarts;
    uint64_t pressed_us; /* when the last press began */
    uint64_t lights_us;  /* when the lights went on last */
    bool running;
    jmp_buf reset;
} bot;

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

/* A task that has not fed it for too long: the chip starts anew, wherever it was. */
static void spend(uint64_t microseconds) {
    bot.host.now_us += microseconds;
    if (bot.running && bot.host.now_us - bot.fed_us > ESP32_WATCHDOG_MS * UINT64_C(1000)) {
        bot.running = false;
        longjmp(bot.reset, 1);
    }
}

void esp32_watchdog_feed(void) {
    bot.fed_us = bot.host.now_us;
}

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
        spend(CAMERA_TIMEOUT_US);
        return SM_ERR_CAMERA;
    }
    spend(HOST_FRAME_US);
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

static void print_state(void) {
    (void)printf("{\"event\":\"state\",\"lights\":%s,\"status\":%s,\"restarts\":%" PRIu32 ",\"faults\":%" PRIu32
                 ",\"writes\":%" PRIu32 ",\"operations\":%" PRIu32 ",\"atMs\":%" PRIu64 ",\"lightsMs\":%" PRIu64
                 ",\"waiting\":%" PRIu32 "}\n",
                 bot.host.lights ? "true" : "false", bot.host.status ? "true" : "false", bot.restarts, bot.app.faults,
                 bot.disk.writes, bot.disk.operations, bot.host.now_us / 1000u,
                 bot.lights_us > bot.pressed_us ? (bot.lights_us - bot.pressed_us) / 1000u : 0, bot.disk.waiting_count);
}

/* ---- running ---- */

static void boot(uint8_t reason) {
    uint64_t random = bot.host.random_state;
    bot.boots++;
    memset(&bot.card, 0, sizeof(bot.card));
    sdmmc_card_power_off();
    bot.disk.waiting_count = bot.disk.dead ? 0 : bot.disk.waiting_count;
    bot.disk.dead = false;
    bot.hal = host_init(&bot.host, NULL, 0x1a2b3c4du, random, NULL, 0, 0);
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
    spend(ms * UINT64_C(1000));
    if (bot.disk.dead) {
        driver_print_cut(&bot.app.session, bot.disk.lost_from);
        bot.running = false;
    }
}

static void run_until(uint64_t until_us, bool idle) {
    if (setjmp(bot.reset) != 0) {
        (void)puts("{\"event\":\"watchdog\"}");
        return;
    }
    while (bot.running && (bot.host.now_us < until_us || (idle && sm_app_busy(&bot.app)))) {
        step();
    }
}

static void press(uint64_t ms) {
    bot.pressed_us = bot.host.now_us + 50000u;
    bot.edges[0] = bot.pressed_us;
    bot.edges[1] = bot.pressed_us + ms * 1000u;
    bot.edge_count = 2;
    run_until(bot.edges[1] + 1000000u, true);
}

static void wave(const char *times) {
    char *end = NULL;
    bot.edge_count = 0;
    for (const char *at = times; bot.edge_count < EDGES; at = end) {
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
    boot((uint8_t)words->number);
    run_until(bot.host.now_us + 1000000u, true);
}

static void do_press(const driver_words_t *words) {
    press(words->number);
}

static void do_wave(const driver_words_t *words) {
    wave(words->rest);
}

static void wait_until_done(const driver_words_t *words) {
    run_until(bot.host.now_us + words->number * 1000u, true);
}

static void run_exactly(const driver_words_t *words) {
    run_until(bot.host.now_us + words->number * 1000u, false);
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
    bot.disk.spend = spend;
    driver_run(stdin, COMMANDS);
    return 0;
}
