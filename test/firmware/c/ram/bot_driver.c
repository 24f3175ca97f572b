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
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver_bot.h"
#include "driver_script.h"
#include "ram_bot.h"

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

/* ---- commands ---- */

static void do_new(const driver_words_t *words) {
    ram_bot_fresh(driver_number(words));
}

static void do_reboot(const driver_words_t *words) {
    (void)words;
    ram_card_power_on(&bot.card);
    ram_bot_boot();
    ram_bot_run_until(bot.now_us + 1000000u);
}

static void do_press(const driver_words_t *words) {
    ram_bot_press(driver_number(words));
}

static void do_bounce(const driver_words_t *words) {
    bot.bounces = driver_number(words);
}

static void do_wait(const driver_words_t *words) {
    ram_bot_run_until(bot.now_us + words->number * 1000u);
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
    ram_bot_keep_marks();
}

static void do_device(const driver_words_t *words) {
    bot.hal.device_id = (uint32_t)strtoul(words->first, NULL, 16);
}

static void do_camera(const driver_words_t *words) {
    bot.camera_failures = driver_number(words);
    bot.camera_good = (uint32_t)words->second_number;
}

static void do_model(const driver_words_t *words) {
    bot.model_failures = driver_number(words);
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
    ram_bot_fold(words->first[0] == 'a');
}

static void do_leds(const driver_words_t *words) {
    (void)words;
    print_leds();
}

static void do_dump(const driver_words_t *words) {
    dump(words->first);
}

static void do_feed(const driver_words_t *words) {
    ram_bot_feed(words->first);
}

static void do_late(const driver_words_t *words) {
    bot.in_from_us = bot.now_us + words->number * 1000u;
}

static void do_line(const driver_words_t *words) {
    ram_bot_write_line(words->first);
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
    {"new", do_new},     {"reboot", do_reboot}, {"press", do_press},   {"bounce", do_bounce}, {"wait", do_wait},
    {"cut", do_cut},     {"wipe", do_wipe},     {"fail", do_fail},     {"files", do_files},   {"card", do_card},
    {"marks", do_marks}, {"device", do_device}, {"camera", do_camera}, {"model", do_model},   {"flip", do_flip},
    {"clock", do_clock}, {"put", do_put},       {"lie", do_lie},       {"sensor", do_sensor}, {"fold", do_fold},
    {"leds", do_leds},   {"dump", do_dump},     {"feed", do_feed},     {"late", do_late},     {"line", do_line},
    {"slow", do_slow},   {"say", do_say},       {"state", do_state},   {NULL, NULL},
};

int main(int count, char **arguments) {
    FILE *script = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (script == NULL) {
        return 1;
    }
    driver_run(script, COMMANDS);
    return fclose(script);
}
