/* The ESP32's side of sm_hal.h: everything the core needs, from ESP-IDF 5.5. */
#ifndef ESP32_HAL_H
#define ESP32_HAL_H

#include "esp32_camera.h"
#include "esp32_card.h"
#include "esp32_marks.h"
#include "sm_hal.h"

/* Must lie in internal, DMA-capable, word-aligned memory. Starts as all zeros. */
typedef struct esp32_hal {
    esp32_card_t card;
    esp32_camera_t camera;
    esp32_marks_t marks;
} esp32_hal_t;

/*
 * Sets up pins, kept numbers and the serial line and fills `hal`, whose camera is still to be started. Marks that can't
 * be kept and a line that does not start are no failure: the core does without. SM_ERR_ARGUMENT when the chip refuses a
 * pin. `layer` must outlive `hal`.
 */
int esp32_hal_init(esp32_hal_t *layer, sm_hal_t *hal);

#endif
