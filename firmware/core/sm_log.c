#include <string.h>

#include "sm_log_parts.h"

int sm_log_init(sm_log_t *log, const sm_hal_t *hal, uint32_t width, uint32_t height, uint32_t slots, uint32_t burst) {
    memset(log, 0, sizeof(*log));
    log->hal = hal;
    log->burst = burst;
    log->geometry.slots = slots < burst ? burst : slots;
    log->geometry.slot_bytes = sm_log_slot_bytes(width, height);
    log->file = -1;
    log->boot = hal->boot_count;
    log->next_segment = 1;
    log->next_sequence = 1;
    return sm_log_segment_bytes(log->geometry) == 0 ? SM_ERR_ARGUMENT : SM_OK;
}

void sm_log_leave(sm_log_t *log) {
    if (log->file >= 0) {
        log->hal->file_close(log->hal->context, log->file);
        log->file = -1;
    }
}

void sm_log_close(sm_log_t *log) {
    sm_log_leave(log);
    log->mounted = false;
}

int sm_log_fail(sm_log_t *log, int error) {
    sm_log_close(log);
    return error;
}

int sm_log_read(const sm_log_t *log, int file, uint32_t offset, uint8_t *data, uint32_t bytes) {
    return log->hal->file_read(log->hal->context, file, offset, data, bytes);
}

int sm_log_write(const sm_log_t *log, int file, uint32_t offset, const uint8_t *data, uint32_t bytes) {
    return log->hal->file_write(log->hal->context, file, offset, data, bytes);
}

int sm_log_sync(const sm_log_t *log, int file) {
    return log->hal->file_sync(log->hal->context, file);
}

int sm_log_open(const sm_log_t *log, uint32_t segment) {
    char name[SM_NAME_MAX];
    sm_log_segment_name(segment, name);
    return log->hal->file_open(log->hal->context, name);
}

uint32_t sm_log_free_slots(const sm_log_t *log) {
    return log->file < 0 ? 0 : log->slots - log->next_slot;
}
