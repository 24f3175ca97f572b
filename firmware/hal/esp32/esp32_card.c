#include "esp32_card.h"

#include <inttypes.h>
#include <string.h>

#include "diskio_impl.h"
#include "diskio_sdmmc.h"
#include "esp_log.h"
#include "esp_memory_utils.h"

#include "esp32_pins.h"
#include "esp32_slot.h"
#include "esp32_watchdog.h"
#include "fat_port.h"

static const char *const TAG = "card";

static int start_card(esp32_card_t *card) {
    sdmmc_host_t host;
    esp_err_t result = esp32_slot_open(&host);
    if (result != ESP_OK) {
        ESP_LOGE(TAG, "slot: %s", esp_err_to_name(result));
        return SM_ERR_MEMORY;
    }
    memset(&card->card, 0, sizeof(card->card));
    result = sdmmc_card_init(&host, &card->card);
    if (result == ESP_OK && card->card.csd.sector_size == SM_BLOCK) {
        return SM_OK;
    }
    ESP_LOGW(TAG, "start: %s", result == ESP_OK ? "its blocks are not of 512 bytes" : esp_err_to_name(result));
    esp32_slot_close();
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
        return fat_files_error(result);
    }
    card->files.drive = drive;
    card->files.volume = &card->volume;
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
            esp32_slot_close();
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
    fat_files_forget(&card->files);
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
    esp32_slot_close();
}

int esp32_card_explain(esp32_card_t *card, int result) {
    if (result == SM_ERR_IO && card->mounted && sdmmc_get_status(&card->card) != ESP_OK) {
        return SM_ERR_NO_CARD;
    }
    return result;
}

/* ---- what the files need ---- */

/* Anything but word-aligned memory that DMA reaches would fall apart into single blocks in the driver. */
bool fat_port_takes(const void *data) {
    return esp_ptr_dma_capable(data) && (uintptr_t)data % 4u == 0;
}

void fat_port_alive(void) {
    esp32_watchdog_feed();
}

void fat_port_refused(const char *action, int result) {
    ESP_LOGW(TAG, "%s: FatFs result %d", action, result);
}
