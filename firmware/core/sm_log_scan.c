#include <string.h>

#include "sm_log_parts.h"

/* What is shorter than its head says has lost its end: its slots are looked at as far as they go. */
static void measure(sm_log_view_t *view, uint32_t size) {
    view->whole = size >= sm_log_segment_bytes(view->geometry);
    if (!view->whole) {
        view->geometry.slots = (size - SM_LOG_HEAD_BYTES) / view->geometry.slot_bytes;
    }
}

int sm_log_view_open(sm_log_t *log, uint32_t number, uint32_t size, sm_log_view_t *view) {
    view->number = number;
    view->file = sm_log_open(log, number);
    if (view->file < 0) {
        return view->file;
    }
    int error = sm_log_read(log, view->file, 0, log->buffer, SM_LOG_HEAD_BYTES);
    if (error == SM_OK) {
        error = sm_log_get_head(log->buffer, &view->head, &view->geometry);
    }
    if (error == SM_OK && view->head.segment != number) {
        error = SM_ERR_CORRUPT;
    }
    if (error != SM_OK) {
        sm_log_view_close(log, view);
        return error;
    }
    measure(view, size);
    return SM_OK;
}

void sm_log_view_close(const sm_log_t *log, const sm_log_view_t *view) {
    log->hal->file_close(log->hal->context, view->file);
}

int sm_log_slot_state(sm_log_t *log, const sm_log_view_t *view, uint32_t slot, sm_log_header_t *header) {
    uint32_t offset = sm_log_slot_offset(view->geometry, slot);
    int error = sm_log_read(log, view->file, offset, log->buffer, SM_LOG_HEADER_BYTES);
    if (error != SM_OK) {
        log->unseen = true;
        return error == SM_ERR_IO ? SM_LOG_SLOT_UNREADABLE : error;
    }
    bool committed = sm_log_get_header(log->buffer, header) == SM_OK && !header->is_head &&
                     header->epoch == view->head.epoch && header->segment == view->number &&
                     header->device_id == view->head.device_id &&
                     header->payload_bytes == view->geometry.slot_bytes - SM_LOG_HEADER_BYTES;
    return committed ? SM_LOG_SLOT_COMMITTED : SM_LOG_SLOT_FREE;
}

/* First free slot at or behind `low`, given that everything before `low` is occupied; bisection. */
static int bisect_end(sm_log_t *log, const sm_log_view_t *view, uint32_t low, uint32_t *end) {
    sm_log_header_t header;
    uint32_t high = view->geometry.slots;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        int state = sm_log_slot_state(log, view, middle, &header);
        if (state < 0) {
            return state;
        }
        if (state == SM_LOG_SLOT_FREE) {
            high = middle;
        } else {
            low = middle + 1u;
        }
    }
    *end = low;
    return SM_OK;
}

/*
 * Bisection relies on captures without a gap; a damaged header would break that, and writing on from there would
 * destroy what follows. So the slots behind the end are probed, the next four and then at doubling distances.
 */
int sm_log_find_end(sm_log_t *log, const sm_log_view_t *view, uint32_t *end) {
    sm_log_header_t header;
    int error = bisect_end(log, view, 0, end);
    uint32_t step = 1;
    while (error == SM_OK && *end + step < view->geometry.slots) {
        int state = sm_log_slot_state(log, view, *end + step, &header);
        if (state < 0) {
            return state;
        }
        if (state == SM_LOG_SLOT_COMMITTED) {
            error = bisect_end(log, view, *end + step + 1u, end);
            step = 1;
        } else {
            step = step < 4u ? step + 1u : step * 2u;
        }
    }
    return error;
}

int sm_log_find_last(sm_log_t *log, const sm_log_view_t *view, uint32_t end, uint32_t *slot, sm_log_header_t *header) {
    for (uint32_t behind = end; behind > 0; behind--) {
        int state = sm_log_slot_state(log, view, behind - 1u, header);
        if (state < 0 || state == SM_LOG_SLOT_COMMITTED) {
            *slot = behind - 1u;
            return state;
        }
    }
    return 0;
}

/* ---- describing ---- */

/* Sequences of the first and last capture before `end`. */
static int describe_slots(sm_log_t *log, const sm_log_view_t *view, sm_log_contents_t *contents) {
    sm_log_header_t header = {0};
    uint32_t slot = 0;
    int found = sm_log_find_last(log, view, contents->used, &slot, &header);
    if (found != SM_LOG_SLOT_COMMITTED) {
        return found;
    }
    contents->last_sequence = header.sequence;
    for (uint32_t first = 0; first <= slot; first++) {
        found = sm_log_slot_state(log, view, first, &header);
        if (found < 0 || found == SM_LOG_SLOT_COMMITTED) {
            break;
        }
    }
    contents->first_sequence = header.sequence;
    return found;
}

/* The current segment as it is in use: its file stays the log's. */
static int view_current(sm_log_t *log, sm_log_view_t *view, uint32_t *used) {
    view->file = log->file;
    view->number = log->segment;
    *used = log->next_slot;
    int error = sm_log_read(log, view->file, 0, log->buffer, SM_LOG_HEAD_BYTES);
    return error == SM_OK ? sm_log_get_head(log->buffer, &view->head, &view->geometry) : error;
}

/* Another one; after a failure nothing is open. */
static int view_other(sm_log_t *log, uint32_t segment, uint32_t bytes, sm_log_view_t *view, uint32_t *used) {
    int error = sm_log_view_open(log, segment, bytes, view);
    if (error != SM_OK) {
        return error;
    }
    error = view->head.device_id == log->hal->device_id ? sm_log_find_end(log, view, used) : SM_ERR_CORRUPT;
    if (error != SM_OK) {
        sm_log_view_close(log, view);
    }
    return error;
}

int sm_log_describe(sm_log_t *log, uint32_t segment, uint32_t bytes, sm_log_contents_t *contents) {
    sm_log_view_t view = {0};
    bool current = log->file >= 0 && log->segment == segment;
    memset(contents, 0, sizeof(*contents));
    if (!log->mounted) {
        return SM_ERR_NO_CARD;
    }
    /* What has no room for a head was left by a power cut. */
    if (bytes < SM_LOG_HEAD_BYTES) {
        return SM_ERR_CORRUPT;
    }
    int error =
        current ? view_current(log, &view, &contents->used) : view_other(log, segment, bytes, &view, &contents->used);
    if (error != SM_OK) {
        return error;
    }
    error = describe_slots(log, &view, contents);
    if (!current) {
        sm_log_view_close(log, &view);
    }
    contents->segment = segment;
    contents->epoch = view.head.epoch;
    contents->geometry = view.geometry;
    return error < 0 ? error : SM_OK;
}
