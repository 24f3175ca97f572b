/*
 * The firmware's start on the ESP32. One task runs the bot, on the second core where there is one; the camera driver's
 * task and its interrupts stay on the first. All memory is static, or taken from PSRAM here once.
 */
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "esp32_cores.h"
#include "esp32_hal.h"
#include "esp32_pins.h"
#include "esp32_watchdog.h"
#include "sm_app.h"
#include "sm_config.h"
#include "smilec_config.h"

static const char *const TAG = "main";

/* Bytes. FatFs keeps a directory entry's long name on it; the log formats into its own memory. */
#define STACK_BYTES 12288
/* Above the idle and timer tasks, below the drivers'. */
#define TASK_PRIORITY 5
#define CANNOT_RUN_STEP_MS 10
#define CANNOT_RUN_SAY_MS 10000

static struct {
    esp32_hal_t layer; /* first: its bounce buffer is aligned with it */
    sm_hal_t hal;
    sm_app_t app;
} bot __attribute__((aligned(16)));

static int8_t input[SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE] __attribute__((aligned(16)));
static StackType_t stack[STACK_BYTES] __attribute__((aligned(16)));
static StaticTask_t task;

/* A fault that leaves nothing to run: repeats its blink code, and the reason on the serial line. */
static void cannot_run(const char *what, int error, enum sm_fault fault) {
    sm_lights_init(&bot.app.lights, &sm_config, 0);
    sm_lights_fault(&bot.app.lights, sm_app_flashes((uint32_t)fault), 0);
    for (uint32_t ms = 0;; ms = (ms + CANNOT_RUN_STEP_MS) % CANNOT_RUN_SAY_MS) {
        if (ms == 0) {
            ESP_LOGE(TAG, "%s: error %d", what, error);
        }
        sm_lights_output(&bot.app.lights, &bot.hal);
        vTaskDelay(pdMS_TO_TICKS(CANNOT_RUN_STEP_MS));
        esp32_watchdog_feed();
    }
}

/* The frames of a press, kept until they are logged. */
static sm_memory_t take_memory(void) {
    sm_memory_t memory = {
        .frames_bytes = sm_app_frames_bytes(&sm_config), .input = input, .input_bytes = sizeof(input)};
    memory.frames = heap_caps_malloc(memory.frames_bytes, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    if (memory.frames == NULL) {
        memory.frames = heap_caps_malloc(memory.frames_bytes, MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
    }
    if (memory.frames == NULL) {
        cannot_run("no memory for the frames of a press; is there PSRAM?", SM_ERR_MEMORY, SM_FAULT_MEMORY);
    }
    return memory;
}

static void start(void) {
    int result = esp32_hal_init(&bot.layer, &bot.hal);
    if (result == SM_OK) {
        result = esp32_watchdog_start();
    }
    if (result != SM_OK) {
        cannot_run("the chip refuses a pin or its watchdog", result, SM_FAULT_SETUP);
    }
    if (esp32_cores_start() != SM_OK) {
        ESP_LOGW(TAG, "the network runs on one core");
    }
    /* The core tests whether it runs, and starts it again when not. */
    (void)esp32_camera_start(&bot.layer.camera);
    /* Without the interrupt the button is polled. */
    (void)esp32_pins_watch_button(xTaskGetCurrentTaskHandle());
    result = sm_app_init(&bot.app, &bot.hal, &sm_config, &sm_engine, take_memory());
    if (result != SM_OK) {
        cannot_run("the configuration does not fit this firmware", result, SM_FAULT_SETUP);
    }
}

static void run(void *argument) {
    (void)argument;
    start();
    for (;;) {
        TickType_t ticks = pdMS_TO_TICKS(sm_app_step(&bot.app));
        esp32_watchdog_feed();
        /* Ends early at an edge of the button. At least a tick while idle, so that the idle task runs. */
        if (!sm_app_busy(&bot.app)) {
            (void)ulTaskNotifyTake(pdTRUE, ticks > 0 ? ticks : 1);
        } else if (ticks > 0) {
            (void)ulTaskNotifyTake(pdTRUE, ticks);
        }
    }
}

void app_main(void) {
    if (xTaskCreateStaticPinnedToCore(run, "smilec", sizeof(stack), NULL, TASK_PRIORITY, stack, &task,
                                      portNUM_PROCESSORS - 1) == NULL) {
        ESP_LOGE(TAG, "the task could not be made");
    }
}
