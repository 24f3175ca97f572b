#include "sm_log_parts.h"

static int mark_withdrawn(sm_log_t *log, int file, uint32_t offset) {
    int error = sm_log_read(log, file, offset, log->buffer, SM_BLOCK);
    if (error != SM_OK) {
        return error;
    }
    log->buffer[SM_LOG_WITHDRAWN_OFFSET] = '1';
    return sm_log_write(log, file, offset, log->buffer, SM_BLOCK);
}

int sm_log_withdraw(sm_log_t *log) {
    if (!log->mounted || log->last_count == 0) {
        return log->mounted ? SM_ERR_NOT_FOUND : SM_ERR_NO_CARD;
    }
    bool current = log->file >= 0 && log->segment == log->last_segment;
    int file = current ? log->file : sm_log_open(log, log->last_segment);
    int error = file < 0 ? file : SM_OK;
    for (uint32_t i = 0; error == SM_OK && i < log->last_count; i++) {
        error = mark_withdrawn(log, file, log->last_offset + i * log->last_slot_bytes + SM_LOG_HEADER_BYTES);
    }
    if (error == SM_OK) {
        error = sm_log_sync(log, file);
    }
    if (!current && file >= 0) {
        log->hal->file_close(log->hal->context, file);
    }
    return error == SM_OK ? (int)log->last_count : sm_log_fail(log, error);
}
