#include "sm_types.h"
#include "smilec_board.h"
#include "smilec_config.h"

#if SMILEC_STATUS_WS2812 || SMILEC_LIGHTS == SM_LIGHTS_WS2812

#include <string.h>

#include "esp_log.h"

#include "esp32_ws2812.h"

static const char *const TAG = "ws2812";

/* Ticks of 0.1 us. WS2812B datasheet, "Data transfer time": 0 is 0.4 us high and 0.85 us low, 1 is 0.8 and 0.45, each
 * +-0.15; 0.3/0.9 and 0.9/0.3 as in ESP-IDF's led_strip are within. */
#define RESOLUTION_HZ 10000000
#define SHORT_TICKS 3
#define LONG_TICKS 9
/* 64 LEDs take 1.9 ms. */
#define WAIT_MS 10

static esp_err_t open_channel(esp32_ws2812_t *line, uint32_t blocks) {
    const rmt_tx_channel_config_t config = {
        .gpio_num = (gpio_num_t)line->pin,
        .clk_src = RMT_CLK_SRC_DEFAULT,
        .resolution_hz = RESOLUTION_HZ,
        .mem_block_symbols = blocks * SOC_RMT_MEM_WORDS_PER_CHANNEL,
        .trans_queue_depth = 1,
    };
    const rmt_bytes_encoder_config_t bits = {
        .bit0 = {.level0 = 1, .duration0 = SHORT_TICKS, .level1 = 0, .duration1 = LONG_TICKS},
        .bit1 = {.level0 = 1, .duration0 = LONG_TICKS, .level1 = 0, .duration1 = SHORT_TICKS},
        .flags.msb_first = 1,
    };
    esp_err_t result = rmt_new_tx_channel(&config, &line->channel);
    if (result == ESP_OK) {
        result = rmt_new_bytes_encoder(&bits, &line->encoder);
    }
    return result == ESP_OK ? rmt_enable(line->channel) : result;
}

static esp_err_t send(esp32_ws2812_t *line, const uint8_t *bytes, uint32_t count) {
    const rmt_transmit_config_t once = {.loop_count = 0};
    /* What was sent before is long done, except in a burst of changes. */
    esp_err_t result = rmt_tx_wait_all_done(line->channel, WAIT_MS);
    if (result == ESP_OK) {
        memcpy(line->bytes, bytes, ESP32_WS2812_BYTES * count);
        result = rmt_transmit(line->channel, line->encoder, line->bytes, ESP32_WS2812_BYTES * count, &once);
    }
    return result;
}

int esp32_ws2812_init(esp32_ws2812_t *line, int pin, uint32_t blocks, uint32_t count) {
    static const uint8_t dark[ESP32_WS2812_BYTES * SM_MAX_LEDS];
    line->pin = pin;
    esp_err_t result = open_channel(line, blocks);
    if (result == ESP_OK) {
        result = send(line, dark, count);
    }
    if (result != ESP_OK) {
        ESP_LOGE(TAG, "GPIO%d: %s", pin, esp_err_to_name(result));
        return SM_ERR_ARGUMENT;
    }
    return SM_OK;
}

void esp32_ws2812_send(esp32_ws2812_t *line, const uint8_t *bytes, uint32_t count) {
    esp_err_t result = send(line, bytes, count);
    if (result != ESP_OK) {
        ESP_LOGW(TAG, "GPIO%d: %s", line->pin, esp_err_to_name(result));
    }
}

#endif
