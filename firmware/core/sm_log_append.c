#include <string.h>

#include "sm_crc32.h"
#include "sm_log_parts.h"

static uint32_t payload_bytes(const sm_log_t *log) {
    return log->geometry.slot_bytes - SM_LOG_HEADER_BYTES;
}

/* Writes the rest of a payload behind the last whole block of pixels: their tail, then zeros. Continues the CRC. */
static int write_tail(sm_log_t *log, uint32_t offset, const uint8_t *tail, uint32_t tail_bytes, uint32_t bytes,
                      uint32_t *crc) {
    int error = SM_OK;
    memset(log->buffer, 0, SM_BLOCK);
    memcpy(log->buffer, tail, tail_bytes);
    for (uint32_t done = 0; error == SM_OK && done < bytes; done += SM_BLOCK) {
        *crc = sm_crc32(*crc, log->buffer, SM_BLOCK);
        error = sm_log_write(log, log->file, offset + done, log->buffer, SM_BLOCK);
        memset(log->buffer, 0, done == 0 ? SM_BLOCK : 0);
    }
    return error;
}

/* Writes metadata, pixels and padding behind the slot's header. The CRC counts the withdrawn mark as '0', which it is
 * now. */
static int write_payload(sm_log_t *log, const sm_capture_t *capture, const uint8_t *pixels, uint32_t *crc) {
    uint32_t offset = sm_log_slot_offset(log->geometry, log->next_slot) + SM_LOG_HEADER_BYTES;
    uint32_t pixel_bytes = (uint32_t)capture->width * capture->height;
    uint32_t whole = pixel_bytes / SM_BLOCK * SM_BLOCK;
    int error = sm_log_put_metadata(capture, log->buffer);
    if (error != SM_OK) {
        return error;
    }
    *crc = sm_crc32(sm_crc32(0, log->buffer, SM_LOG_METADATA_BYTES), pixels, whole);
    error = sm_log_write(log, log->file, offset, log->buffer, SM_LOG_METADATA_BYTES);
    offset += SM_LOG_METADATA_BYTES;
    if (error == SM_OK && whole > 0) {
        error = sm_log_write(log, log->file, offset, pixels, whole);
    }
    uint32_t rest = payload_bytes(log) - SM_LOG_METADATA_BYTES - whole;
    return error == SM_OK ? write_tail(log, offset + whole, pixels + whole, pixel_bytes - whole, rest, crc) : error;
}

/* Some worn cards take writes and forget them: the block that makes a capture count is read back. */
static int write_header(sm_log_t *log, const sm_capture_t *capture, uint32_t offset) {
    uint8_t *back = log->buffer + SM_LOG_HEADER_BYTES;
    sm_log_put_header(&capture->header, log->buffer);
    int error = sm_log_write(log, log->file, offset, log->buffer, SM_LOG_HEADER_BYTES);
    if (error == SM_OK) {
        error = sm_log_sync(log, log->file);
    }
    if (error == SM_OK) {
        error = sm_log_read(log, log->file, offset, back, SM_LOG_HEADER_BYTES);
    }
    return error == SM_OK && memcmp(back, log->buffer, SM_LOG_HEADER_BYTES) != 0 ? SM_ERR_IO : error;
}

/* Payload, then nothing where the next header will be, then the header: each on the card before the next is written. */
static int write_slot(sm_log_t *log, sm_capture_t *capture, const uint8_t *pixels) {
    uint32_t offset = sm_log_slot_offset(log->geometry, log->next_slot);
    int error = write_payload(log, capture, pixels, &capture->header.payload_crc);
    if (error == SM_OK) {
        memset(log->buffer, 0, SM_LOG_END_BYTES);
        error = sm_log_write(log, log->file, offset + log->geometry.slot_bytes, log->buffer, SM_LOG_END_BYTES);
    }
    if (error == SM_OK) {
        error = sm_log_sync(log, log->file);
    }
    return error == SM_OK ? write_header(log, capture, offset) : error;
}

static void note_failure(sm_log_t *log) {
    log->failures = log->failing_segment == log->segment ? log->failures + 1u : 1u;
    log->failing_segment = log->segment;
}

static void note_success(sm_log_t *log, const sm_capture_t *capture) {
    if (capture->burst_index == 1 || log->last_count == 0 || log->last_segment != log->segment) {
        log->last_segment = log->segment;
        log->last_offset = sm_log_slot_offset(log->geometry, log->next_slot);
        log->last_slot_bytes = log->geometry.slot_bytes;
        log->last_count = 0;
    }
    log->last_count++;
    log->next_slot++;
    log->next_sequence++;
    log->failing_segment = 0;
    log->failures = 0;
}

int sm_log_append(sm_log_t *log, sm_capture_t *capture, const uint8_t *pixels) {
    uint64_t began = log->hal->now_us(log->hal->context);
    if (!log->mounted || sm_log_free_slots(log) == 0) {
        return log->mounted ? SM_ERR_NO_SLOT : SM_ERR_NO_CARD;
    }
    if (SM_LOG_HEADER_BYTES + SM_LOG_METADATA_BYTES + (uint32_t)capture->width * capture->height >
        log->geometry.slot_bytes) {
        return SM_ERR_ARGUMENT;
    }
    capture->header = (sm_log_header_t){
        .device_id = log->hal->device_id,
        .epoch = log->epoch,
        .segment = log->segment,
        .sequence = log->next_sequence,
        .boot = log->boot,
        .payload_bytes = payload_bytes(log),
    };
    capture->slot = log->next_slot;
    capture->log_us = log->append_us;
    int error = write_slot(log, capture, pixels);
    if (error == SM_ERR_ARGUMENT) {
        return error;
    }
    if (error != SM_OK) {
        /* The header may have reached the card although an error came back: the number is not given again. */
        log->next_sequence++;
        note_failure(log);
        return sm_log_fail(log, error);
    }
    note_success(log, capture);
    log->append_us = (uint32_t)(log->hal->now_us(log->hal->context) - began);
    return SM_OK;
}

/* ---- after a failure ---- */

int sm_log_holds(sm_log_t *log, const sm_capture_t *capture) {
    uint8_t *header = log->buffer + SM_LOG_HEADER_BYTES;
    if (!log->mounted || capture->header.sequence == 0) {
        return log->mounted ? 0 : SM_ERR_NO_CARD;
    }
    bool current = log->file >= 0 && log->segment == capture->header.segment;
    int file = current ? log->file : sm_log_open(log, capture->header.segment);
    uint32_t offset = sm_log_slot_offset(log->geometry, capture->slot);
    int error = file < 0 ? file : sm_log_read(log, file, offset, header, SM_LOG_HEADER_BYTES);
    if (!current && file >= 0) {
        log->hal->file_close(log->hal->context, file);
    }
    if (error == SM_ERR_IO || error == SM_ERR_NO_CARD) {
        return sm_log_fail(log, error);
    }
    /* Any other failure: there is no such file, or none that reaches so far. */
    sm_log_put_header(&capture->header, log->buffer);
    return error == SM_OK && memcmp(header, log->buffer, SM_LOG_HEADER_BYTES) == 0;
}

bool sm_log_follows(const sm_log_t *log, const sm_capture_t *capture) {
    return sm_log_free_slots(log) > 0 && log->segment == capture->header.segment &&
           log->epoch == capture->header.epoch && log->next_slot > capture->slot;
}
