/* What the card part of hal/esp32 takes of ESP-IDF, over faulty_disk.h: sdmmc_card.c. Numbers as in ESP-IDF 5.5. */
#ifndef ESP_ERR_H
#define ESP_ERR_H

typedef int esp_err_t;

#define ESP_OK 0
#define ESP_FAIL (-1)
#define ESP_ERR_NOT_FOUND 0x105
#define ESP_ERR_NOT_SUPPORTED 0x106
#define ESP_ERR_TIMEOUT 0x107
#define ESP_ERR_INVALID_CRC 0x109

const char *esp_err_to_name(esp_err_t code);

#endif
