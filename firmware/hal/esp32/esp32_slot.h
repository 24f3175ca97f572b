/*
 * What the card is plugged into: the SDMMC controller with one data line, or a SPI controller, as
 * generated/smilec_board.h says (esp32_slot_sdmmc.c, esp32_slot_spi.c).
 */
#ifndef ESP32_SLOT_H
#define ESP32_SLOT_H

#include "esp_err.h"
#include "sd_protocol_types.h"

/* Starts the controller on the board's pins and fills `host` for sdmmc_card_init. After a failure nothing is left
 * started. */
esp_err_t esp32_slot_open(sdmmc_host_t *host);

/* Stops it and frees what it had allocated. */
void esp32_slot_close(void);

#endif
