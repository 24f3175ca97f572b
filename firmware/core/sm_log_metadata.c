/* Capture metadata: a PGM header whose comment lines are the keys. */
#include <string.h>

#include "sm_log_entry.h"
#include "sm_log_format.h"

static const sm_log_entry_t entries[] = SM_LOG_KEY_ENTRIES;

static void set_number(sm_log_value_t *value, int64_t number) {
    value->numbers[0] = number;
    value->count = 1;
}

static void set_numbers(sm_log_value_t *value, const uint32_t *numbers, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        value->numbers[i] = numbers[i];
    }
    value->count = count;
}

static void set_outputs(sm_log_value_t *value, const sm_capture_t *capture) {
    value->count = capture->output_count < SM_MAX_LABELS ? capture->output_count : SM_MAX_LABELS;
    for (unsigned i = 0; i < value->count; i++) {
        value->numbers[i] = capture->outputs[i];
    }
}

static void set_stages(sm_log_value_t *value, const sm_capture_t *capture) {
    const uint32_t stages[] = {capture->acquire_us, capture->locate_us,  capture->preprocess_us,
                               capture->invoke_us,  capture->latency_us, capture->log_us};
    set_numbers(value, stages, 6);
}

/* In the order of the specification: no-smile, smile, nobody. */
static unsigned decision(const sm_capture_t *capture) {
    if (capture->faces == 0) {
        return 2;
    }
    return capture->smile ? 1 : 0;
}

/* No default: the compiler says when a key has no value. */
static void set_value(sm_log_value_t *value, const sm_capture_t *capture, enum sm_log_key key) {
    const sm_config_t *config = capture->config;
    const sm_log_header_t *header = &capture->header;
    const uint32_t burst[] = {capture->burst_index, capture->burst_count};
    const uint32_t center[] = {config->locator.x, config->locator.y, config->locator.size};
    const uint32_t box[] = {capture->box.x, capture->box.y, capture->box.width, capture->box.height};
    switch (key) {
    case SM_LOG_KEY_SMILEC_CAPTURE:
        set_number(value, SM_LOG_VERSION);
        break;
    case SM_LOG_KEY_WITHDRAWN:
        set_number(value, 0);
        break;
    case SM_LOG_KEY_BURST:
        set_numbers(value, burst, 2);
        break;
    case SM_LOG_KEY_DEVICE:
        set_number(value, header->device_id);
        break;
    case SM_LOG_KEY_EPOCH:
        set_number(value, header->epoch);
        break;
    case SM_LOG_KEY_SEGMENT:
        set_number(value, header->segment);
        break;
    case SM_LOG_KEY_SLOT:
        set_number(value, capture->slot);
        break;
    case SM_LOG_KEY_SEQUENCE:
        set_number(value, header->sequence);
        break;
    case SM_LOG_KEY_BOOT:
        set_number(value, header->boot);
        break;
    case SM_LOG_KEY_UPTIME_MS:
        set_number(value, (int64_t)capture->uptime_ms);
        break;
    case SM_LOG_KEY_PRESS:
        set_number(value, capture->press);
        break;
    case SM_LOG_KEY_PRESS_MS:
        set_number(value, capture->press_ms);
        break;
    case SM_LOG_KEY_FIRMWARE:
        value->text = config->firmware_version;
        break;
    case SM_LOG_KEY_CONFIG:
        set_number(value, config->config_hash);
        break;
    case SM_LOG_KEY_MODEL:
        value->text = config->model_hash;
        break;
    case SM_LOG_KEY_ENGINE:
        set_number(value, config->engine - SM_ENGINE_AOT);
        break;
    case SM_LOG_KEY_INPUT_SIZE:
        set_number(value, config->input_size);
        break;
    case SM_LOG_KEY_NORMALIZE:
        set_number(value, config->normalize);
        break;
    case SM_LOG_KEY_LOCATOR:
        set_number(value, config->locator.kind - SM_LOCATOR_CENTER);
        break;
    case SM_LOG_KEY_LOCATOR_MODEL:
        value->text = config->locator.model_hash;
        break;
    case SM_LOG_KEY_LOCATOR_THRESHOLD:
        set_number(value, config->locator.threshold);
        break;
    case SM_LOG_KEY_CENTER:
        set_numbers(value, center, 3);
        break;
    case SM_LOG_KEY_BOX:
        set_numbers(value, box, 4);
        break;
    case SM_LOG_KEY_CONFIDENCE:
        set_number(value, capture->confidence);
        break;
    case SM_LOG_KEY_INPUT_CRC:
        set_number(value, capture->input_crc);
        break;
    case SM_LOG_KEY_OUTPUTS:
        set_outputs(value, capture);
        break;
    case SM_LOG_KEY_POSITIVE:
        set_number(value, config->positive);
        break;
    case SM_LOG_KEY_MARGIN:
        set_number(value, capture->margin);
        break;
    case SM_LOG_KEY_FACES:
        set_number(value, capture->faces);
        break;
    case SM_LOG_KEY_SUM:
        set_number(value, capture->sum);
        break;
    case SM_LOG_KEY_THRESHOLD:
        set_number(value, capture->threshold);
        break;
    case SM_LOG_KEY_DECISION:
        set_number(value, decision(capture));
        break;
    case SM_LOG_KEY_SENSOR:
        set_number(value, capture->sensor_id);
        break;
    case SM_LOG_KEY_SENSOR_STATUS:
        set_number(value, capture->sensor_status);
        break;
    case SM_LOG_KEY_EXPOSURE:
        set_number(value, capture->exposure);
        break;
    case SM_LOG_KEY_GAIN:
        set_number(value, capture->gain);
        break;
    case SM_LOG_KEY_RESET:
        set_number(value, capture->reset_reason);
        break;
    case SM_LOG_KEY_FREE_MEMORY:
        set_number(value, capture->free_memory);
        break;
    case SM_LOG_KEY_STAGE_US:
        set_stages(value, capture);
        break;
    case SM_LOG_KEY_COUNT:
        break;
    }
}

/* Fills up to `target` bytes with comment lines of dots; the last may be shorter, never a lone byte. */
static void put_fill(sm_text_t *text, size_t target) {
    while (text->length < target) {
        size_t left = target - text->length;
        size_t line = left <= SM_LOG_FILL_LINE_BYTES        ? left
                      : left == SM_LOG_FILL_LINE_BYTES + 1u ? SM_LOG_FILL_LINE_BYTES - 1u
                                                            : SM_LOG_FILL_LINE_BYTES;
        sm_text_char(text, '#');
        for (size_t i = 2; i < line; i++) {
            sm_text_char(text, '.');
        }
        sm_text_char(text, '\n');
    }
}

int sm_log_put_metadata(const sm_capture_t *capture, uint8_t *metadata) {
    char size_line[24];
    sm_text_t tail = {size_line, 0, sizeof(size_line), false};
    sm_text_unsigned(&tail, capture->width, 1);
    sm_text_char(&tail, ' ');
    sm_text_unsigned(&tail, capture->height, 1);
    sm_text_string(&tail, "\n255\n");
    sm_text_t text = {(char *)metadata, 0, SM_LOG_METADATA_BYTES - tail.length, false};
    sm_text_string(&text, "P5\n");
    for (unsigned key = 0; key < SM_LOG_KEY_COUNT; key++) {
        sm_log_value_t value = {{0}, 0, ""};
        set_value(&value, capture, (enum sm_log_key)key);
        sm_text_string(&text, "# ");
        sm_log_put_entry(&text, &entries[key], &value);
        sm_text_char(&text, '\n');
    }
    size_t left = text.capacity - text.length;
    if (text.overflow || left == 1) {
        return SM_ERR_ARGUMENT;
    }
    put_fill(&text, text.capacity);
    memcpy(metadata + text.length, size_line, tail.length);
    return SM_OK;
}

/* The keys before the burst have a fixed length, except for what the withdrawn mark's digit may have become. */
int sm_log_get_burst(const uint8_t *metadata, uint32_t bytes, uint32_t *index, uint32_t *count) {
    sm_cursor_t cursor = {(const char *)metadata, (const char *)metadata + bytes, false};
    sm_take_string(&cursor, "P5\n# ");
    sm_log_take_key(&cursor, &entries[SM_LOG_KEY_SMILEC_CAPTURE]);
    cursor.failed |= sm_take_unsigned(&cursor) != SM_LOG_VERSION;
    sm_take_string(&cursor, "\n# ");
    sm_log_take_key(&cursor, &entries[SM_LOG_KEY_WITHDRAWN]);
    cursor.at += cursor.failed || cursor.at == cursor.end ? 0 : 1;
    sm_take_string(&cursor, "\n# ");
    sm_log_take_key(&cursor, &entries[SM_LOG_KEY_BURST]);
    *index = sm_take_unsigned(&cursor);
    sm_take_string(&cursor, "/");
    *count = sm_take_unsigned(&cursor);
    return cursor.failed || *index == 0 || *index > *count || *count > SM_MAX_BURST ? SM_ERR_CORRUPT : SM_OK;
}

/* sm_log_get_burst reads them in this order. */
_Static_assert(SM_LOG_KEY_SMILEC_CAPTURE == 0 && SM_LOG_KEY_WITHDRAWN == 1 && SM_LOG_KEY_BURST == 2,
               "the metadata begins with other keys");
/* Words are written by their numbers. */
_Static_assert(SM_ENGINE_TFLM == SM_ENGINE_AOT + 1 && SM_ENGINE_COIN == SM_ENGINE_AOT + 2, "engines are in other order");
_Static_assert(SM_NORMALIZE_NONE == 0 && SM_NORMALIZE_STANDARDIZE == 1, "normalizations are in other order");
