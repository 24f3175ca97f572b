#include "esp32_pins.h"

#include <stdint.h>

#include "driver/gpio.h"
#include "esp_attr.h"
#include "esp_intr_alloc.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "hal/gpio_ll.h"

#include "esp32_lights.h"
#include "esp32_press.h"
#include "sm_types.h"
#include "smilec_board.h"
#include "smilec_config.h"

static const char *const TAG = "pins";

static const int HOLD_LOW[] = SMILEC_HOLD_LOW_PINS;

/* There is one button; the interrupt and the task on the other core both use it under the lock. */
static esp32_press_t press = {.debounce_us = SMILEC_DEBOUNCE_MS * INT64_C(1000)};
static portMUX_TYPE press_lock = portMUX_INITIALIZER_UNLOCKED;

static int check(esp_err_t result, const char *action, int pin) {
    if (result == ESP_OK) {
        return SM_OK;
    }
    ESP_LOGE(TAG, "%s GPIO%d: %s", action, pin, esp_err_to_name(result));
    return SM_ERR_ARGUMENT;
}

void esp32_pins_drive(int pin, bool high) {
    if (pin >= 0) {
        (void)check(gpio_set_level((gpio_num_t)pin, high ? 1 : 0), "set", pin);
    }
}

/* The level is set before the direction, so that the pin never shows the other one. gpio_reset_pin would pull it up for
 * a moment. */
int esp32_pins_make_output(int pin, bool high, bool open_drain) {
    if (pin < 0) {
        return SM_OK;
    }
    const gpio_config_t config = {
        .pin_bit_mask = UINT64_C(1) << pin,
        .mode = open_drain ? GPIO_MODE_OUTPUT_OD : GPIO_MODE_OUTPUT,
        .pull_up_en = GPIO_PULLUP_DISABLE,
        .pull_down_en = GPIO_PULLDOWN_DISABLE,
        .intr_type = GPIO_INTR_DISABLE,
    };
    int result = check(gpio_set_level((gpio_num_t)pin, high ? 1 : 0), "set", pin);
    return result < 0 ? result : check(gpio_config(&config), "configure", pin);
}

static int make_button(void) {
    const gpio_config_t config = {
        .pin_bit_mask = UINT64_C(1) << SMILEC_PIN_BUTTON,
        .mode = GPIO_MODE_INPUT,
        .pull_up_en = GPIO_PULLUP_ENABLE,
        .pull_down_en = GPIO_PULLDOWN_DISABLE,
        .intr_type = GPIO_INTR_DISABLE,
    };
    return check(gpio_config(&config), "configure", SMILEC_PIN_BUTTON);
}

int esp32_pins_init(void) {
    int result = SM_OK;
    for (int i = 0; i < SMILEC_HOLD_LOW_COUNT && result == SM_OK; i++) {
        result = esp32_pins_make_output(HOLD_LOW[i], false, false);
    }
    if (result == SM_OK) {
        result = esp32_lights_init();
    }
    return result == SM_OK ? make_button() : result;
}

/* In internal RAM, like all it calls: the interrupt service runs it also while the flash is busy, where gpio_get_level
 * would not be there. */
static void IRAM_ATTR on_button_edge(void *task) {
    BaseType_t woken = pdFALSE;
    portENTER_CRITICAL_ISR(&press_lock);
    esp32_press_edge(&press, gpio_ll_get_level(&GPIO, SMILEC_PIN_BUTTON) == 0, esp_timer_get_time());
    portEXIT_CRITICAL_ISR(&press_lock);
    vTaskNotifyGiveFromISR((TaskHandle_t)task, &woken);
    if (woken == pdTRUE) {
        portYIELD_FROM_ISR();
    }
}

int esp32_pins_watch_button(TaskHandle_t task) {
    const gpio_num_t pin = (gpio_num_t)SMILEC_PIN_BUTTON;
    esp_err_t result = gpio_isr_handler_add(pin, on_button_edge, task);
    if (result == ESP_ERR_INVALID_STATE) {
        /* The flags of the camera driver, which shares the service. */
        result = gpio_install_isr_service(ESP_INTR_FLAG_LOWMED | ESP_INTR_FLAG_IRAM);
        if (result == ESP_OK) {
            result = gpio_isr_handler_add(pin, on_button_edge, task);
        }
    }
    if (result == ESP_OK) {
        result = gpio_set_intr_type(pin, GPIO_INTR_ANYEDGE);
    }
    if (result == ESP_OK) {
        result = gpio_intr_enable(pin);
    }
    return check(result, "watch", SMILEC_PIN_BUTTON);
}

bool esp32_pins_button_level(void) {
    return gpio_get_level((gpio_num_t)SMILEC_PIN_BUTTON) == 0;
}

bool esp32_pins_button_down(void) {
    portENTER_CRITICAL(&press_lock);
    bool down = esp32_press_level(&press, esp32_pins_button_level(), esp_timer_get_time());
    portEXIT_CRITICAL(&press_lock);
    return down;
}

void esp32_pins_hold_low(void) {
    for (int i = 0; i < SMILEC_HOLD_LOW_COUNT; i++) {
        esp32_pins_drive(HOLD_LOW[i], false);
    }
}
