/* The lights and the status LED, as generated/smilec_config.h says what they are and generated/smilec_board.h where. */
#ifndef ESP32_LIGHTS_H
#define ESP32_LIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sm_types.h"

/* Both off, from the first moment on. SM_ERR_ARGUMENT when the chip refuses a pin. */
int esp32_lights_init(void);

/* As sm_hal's set_lights and set_status. */
void esp32_lights_set(const sm_colour_t *leds, uint32_t count);
void esp32_lights_set_status(bool on);

#endif
