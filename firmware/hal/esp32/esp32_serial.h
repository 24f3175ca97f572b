/*
 * The serial line that the log and the commands of a program share: UART 0, or the ESP32-S3's own USB port. Both go
 * through the driver's buffers, so that a packet is never cut by a line of the log nor waits for the line.
 */
#ifndef ESP32_SERIAL_H
#define ESP32_SERIAL_H

#include <stdint.h>

/* Installs the driver and leads the log through it. SM_OK, or SM_ERR_MEMORY: the log goes on as before, without
 * commands. Once, at the start. */
int esp32_serial_start(void);

/* serial_read and serial_write of sm_hal.h. */
int esp32_serial_read(uint8_t *data, uint32_t capacity);
int esp32_serial_write(const uint8_t *data, uint32_t length);

#endif
