#include "smilec_board.h"

#if SMILEC_SD_SPI

#include "driver/sdspi_host.h"
#include "driver/spi_common.h"
#include "esp_log.h"

#include "esp32_slot.h"

static const char *const TAG = "slot";

/* Also kept for closing. -1: no device is attached. */
static sdspi_dev_handle_t device = -1;

static void note(const char *what, esp_err_t result) {
    if (result != ESP_OK) {
        ESP_LOGW(TAG, "%s: %s", what, esp_err_to_name(result));
    }
}

/* The driver moves single blocks, so that the default largest transfer (one DMA descriptor) is enough. */
static esp_err_t start_bus(void) {
    const spi_bus_config_t bus = {
        .mosi_io_num = SMILEC_PIN_SD_CMD,
        .miso_io_num = SMILEC_PIN_SD_D0,
        .sclk_io_num = SMILEC_PIN_SD_CLK,
        .quadwp_io_num = -1,
        .quadhd_io_num = -1,
        .data4_io_num = -1,
        .data5_io_num = -1,
        .data6_io_num = -1,
        .data7_io_num = -1,
    };
    return spi_bus_initialize(SDSPI_DEFAULT_HOST, &bus, SDSPI_DEFAULT_DMA);
}

static esp_err_t attach_device(void) {
    sdspi_device_config_t config = SDSPI_DEVICE_CONFIG_DEFAULT();
    config.gpio_cs = (gpio_num_t)SMILEC_PIN_SD_CS;
    esp_err_t result = sdspi_host_init();
    return result == ESP_OK ? sdspi_host_init_device(&config, &device) : result;
}

esp_err_t esp32_slot_open(sdmmc_host_t *host) {
    esp_err_t result = start_bus();
    if (result != ESP_OK) {
        return result;
    }
    result = attach_device();
    if (result != ESP_OK) {
        esp32_slot_close();
        return result;
    }
    *host = (sdmmc_host_t)SDSPI_HOST_DEFAULT();
    host->slot = device;
    return ESP_OK;
}

void esp32_slot_close(void) {
    if (device >= 0) {
        note("detach", sdspi_host_remove_device(device));
        device = -1;
    }
    note("stop", spi_bus_free(SDSPI_DEFAULT_HOST));
}

#endif
