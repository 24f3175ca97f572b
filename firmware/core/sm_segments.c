#include "sm_segments.h"

#include <string.h>

enum content {
    CONTENT_NONE = 0,  /* nothing was committed here */
    CONTENT_WITHDRAWN, /* the header may leave, the picture not */
    CONTENT_CAPTURE,
};

static int read_at(const sm_segments_t *segments, const sm_log_t *log, uint32_t offset, uint8_t *data, uint32_t bytes) {
    return log->hal->file_read(log->hal->context, segments->file, offset, data, bytes);
}

void sm_segments_leave(sm_segments_t *segments, const sm_log_t *log) {
    if (segments->open && !segments->borrowed) {
        log->hal->file_close(log->hal->context, segments->file);
    }
    segments->open = false;
    segments->judged = false;
}

/* The log's own file is used where it is the same: no file system likes one that is open twice. */
static int open_file(sm_segments_t *segments, const sm_log_t *log) {
    if (!log->mounted) {
        return SM_ERR_NO_CARD;
    }
    segments->borrowed = log->file >= 0 && log->segment == segments->number;
    if (segments->borrowed) {
        segments->file = log->file;
    } else {
        char name[SM_NAME_MAX];
        sm_log_segment_name(segments->number, name);
        segments->file = log->hal->file_open(log->hal->context, name);
    }
    segments->open = segments->file >= 0;
    return segments->open ? SM_OK : segments->file;
}

static int read_head(sm_segments_t *segments, const sm_log_t *log, uint8_t *scratch) {
    int error = read_at(segments, log, 0, scratch, SM_LOG_HEAD_BYTES);
    if (error == SM_OK) {
        error = sm_log_get_head(scratch, &segments->head, &segments->geometry);
    }
    bool own = segments->head.segment == segments->number && segments->head.device_id == log->hal->device_id;
    return error == SM_OK && !own ? SM_ERR_CORRUPT : error;
}

int sm_segments_begin(sm_segments_t *segments, const sm_log_t *log, uint32_t number, uint8_t *scratch) {
    sm_segments_leave(segments, log);
    if (number == 0 || number > SM_LOG_MAX_SEGMENT) {
        return SM_ERR_ARGUMENT;
    }
    segments->number = number;
    int error = open_file(segments, log);
    if (error == SM_OK) {
        error = read_head(segments, log, scratch);
    }
    if (error != SM_OK) {
        sm_segments_leave(segments, log);
    }
    segments->epoch = segments->head.epoch;
    return error;
}

/* Opens the segment again after it was left. Another card may have one of the same number. */
static int resume(sm_segments_t *segments, const sm_log_t *log, uint8_t *scratch) {
    int error = segments->open ? SM_OK : open_file(segments, log);
    if (error == SM_OK && !segments->judged) {
        error = read_head(segments, log, scratch);
    }
    return error == SM_OK && segments->head.epoch != segments->epoch ? SM_ERR_NOT_FOUND : error;
}

/* What may leave of a slot; `scratch` is one block. */
static int judge(sm_segments_t *segments, const sm_log_t *log, uint32_t slot, uint8_t *scratch) {
    sm_log_header_t header;
    uint32_t offset = sm_log_slot_offset(segments->geometry, slot);
    int error = read_at(segments, log, offset, scratch, SM_LOG_HEADER_BYTES);
    if (error != SM_OK) {
        return error;
    }
    segments->content = CONTENT_NONE;
    if (sm_log_get_header(scratch, &header) == SM_OK && !header.is_head && header.segment == segments->number &&
        header.epoch == segments->head.epoch && header.device_id == segments->head.device_id &&
        header.payload_bytes == segments->geometry.slot_bytes - SM_LOG_HEADER_BYTES) {
        error = read_at(segments, log, offset + SM_LOG_HEADER_BYTES, scratch, SM_BLOCK);
        segments->content = scratch[SM_LOG_WITHDRAWN_OFFSET] == '0' ? CONTENT_CAPTURE : CONTENT_WITHDRAWN;
    }
    segments->slot = slot;
    segments->judged = error == SM_OK;
    return error;
}

static int read_block(sm_segments_t *segments, const sm_log_t *log, uint32_t offset, uint8_t *block) {
    if (offset < SM_LOG_HEAD_BYTES) {
        return read_at(segments, log, offset, block, SM_BLOCK);
    }
    uint32_t slot = (offset - SM_LOG_HEAD_BYTES) / segments->geometry.slot_bytes;
    bool header = offset == sm_log_slot_offset(segments->geometry, slot);
    int error = SM_OK;
    if (slot < segments->geometry.slots) {
        error = segments->judged && segments->slot == slot ? SM_OK : judge(segments, log, slot, block);
        if (error == SM_OK &&
            (segments->content == CONTENT_CAPTURE || (segments->content == CONTENT_WITHDRAWN && header))) {
            return read_at(segments, log, offset, block, SM_BLOCK);
        }
    }
    memset(block, 0, SM_BLOCK);
    return error;
}

int sm_segments_read(sm_segments_t *segments, const sm_log_t *log, uint32_t offset, uint8_t *data, uint32_t bytes) {
    int error = resume(segments, log, data);
    for (uint32_t done = 0; error == SM_OK && done < bytes; done += SM_BLOCK) {
        error = read_block(segments, log, offset + done, data + done);
    }
    return error;
}

/* ---- finding ---- */

typedef struct search {
    const sm_hal_t *hal;
    uint32_t after;
    sm_segment_file_t *found;
} search_t;

static int note_segment(void *argument, const char *name, uint32_t size) {
    search_t *search = argument;
    sm_segment_file_t *found = search->found;
    int32_t number = sm_log_segment_number(name);
    if (search->hal->button_down(search->hal->context)) {
        return SM_ERR_NO_SLOT;
    }
    bool wanted = number > 0 && (uint32_t)number > search->after;
    for (uint32_t i = 0; wanted && i < SM_SEGMENTS_BATCH; i++) {
        if (found[i].number == 0 || (uint32_t)number < found[i].number) {
            memmove(&found[i + 1u], &found[i], (SM_SEGMENTS_BATCH - 1u - i) * sizeof(*found));
            found[i] = (sm_segment_file_t){(uint32_t)number, size};
            break;
        }
    }
    return 0;
}

int sm_segments_find(const sm_log_t *log, uint32_t after, sm_segment_file_t found[SM_SEGMENTS_BATCH]) {
    search_t search = {log->hal, after, found};
    memset(found, 0, SM_SEGMENTS_BATCH * sizeof(*found));
    return log->mounted ? log->hal->card_list(log->hal->context, note_segment, &search) : SM_ERR_NO_CARD;
}
