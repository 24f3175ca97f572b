/*
 * Formats captures with sm_log_format.c. The first argument is a file of records: two words (firmware version, model
 * hash) and decimal numbers, in the order read below. For each, the second file gets the metadata (1,024 bytes), the
 * header (512) and a segment head (1,024), each followed by what parsing it again gave: one byte, 1 when everything was
 * equal.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sm_log_format.h"

static int failed;

static long long number(FILE *file) {
    long long value = 0;
    failed |= fscanf(file, "%lld", &value) != 1;
    return value;
}

static uint32_t number32(FILE *file) {
    return (uint32_t)number(file);
}

static void read_header(FILE *file, sm_log_header_t *header) {
    header->device_id = number32(file);
    header->epoch = number32(file);
    header->segment = number32(file);
    header->sequence = number32(file);
    header->boot = number32(file);
    header->payload_bytes = number32(file);
    header->payload_crc = number32(file);
}

static void read_config(FILE *file, sm_config_t *config) {
    config->config_hash = number32(file);
    config->engine = (uint8_t)number(file);
    config->normalize = (uint8_t)number(file);
    config->input_size = (uint16_t)number(file);
    config->locator.kind = (uint8_t)number(file);
    config->locator.threshold = (uint16_t)number(file);
    config->locator.x = (uint16_t)number(file);
    config->locator.y = (uint16_t)number(file);
    config->locator.size = (uint16_t)number(file);
    config->positive = (uint8_t)number(file);
}

static void read_capture(FILE *file, sm_capture_t *capture) {
    capture->slot = number32(file);
    capture->uptime_ms = (uint64_t)number(file);
    capture->press = number32(file);
    capture->press_ms = number32(file);
    capture->burst_index = (uint8_t)number(file);
    capture->burst_count = (uint8_t)number(file);
    capture->width = (uint16_t)number(file);
    capture->height = (uint16_t)number(file);
    capture->box.x = (uint16_t)number(file);
    capture->box.y = (uint16_t)number(file);
    capture->box.width = (uint16_t)number(file);
    capture->box.height = (uint16_t)number(file);
    capture->confidence = (uint16_t)number(file);
    capture->input_crc = number32(file);
    capture->output_count = (uint8_t)number(file);
    for (unsigned i = 0; i < SM_MAX_LABELS; i++) {
        capture->outputs[i] = (int8_t)number(file);
    }
    capture->margin = (int16_t)number(file);
    capture->faces = (uint8_t)number(file);
    capture->sum = (int32_t)number(file);
    capture->threshold = (int32_t)number(file);
    capture->smile = number(file) != 0;
    capture->sensor_id = (uint16_t)number(file);
    capture->sensor_status = (uint16_t)number(file);
    capture->exposure = number32(file);
    capture->gain = number32(file);
    capture->reset_reason = (uint8_t)number(file);
    capture->free_memory = number32(file);
    capture->acquire_us = number32(file);
    capture->locate_us = number32(file);
    capture->preprocess_us = number32(file);
    capture->invoke_us = number32(file);
    capture->latency_us = number32(file);
    capture->log_us = number32(file);
}

static int same(const sm_log_header_t *a, const sm_log_header_t *b) {
    return a->device_id == b->device_id && a->epoch == b->epoch && a->segment == b->segment &&
           a->sequence == b->sequence && a->boot == b->boot && a->payload_bytes == b->payload_bytes &&
           a->payload_crc == b->payload_crc && a->is_head == b->is_head;
}

static void write_all(FILE *out, const sm_capture_t *capture, sm_log_geometry_t geometry) {
    uint8_t block[SM_LOG_METADATA_BYTES];
    uint32_t index = 0;
    uint32_t count = 0;
    sm_log_header_t parsed;
    sm_log_geometry_t parsed_geometry;
    failed |= sm_log_put_metadata(capture, block) != SM_OK;
    failed |= fwrite(block, 1, sizeof(block), out) != sizeof(block);
    int equal = sm_log_get_burst(block, SM_BLOCK, &index, &count) == SM_OK && index == capture->burst_index &&
                count == capture->burst_count;
    failed |= putc(equal, out) == EOF;
    sm_log_put_header(&capture->header, block);
    failed |= fwrite(block, 1, SM_LOG_HEADER_BYTES, out) != SM_LOG_HEADER_BYTES;
    failed |= putc(sm_log_get_header(block, &parsed) == SM_OK && same(&parsed, &capture->header), out) == EOF;
    sm_log_put_head(&capture->header, geometry, block);
    failed |= fwrite(block, 1, SM_LOG_HEAD_BYTES, out) != SM_LOG_HEAD_BYTES;
    equal = sm_log_get_head(block, &parsed, &parsed_geometry) == SM_OK && parsed.is_head &&
            parsed.sequence == capture->header.sequence && parsed_geometry.slots == geometry.slots &&
            parsed_geometry.slot_bytes == geometry.slot_bytes;
    failed |= putc(equal, out) == EOF;
}

int main(int count, char **arguments) {
    FILE *in = count == 3 ? fopen(arguments[1], "r") : NULL;
    FILE *out = count == 3 ? fopen(arguments[2], "wb") : NULL;
    char firmware[32];
    char model[32];
    char locator[32];
    if (in == NULL || out == NULL) {
        return 1;
    }
    while (!failed && fscanf(in, "%31s %31s %31s", firmware, model, locator) == 3) {
        sm_config_t config;
        sm_capture_t capture;
        memset(&config, 0, sizeof(config));
        memset(&capture, 0, sizeof(capture));
        config.firmware_version = firmware;
        config.model_hash = model;
        config.locator.model_hash = locator;
        capture.config = &config;
        read_header(in, &capture.header);
        read_config(in, &config);
        read_capture(in, &capture);
        sm_log_geometry_t geometry = {.slots = number32(in)};
        geometry.slot_bytes = sm_log_slot_bytes(capture.width, capture.height);
        write_all(out, &capture, geometry);
    }
    return failed || fclose(in) != 0 || fclose(out) != 0;
}
