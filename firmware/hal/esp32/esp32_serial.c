#include "esp32_serial.h"

#include <stddef.h>

#include "esp_log.h"
#include "sdkconfig.h"

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
#include "driver/usb_serial_jtag.h"
#include "driver/usb_serial_jtag_vfs.h"
#else
#include "driver/uart.h"
#include "driver/uart_vfs.h"
#endif

#include "sm_framing.h"
#include "sm_types.h"

static const char *const TAG = "serial";

/* Bytes. Requests are 24 long; 512 is what comes in at 921600 baud while the bot sleeps between two steps. */
#define RECEIVE_BYTES 512
/* The driver's ring takes items of up to half its size, and a packet is one; a character of the log costs it 32. */
#define SEND_BYTES 4096

_Static_assert(SM_PACKET_BYTES + 64 < SEND_BYTES / 2, "a packet fits the ring");

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG

int esp32_serial_start(void) {
    usb_serial_jtag_driver_config_t config = {.tx_buffer_size = SEND_BYTES, .rx_buffer_size = RECEIVE_BYTES};
    esp_err_t result = usb_serial_jtag_driver_install(&config);
    if (result != ESP_OK) {
        ESP_LOGE(TAG, "no commands: %s", esp_err_to_name(result));
        return SM_ERR_MEMORY;
    }
    usb_serial_jtag_vfs_use_driver();
    return SM_OK;
}

int esp32_serial_read(uint8_t *data, uint32_t capacity) {
    return usb_serial_jtag_read_bytes(data, capacity, 0);
}

int esp32_serial_write(const uint8_t *data, uint32_t length) {
    return usb_serial_jtag_write_bytes(data, length, 0);
}

#else

int esp32_serial_start(void) {
    esp_err_t result = uart_driver_install(CONFIG_ESP_CONSOLE_UART_NUM, RECEIVE_BYTES, SEND_BYTES, 0, NULL, 0);
    if (result != ESP_OK) {
        ESP_LOGE(TAG, "no commands: %s", esp_err_to_name(result));
        return SM_ERR_MEMORY;
    }
    uart_vfs_dev_use_driver(CONFIG_ESP_CONSOLE_UART_NUM);
    return SM_OK;
}

int esp32_serial_read(uint8_t *data, uint32_t capacity) {
    return uart_read_bytes(CONFIG_ESP_CONSOLE_UART_NUM, data, capacity, 0);
}

/* uart_write_bytes() waits for room, so it is asked for first; nobody else takes it, but for a few characters of the
 * log. */
int esp32_serial_write(const uint8_t *data, uint32_t length) {
    size_t room = 0;
    if (uart_get_tx_buffer_free_size(CONFIG_ESP_CONSOLE_UART_NUM, &room) != ESP_OK || room < length) {
        return 0;
    }
    int taken = uart_write_bytes(CONFIG_ESP_CONSOLE_UART_NUM, data, length);
    return taken < 0 ? 0 : taken;
}

#endif
