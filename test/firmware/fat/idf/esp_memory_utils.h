#ifndef ESP_MEMORY_UTILS_H
#define ESP_MEMORY_UTILS_H

#include <stdbool.h>

/* False for the frames of a press: they lie in PSRAM. */
bool esp_ptr_dma_capable(const void *pointer);

#endif
