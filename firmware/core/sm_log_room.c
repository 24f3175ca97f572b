#include <string.h>

#include "sm_log_parts.h"

/* Names that an interrupted creation may have left behind; so many are stepped over in a row. */
#define CREATE_ATTEMPTS 8u

/* Creates a segment with the next number, which is used up also when that fails. Returns a handle or a failure. */
static int create_file(sm_log_t *log) {
    char name[SM_NAME_MAX];
    sm_log_header_t header = {
        .device_id = log->hal->device_id,
        .epoch = log->hal->random(log->hal->context),
        .segment = log->next_segment,
        .sequence = log->next_sequence,
        .boot = log->boot,
    };
    memset(log->buffer, 0, sizeof(log->buffer));
    sm_log_put_head(&header, log->geometry, log->buffer);
    sm_log_segment_name(log->next_segment, name);
    log->spare_epoch = header.epoch;
    log->next_segment++;
    return log->hal->file_create(log->hal->context, name, sm_log_segment_bytes(log->geometry), log->buffer,
                                 sizeof(log->buffer));
}

static void store_marks(const sm_log_t *log) {
    if (log->hal->marks_store != NULL) {
        sm_marks_t marks = {log->next_sequence + log->geometry.slots * 2u, log->next_segment};
        (void)log->hal->marks_store(log->hal->context, &marks);
    }
}

/* Makes a segment; its head and the empty first slot are there from the start. Leaves it closed, as the spare. */
static int create_segment(sm_log_t *log) {
    int file = SM_ERR_EXISTS;
    for (uint32_t attempt = 0; file == SM_ERR_EXISTS && attempt < CREATE_ATTEMPTS; attempt++) {
        file = log->next_segment > SM_LOG_MAX_SEGMENT ? SM_ERR_CARD_FULL : create_file(log);
    }
    if (file < 0) {
        log->full = file == SM_ERR_CARD_FULL;
        return log->full ? file : sm_log_fail(log, file == SM_ERR_EXISTS ? SM_ERR_IO : file);
    }
    log->hal->file_close(log->hal->context, file);
    log->spare = log->next_segment - 1u;
    log->spare_slots = log->geometry.slots;
    store_marks(log);
    return SM_OK;
}

/* Makes the spare segment the current one. */
static int start_spare(sm_log_t *log) {
    int file = sm_log_open(log, log->spare);
    if (file < 0) {
        return sm_log_fail(log, file);
    }
    sm_log_leave(log);
    log->file = file;
    log->segment = log->spare;
    log->epoch = log->spare_epoch;
    log->slots = log->spare_slots;
    log->next_slot = 0;
    log->spare = 0;
    return SM_OK;
}

bool sm_log_has_work(const sm_log_t *log) {
    uint32_t low = log->geometry.slots / 4u;
    return log->mounted && !log->full && log->spare == 0 &&
           sm_log_free_slots(log) <= (low < 2u * log->burst ? 2u * log->burst : low);
}

int sm_log_idle(sm_log_t *log) {
    if (!sm_log_has_work(log)) {
        return 0;
    }
    int error = create_segment(log);
    return error == SM_OK ? 1 : error;
}

int sm_log_begin(sm_log_t *log, uint32_t count) {
    if (!log->mounted) {
        return SM_ERR_NO_CARD;
    }
    if (count > log->burst) {
        return SM_ERR_ARGUMENT;
    }
    int error = SM_OK;
    if (sm_log_free_slots(log) < count) {
        if (log->spare == 0) {
            error = log->full ? SM_ERR_CARD_FULL : create_segment(log);
        }
        if (error == SM_OK) {
            error = start_spare(log);
        }
    }
    return error;
}
