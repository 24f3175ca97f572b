#include "esp32_card.h"

#include <inttypes.h>
#include <string.h>

#include "diskio_impl.h"
#include "diskio_sdmmc.h"
#include "driver/sdmmc_host.h"
#include "esp_log.h"
#include "sdkconfig.h"

#include "esp32_pins.h"
#include "smilec_board.h"

static const char *const TAG = "card";

#if CONFIG_IDF_TARGET_ESP32
/* Slot 1 of the classic ESP32 has fixed pins (TRM, table 4-3, HS2_CLK, HS2_CMD, HS2_DATA0). */
_Static_assert(SMILEC_PIN_SD_CLK == 14 && SMILEC_PIN_SD_CMD == 15 && SMILEC_PIN_SD_D0 == 2,
               "the ESP32's SDMMC slot 1 has fixed pins");
#endif

static sdmmc_host_t host_configuration(void) {
    sdmmc_host_t host = SDMMC_HOST_DEFAULT();
    host.slot = SDMMC_HOST_SLOT_1;
    host.flags = SDMMC_HOST_FLAG_1BIT | SDMMC_HOST_FLAG_DEINIT_ARG;
    host.max_freq_khz = SDMMC_FREQ_DEFAULT;
    return host;
}

/* Width 1 explicitly: 0 would mean all four lines, and take the lights', the lamp's and the button's pins. */
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

static int start_card(esp32_card_t *card) {
    const sdmmc_host_t host = host_configuration();
    const sdmmc_slot_config_t slot = slot_configuration();
    esp_err_t result = sdmmc_host_init();
    if (result != ESP_OK) {
        ESP_LOGE(TAG, "host: %s", esp_err_to_name(result));
        return SM_ERR_MEMORY;
    }
    result = sdmmc_host_init_slot(host.slot, &slot);
    if (result == ESP_OK) {
        memset(&card->card, 0, sizeof(card->card));
        result = sdmmc_card_init(&host, &card->card);
    }
    if (result == ESP_OK && card->card.csd.sector_size == SM_BLOCK) {
        return SM_OK;
    }
    ESP_LOGW(TAG, "start: %s", result == ESP_OK ? "its blocks are not of 512 bytes" : esp_err_to_name(result));
    (void)sdmmc_host_deinit_slot(host.slot);
    switch (result) {
    case ESP_OK:
    case ESP_ERR_NOT_SUPPORTED:
        return SM_ERR_FORMAT;
    case ESP_ERR_TIMEOUT:
    case ESP_ERR_NOT_FOUND:
        return SM_ERR_NO_CARD;
    default:
        return SM_ERR_IO;
    }
}

static void stop_card(void) {
    esp_err_t result = sdmmc_host_deinit_slot(SDMMC_HOST_SLOT_1);
    if (result != ESP_OK) {
        ESP_LOGW(TAG, "stop: %s", esp_err_to_name(result));
    }
}

static void volume_path(uint8_t drive, char path[3]) {
    path[0] = (char)('0' + drive);
    path[1] = ':';
    path[2] = '\0';
}

static int attach_volume(esp32_card_t *card) {
    char path[3];
    BYTE drive = FF_DRV_NOT_USED;
    if (ff_diskio_get_drive(&drive) != ESP_OK || drive == FF_DRV_NOT_USED) {
        ESP_LOGE(TAG, "FatFs has no drive number left");
        return SM_ERR_MEMORY;
    }
    ff_diskio_register_sdmmc(drive, &card->card);
    /* Asking the card before each access costs a command each time; esp32_card_explain asks after a failure. */
    ff_sdmmc_set_disk_status_check(drive, false);
    volume_path(drive, path);
    FRESULT result = f_mount(&card->volume, path, 1);
    if (result != FR_OK) {
        ESP_LOGW(TAG, "mount: FatFs result %d", (int)result);
        (void)f_mount(NULL, path, 0);
        ff_diskio_unregister(drive);
        return esp32_files_error(result);
    }
    card->files.drive = drive;
    return SM_OK;
}

int esp32_card_mount(esp32_card_t *card) {
    esp32_card_unmount(card);
    esp32_pins_hold_low();
    if (esp32_pins_button_level()) {
        ESP_LOGW(TAG, "not mounted while the button is down");
        return SM_ERR_IO;
    }
    int result = start_card(card);
    if (result == SM_OK) {
        result = attach_volume(card);
        if (result != SM_OK) {
            stop_card();
        }
    }
    esp32_pins_hold_low();
    card->mounted = result == SM_OK;
    if (card->mounted) {
        uint64_t bytes = (uint64_t)card->card.csd.capacity * (uint64_t)card->card.csd.sector_size;
        ESP_LOGI(TAG, "%" PRIu32 " MB, %d kHz", (uint32_t)(bytes >> 20), card->card.real_freq_khz);
    }
    return result;
}

void esp32_card_unmount(esp32_card_t *card) {
    char path[3];
    esp32_files_forget(&card->files);
    if (!card->mounted) {
        return;
    }
    card->mounted = false;
    volume_path(card->files.drive, path);
    FRESULT result = f_mount(NULL, path, 0);
    if (result != FR_OK) {
        ESP_LOGW(TAG, "unmount: FatFs result %d", (int)result);
    }
    ff_diskio_unregister(card->files.drive);
    stop_card();
}

int esp32_card_explain(esp32_card_t *card, int result) {
    if (result == SM_ERR_IO && card->mounted && sdmmc_get_status(&card->card) != ESP_OK) {
        return SM_ERR_NO_CARD;
    }
    return result;
}
