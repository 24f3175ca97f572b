/*
 * The camera: grey frames through espressif/esp32-camera.
 *
 * Two frame buffers in PSRAM and CAMERA_GRAB_LATEST keep the newest frame ready while the camera runs on; without PSRAM
 * there is one buffer in internal RAM. The driver allocates when it starts and frees when it stops; starting again
 * after a fault takes the same sizes again. Nothing is allocated per frame.
 */
#ifndef ESP32_CAMERA_H
#define ESP32_CAMERA_H

#include <stdbool.h>
#include <stdint.h>

#include "sm_hal.h"

/* Starts as all zeros. */
typedef struct esp32_camera {
    bool running;
    bool restarted; /* the next frame is the first one after a restart */
    int64_t asked_us; /* when the last acquire was called, esp_timer time */
} esp32_camera_t;

/*
 * Switches the camera on, tries up to three times, and waits until its exposure has settled (0.3 to 2 s). SM_ERR_CAMERA
 * when there is no camera, or none that gives grey pictures of SMILEC_FRAME_WIDTH x SMILEC_FRAME_HEIGHT.
 */
int esp32_camera_start(esp32_camera_t *camera);

/* As sm_hal's camera_acquire, camera_release, camera_restart and camera_sensor. */
int esp32_camera_acquire(esp32_camera_t *camera, sm_frame_t *frame);
void esp32_camera_release(esp32_camera_t *camera, sm_frame_t *frame);
int esp32_camera_restart(esp32_camera_t *camera);
int esp32_camera_sensor(const esp32_camera_t *camera);

#endif
