/*
 * Lights and button by a script of one command per line; prints a line per sample.
 *
 *   lights gpio|ws2812 COUNT BRIGHTNESS STATUS_LED     new lights at the present time
 *   at MS          the time, modulo 2^32
 *   smile MS, neutral, nobody, show PATTERN, safe 0|1, fault FLASHES, dim BRIGHTNESS
 *   sample N STEP  N times: prints "status r,g,b r,g,b ...", then STEP ms pass
 *   output N STEP  N times: brings a machine's outputs up to date; then prints how often lights and status were set
 *   button MS      new button with that debounce time, up
 *   level 0|1 N STEP   N times: the level is seen, STEP ms pass; prints every event as "EVENT held"
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sm_button.h"
#include "sm_lights.h"

static uint64_t now_ms;
static sm_lights_t lights;
static sm_button_t button;
static uint32_t lights_set;
static uint32_t status_set;

static uint64_t now_us(void *context) {
    (void)context;
    return now_ms * 1000u;
}

static void set_lights(void *context, const sm_colour_t *leds, uint32_t count) {
    (void)context;
    (void)leds;
    lights_set += count == lights.count;
}

static void set_status(void *context, bool on) {
    (void)context;
    (void)on;
    status_set++;
}

static void sample(uint32_t count, uint32_t step) {
    for (uint32_t i = 0; i < count; i++) {
        sm_light_frame_t frame;
        sm_lights_update(&lights, (uint32_t)now_ms, &frame);
        (void)printf("%d", frame.status);
        for (uint32_t led = 0; led < lights.count; led++) {
            (void)printf(" %u,%u,%u", frame.leds[led].red, frame.leds[led].green, frame.leds[led].blue);
        }
        (void)puts("");
        now_ms += step;
    }
}

static void output(uint32_t count, uint32_t step) {
    const sm_hal_t hal = {.now_us = now_us, .set_lights = set_lights, .set_status = set_status};
    lights_set = 0;
    status_set = 0;
    for (uint32_t i = 0; i < count; i++) {
        sm_lights_output(&lights, &hal);
        now_ms += step;
    }
    (void)printf("%" PRIu32 " %" PRIu32 "\n", lights_set, status_set);
}

static void level(bool down, uint32_t count, uint32_t step) {
    for (uint32_t i = 0; i < count; i++) {
        enum sm_button_event event = sm_button_update(&button, down, (uint32_t)now_ms);
        if (event != SM_BUTTON_NONE) {
            (void)printf("%d %" PRIu32 "\n", (int)event, button.held_ms);
        }
        now_ms += step;
    }
}

static void make_lights(const char *kind, const uint32_t numbers[4]) {
    const sm_config_t config = {
        .lights_kind = kind[0] == 'g' ? SM_LIGHTS_GPIO : SM_LIGHTS_WS2812,
        .light_count = (uint8_t)numbers[1],
        .brightness = (uint8_t)numbers[2],
        .brightness_max = 100,
        .status_led = numbers[3] != 0,
    };
    sm_lights_init(&lights, &config, (uint32_t)now_ms);
}

static void command(const char *name, const char *word, const uint32_t numbers[4]) {
    uint32_t now = (uint32_t)now_ms;
    if (strcmp(name, "lights") == 0) {
        make_lights(word, numbers);
    } else if (strcmp(name, "at") == 0) {
        now_ms = strtoull(word, NULL, 10);
    } else if (strcmp(name, "smile") == 0) {
        sm_lights_smile(&lights, numbers[0], now);
    } else if (strcmp(name, "nobody") == 0) {
        sm_lights_nobody(&lights, now);
    } else if (strcmp(name, "neutral") == 0) {
        sm_lights_no_smile(&lights, now);
    } else if (strcmp(name, "show") == 0) {
        sm_lights_show(&lights, (enum sm_pattern)numbers[0], now);
    } else if (strcmp(name, "safe") == 0) {
        sm_lights_safe(&lights, numbers[0] != 0, now);
    } else if (strcmp(name, "fault") == 0) {
        sm_lights_fault(&lights, (uint8_t)numbers[0], now);
    } else if (strcmp(name, "dim") == 0) {
        sm_lights_dim(&lights, (uint8_t)numbers[0]);
    } else if (strcmp(name, "sample") == 0) {
        sample(numbers[0], numbers[1]);
    } else if (strcmp(name, "output") == 0) {
        output(numbers[0], numbers[1]);
    } else if (strcmp(name, "button") == 0) {
        sm_button_init(&button, numbers[0], false, now);
    } else if (strcmp(name, "level") == 0) {
        level(numbers[0] != 0, numbers[1], numbers[2]);
    } else {
        (void)fprintf(stderr, "unknown command: %s\n", name);
        exit(1);
    }
}

int main(int count, char **arguments) {
    char line[200];
    FILE *script = count == 2 ? fopen(arguments[1], "r") : NULL;
    if (script == NULL) {
        return 1;
    }
    while (fgets(line, sizeof(line), script) != NULL) {
        char name[16] = "";
        char words[4][24] = {"", "", "", ""};
        uint32_t numbers[4];
        (void)sscanf(line, "%15s %23s %23s %23s %23s", name, words[0], words[1], words[2], words[3]);
        for (int i = 0; i < 4; i++) {
            numbers[i] = (uint32_t)strtoul(words[i], NULL, 10);
        }
        command(name, words[0], numbers);
    }
    return fclose(script);
}
