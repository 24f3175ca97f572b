/* Numbers that outlive the card: starts, capture and segment marks, in the NVS partition. */
#ifndef ESP32_MARKS_H
#define ESP32_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "nvs.h"

#include "sm_hal.h"

typedef struct esp32_marks {
    nvs_handle_t nvs;
    bool open;
} esp32_marks_t;

/*
 * Opens the store. A store of another layout or without room is erased: the card holds the same numbers. SM_ERR_IO when
 * there is no store; the other calls then fail too.
 */
int esp32_marks_open(esp32_marks_t *marks);

/* Counts this start and stores the count. Returns it, or 0 when it could not be kept. */
uint32_t esp32_marks_count_start(esp32_marks_t *marks);

/* As sm_hal's marks_load and marks_store. Both numbers are one NVS entry, which is written as a whole or not at all. */
int esp32_marks_load(esp32_marks_t *marks, sm_marks_t *out);
int esp32_marks_store(esp32_marks_t *marks, const sm_marks_t *in);

#endif
