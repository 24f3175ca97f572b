/*
 * smilec firmware core: results, limits, enumerations and the configuration.
 *
 * The core is portable C11: it calls no operating system, allocates nothing, and keeps no globals; whatever it needs it
 * gets as caller-owned memory and through the functions of sm_hal.h. Every call that can fail returns an int: 0 or a
 * count on success, a negative sm_error on failure.
 */
#ifndef SM_TYPES_H
#define SM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sm_log_layout.h"

/* Possible error codes: all negative, so that functions may return a count or a handle where that is useful. */
enum sm_error {
    SM_OK = 0,
    SM_ERR_ARGUMENT = -1,  /* a parameter or a configuration value is out of its range */
    SM_ERR_CAMERA = -2,    /* the camera gave no frame */
    SM_ERR_FRAME = -3,     /* the camera gave a frame larger than the configuration's, or an empty one */
    SM_ERR_MODEL = -4,     /* the network could not be set up or run */
    SM_ERR_SELF_TEST = -5, /* the network ran, but the golden input gave another output than recorded */
    SM_ERR_NO_CARD = -6,   /* no card, or it was taken out */
    SM_ERR_CARD_FULL = -7, /* no contiguous room for another segment, or segment numbers are used up */
    SM_ERR_IO = -8,        /* a read, write or sync failed */
    SM_ERR_NOT_FOUND = -9, /* no such file, or nothing to act on */
    SM_ERR_EXISTS = -10,   /* the file to create is there already */
    SM_ERR_FORMAT = -11,   /* the card has no FAT file system (exFAT, none) */
    SM_ERR_CORRUPT = -12,  /* stored data does not have the form that was written */
    SM_ERR_MEMORY = -13,   /* the caller's memory is too small */
    SM_ERR_NO_SLOT = -14,  /* the current segment is full and there is no next one yet */
};

/* How grey values become int8 (docs/preprocessing.md, "Normalize"). */
#define SM_NORMALIZE_NONE 0
#define SM_NORMALIZE_STANDARDIZE 1

/* What computes the outputs. Macros, since generated headers and #if use them. */
#define SM_ENGINE_AOT 1  /* generated C */
#define SM_ENGINE_TFLM 2 /* TensorFlow Lite Micro */
#define SM_ENGINE_COIN 3 /* no network yet: decides by chance and logs everything */

/* Why the chip started, as the capture log says it. */
enum sm_reset {
    SM_RESET_UNKNOWN = SM_LOG_RESET_UNKNOWN,
    SM_RESET_POWER_ON = SM_LOG_RESET_POWER_ON,
    SM_RESET_EXTERNAL = SM_LOG_RESET_EXTERNAL,
    SM_RESET_SOFTWARE = SM_LOG_RESET_SOFTWARE,
    SM_RESET_PANIC = SM_LOG_RESET_PANIC,
    SM_RESET_WATCHDOG = SM_LOG_RESET_WATCHDOG,
    SM_RESET_BROWNOUT = SM_LOG_RESET_BROWNOUT,
    SM_RESET_DEEP_SLEEP = SM_LOG_RESET_DEEP_SLEEP,
};

/* What the lights are. Macros, as above. */
#define SM_LIGHTS_GPIO 1   /* an output, on or off */
#define SM_LIGHTS_WS2812 2 /* a strip or ring of addressable LEDs */

/* Limits; those that captures tell of are the capture log's. */
#define SM_MAX_LABELS SM_LOG_MAX_LABELS
#define SM_MAX_LEDS 64
#define SM_MAX_CONFIDENCE 1000
#define SM_MAX_CANDIDATES 16
#define SM_MAX_BURST SM_LOG_MAX_BURST
#define SM_MIN_INPUT_SIZE SM_LOG_MIN_INPUT_SIZE
#define SM_MAX_INPUT_SIZE SM_LOG_MAX_INPUT_SIZE
#define SM_MAX_FRAME_SIDE SM_LOG_MAX_FRAME_SIDE
#define SM_MIN_SLOTS 4
#define SM_MAX_SLOTS SM_LOG_MAX_SLOTS
#define SM_MIN_INTERVAL_MS 1000
#define SM_MAX_INTERVAL_MS 86400000
#define SM_FIRMWARE_VERSION_MAX SM_LOG_FIRMWARE_VERSION_MAX
#define SM_MODEL_HASH_LENGTH SM_LOG_MODEL_HASH_LENGTH

/* A rectangle of a frame in pixels; x, y is the top left corner. */
typedef struct sm_box {
    uint16_t x;
    uint16_t y;
    uint16_t width;
    uint16_t height;
} sm_box_t;

/* What an addressable LED shows; 255: its channel's full current. */
typedef struct sm_colour {
    uint8_t red;
    uint8_t green;
    uint8_t blue;
} sm_colour_t;

/* How the face is looked for (docs/preprocessing.md, "Locate"). Macros, as above. */
#define SM_LOCATOR_CENTER 1  /* a square around a fixed point */
#define SM_LOCATOR_CLASSIC 2 /* a boosted cascade */
#define SM_LOCATOR_NEURAL 3  /* a fully convolutional network */

typedef struct sm_locator {
    uint8_t kind;           /* SM_LOCATOR_* */
    uint16_t x;             /* of the square: thousandths of the frame's width, 0 to 1000 */
    uint16_t y;             /* thousandths of the frame's height, 0 to 1000 */
    uint16_t size;          /* thousandths of the frame's shorter side, 1 to 1000 */
    uint16_t threshold;     /* confidence from which a face counts, 1 to 1000; 0 for SM_LOCATOR_CENTER */
    const char *model_hash; /* SM_MODEL_HASH_LENGTH digits of the detector's; all 0 for SM_LOCATOR_CENTER */
} sm_locator_t;

/* Everything that varies between bots. sm_config.c fills the one instance from generated/smilec_config.h; tests make
 * their own. */
typedef struct sm_config {
    const char *firmware_version; /* printable ASCII without spaces, 1 to SM_FIRMWARE_VERSION_MAX characters */
    const char *bot_name;
    uint32_t config_hash;      /* identifies the effective configuration */
    const char *model_hash;    /* SM_MODEL_HASH_LENGTH lower-case hex digits; all 0 without a network */
    const char *const *labels; /* label_count UTF-8 strings */
    uint8_t label_count;       /* 2 to SM_MAX_LABELS */
    uint8_t positive;          /* index of the label that turns the lights on */
    uint8_t engine;            /* SM_ENGINE_* */
    uint8_t normalize;         /* SM_NORMALIZE_* */
    uint16_t input_size;  /* side of the network's square input in pixels, SM_MIN_INPUT_SIZE to SM_MAX_INPUT_SIZE */
    uint16_t frame_width; /* largest frame, pixels, 1 to SM_MAX_FRAME_SIDE */
    uint16_t frame_height;
    sm_locator_t locator;
    int16_t threshold_margin;   /* per frame, -256 to 255; smile: sum of margins >= threshold_margin * frames */
    uint16_t coin_per_mille;    /* SM_ENGINE_COIN: probability of lights, 0 to 1000 */
    uint8_t burst;              /* frames per press, 1 to SM_MAX_BURST */
    uint32_t lights_ms;         /* how long the lights stay on after a smile, milliseconds */
    uint32_t debounce_ms;       /* how long the button must be steady, milliseconds, 1 to 200 */
    uint16_t slots_per_segment; /* captures per segment file, SM_MIN_SLOTS to SM_MAX_SLOTS */
    uint8_t lights_kind;        /* SM_LIGHTS_* */
    uint8_t light_count;        /* LEDs of a strip, 1 to SM_MAX_LEDS; 1 with SM_LIGHTS_GPIO */
    uint8_t brightness;         /* of a strip, per cent of the LEDs' full current, 1 to brightness_max */
    uint8_t brightness_max;     /* what the strip's supply stands, per cent, 1 to 100 */
    bool status_led;            /* there is one; without it a strip shows what it would */
    uint16_t sensor;            /* product id of the camera that comes with the board (0x2642: OV2640); 0: any */
    uint32_t interval_ms;       /* a picture without a press so long after the last one; 0: never, else up to a day */
} sm_config_t;

/* A square of a frame that a detector takes for a face. */
typedef struct sm_candidate {
    sm_box_t box;        /* inside the frame, width == height >= 1 */
    uint16_t confidence; /* 0 to SM_MAX_CONFIDENCE, monotone in the detector's own score */
} sm_candidate_t;

/* Finds faces. */
typedef struct sm_detector {
    int (*init)(void); /* 0 or negative; idempotent */
    /* Writes the most confident candidates, best first, and returns their count, or a negative sm_error. Pixels are
     * rows of `width`, 1 to SM_MAX_FRAME_SIDE each way. Not reentrant. */
    int (*candidates)(const uint8_t *pixels, uint16_t width, uint16_t height, sm_candidate_t out[SM_MAX_CANDIDATES]);
    int (*self_test)(void);  /* 0 if the embedded golden frame gives the recorded candidates */
    int8_t *(*memory)(void); /* as an engine's */
    uint32_t memory_bytes;
    uint16_t spread; /* how much less confident than the surest candidate another may be and still count */
} sm_detector_t;

/*
 * The network. input_length is input_size * input_size bytes; output_length is label_count bytes.
 * SM_ENGINE_COIN has no functions (all NULL) and output_length and memory_bytes 0.
 */
typedef struct sm_engine {
    int (*init)(void);                                  /* 0 or negative; idempotent */
    int (*invoke)(const int8_t *input, int8_t *output); /* 0 or negative; not reentrant */
    int (*self_test)(void);                             /* 0 if the embedded golden input gives the recorded output */
    int8_t *(*memory)(void); /* its working memory of memory_bytes, in which nothing is kept before init */
    uint32_t input_length;
    uint32_t output_length;
    uint32_t memory_bytes;         /* 0: it needs none */
    const sm_detector_t *detector; /* looks for the face first; NULL with SM_LOCATOR_CENTER */
} sm_engine_t;

#endif
