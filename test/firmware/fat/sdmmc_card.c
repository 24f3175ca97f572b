/* ESP-IDF's side of the card over faulty_disk.h: the driver and its binding to FatFs (diskio_sdmmc.c). */
#include "ff.h" /* first: diskio.h takes its types */

#include <stdlib.h>

#include "diskio.h"
#include "diskio_impl.h"
#include "diskio_sdmmc.h"
#include "esp32_pins.h"
#include "esp32_slot.h"
#include "esp_memory_utils.h"
#include "fat_bot.h"
#include "host_fatfs.h"

static bool slot_open;

const char *esp_err_to_name(esp_err_t code) {
    return code == ESP_ERR_TIMEOUT ? "ESP_ERR_TIMEOUT" : "ESP_FAIL";
}

bool esp_ptr_dma_capable(const void *pointer) {
    return !fat_bot_is_slow_memory(pointer);
}

/* ---- the slot and the card ---- */

esp_err_t esp32_slot_open(sdmmc_host_t *host) {
    if (slot_open) {
        abort();
    }
    slot_open = true;
    host->slot = 1;
    return ESP_OK;
}

void esp32_slot_close(void) {
    if (!slot_open) {
        abort();
    }
    slot_open = false;
}

void sdmmc_card_power_off(void) {
    slot_open = false;
    host_fatfs_forget();
    (void)f_mount(NULL, "0:", 0);
}

/* No card answers nothing; one that answers sends its registers, which are no blocks. */
esp_err_t sdmmc_card_init(const sdmmc_host_t *host, sdmmc_card_t *card) {
    faulty_disk_t *disk = fat_bot_disk();
    (void)host;
    if (!faulty_disk_start(disk)) {
        return ESP_ERR_TIMEOUT;
    }
    card->csd.capacity = (int)disk->image.blocks;
    card->csd.sector_size = (int)DISK_BLOCK;
    card->real_freq_khz = 20000;
    return ESP_OK;
}

esp_err_t sdmmc_get_status(sdmmc_card_t *card) {
    (void)card;
    return faulty_disk_status(fat_bot_disk()) ? ESP_OK : ESP_ERR_TIMEOUT;
}

/* ---- FatFs' disk, as ESP-IDF's diskio_sdmmc.c has it ---- */

esp_err_t ff_diskio_get_drive(BYTE *drive) {
    *drive = 0;
    return ESP_OK;
}

void ff_diskio_register_sdmmc(BYTE drive, sdmmc_card_t *card) {
    (void)drive;
    (void)card;
}

void ff_diskio_unregister(BYTE drive) {
    (void)drive;
}

void ff_sdmmc_set_disk_status_check(BYTE drive, bool enable) {
    (void)drive;
    if (enable) {
        abort();
    }
}

DSTATUS disk_initialize(BYTE drive) {
    (void)drive;
    return faulty_disk_status(fat_bot_disk()) ? disk_status(drive) : STA_NOINIT;
}

DSTATUS disk_status(BYTE drive) {
    (void)drive;
    return fat_bot_disk()->protected ? STA_PROTECT : 0;
}

DRESULT disk_read(BYTE drive, BYTE *data, LBA_t block, UINT count) {
    (void)drive;
    return faulty_disk_read(fat_bot_disk(), block, data, count) ? RES_OK : RES_ERROR;
}

DRESULT disk_write(BYTE drive, const BYTE *data, LBA_t block, UINT count) {
    (void)drive;
    return faulty_disk_write(fat_bot_disk(), block, data, count) ? RES_OK : RES_ERROR;
}

/* ESP-IDF's driver does nothing for CTRL_SYNC, as each write waits until the card has taken it; a card that writes back
 * is given its due here. SD cards have no trim. */
DRESULT disk_ioctl(BYTE drive, BYTE command, void *argument) {
    (void)drive;
    switch (command) {
    case CTRL_SYNC:
        return faulty_disk_sync(fat_bot_disk()) ? RES_OK : RES_ERROR;
    case GET_SECTOR_COUNT:
        *(LBA_t *)argument = fat_bot_disk()->image.blocks;
        return RES_OK;
    case CTRL_TRIM:
        return RES_PARERR;
    default:
        return RES_ERROR;
    }
}
