#include "smilec_board.h"

#if !SMILEC_SD_SPI

#include "driver/sdmmc_host.h"
#include "esp_log.h"
#include "sdkconfig.h"

#include "esp32_slot.h"

static const char *const TAG = "slot";

#if CONFIG_IDF_TARGET_ESP32
/* Slot 1 of the classic ESP32 has fixed pins (TRM, table 4-3, HS2_CLK, HS2_CMD, HS2_DATA0). */
_Static_assert(SMILEC_PIN_SD_CLK == 14 && SMILEC_PIN_SD_CMD == 15 && SMILEC_PIN_SD_D0 == 2,
               "the ESP32's SDMMC slot 1 has fixed pins");
#endif

/* Width 1 explicitly: 0 would mean all four lines, and on the AI-Thinker take the lights', the lamp's and the button's
 * pins. */
static sdmmc_slot_config_t slot_configuration(void) {
    sdmmc_slot_config_t slot = SDMMC_SLOT_CONFIG_DEFAULT();
    slot.clk = (gpio_num_t)SMILEC_PIN_SD_CLK;
    slot.cmd = (gpio_num_t)SMILEC_PIN_SD_CMD;
    slot.d0 = (gpio_num_t)SMILEC_PIN_SD_D0;
    slot.d1 = GPIO_NUM_NC;
    slot.d2 = GPIO_NUM_NC;
    slot.d3 = GPIO_NUM_NC;
    slot.d4 = GPIO_NUM_NC;
    slot.d5 = GPIO_NUM_NC;
    slot.d6 = GPIO_NUM_NC;
    slot.d7 = GPIO_NUM_NC;
    slot.cd = SDMMC_SLOT_NO_CD;
    slot.wp = SDMMC_SLOT_NO_WP;
    slot.width = 1;
    slot.flags = SDMMC_SLOT_FLAG_INTERNAL_PULLUP;
    return slot;
}

esp_err_t esp32_slot_open(sdmmc_host_t *host) {
    const sdmmc_slot_config_t slot = slot_configuration();
    *host = (sdmmc_host_t)SDMMC_HOST_DEFAULT();
    host->slot = SDMMC_HOST_SLOT_1;
    host->flags = SDMMC_HOST_FLAG_1BIT | SDMMC_HOST_FLAG_DEINIT_ARG;
    host->max_freq_khz = SDMMC_FREQ_DEFAULT;
    esp_err_t result = sdmmc_host_init();
    if (result != ESP_OK) {
        return result;
    }
    result = sdmmc_host_init_slot(host->slot, &slot);
    if (result != ESP_OK) {
        esp32_slot_close();
    }
    return result;
}

void esp32_slot_close(void) {
    esp_err_t result = sdmmc_host_deinit_slot(SDMMC_HOST_SLOT_1);
    if (result != ESP_OK) {
        ESP_LOGW(TAG, "stop: %s", esp_err_to_name(result));
    }
}

#endif
