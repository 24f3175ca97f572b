/*
 * Addressable LEDs (WS2812) by the RMT peripheral: the lights when they are a strip or ring, and the status LED of
 * boards that have such a one.
 */
#ifndef ESP32_WS2812_H
#define ESP32_WS2812_H

#include <stdint.h>

#include "driver/rmt_tx.h"

#include "sm_types.h"

#define ESP32_WS2812_BYTES 3u /* an LED takes, in the order that the strip has them */

/* LEDs on one line. Starts as all zeros. */
typedef struct esp32_ws2812 {
    int pin;
    rmt_channel_handle_t channel;
    rmt_encoder_handle_t encoder;
    uint8_t bytes[ESP32_WS2812_BYTES * SM_MAX_LEDS]; /* the driver reads them while it sends */
} esp32_ws2812_t;

/*
 * Takes a channel of the RMT peripheral and `blocks` of its memory for the pin, for good, and switches `count` LEDs
 * off. The driver allocates here and never again. SM_ERR_ARGUMENT when the chip refuses.
 */
int esp32_ws2812_init(esp32_ws2812_t *line, int pin, uint32_t blocks, uint32_t count);

/*
 * Sends the first ESP32_WS2812_BYTES * count of `bytes`, which become the line's own. Returns at once, or when what was
 * sent before is out; the LEDs have it 30 us each later.
 */
void esp32_ws2812_send(esp32_ws2812_t *line, const uint8_t *bytes, uint32_t count);

#endif
