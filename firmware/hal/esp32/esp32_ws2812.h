/* The status LED of boards that have an addressable one (WS2812) instead of a plain LED. */
#ifndef ESP32_WS2812_H
#define ESP32_WS2812_H

#include <stdbool.h>

/* Takes a channel of the RMT peripheral for the pin, for good, and switches the LED off. SM_ERR_ARGUMENT when the chip
 * refuses. */
int esp32_ws2812_init(int pin);

/* White, dim, or off. Returns at once; the LED has it 30 us later. */
void esp32_ws2812_set(bool on);

#endif
