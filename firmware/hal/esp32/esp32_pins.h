/* Button, plain outputs and the outputs that stay low, as generated/smilec_board.h places them. */
#ifndef ESP32_PINS_H
#define ESP32_PINS_H

#include <stdbool.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

/*
 * Lights and status off, hold-low outputs low, button as input with pull-up. To be called first: the AI-Thinker's flash
 * lamp floats until then. SM_ERR_ARGUMENT when the chip refuses a pin.
 */
int esp32_pins_init(void);

/*
 * Times the button's edges and notifies `task` (index 0) at each, so that its wait ends at once. Needs the GPIO
 * interrupt service: the camera driver installs it, and this does where it has not. Call after the first start of the
 * camera. Without it the button is still read, but a press during longer work is lost.
 */
int esp32_pins_watch_button(TaskHandle_t task);

/* The level of the button's pin now. */
bool esp32_pins_button_level(void);

/* The same for the core: shows also a press that came and went unseen (esp32_press.h). */
bool esp32_pins_button_down(void);

/* An output that starts at a level; an open drain only pulls down. Nothing for pin -1. SM_ERR_ARGUMENT: the chip refuses.
 */
int esp32_pins_make_output(int pin, bool high, bool open_drain);

/* Sets it. Nothing for pin -1. */
void esp32_pins_drive(int pin, bool high);

/* Drives the hold-low outputs low again: a card driver may have touched them. */
void esp32_pins_hold_low(void);

#endif
