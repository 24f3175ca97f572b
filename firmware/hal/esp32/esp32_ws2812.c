#include "smilec_board.h"

#if SMILEC_STATUS_WS2812

#include <stdint.h>
#include <string.h>

#include "driver/rmt_tx.h"
#include "esp_log.h"

#include "esp32_ws2812.h"
#include "sm_types.h"

static const char *const TAG = "ws2812";

/* Ticks of 0.1 us. WS2812B datasheet, "Data transfer time": 0 is 0.4 us high and 0.85 us low, 1 is 0.8 and 0.45, each
 * +-0.15; 0.3/0.9 and 0.9/0.3 as in ESP-IDF's led_strip are within. */
#define RESOLUTION_HZ 10000000
#define SHORT_TICKS 3
#define LONG_TICKS 9
/* Of 255: the LED is bright, and the pictures should not see it. */
#define BRIGHTNESS 12
#define WAIT_MS 10

static rmt_channel_handle_t channel;
static rmt_encoder_handle_t encoder;
/* Green, red, blue; the driver reads it while it sends. */
static uint8_t colour[3];

static esp_err_t open_channel(int pin) {
    const rmt_tx_channel_config_t config = {
        .gpio_num = (gpio_num_t)pin,
        .clk_src = RMT_CLK_SRC_DEFAULT,
        .resolution_hz = RESOLUTION_HZ,
        .mem_block_symbols = SOC_RMT_MEM_WORDS_PER_CHANNEL,
        .trans_queue_depth = 1,
    };
    const rmt_bytes_encoder_config_t bits = {
        .bit0 = {.level0 = 1, .duration0 = SHORT_TICKS, .level1 = 0, .duration1 = LONG_TICKS},
        .bit1 = {.level0 = 1, .duration0 = LONG_TICKS, .level1 = 0, .duration1 = SHORT_TICKS},
        .flags.msb_first = 1,
    };
    esp_err_t result = rmt_new_tx_channel(&config, &channel);
    if (result == ESP_OK) {
        result = rmt_new_bytes_encoder(&bits, &encoder);
    }
    return result == ESP_OK ? rmt_enable(channel) : result;
}

static esp_err_t send(uint8_t level) {
    const rmt_transmit_config_t once = {.loop_count = 0};
    /* What was sent before is long done, except in a burst of changes. */
    esp_err_t result = rmt_tx_wait_all_done(channel, WAIT_MS);
    if (result == ESP_OK) {
        memset(colour, level, sizeof(colour));
        result = rmt_transmit(channel, encoder, colour, sizeof(colour), &once);
    }
    return result;
}

int esp32_ws2812_init(int pin) {
    esp_err_t result = open_channel(pin);
    if (result == ESP_OK) {
        result = send(0);
    }
    if (result != ESP_OK) {
        ESP_LOGE(TAG, "GPIO%d: %s", pin, esp_err_to_name(result));
        return SM_ERR_ARGUMENT;
    }
    return SM_OK;
}

void esp32_ws2812_set(bool on) {
    uint8_t level = on ? BRIGHTNESS : 0;
    if (level != colour[0]) {
        esp_err_t result = send(level);
        if (result != ESP_OK) {
            ESP_LOGW(TAG, "set: %s", esp_err_to_name(result));
        }
    }
}

#endif
