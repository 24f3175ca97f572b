/* The bot with the board's own card code (hal/esp32/esp32_card.c, fat_files.c) over the real FatFs and a faulty disk,
 * in virtual time. For the stand-ins of ESP-IDF; the bot's own parts include fat_bot_parts.h. */
#ifndef FAT_BOT_H
#define FAT_BOT_H

#include <stdbool.h>

#include "faulty_disk.h"

faulty_disk_t *fat_bot_disk(void);

/* Whether memory stands for the board's PSRAM. */
bool fat_bot_is_slow_memory(const void *pointer);

/* The chip forgets what it had mounted. */
void sdmmc_card_power_off(void);

#endif
