/*
 * The SD card: slot, card and FAT volume. The volume is never formatted; without a FAT file system
 * mounting fails with SM_ERR_FORMAT.
 *
 * The driver and FatFs allocate a queue, semaphores and locks when mounting and free them when unmounting; nothing is
 * allocated in between.
 */
#ifndef ESP32_CARD_H
#define ESP32_CARD_H

#include <stdbool.h>

#include "ff.h"
#include "sdmmc_cmd.h"

#include "fat_files.h"

/* Must lie in internal, DMA-capable, word-aligned memory. Starts as all zeros. */
typedef struct esp32_card {
    fat_files_t files;
    FATFS volume;
    sdmmc_card_t card;
    bool mounted;
} esp32_card_t;

/*
 * As sm_hal's card_mount. On the AI-Thinker the button shares the card's D3 line, and a low D3 puts the card into SPI
 * mode until its power goes: refuses with SM_ERR_IO while the button is down.
 */
int esp32_card_mount(esp32_card_t *card);

/* Unmounts; open files become invalid. Harmless when not mounted. */
void esp32_card_unmount(esp32_card_t *card);

/* Tells a failed access to a card that is gone from other failures: SM_ERR_IO becomes SM_ERR_NO_CARD when the card does
 * not answer. */
int esp32_card_explain(esp32_card_t *card, int result);

#endif
