/*
 * What the core needs from the machine it runs on: one struct of functions, filled by a hardware abstraction layer
 * (hal/esp32, hal/host) and passed to sm_app_init(). Every function gets `context` as its first argument. All are
 * called from the one task that calls sm_app_step(); none is called from an interrupt. Functions that can fail return 0
 * (or a handle >= 0) or a negative sm_error; the core then shows a blink code and goes on.
 *
 * All function pointers are mandatory except those marked optional (NULL).
 */
#ifndef SM_HAL_H
#define SM_HAL_H

#include "sm_types.h"

/* Writes, reads and file sizes are multiples of this: an SD card's block. A block is assumed to be written as a whole
 * or not at all. */
#define SM_BLOCK 512u

/* Longest file name with terminating NUL: FAT 8.3. */
#define SM_NAME_MAX 13u

/* One 8-bit grey frame and how the sensor took it. */
typedef struct sm_frame {
    const uint8_t *pixels; /* row-major, width * height bytes, valid until camera_release */
    uint16_t width;
    uint16_t height;
    uint16_t sensor_id;     /* product id the sensor reports (0x2642: OV2640); 0: not a sensor */
    uint16_t sensor_status; /* bits of enum sm_sensor_status */
    uint32_t exposure;      /* in the sensor's own unit (OV2640: lines); 0: unknown */
    uint32_t gain;          /* in the sensor's own unit (OV2640: gain register); 0: unknown */
    void *handle;           /* the layer's own; untouched by the core */
} sm_frame_t;

/* As the capture log says it. */
enum sm_sensor_status {
    SM_SENSOR_AUTO_EXPOSURE = SM_LOG_SENSOR_STATUS_AUTO_EXPOSURE, /* exposure is automatic */
    SM_SENSOR_AUTO_GAIN = SM_LOG_SENSOR_STATUS_AUTO_GAIN,         /* gain is automatic */
    SM_SENSOR_MIRROR = SM_LOG_SENSOR_STATUS_MIRROR,               /* mirrored left to right */
    SM_SENSOR_FLIP = SM_LOG_SENSOR_STATUS_FLIP,                   /* upside down */
    /* first frame after the camera was started again: exposure may not have settled */
    SM_SENSOR_RESTARTED = SM_LOG_SENSOR_STATUS_RESTARTED,
};

/*
 * Numbers kept outside the card, so that a wiped or exchanged card does not start counting again. 0: nothing is kept.
 * Capture numbers below `sequence` and segment numbers below `segment` may have been used.
 */
typedef struct sm_marks {
    uint32_t sequence;
    uint32_t segment;
} sm_marks_t;

struct sm_report; /* sm_app.h */

typedef struct sm_hal {
    void *context;

    /* ---- facts about this start, fixed before sm_app_init ---- */
    uint32_t device_id;   /* identifies the bot: on the ESP32 the last four bytes of the factory MAC */
    uint8_t reset_reason; /* enum sm_reset */
    uint32_t boot_count;  /* starts of this bot including this one, from 1; 0: not kept, the log counts the starts that
                             captured something */

    /* ---- time, chance, memory ---- */
    /* Monotonic microseconds since the start. */
    uint64_t (*now_us)(void *context);
    /* Waits; the caller of sm_app_step() uses it too. */
    void (*sleep_ms)(void *context, uint32_t ms);
    /* 32 uniform random bits. */
    uint32_t (*random)(void *context);
    /* Free bytes of internal memory; 0: unknown. */
    uint32_t (*free_memory)(void *context);

    /* ---- button and lights ---- */
    /* Raw level, not debounced: true while the contact is closed. */
    bool (*button_down)(void *context);
    /*
     * Shows these colours, `count` of the configuration's light_count LEDs; returns before they are out, at most some
     * milliseconds later. An output that only knows on and off is on for any colour but black.
     */
    void (*set_lights)(void *context, const sm_colour_t *leds, uint32_t count);
    void (*set_status)(void *context, bool on);

    /* ---- camera ---- */
    /*
     * Gives the latest complete frame that began after the previous camera_acquire was called and that was not given
     * before, waiting at most about a second for it: the frames of a burst follow each other without a gap when the
     * core keeps up. The frame under way at a press is dropped by the core, which acquires one frame more. Every
     * acquired frame is released before the next one is acquired. SM_ERR_CAMERA: no frame came.
     */
    int (*camera_acquire)(void *context, sm_frame_t *frame);
    void (*camera_release)(void *context, sm_frame_t *frame);
    /* Switches the camera off and on again after failures. The core waits between two calls. */
    int (*camera_restart)(void *context);
    /* Optional. Product id of the sensor that was found, as in sm_frame_t, 0 where pictures come from none.
     * SM_ERR_CAMERA: the camera does not run. */
    int (*camera_sensor)(void *context);

    /* ---- card: files in the card's top folder ---- */
    /*
     * Mounts the card; never formats. Called only while button_down() is false (the button may share a line with the
     * card). May be called again after a failure or card_unmount. SM_ERR_NO_CARD, SM_ERR_FORMAT, SM_ERR_IO.
     */
    int (*card_mount)(void *context);
    /* Unmounts; open files become invalid. Harmless when not mounted. */
    void (*card_unmount)(void *context);
    /*
     * Calls visit for every file with its name (upper case, NUL-terminated, at most SM_NAME_MAX bytes; longer names are
     * left out) and size in bytes, in any order. Stops when visit returns non-zero and returns that value.
     */
    int (*card_list)(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument);
    /*
     * Creates a file of exactly `size` bytes (a multiple of SM_BLOCK), preallocated and contiguous, and opens it. Its
     * contents are whatever the blocks held before, except that the first `head_bytes` (a multiple of SM_BLOCK, at most
     * 2,048) are `head`; where the file system lets it, they reach the card before the directory shows the file's size.
     * Everything is on the card when it returns. Returns a handle >= 0, or SM_ERR_EXISTS, SM_ERR_CARD_FULL,
     * SM_ERR_NO_CARD, SM_ERR_IO; after a failure no file of that name should be left.
     */
    int (*file_create)(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes);
    /* Opens an existing file for reading and writing without changing it. Returns a handle >= 0. At most two files are
     * open at a time. */
    int (*file_open)(void *context, const char *name);
    /* Reads or writes exactly `length` bytes inside the file; offset and length are multiples of SM_BLOCK; data may lie
     * in slow or non-DMA memory. A file that the core did not make may end inside its last block, which then reads as
     * filled up with zeros. */
    int (*file_read)(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length);
    int (*file_write)(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length);
    /* Returns when everything written to the file is on the card. Writes after it reach the card after those before it.
     */
    int (*file_sync)(void *context, int file);
    void (*file_close)(void *context, int file);

    /* ---- numbers kept outside the card (NVS); both optional together ---- */
    /* Reads the marks; zeros when there are none. */
    int (*marks_load)(void *context, sm_marks_t *marks);
    /* Stores them durably. Called once per new segment, not per capture. */
    int (*marks_store)(void *context, const sm_marks_t *marks);

    /* ---- serial line to a program (docs/serial.md); both optional together ---- */
    /* Gives what has come in, at most `capacity` bytes; does not wait. Returns how many. */
    int (*serial_read)(void *context, uint8_t *data, uint32_t capacity);
    /* Takes all of the bytes (at most SM_PACKET_BYTES), to be sent in one piece, with no log text in between, or none
     * of them; does not wait. Returns `length`, or 0 when there is no room now. */
    int (*serial_write)(void *context, const uint8_t *data, uint32_t length);

    /* ---- reporting (optional): serial log or JSON lines; must return quickly ---- */
    void (*report)(void *context, const struct sm_report *report);
} sm_hal_t;

#endif
