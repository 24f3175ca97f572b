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
 *   readonly | pretend | repair     refuses writes; forgets them; no more faults
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

#include "esp32_card.h"
#include "esp32_pins.h"
#include "esp32_watchdog.h"
#include "esp_log.h"
#include "host_hal.h"
#include "sm_app.h"
#include "sm_config.h"
#include "sm_crc32.h"
#include "smilec_config.h"

#define EDGES 512u
#define FRAME_BYTES ((size_t)SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT)
#define CAMERA_TIMEOUT_US 1000000u

static struct {
    host_t host; /* time, chance and lights; first: the HAL's context */
    sm_app_t app;
    sm_hal_t hal;
    esp32_card_t card;
    faulty_disk_t disk;
    sm_marks_t marks;
    uint32_t boots;
    uint64_t fed_us; /* the watchdog, last */
    uint64_t edges[EDGES]; /* the contact changes at these times; open before the first */
    uint32_t edge_count;
    uint32_t frames;
    uint32_t bad_frames; /* still to come, after good_frames good ones */
    uint32_t good_frames;
    char bad_kind; /* t, s, l, o: see `camera` */
    uint32_t restarts;
    uint64_t pressed_us;  /* when the last press began */
    uint64_t lights_us;   /* when the lights went on last */
    uint32_t crcs[SM_MAX_BURST];
    bool running;
    jmp_buf reset;
} bot;

static uint8_t picture[FRAME_BYTES];
static uint8_t frame_memory[SMILEC_BURST * FRAME_BYTES];
static _Alignas(16) int8_t input_memory[(size_t)SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE];

faulty_disk_t *fat_bot_disk(void) {
    return &bot.disk;
}

bool fat_bot_is_slow_memory(const void *pointer) {
    const uint8_t *at = pointer;
    return at >= frame_memory && at < frame_memory + sizeof(frame_memory);
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
    for (uint32_t i = 0; i < sizeof(picture); i++) {
        picture[i] = (uint8_t)((i * (bot.frames * 2u + 1u) + (i >> 5) * bot.frames) >> 2);
    }
    *frame = (sm_frame_t){
        .pixels = picture,
        .width = SMILEC_FRAME_WIDTH,
        .height = SMILEC_FRAME_HEIGHT,
        .sensor_id = 0x2642,
        .exposure = 300u + bot.frames,
        .gain = 7,
    };
    if (bad) {
        frame->width = bot.bad_kind == 'l' ? SMILEC_FRAME_WIDTH + 8 : bot.bad_kind == 'o' ? 0 : SMILEC_FRAME_WIDTH;
        frame->height = bot.bad_kind == 's' ? SMILEC_FRAME_HEIGHT / 2 : SMILEC_FRAME_HEIGHT;
    }
    return SM_OK;
}

static void camera_release(void *context, sm_frame_t *frame) {
    (void)context;
    memset(picture, 0xaa, sizeof(picture)); /* a frame used after its release would show */
    frame->pixels = NULL;
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
    return bot.card.mounted ? card_result(esp32_files_list(&bot.card.files, visit, argument)) : SM_ERR_NO_CARD;
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    (void)context;
    esp32_watchdog_feed();
    return bot.card.mounted ? card_result(esp32_files_create(&bot.card.files, name, size, head, head_bytes))
                            : SM_ERR_NO_CARD;
}

static int file_open(void *context, const char *name) {
    (void)context;
    return bot.card.mounted ? card_result(esp32_files_open(&bot.card.files, name)) : SM_ERR_NO_CARD;
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    (void)context;
    return bot.card.mounted ? card_result(esp32_files_read(&bot.card.files, file, offset, data, length))
                            : SM_ERR_NO_CARD;
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    (void)context;
    return bot.card.mounted ? card_result(esp32_files_write(&bot.card.files, file, offset, data, length))
                            : SM_ERR_NO_CARD;
}

/* The board has nothing to do here: its card has written when a write returns. A card that writes back gets its sync. */
static int file_sync(void *context, int file) {
    (void)context;
    (void)file;
    return bot.card.mounted && faulty_disk_sync(&bot.disk) ? SM_OK : SM_ERR_NO_CARD;
}

static void file_close(void *context, int file) {
    (void)context;
    esp32_files_close(&bot.card.files, file);
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

/* What of a press is on the card, and its frames. */
static void print_frames(const sm_press_t *press) {
    (void)fputs(",\"crcs\":[", stdout);
    for (uint32_t i = 0; i < press->frames; i++) {
        (void)printf("%s%" PRIu32, i > 0 ? "," : "", bot.crcs[i]);
    }
    (void)fputs("],\"sequences\":[", stdout);
    for (uint32_t i = 0; i < press->logged; i++) {
        (void)printf("%s%" PRIu32, i > 0 ? "," : "", press->sequences[i]);
    }
    (void)fputs("]", stdout);
}

static void print_press(const char *event, const sm_press_t *press, int error) {
    (void)printf("{\"event\":\"%s\",\"press\":%" PRIu32 ",\"pressMs\":%" PRIu32
                 ",\"frames\":%u,\"smile\":%s,\"sum\":%" PRId32 ",\"threshold\":%" PRId32
                 ",\"lights\":%s,\"latencyUs\":%" PRIu32 ",\"error\":%d",
                 event, press->number, press->press_ms, press->frames, press->smile ? "true" : "false", press->sum,
                 press->threshold, bot.host.lights ? "true" : "false", press->latency_us, error);
    print_frames(press);
    (void)puts("}");
}

/* With the press that was being logged, as far as it was. */
static void print_cut(void) {
    (void)printf("{\"event\":\"cut\",\"waiting\":%" PRIu32, bot.disk.lost_from);
    if (bot.app.session.state == SM_SESSION_LOG) {
        print_frames(&bot.app.session.press);
    }
    (void)puts("}");
}

static void on_report(void *context, const struct sm_report *report) {
    (void)context;
    switch (report->event) {
    case SM_EVENT_READY:
        (void)printf("{\"event\":\"ready\",\"error\":%d}\n", report->error);
        break;
    case SM_EVENT_SCORED:
        for (uint32_t i = 0; i < report->press->frames; i++) {
            size_t bytes = (size_t)bot.app.session.captures[i].width * bot.app.session.captures[i].height;
            bot.crcs[i] = sm_crc32(0, frame_memory + i * FRAME_BYTES, bytes);
        }
        print_press("scored", report->press, report->error);
        break;
    case SM_EVENT_FAILED:
        print_press("failed", report->press, report->error);
        break;
    case SM_EVENT_DONE:
        print_press("done", report->press, report->error);
        break;
    case SM_EVENT_MOUNTED:
        (void)printf("{\"event\":\"mounted\",\"segment\":%" PRIu32 ",\"slot\":%" PRIu32 ",\"sequence\":%" PRIu32
                     ",\"boot\":%" PRIu32 "}\n",
                     report->log->file < 0 ? 0 : report->log->segment, report->log->next_slot,
                     report->log->next_sequence, report->log->boot);
        break;
    case SM_EVENT_WITHDRAWN:
        (void)printf("{\"event\":\"withdrawn\",\"count\":%" PRIu32 ",\"error\":%d}\n", report->count, report->error);
        break;
    case SM_EVENT_FAULTS:
        (void)printf("{\"event\":\"faults\",\"faults\":%" PRIu32 ",\"error\":%d}\n", report->faults, report->error);
        break;
    default:
        break;
    }
}

static void print_state(void) {
    (void)printf("{\"event\":\"state\",\"lights\":%s,\"status\":%s,\"restarts\":%" PRIu32 ",\"faults\":%" PRIu32
                 ",\"writes\":%" PRIu32 ",\"operations\":%" PRIu32 ",\"atMs\":%" PRIu64 ",\"lightsMs\":%" PRIu64
                 ",\"waiting\":%" PRIu32 "}\n",
                 bot.host.lights ? "true" : "false", bot.host.status ? "true" : "false", bot.restarts, bot.app.faults,
                 bot.disk.writes, bot.disk.operations, bot.host.now_us / 1000u,
                 bot.lights_us > bot.pressed_us ? (bot.lights_us - bot.pressed_us) / 1000u : 0,
                 bot.disk.waiting_count);
}

/* ---- running ---- */

static void boot(uint8_t reason) {
    sm_memory_t memory = {frame_memory, sizeof(frame_memory), input_memory, sizeof(input_memory)};
    uint64_t random = bot.host.random_state;
    bot.boots++;
    memset(&bot.card, 0, sizeof(bot.card));
    sdmmc_card_power_off();
    bot.disk.waiting_count = bot.disk.dead ? 0 : bot.disk.waiting_count;
    bot.disk.dead = false;
    bot.hal = host_init(&bot.host, NULL, 0x1a2b3c4du, random, picture, SMILEC_FRAME_WIDTH, SMILEC_FRAME_HEIGHT);
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
    if (sm_app_init(&bot.app, &bot.hal, &sm_config, &sm_engine, memory) != SM_OK) {
        abort();
    }
}

/* One step, and the pause after it. The tick of an idle step never passes in less. */
static void step(void) {
    uint32_t ms = sm_app_step(&bot.app);
    esp32_watchdog_feed();
    spend(ms * UINT64_C(1000));
    if (bot.disk.dead) {
        print_cut();
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

static void set_cut(uint32_t at, const char *how, uint32_t detail) {
    bot.disk.cut_at = bot.disk.writes + at;
    bot.disk.cut = how[0] == 'c' ? DISK_CUT_CLEAN : how[0] == 't' ? DISK_CUT_TORN : DISK_CUT_LOST;
    bot.disk.detail = detail;
}

static void set_failures(uint32_t from, uint32_t count, char which) {
    bot.disk.fail_from = bot.disk.operations + from;
    bot.disk.fail_count = count;
    bot.disk.fail_reads = which != 'w';
    bot.disk.fail_writes = which != 'r';
}

static bool card_command(const char *name, const char *first, const char *second, const char *third) {
    uint32_t number = (uint32_t)strtoul(first, NULL, 10);
    uint32_t count = (uint32_t)strtoul(second, NULL, 10);
    if (strcmp(name, "insert") == 0) {
        if (faulty_disk_insert(&bot.disk, first) != 0) {
            perror(first);
            exit(1);
        }
    } else if (strcmp(name, "remove") == 0) {
        bot.disk.present = false;
        bot.disk.ready = false;
    } else if (strcmp(name, "push") == 0) {
        bot.disk.remove_at = DISK_NEVER;
        bot.disk.present = true;
    } else if (strcmp(name, "pull") == 0) {
        bot.disk.remove_at = bot.disk.operations + number;
    } else if (strcmp(name, "keep") == 0) {
        faulty_disk_keep(&bot.disk);
    } else if (strcmp(name, "restore") == 0) {
        faulty_disk_restore(&bot.disk);
    } else if (strcmp(name, "window") == 0) {
        bot.disk.window = first[0] == 't' ? DISK_WRITES_THROUGH : DISK_WRITES_BACK;
    } else if (strcmp(name, "cut") == 0) {
        set_cut(number, second, (uint32_t)strtoul(third, NULL, 10));
    } else if (strcmp(name, "fail") == 0) {
        set_failures(number, count, third[0]);
    } else if (strcmp(name, "stall") == 0) {
        bot.disk.stall_from = bot.disk.operations + number;
        bot.disk.stall_count = count;
        bot.disk.stall_us = strtoull(third, NULL, 10) * 1000u;
    } else if (strcmp(name, "flip") == 0) {
        faulty_disk_flip(&bot.disk, number, (uint8_t)count);
    } else if (strcmp(name, "readonly") == 0) {
        bot.disk.read_only = true;
    } else if (strcmp(name, "pretend") == 0) {
        bot.disk.pretends = true;
    } else if (strcmp(name, "repair") == 0) {
        faulty_disk_repair(&bot.disk);
    } else {
        return false;
    }
    return true;
}

static void command(const char *name, const char *first, const char *second, const char *third, const char *rest) {
    uint64_t number = strtoull(first, NULL, 10);
    if (card_command(name, first, second, third)) {
        return;
    }
    if (strcmp(name, "forget") == 0) {
        bot.marks = (sm_marks_t){0, 0};
        bot.boots = 0;
        bot.frames = 0;
        bot.host.random_state = number;
    } else if (strcmp(name, "boot") == 0) {
        boot((uint8_t)number);
        run_until(bot.host.now_us + 1000000u, true);
    } else if (strcmp(name, "press") == 0) {
        press(number);
    } else if (strcmp(name, "wave") == 0) {
        wave(rest);
    } else if (strcmp(name, "wait") == 0 || strcmp(name, "run") == 0) {
        run_until(bot.host.now_us + number * 1000u, name[0] == 'w');
    } else if (strcmp(name, "clock") == 0) {
        bot.host.now_us = number * 1000u;
        esp32_watchdog_feed();
    } else if (strcmp(name, "camera") == 0) {
        bot.bad_frames = (uint32_t)number;
        bot.good_frames = (uint32_t)strtoul(second, NULL, 10);
        bot.bad_kind = third[0];
    } else if (strcmp(name, "state") == 0) {
        print_state();
    } else if (strcmp(name, "say") == 0) {
        (void)printf("{\"event\":\"%s\"}\n", first);
        (void)fflush(stdout);
    } else {
        (void)fprintf(stderr, "unknown command: %s\n", name);
        exit(1);
    }
}

int main(void) {
    static char line[8192];
    bot.disk.spend = spend;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char name[16] = "";
        char first[1024] = "";
        char second[32] = "";
        char third[32] = "";
        int rest = 0;
        if (sscanf(line, "%15s %n%1023s %31s %31s", name, &rest, first, second, third) > 0) {
            command(name, first, second, third, line + rest);
        }
    }
    return 0;
}
