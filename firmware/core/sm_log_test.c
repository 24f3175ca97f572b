#include <string.h>

#include "sm_log_parts.h"

#define TEST_BYTES SM_LOG_METADATA_BYTES

/* Differs from bot to bot, start to start and byte to byte; `flip` inverts it. */
static uint8_t test_pattern(const sm_log_t *log, uint32_t place, uint8_t flip) {
    uint32_t seed = log->hal->device_id ^ log->boot * 0x9e3779b1u ^ log->next_sequence * 0x85ebca6bu;
    return (uint8_t)(((seed + place) * 2654435761u) >> 24) ^ flip;
}

static int test_block(sm_log_t *log, int file, uint32_t offset, uint8_t flip) {
    for (uint32_t i = 0; i < TEST_BYTES; i++) {
        log->buffer[i] = test_pattern(log, i, flip);
    }
    int error = sm_log_write(log, file, offset, log->buffer, TEST_BYTES);
    if (error == SM_OK) {
        error = sm_log_sync(log, file);
    }
    memset(log->buffer, 0, TEST_BYTES);
    if (error == SM_OK) {
        error = sm_log_read(log, file, offset, log->buffer, TEST_BYTES);
    }
    for (uint32_t i = 0; error == SM_OK && i < TEST_BYTES; i++) {
        error = log->buffer[i] == test_pattern(log, i, flip) ? SM_OK : SM_ERR_CORRUPT;
    }
    return error;
}

int sm_log_test(sm_log_t *log) {
    bool current = sm_log_free_slots(log) > 0;
    if (!log->mounted) {
        return SM_ERR_NO_CARD;
    }
    if (!current && log->spare == 0) {
        return SM_ERR_NO_SLOT;
    }
    sm_log_geometry_t geometry = {current ? log->slots : log->spare_slots, log->geometry.slot_bytes};
    uint32_t offset = sm_log_slot_offset(geometry, geometry.slots - 1u) + SM_LOG_HEADER_BYTES;
    int file = current ? log->file : sm_log_open(log, log->spare);
    int error = file < 0 ? file : test_block(log, file, offset, 0x00);
    if (error == SM_OK) {
        error = test_block(log, file, offset, 0xff);
    }
    if (!current && file >= 0) {
        log->hal->file_close(log->hal->context, file);
    }
    return error == SM_OK ? SM_OK : sm_log_fail(log, error);
}
