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

#include "driver_bot.h"
#include "driver_script.h"
#include "ram_card.h"
#include "sm_config.h"

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
static sm_memory_t memory;

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

static void on_report(void *context, const struct sm_report *report) {
    driver_view_t view = {
        .app = &bot.app,
        .frames = memory.frames,
        .lights = bot.lights,
        .since_us = bot.now_us - bot.down_from_us,
        .opens = bot.card.opens,
        .mounted = bot.card.mounted,
    };
    (void)context;
    driver_print(report, &view);
}

/* ---- running ---- */

static int8_t *folded_arena(void) {
    return bot.arena;
}

static void boot(void) {
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
            driver_print_cut(&bot.app.session, 0);
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

/* ---- commands ---- */

static void do_new(const driver_words_t *words) {
    fresh(driver_number(words));
}

static void do_reboot(const driver_words_t *words) {
    (void)words;
    ram_card_power_on(&bot.card);
    boot();
    run_until(bot.now_us + 1000000u);
}

static void do_press(const driver_words_t *words) {
    press(driver_number(words));
}

static void do_bounce(const driver_words_t *words) {
    bot.bounces = driver_number(words);
}

static void do_wait(const driver_words_t *words) {
    run_until(bot.now_us + words->number * 1000u);
}

static void do_cut(const driver_words_t *words) {
    bot.card.cut_after = bot.card.writes + driver_number(words);
    bot.card.reordered = words->second[0] == 'r';
    bot.card.weak = words->third[0] == 'w';
}

static void do_wipe(const driver_words_t *words) {
    ram_card_wipe(&bot.card, driver_number(words));
}

static void do_fail(const driver_words_t *words) {
    bot.card.fail_from = bot.card.write_calls + driver_number(words);
    bot.card.fail_count = (uint32_t)words->second_number;
}

static void do_files(const driver_words_t *words) {
    bot.card.max_files = driver_number(words);
}

static void do_card(const driver_words_t *words) {
    bot.card.absent = words->first[0] == 'o';
    bot.card.mounted = bot.card.mounted && !bot.card.absent;
}

static void do_marks(const driver_words_t *words) {
    (void)words;
    bot.hal.marks_load = marks_load;
    bot.hal.marks_store = marks_store;
}

static void do_device(const driver_words_t *words) {
    bot.hal.device_id = (uint32_t)strtoul(words->first, NULL, 16);
}

static void do_camera(const driver_words_t *words) {
    bot.camera_failures = driver_number(words);
    bot.camera_good = (uint32_t)words->second_number;
}

static void do_model(const driver_words_t *words) {
    model_failures = driver_number(words);
}

static void do_flip(const driver_words_t *words) {
    ram_file_t *file = &bot.card.files[words->number];
    file->durable[words->second_number] ^= 1u;
    file->live[words->second_number] ^= 1u;
}

static void do_clock(const driver_words_t *words) {
    bot.clock_us = words->number * 1000u;
}

static void do_put(const driver_words_t *words) {
    put(words->first, words->second);
}

static void do_lie(const driver_words_t *words) {
    bot.card.lies = driver_number(words);
    bot.card.honest = (uint32_t)words->second_number;
}

static void do_sensor(const driver_words_t *words) {
    bot.sensor = words->first[0] == 'n' ? SM_ERR_CAMERA : (int)strtoul(words->first, NULL, 16);
}

static void do_fold(const driver_words_t *words) {
    fold(words->first[0] == 'a');
}

static void do_leds(const driver_words_t *words) {
    (void)words;
    print_leds();
}

static void do_dump(const driver_words_t *words) {
    dump(words->first);
}

static void do_feed(const driver_words_t *words) {
    feed(words->first);
}

static void do_late(const driver_words_t *words) {
    bot.in_from_us = bot.now_us + words->number * 1000u;
}

static void do_line(const driver_words_t *words) {
    write_line(words->first);
}

static void do_slow(const driver_words_t *words) {
    bot.read_us = driver_number(words);
}

static void do_say(const driver_words_t *words) {
    driver_say(words->first);
}

static void do_state(const driver_words_t *words) {
    (void)words;
    (void)printf("{\"event\":\"state\",\"lights\":%s,\"status\":%s,\"restarts\":%" PRIu32 ",\"faults\":%" PRIu32
                 ",\"writes\":%" PRIu32 ",\"mounts\":%" PRIu32 "}\n",
                 bot.lights ? "true" : "false", bot.status ? "true" : "false", bot.restarts, bot.app.faults,
                 bot.card.writes, bot.mounts);
}

static const driver_command_t COMMANDS[] = {
    {"new", do_new},
    {"reboot", do_reboot},
    {"press", do_press},
    {"bounce", do_bounce},
    {"wait", do_wait},
    {"cut", do_cut},
    {"wipe", do_wipe},
    {"fail", do_fail},
    {"files", do_files},
    {"card", do_card},
    {"marks", do_marks},
    {"device", do_device},
    {"camera", do_camera},
    {"model", do_model},
    {"flip", do_flip},
    {"clock", do_clock},
    {"put", do_put},
    {"lie", do_lie},
    {"sensor", do_sensor},
    {"fold", do_fold},
    {"leds", do_leds},
    {"dump", do_dump},
    {"feed", do_feed},
    {"late", do_late},
    {"line", do_line},
    {"slow", do_slow},
    {"say", do_say},
    {"state", do_state},
    {NULL, NULL},
};

int main(int count, char **arguments) {
    FILE *script = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (script == NULL) {
        return 1;
    }
    memory = driver_memory();
    driver_run(script, COMMANDS);
    return fclose(script);
}
