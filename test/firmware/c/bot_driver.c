/*
 * Runs the whole bot on a card in memory (ram_card.h), in virtual time, by a script of one command per line, and prints
 * one JSON line per event.
 *
 *   new SEED            an empty card and a fresh bot, running
 *   reboot              power off and on
 *   press MS            hold the button so long; run until everything is done, plus a second
 *   bounce N            N contact bounces of 3 ms each
 *   wait MS
 *   cut N ordered|reordered weak|strong     power goes at the Nth block write from now
 *   wipe SHIFT          all files deleted by the user; their blocks are used again
 *   fail FROM COUNT     COUNT write calls fail with an I/O error, from the FROMth from now
 *   files N             room for N files
 *   card in|out
 *   marks on            numbers are kept outside the card
 *   device HEX          another bot's card from the next `reboot` on
 *   camera N AFTER      N requests for a frame fail, after AFTER more have not
 *   model N             the next N inferences fail
 *   clock MS        the clock of the next start begins at MS
 *   put NAME HEX    a user's file on the card, its bytes in hexadecimal
 *   lie N AFTER     N writes store something else, after AFTER more have not
 *   sensor HEX      product id of the camera; "none": it does not run until it is started again
 *   fold frames|arena    from the next start on, the memory for frames, or the network's, has an address line that does
 *                        nothing
 *   leds            prints the LEDs' colours
 *   flip FILE OFFSET    one bit of a file changes
 *   dump FOLDER         writes the files on the card into an existing folder
 *   feed HEX            bytes come in on the serial line, on which 92 bytes a millisecond go out from now on
 *   late MS             what was fed and not read comes in so long from now
 *   line FILE           writes what has gone out into a file, and forgets it
 *   slow US             each read of the card takes so long, microseconds
 *   say TEXT            prints an event of that name
 *   state               prints outputs, faults and counters
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ram_card.h"
#include "sm_app.h"
#include "sm_config.h"
#include "sm_crc32.h"
#include "smilec_config.h"

#define LINE_BYTES (1u << 20)
/* A driver's ring: what may wait to be sent, and how long a byte takes at 921600 baud. */
#define RING_BYTES 4096u
#define BYTE_NS 10850u

static struct {
    ram_card_t card;
    sm_app_t app;
    sm_hal_t hal;
    sm_engine_t engine;
    uint64_t now_us;
    uint64_t down_from_us;
    uint64_t down_until_us;
    uint32_t bounces; /* the contact opens for 3 of every 6 ms during so many periods of a press */
    uint64_t random;
    uint32_t frames;
    uint32_t camera_failures;
    uint32_t camera_good; /* frames given before the failures begin */
    uint32_t restarts;
    uint32_t mounts;
    int sensor;
    int8_t *arena; /* instead of the network's own; NULL: that one */
    uint32_t arena_bytes;
    uint64_t clock_us; /* at which the next start begins */
    sm_colour_t leds[SM_MAX_LEDS];
    uint32_t led_count;
    bool lights; /* any LED */
    bool status;
    bool running;
    bool keeps_marks;
    sm_marks_t marks;
    uint32_t crcs[SM_MAX_BURST]; /* of the frames of the present press */
    uint32_t read_us;
    uint64_t line_free_us; /* when all that was handed to the line has gone out */
    uint8_t in[LINE_BYTES];
    uint32_t in_bytes;
    uint32_t in_taken;
    uint64_t in_from_us;
    uint32_t out_bytes;
    uint8_t out[LINE_BYTES];
} bot;

static uint32_t model_failures;
static uint8_t picture[SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT];
static uint8_t frame_memory[SMILEC_BURST * SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT];
static sm_memory_t memory = {.frames = frame_memory, .frames_bytes = sizeof(frame_memory)};
static int8_t input_memory[SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE];

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
    for (uint32_t i = 0; i < sizeof(picture); i++) {
        picture[i] = (uint8_t)((i * (bot.frames * 2u + 1u) + (i >> 5) * bot.frames) >> 2);
    }
    *frame = (sm_frame_t){
        .pixels = picture,
        .width = SMILEC_FRAME_WIDTH,
        .height = SMILEC_FRAME_HEIGHT,
        .sensor_id = 0x2642,
        .sensor_status = SM_SENSOR_AUTO_EXPOSURE | SM_SENSOR_MIRROR,
        .exposure = 300u + bot.frames,
        .gain = 7,
    };
    return SM_OK;
}

static void camera_release(void *context, sm_frame_t *frame) {
    (void)context;
    memset(picture, 0xaa, sizeof(picture)); /* a frame used after its release would show */
    frame->pixels = NULL;
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

static int serial_read(void *context, uint8_t *data, uint32_t capacity) {
    uint32_t rest = bot.in_bytes - bot.in_taken;
    uint32_t count = bot.now_us < bot.in_from_us ? 0 : rest < capacity ? rest : capacity;
    (void)context;
    memcpy(data, bot.in + bot.in_taken, count);
    bot.in_taken += count;
    return (int)count;
}

static int serial_write(void *context, const uint8_t *data, uint32_t length) {
    uint64_t from_us = bot.line_free_us > bot.now_us ? bot.line_free_us : bot.now_us;
    (void)context;
    if ((from_us - bot.now_us) * 1000u / BYTE_NS + length > RING_BYTES || bot.out_bytes + length > LINE_BYTES) {
        return 0;
    }
    memcpy(bot.out + bot.out_bytes, data, length);
    bot.out_bytes += length;
    bot.line_free_us = from_us + (uint64_t)length * BYTE_NS / 1000u;
    return (int)length;
}

static void feed(const char *hex) {
    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1 && bot.in_bytes < LINE_BYTES; hex += 2) {
        bot.in[bot.in_bytes++] = (uint8_t)byte;
    }
    bot.hal.serial_read = serial_read;
    bot.hal.serial_write = serial_write;
}

static void write_line(const char *path) {
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(bot.out, 1, bot.out_bytes, stream) != bot.out_bytes || fclose(stream) != 0) {
        perror(path);
        exit(1);
    }
    bot.out_bytes = 0;
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

static int invoke(const int8_t *input, int8_t *output) {
    if (model_failures > 0) {
        model_failures--;
        return -1;
    }
    return sm_engine.invoke(input, output);
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
                 ",\"frames\":%u,\"smile\":%s,\"sum\":%" PRId32 ",\"threshold\":%" PRId32 ",\"lights\":%s,\"error\":%d",
                 event, press->number, press->press_ms, press->frames, press->smile ? "true" : "false", press->sum,
                 press->threshold, bot.lights ? "true" : "false", error);
    (void)printf(",\"sinceUs\":%" PRIu64, bot.now_us - bot.down_from_us);
    print_frames(press);
    (void)puts("}");
}

/* With the press that was being logged, as far as it was. */
static void print_cut(void) {
    (void)fputs("{\"event\":\"cut\"", stdout);
    if (bot.app.session.state == SM_SESSION_LOG) {
        print_frames(&bot.app.session.press);
    }
    (void)puts("}");
}

static void on_report(void *context, const struct sm_report *report) {
    (void)context;
    switch (report->event) {
    case SM_EVENT_READY:
        (void)printf("{\"event\":\"ready\",\"error\":%d,\"memory\":%d,\"camera\":%d,\"sensor\":%u}\n", report->error,
                     report->self_test->memory, report->self_test->camera, report->self_test->sensor);
        break;
    case SM_EVENT_SCORED:
        for (uint32_t i = 0; i < report->press->frames; i++) {
            bot.crcs[i] = sm_crc32(0, frame_memory + i * sizeof(picture), sizeof(picture));
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
    case SM_EVENT_SETTINGS:
        (void)printf("{\"event\":\"settings\",\"threshold\":%d,\"burst\":%u,\"brightness\":%u,\"count\":%" PRIu32 "}\n",
                     report->settings->threshold_margin, report->settings->burst, report->settings->brightness,
                     report->problems->count);
        break;
    case SM_EVENT_TESTED:
        if (report->error != SM_OK) {
            (void)printf("{\"event\":\"tested\",\"error\":%d}\n", report->error);
        }
        break;
    case SM_EVENT_EJECTED:
        (void)printf("{\"event\":\"ejected\",\"opens\":%" PRIu32 ",\"mounted\":%s}\n", bot.card.opens,
                     bot.card.mounted ? "true" : "false");
        break;
    default:
        abort();
    }
}

/* ---- running ---- */

static int8_t *folded_arena(void) {
    return bot.arena;
}

static void boot(void) {
    memory.input = input_memory;
    memory.input_bytes = sizeof(input_memory);
    bot.engine = sm_engine;
    bot.engine.invoke = invoke;
    if (bot.arena != NULL) {
        bot.engine.memory = folded_arena;
        bot.engine.memory_bytes = bot.arena_bytes;
    }
    bot.now_us = bot.clock_us;
    bot.down_from_us = UINT64_MAX;
    bot.down_until_us = UINT64_MAX;
    bot.running = sm_app_init(&bot.app, &bot.hal, &sm_config, &bot.engine, memory) == SM_OK;
    if (!bot.running) {
        abort();
    }
}

/* The same page of memory twice, one behind the other. */
static void fold(bool arena) {
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
        memory.frames = twice;
        memory.frames_bytes = 2u * page;
    }
}

static void run_until(uint64_t until_us) {
    while (bot.running && (bot.now_us < until_us || sm_app_busy(&bot.app))) {
        uint32_t wait_ms = sm_app_step(&bot.app);
        if (bot.card.dead) {
            print_cut();
            bot.running = false;
        }
        sleep_ms(NULL, wait_ms);
    }
}

static void set_up_hal(void) {
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

static void dump(const char *folder) {
    for (uint32_t i = 0; i < RAM_FILES; i++) {
        const ram_file_t *file = &bot.card.files[i];
        char path[1200];
        (void)snprintf(path, sizeof(path), "%s/%s", folder, file->name);
        FILE *stream = file->exists ? fopen(path, "wb") : NULL;
        if (file->exists &&
            (stream == NULL || fwrite(file->durable, 1, file->size, stream) != file->size || fclose(stream) != 0)) {
            perror(path);
            exit(1);
        }
    }
}

static void fresh(uint64_t seed) {
    memset(&bot, 0, sizeof(bot));
    bot.random = seed;
    bot.sensor = 0x2642;
    ram_card_init(&bot.card, seed);
    set_up_hal();
    boot();
    run_until(bot.now_us + 1000000u);
}

static void put(const char *name, const char *hex) {
    static uint8_t data[RAM_FILE_BYTES];
    uint32_t size = 0;
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        char digits[3] = {hex[0], hex[1], '\0'};
        data[size++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    ram_card_put(&bot.card, name, data, size);
}

static void print_leds(void) {
    (void)fputs("{\"event\":\"leds\",\"leds\":[", stdout);
    for (uint32_t i = 0; i < bot.led_count; i++) {
        (void)printf("%s[%u,%u,%u]", i > 0 ? "," : "", bot.leds[i].red, bot.leds[i].green, bot.leds[i].blue);
    }
    (void)puts("]}");
}

static void press(uint32_t ms) {
    bot.down_from_us = bot.now_us + 50000u;
    bot.down_until_us = bot.down_from_us + ms * 1000u;
    run_until(bot.down_until_us + 1000000u);
    bot.bounces = 0;
}

static void command(const char *name, const char *first, const char *second, const char *third) {
    uint32_t number = (uint32_t)strtoul(first, NULL, 10);
    if (strcmp(name, "new") == 0) {
        fresh(number);
    } else if (strcmp(name, "reboot") == 0) {
        ram_card_power_on(&bot.card);
        boot();
        run_until(bot.now_us + 1000000u);
    } else if (strcmp(name, "press") == 0) {
        press(number);
    } else if (strcmp(name, "bounce") == 0) {
        bot.bounces = number;
    } else if (strcmp(name, "wait") == 0) {
        run_until(bot.now_us + number * 1000u);
    } else if (strcmp(name, "cut") == 0) {
        bot.card.cut_after = bot.card.writes + number;
        bot.card.reordered = second[0] == 'r';
        bot.card.weak = third[0] == 'w';
    } else if (strcmp(name, "wipe") == 0) {
        ram_card_wipe(&bot.card, number);
    } else if (strcmp(name, "fail") == 0) {
        bot.card.fail_from = bot.card.write_calls + number;
        bot.card.fail_count = (uint32_t)strtoul(second, NULL, 10);
    } else if (strcmp(name, "files") == 0) {
        bot.card.max_files = number;
    } else if (strcmp(name, "card") == 0) {
        bot.card.absent = first[0] == 'o';
        bot.card.mounted = bot.card.mounted && !bot.card.absent;
    } else if (strcmp(name, "marks") == 0) {
        bot.hal.marks_load = marks_load;
        bot.hal.marks_store = marks_store;
    } else if (strcmp(name, "device") == 0) {
        bot.hal.device_id = (uint32_t)strtoul(first, NULL, 16);
    } else if (strcmp(name, "camera") == 0) {
        bot.camera_failures = number;
        bot.camera_good = (uint32_t)strtoul(second, NULL, 10);
    } else if (strcmp(name, "model") == 0) {
        model_failures = number;
    } else if (strcmp(name, "flip") == 0) {
        uint32_t offset = (uint32_t)strtoul(second, NULL, 10);
        bot.card.files[number].durable[offset] ^= 1u;
        bot.card.files[number].live[offset] ^= 1u;
    } else if (strcmp(name, "clock") == 0) {
        bot.clock_us = strtoull(first, NULL, 10) * 1000u;
    } else if (strcmp(name, "put") == 0) {
        put(first, second);
    } else if (strcmp(name, "lie") == 0) {
        bot.card.lies = number;
        bot.card.honest = (uint32_t)strtoul(second, NULL, 10);
    } else if (strcmp(name, "sensor") == 0) {
        bot.sensor = first[0] == 'n' ? SM_ERR_CAMERA : (int)strtoul(first, NULL, 16);
    } else if (strcmp(name, "fold") == 0) {
        fold(first[0] == 'a');
    } else if (strcmp(name, "leds") == 0) {
        print_leds();
    } else if (strcmp(name, "dump") == 0) {
        dump(first);
    } else if (strcmp(name, "feed") == 0) {
        feed(first);
    } else if (strcmp(name, "late") == 0) {
        bot.in_from_us = bot.now_us + number * 1000u;
    } else if (strcmp(name, "line") == 0) {
        write_line(first);
    } else if (strcmp(name, "slow") == 0) {
        bot.read_us = number;
    } else if (strcmp(name, "say") == 0) {
        (void)printf("{\"event\":\"%s\"}\n", first);
    } else if (strcmp(name, "state") == 0) {
        (void)printf("{\"event\":\"state\",\"lights\":%s,\"status\":%s,\"restarts\":%" PRIu32 ",\"faults\":%" PRIu32
                     ",\"writes\":%" PRIu32 ",\"mounts\":%" PRIu32 "}\n",
                     bot.lights ? "true" : "false", bot.status ? "true" : "false", bot.restarts, bot.app.faults,
                     bot.card.writes, bot.mounts);
    } else {
        (void)fprintf(stderr, "unknown command: %s\n", name);
        exit(1);
    }
}

int main(int count, char **arguments) {
    static char line[8192];
    FILE *script = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (script == NULL) {
        return 1;
    }
    while (fgets(line, sizeof(line), script) != NULL) {
        char name[16] = "";
        char first[1024] = "";
        static char second[8192];
        char third[16] = "";
        second[0] = '\0';
        if (sscanf(line, "%15s %1023s %8191s %15s", name, first, second, third) > 0) {
            command(name, first, second, third);
        }
    }
    return fclose(script);
}
