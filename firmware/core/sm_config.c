#include "sm_config.h"

#include "smilec_config.h"

#if SMILEC_ENGINE != SM_ENGINE_COIN
#include "model.h"
#endif

#if SMILEC_LOCATOR != SM_LOCATOR_CENTER
#define DETECTOR (&smilec_detector)
#else
#define DETECTOR NULL
#endif

static const char *const labels[] = SMILEC_LABELS;

_Static_assert(sizeof(labels) / sizeof(labels[0]) == SMILEC_LABEL_COUNT,
               "SMILEC_LABELS has SMILEC_LABEL_COUNT entries");
_Static_assert(SMILEC_LABEL_COUNT >= 2 && SMILEC_LABEL_COUNT <= SM_MAX_LABELS, "2 to 16 labels");
_Static_assert(SMILEC_POSITIVE >= 0 && SMILEC_POSITIVE < SMILEC_LABEL_COUNT, "the positive label is one of the labels");
_Static_assert(SMILEC_INPUT_SIZE >= SM_MIN_INPUT_SIZE && SMILEC_INPUT_SIZE <= SM_MAX_INPUT_SIZE, "input side in range");
_Static_assert(SMILEC_BURST >= 1 && SMILEC_BURST <= SM_MAX_BURST, "burst in range");
_Static_assert(SMILEC_SLOTS_PER_SEGMENT >= SM_MIN_SLOTS && SMILEC_SLOTS_PER_SEGMENT <= SM_MAX_SLOTS, "slots in range");
_Static_assert(SMILEC_INTERVAL_MS == 0 ||
                   (SMILEC_INTERVAL_MS >= SM_MIN_INTERVAL_MS && SMILEC_INTERVAL_MS <= SM_MAX_INTERVAL_MS),
               "interval in range");
_Static_assert(SMILEC_FRAME_WIDTH >= 1 && SMILEC_FRAME_WIDTH <= SM_MAX_FRAME_SIDE, "frame width in range");
_Static_assert(SMILEC_FRAME_HEIGHT >= 1 && SMILEC_FRAME_HEIGHT <= SM_MAX_FRAME_SIDE, "frame height in range");
_Static_assert(SMILEC_LIGHT_COUNT >= 1 && SMILEC_LIGHT_COUNT <= SM_MAX_LEDS, "1 to 64 LEDs");
_Static_assert(SMILEC_BRIGHTNESS >= 1 && SMILEC_BRIGHTNESS <= SMILEC_BRIGHTNESS_MAX, "brightness in range");
_Static_assert(SMILEC_BRIGHTNESS_MAX <= 100, "brightness is per cent");
_Static_assert(sizeof(SMILEC_FIRMWARE_VERSION) <= SM_FIRMWARE_VERSION_MAX + 1, "the version fits the capture log");
_Static_assert(sizeof(SMILEC_LOCATOR_HASH) == SM_MODEL_HASH_LENGTH + 1, "16 hex digits of the detector's hash");
_Static_assert(sizeof(SMILEC_MODEL_HASH) == SM_MODEL_HASH_LENGTH + 1, "16 hex digits of the model's hash");
#if SMILEC_ENGINE != SM_ENGINE_COIN
_Static_assert(MODEL_INPUT_LENGTH == SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE, "the network takes the configured input");
_Static_assert(MODEL_OUTPUT_LENGTH == SMILEC_LABEL_COUNT, "the network has one output per label");
#endif

const sm_config_t sm_config = {
    .firmware_version = SMILEC_FIRMWARE_VERSION,
    .bot_name = SMILEC_BOT_NAME,
    .config_hash = SMILEC_CONFIG_HASH,
    .model_hash = SMILEC_MODEL_HASH,
    .labels = labels,
    .label_count = SMILEC_LABEL_COUNT,
    .positive = SMILEC_POSITIVE,
    .engine = SMILEC_ENGINE,
    .normalize = SMILEC_NORMALIZE,
    .input_size = SMILEC_INPUT_SIZE,
    .frame_width = SMILEC_FRAME_WIDTH,
    .frame_height = SMILEC_FRAME_HEIGHT,
    .locator =
        {
            .kind = SMILEC_LOCATOR,
            .x = SMILEC_LOCATOR_X,
            .y = SMILEC_LOCATOR_Y,
            .size = SMILEC_LOCATOR_SIZE,
            .threshold = SMILEC_LOCATOR_THRESHOLD,
            .model_hash = SMILEC_LOCATOR_HASH,
        },
    .threshold_margin = SMILEC_THRESHOLD_MARGIN,
    .coin_per_mille = SMILEC_COIN_PER_MILLE,
    .burst = SMILEC_BURST,
    .lights_ms = SMILEC_LIGHTS_MS,
    .debounce_ms = SMILEC_DEBOUNCE_MS,
    .slots_per_segment = SMILEC_SLOTS_PER_SEGMENT,
    .lights_kind = SMILEC_LIGHTS,
    .light_count = SMILEC_LIGHT_COUNT,
    .brightness = SMILEC_BRIGHTNESS,
    .brightness_max = SMILEC_BRIGHTNESS_MAX,
    .status_led = SMILEC_STATUS_LED != 0,
    .sensor = SMILEC_SENSOR,
    .interval_ms = SMILEC_INTERVAL_MS,
};

#if SMILEC_ENGINE != SM_ENGINE_COIN
const sm_engine_t sm_engine = {
    .init = model_init,
    .invoke = model_invoke,
    .self_test = model_self_test,
    .memory = model_memory,
    .input_length = MODEL_INPUT_LENGTH,
    .output_length = MODEL_OUTPUT_LENGTH,
    .memory_bytes = MODEL_ARENA_BYTES,
    .detector = DETECTOR,
};
#else
const sm_engine_t sm_engine = {
    .input_length = SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE,
    .detector = DETECTOR,
};
#endif
