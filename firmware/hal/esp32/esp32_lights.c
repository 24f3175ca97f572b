#include "esp32_lights.h"

#include "soc/soc_caps.h"

#include "esp32_pins.h"
#include "esp32_ws2812.h"
#include "smilec_board.h"
#include "smilec_config.h"

/*
 * RMT memory in blocks: the interrupt has half of a line's to send before it must refill the other half, and what it
 * misses the LEDs take for other colours. So a strip gets all that the status LED does not need: half a block less than
 * 270 us on the ESP32, 86 us on the ESP32-S3.
 */
#define STATUS_BLOCKS 1u
#define STRIP_BLOCKS ((uint32_t)SOC_RMT_TX_CANDIDATES_PER_GROUP - STATUS_BLOCKS)

/* Of 255: a status LED is bright, and the pictures should not see it. */
#define STATUS_BRIGHTNESS 12

#if SMILEC_STATUS_WS2812
static esp32_ws2812_t status;
#endif
#if SMILEC_LIGHTS == SM_LIGHTS_WS2812
static esp32_ws2812_t strip;
#endif

static int init_strip(void) {
#if SMILEC_LIGHTS == SM_LIGHTS_WS2812
    return esp32_ws2812_init(&strip, SMILEC_PIN_LIGHTS, STRIP_BLOCKS, SMILEC_LIGHT_COUNT);
#else
    return esp32_pins_make_output(SMILEC_PIN_LIGHTS, false, false);
#endif
}

static int init_status(void) {
#if SMILEC_STATUS_WS2812
    return esp32_ws2812_init(&status, SMILEC_PIN_STATUS, STATUS_BLOCKS, 1);
#else
    return esp32_pins_make_output(SMILEC_PIN_STATUS, SMILEC_STATUS_ACTIVE_LOW != 0, SMILEC_STATUS_OPEN_DRAIN != 0);
#endif
}

int esp32_lights_init(void) {
    int result = init_strip();
    return result == SM_OK ? init_status() : result;
}

void esp32_lights_set(const sm_colour_t *leds, uint32_t count) {
#if SMILEC_LIGHTS == SM_LIGHTS_WS2812
    uint8_t bytes[ESP32_WS2812_BYTES * SM_MAX_LEDS];
    for (uint32_t i = 0; i < count; i++) {
        bytes[ESP32_WS2812_BYTES * i + SMILEC_RED_AT] = leds[i].red;
        bytes[ESP32_WS2812_BYTES * i + SMILEC_GREEN_AT] = leds[i].green;
        bytes[ESP32_WS2812_BYTES * i + SMILEC_BLUE_AT] = leds[i].blue;
    }
    esp32_ws2812_send(&strip, bytes, count);
#else
    bool on = false;
    for (uint32_t i = 0; i < count; i++) {
        on = on || leds[i].red > 0 || leds[i].green > 0 || leds[i].blue > 0;
    }
    esp32_pins_drive(SMILEC_PIN_LIGHTS, on);
#endif
}

void esp32_lights_set_status(bool on) {
#if SMILEC_STATUS_WS2812
    const uint8_t level = on ? STATUS_BRIGHTNESS : 0;
    const uint8_t bytes[ESP32_WS2812_BYTES] = {level, level, level};
    esp32_ws2812_send(&status, bytes, 1);
#else
    esp32_pins_drive(SMILEC_PIN_STATUS, on != (SMILEC_STATUS_ACTIVE_LOW != 0));
#endif
}
