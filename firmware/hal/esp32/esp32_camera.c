#include "esp32_camera.h"

#include <inttypes.h>

#include "driver/gpio.h"
#include "esp_camera.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "esp32_settle.h"
#include "esp32_watchdog.h"
#include "smilec_board.h"
#include "smilec_config.h"

static const char *const TAG = "camera";

#define XCLK_HZ 20000000
#define START_ATTEMPTS 3
#define POWER_OFF_MS 200
/* Longest wait for one frame; at 20 MHz the slowest sensors give 12 frames a second. */
#define FRAME_WAIT_US INT64_C(1000000)
#define SETTLE_WAIT_US INT64_C(2000000)
#define POLL_MS 2

/* What the sensor says of the light; in its own units, 0: unknown. */
typedef struct light {
    uint32_t exposure;
    uint32_t gain;
} light_t;

static void pause_ms(uint32_t ms) {
    TickType_t ticks = pdMS_TO_TICKS(ms);
    vTaskDelay(ticks > 0 ? ticks : 1);
    esp32_watchdog_feed();
}

static framesize_t frame_size(uint16_t width, uint16_t height) {
    for (int size = 0; size < FRAMESIZE_INVALID; size++) {
        if (resolution[size].width == width && resolution[size].height == height) {
            return (framesize_t)size;
        }
    }
    return FRAMESIZE_INVALID;
}

static camera_config_t camera_configuration(void) {
    bool psram = heap_caps_get_total_size(MALLOC_CAP_SPIRAM) > 0;
    if (!psram) {
        ESP_LOGW(TAG, "no PSRAM: one frame buffer in internal memory");
    }
    return (camera_config_t){
        .pin_pwdn = SMILEC_PIN_PWDN,
        .pin_reset = SMILEC_PIN_RESET,
        .pin_xclk = SMILEC_PIN_XCLK,
        .pin_sccb_sda = SMILEC_PIN_SIOD,
        .pin_sccb_scl = SMILEC_PIN_SIOC,
        .pin_d7 = SMILEC_PIN_D7,
        .pin_d6 = SMILEC_PIN_D6,
        .pin_d5 = SMILEC_PIN_D5,
        .pin_d4 = SMILEC_PIN_D4,
        .pin_d3 = SMILEC_PIN_D3,
        .pin_d2 = SMILEC_PIN_D2,
        .pin_d1 = SMILEC_PIN_D1,
        .pin_d0 = SMILEC_PIN_D0,
        .pin_vsync = SMILEC_PIN_VSYNC,
        .pin_href = SMILEC_PIN_HREF,
        .pin_pclk = SMILEC_PIN_PCLK,
        .xclk_freq_hz = XCLK_HZ,
        .ledc_timer = LEDC_TIMER_0,
        .ledc_channel = LEDC_CHANNEL_0,
        .pixel_format = PIXFORMAT_GRAYSCALE,
        .frame_size = frame_size(SMILEC_FRAME_WIDTH, SMILEC_FRAME_HEIGHT),
        .jpeg_quality = 0,
        .fb_count = psram ? 2 : 1,
        .fb_location = psram ? CAMERA_FB_IN_PSRAM : CAMERA_FB_IN_DRAM,
        .grab_mode = psram ? CAMERA_GRAB_LATEST : CAMERA_GRAB_WHEN_EMPTY,
    };
}

static uint32_t read_register(sensor_t *sensor, int address, int mask) {
    int value = sensor->get_reg == NULL ? 0 : sensor->get_reg(sensor, address, mask);
    return value < 0 ? 0 : (uint32_t)value;
}

/* OV2640 datasheet, table 13 (sensor bank, 0x100 in the driver's addresses): AEC[15:10] 0x45, AEC[9:2] 0x10, AEC[1:0]
 * 0x04; GAIN 0x00. */
static light_t light_ov2640(sensor_t *sensor) {
    uint32_t exposure = read_register(sensor, 0x145, 0x3f) << 10;
    exposure |= read_register(sensor, 0x110, 0xff) << 2;
    exposure |= read_register(sensor, 0x104, 0x03);
    return (light_t){.exposure = exposure, .gain = read_register(sensor, 0x100, 0xff)};
}

/* OV3660 and OV5640 datasheets, AEC/AGC control: exposure 0x3500[3:0], 0x3501, 0x3502[7:4] in lines; real gain
 * 0x350a[1:0], 0x350b in 1/16. */
static light_t light_ov3660(sensor_t *sensor) {
    uint32_t exposure = read_register(sensor, 0x3500, 0x0f) << 12;
    exposure |= read_register(sensor, 0x3501, 0xff) << 4;
    exposure |= read_register(sensor, 0x3502, 0xf0) >> 4;
    uint32_t gain = read_register(sensor, 0x350a, 0x03) << 8 | read_register(sensor, 0x350b, 0xff);
    return (light_t){.exposure = exposure, .gain = gain};
}

static light_t read_light(sensor_t *sensor) {
    switch (sensor->id.PID) {
    case OV2640_PID:
        return light_ov2640(sensor);
    case OV3660_PID:
    case OV5640_PID:
        return light_ov3660(sensor);
    default:
        return (light_t){0};
    }
}

/* The older sensors' product id is one byte, to which the version is added: 0x2642. */
static uint16_t sensor_id(const sensor_t *sensor) {
    uint16_t product = sensor->id.PID;
    return product > 0xff ? product : (uint16_t)(product << 8 | sensor->id.VER);
}

static uint16_t sensor_status(const sensor_t *sensor) {
    unsigned status = sensor->status.aec ? SM_SENSOR_AUTO_EXPOSURE : 0;
    status |= sensor->status.agc ? SM_SENSOR_AUTO_GAIN : 0;
    status |= sensor->status.hmirror ? SM_SENSOR_MIRROR : 0;
    status |= sensor->status.vflip ? SM_SENSOR_FLIP : 0;
    return (uint16_t)status;
}

/*
 * The driver ignores that some sensors (GC2145, GC032A) have no grey format. They do have YUV 4:2:2, of which the
 * driver, set up for grey, keeps every first byte: the brightness.
 */
static int choose_format(sensor_t *sensor) {
    if (sensor->set_pixformat(sensor, PIXFORMAT_GRAYSCALE) != 0 &&
        sensor->set_pixformat(sensor, PIXFORMAT_YUV422) != 0) {
        ESP_LOGE(TAG, "sensor 0x%04x gives no grey pictures", (unsigned)sensor_id(sensor));
        return SM_ERR_CAMERA;
    }
    /* Mounted upside down on its module (esp32-camera, examples). */
    if (sensor->id.PID == OV3660_PID && sensor->set_vflip(sensor, 1) != 0) {
        ESP_LOGW(TAG, "the picture could not be turned");
    }
    return SM_OK;
}

/* The latest frame that began after `after_us`; frames of another size are dropped. NULL when none came in time. */
static camera_fb_t *next_picture(int64_t after_us, int64_t wait_us) {
    int64_t deadline = esp_timer_get_time() + wait_us;
    while (esp_timer_get_time() < deadline) {
        /* esp_camera_fb_get alone would wait for 4 s. */
        if (!esp_camera_available_frames()) {
            pause_ms(POLL_MS);
            continue;
        }
        camera_fb_t *picture = esp_camera_fb_get();
        if (picture == NULL) {
            return NULL;
        }
        int64_t began_us = (int64_t)picture->timestamp.tv_sec * 1000000 + picture->timestamp.tv_usec;
        bool whole = picture->width == SMILEC_FRAME_WIDTH && picture->height == SMILEC_FRAME_HEIGHT &&
                     picture->len == (size_t)SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT;
        if (whole && began_us > after_us) {
            return picture;
        }
        esp_camera_fb_return(picture);
    }
    return NULL;
}

static int wait_until_settled(esp32_camera_t *camera, sensor_t *sensor) {
    esp32_settle_t settle = {0};
    int64_t deadline = esp_timer_get_time() + SETTLE_WAIT_US;
    bool settled = false;
    while (!settled && esp_timer_get_time() < deadline) {
        camera_fb_t *picture = next_picture(camera->asked_us, FRAME_WAIT_US);
        if (picture == NULL) {
            ESP_LOGE(TAG, "no frame of %dx%d in %d ms", SMILEC_FRAME_WIDTH, SMILEC_FRAME_HEIGHT,
                     (int)(FRAME_WAIT_US / 1000));
            return SM_ERR_CAMERA;
        }
        light_t light = read_light(sensor);
        esp_camera_fb_return(picture);
        settled = esp32_settle_step(&settle, light.exposure, light.gain);
    }
    ESP_LOGI(TAG, "sensor 0x%04x, %u frames until the light was steady%s, exposure %" PRIu32 ", gain %" PRIu32,
             (unsigned)sensor_id(sensor), (unsigned)settle.frames, settled ? "" : " (not yet)", settle.exposure,
             settle.gain);
    return SM_OK;
}

static void stop(esp32_camera_t *camera) {
    if (camera->running) {
        esp_err_t result = esp_camera_deinit();
        if (result != ESP_OK) {
            ESP_LOGW(TAG, "stop: %s", esp_err_to_name(result));
        }
    }
    camera->running = false;
}

static int start_once(esp32_camera_t *camera) {
    const camera_config_t config = camera_configuration();
    if (config.frame_size == FRAMESIZE_INVALID) {
        ESP_LOGE(TAG, "the driver has no frame size %dx%d", SMILEC_FRAME_WIDTH, SMILEC_FRAME_HEIGHT);
        return SM_ERR_ARGUMENT;
    }
    esp_err_t started = esp_camera_init(&config);
    if (started != ESP_OK) {
        ESP_LOGE(TAG, "start: %s", esp_err_to_name(started));
        return SM_ERR_CAMERA;
    }
    camera->running = true;
    sensor_t *sensor = esp_camera_sensor_get();
    int result = sensor == NULL ? SM_ERR_CAMERA : choose_format(sensor);
    if (result == SM_OK) {
        camera->asked_us = esp_timer_get_time();
        result = wait_until_settled(camera, sensor);
    }
    if (result != SM_OK) {
        stop(camera);
    }
    return result;
}

/* Takes the sensor's supply away where the board can, so that it starts from its reset state. */
static void power_cycle(void) {
    if (SMILEC_PIN_PWDN >= 0) {
        const gpio_config_t config = {
            .pin_bit_mask = UINT64_C(1) << (SMILEC_PIN_PWDN >= 0 ? SMILEC_PIN_PWDN : 0),
            .mode = GPIO_MODE_OUTPUT,
            .pull_up_en = GPIO_PULLUP_DISABLE,
            .pull_down_en = GPIO_PULLDOWN_DISABLE,
            .intr_type = GPIO_INTR_DISABLE,
        };
        esp_err_t result = gpio_config(&config);
        if (result == ESP_OK) {
            result = gpio_set_level((gpio_num_t)SMILEC_PIN_PWDN, 1);
        }
        if (result != ESP_OK) {
            ESP_LOGW(TAG, "power off: %s", esp_err_to_name(result));
        }
    }
    /* The driver's start lowers the pin again. */
    pause_ms(POWER_OFF_MS);
}

int esp32_camera_start(esp32_camera_t *camera) {
    int result = start_once(camera);
    for (int attempt = 1; attempt < START_ATTEMPTS && result == SM_ERR_CAMERA; attempt++) {
        power_cycle();
        result = start_once(camera);
    }
    return result;
}

int esp32_camera_restart(esp32_camera_t *camera) {
    stop(camera);
    power_cycle();
    camera->restarted = true;
    return start_once(camera);
}

int esp32_camera_sensor(const esp32_camera_t *camera) {
    const sensor_t *sensor = camera->running ? esp_camera_sensor_get() : NULL;
    return sensor == NULL ? SM_ERR_CAMERA : (int)sensor_id(sensor);
}

int esp32_camera_acquire(esp32_camera_t *camera, sm_frame_t *frame) {
    *frame = (sm_frame_t){0};
    sensor_t *sensor = camera->running ? esp_camera_sensor_get() : NULL;
    if (sensor == NULL) {
        return SM_ERR_CAMERA;
    }
    /* The frame that follows the last one began before that one was handed over, but after it was asked for. */
    int64_t after_us = camera->asked_us;
    camera->asked_us = esp_timer_get_time();
    camera_fb_t *picture = next_picture(after_us, FRAME_WAIT_US);
    if (picture == NULL) {
        return SM_ERR_CAMERA;
    }
    light_t light = read_light(sensor);
    *frame = (sm_frame_t){
        .pixels = picture->buf,
        .width = (uint16_t)picture->width,
        .height = (uint16_t)picture->height,
        .sensor_id = sensor_id(sensor),
        .sensor_status = (uint16_t)(sensor_status(sensor) | (camera->restarted ? SM_SENSOR_RESTARTED : 0)),
        .exposure = light.exposure,
        .gain = light.gain,
        .handle = picture,
    };
    camera->restarted = false;
    return SM_OK;
}

void esp32_camera_release(esp32_camera_t *camera, sm_frame_t *frame) {
    /* After a stop the driver has freed the frame. */
    if (camera->running && frame->handle != NULL) {
        esp_camera_fb_return((camera_fb_t *)frame->handle);
    }
    frame->handle = NULL;
    frame->pixels = NULL;
}
