#include "esp32_watchdog.h"

#include <stddef.h>

#include "esp_log.h"
#include "esp_task_wdt.h"
#include "freertos/FreeRTOS.h"

#include "sm_types.h"

static const char *const TAG = "watchdog";

int esp32_watchdog_start(void) {
    const esp_task_wdt_config_t config = {
        .timeout_ms = ESP32_WATCHDOG_MS,
        .idle_core_mask = (1u << portNUM_PROCESSORS) - 1u,
        .trigger_panic = true,
    };
    /* The start-up code has set it up unless the project's sdkconfig says otherwise. */
    esp_err_t result = esp_task_wdt_reconfigure(&config);
    if (result == ESP_ERR_INVALID_STATE) {
        result = esp_task_wdt_init(&config);
    }
    if (result == ESP_OK) {
        result = esp_task_wdt_add(NULL);
    }
    if (result == ESP_OK) {
        return SM_OK;
    }
    ESP_LOGE(TAG, "start: %s", esp_err_to_name(result));
    return SM_ERR_ARGUMENT;
}

void esp32_watchdog_feed(void) {
    /* ESP_ERR_NOT_FOUND, the one failure: the task is not watched. */
    (void)esp_task_wdt_reset();
}
