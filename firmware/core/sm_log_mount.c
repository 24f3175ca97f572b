#include <string.h>

#include "sm_log_parts.h"

/* After so many failed appends in one segment it is left alone. */
#define MAX_FAILURES 2u

/* ---- one segment ---- */

/* The header behind the last capture was zeroed before that one was committed; if it is not zero now, it is a damaged
 * capture: step over it. */
static int skip_damaged(sm_log_t *log, const sm_log_view_t *view, uint32_t *end) {
    sm_log_header_t header;
    if (*end == 0 || *end == view->geometry.slots) {
        return SM_OK;
    }
    uint32_t offset = sm_log_slot_offset(view->geometry, *end);
    int error = sm_log_read(log, view->file, offset, log->buffer, SM_LOG_HEADER_BYTES);
    if (error == SM_OK && sm_log_get_header(log->buffer, &header) != SM_ERR_NOT_FOUND) {
        *end += 1u;
    }
    return error == SM_ERR_IO ? SM_OK : error;
}

/* Remembers the captures of the burst that the segment's last capture belongs to, for sm_log_withdraw. */
static int find_last_press(sm_log_t *log, const sm_log_view_t *view, uint32_t slot) {
    uint32_t index = 1;
    uint32_t count = 0;
    uint32_t offset = sm_log_slot_offset(view->geometry, slot) + SM_LOG_HEADER_BYTES;
    int error = sm_log_read(log, view->file, offset, log->buffer, SM_BLOCK);
    if (error != SM_OK) {
        return error == SM_ERR_IO ? SM_OK : error;
    }
    if (sm_log_get_burst(log->buffer, SM_BLOCK, &index, &count) != SM_OK || index > slot + 1u) {
        index = 1;
    }
    log->last_segment = view->number;
    log->last_offset = sm_log_slot_offset(view->geometry, slot + 1u - index);
    log->last_slot_bytes = view->geometry.slot_bytes;
    log->last_count = index;
    return SM_OK;
}

static void at_least(uint32_t *value, uint32_t least) {
    if (*value < least) {
        *value = least;
    }
}

/* Takes numbers over from a head or the last capture; start numbers only when this bot wrote it. */
static void learn(sm_log_t *log, const sm_log_header_t *header, uint32_t next_sequence, uint32_t *last_boot) {
    at_least(&log->next_sequence, next_sequence);
    if (header->device_id == log->hal->device_id) {
        at_least(last_boot, header->boot);
    }
}

/* Whether this firmware may write on in a segment. */
static bool can_continue(const sm_log_t *log, const sm_log_view_t *view) {
    return view->whole && view->head.device_id == log->hal->device_id &&
           view->geometry.slot_bytes == log->geometry.slot_bytes &&
           !(view->number == log->failing_segment && log->failures >= MAX_FAILURES);
}

/* Learns from the last capture of a segment, if it has one. Returns 1 when it has, 0 when not, or a card failure. */
static int examine_last(sm_log_t *log, const sm_log_view_t *view, uint32_t end, uint32_t *last_boot) {
    sm_log_header_t last;
    uint32_t slot = 0;
    int found = sm_log_find_last(log, view, end, &slot, &last);
    if (found == SM_LOG_SLOT_COMMITTED) {
        learn(log, &last, last.sequence + 1u, last_boot);
        int error = last.device_id == log->hal->device_id ? find_last_press(log, view, slot) : SM_OK;
        return error == SM_OK ? found : error;
    }
    return found;
}

/* Keeps an open segment as the one to write on in, or notes it as the spare when it is empty. Returns whether it was
 * kept open. Room for a whole press is sm_log_begin()'s business: the rest of one may fit. */
static bool adopt(sm_log_t *log, const sm_log_view_t *view, uint32_t end) {
    if (!can_continue(log, view)) {
        return false;
    }
    if (end == 0) {
        log->spare = view->number;
        log->spare_epoch = view->head.epoch;
        log->spare_slots = view->geometry.slots;
        return false;
    }
    if (view->geometry.slots == end) {
        return false;
    }
    log->file = view->file;
    log->segment = view->number;
    log->epoch = view->head.epoch;
    log->slots = view->geometry.slots;
    log->next_slot = end;
    return true;
}

/* A failure that concerns one file only: the card goes on being used, without that file. */
static bool only_this_file(int error) {
    return error < 0 && error != SM_ERR_NO_CARD;
}

/*
 * Looks at one segment. Returns 1 when it is the newest one that holds captures, which ends the search; 0 for an empty
 * one, and for a damaged or foreign file, which is left alone; or SM_ERR_NO_CARD.
 */
static int examine(sm_log_t *log, uint32_t number, uint32_t size, uint32_t *last_boot) {
    sm_log_view_t view;
    uint32_t end = 0;
    int error = sm_log_view_open(log, number, size, &view);
    if (error != SM_OK) {
        log->unseen = true;
        return only_this_file(error) ? 0 : error;
    }
    learn(log, &view.head, view.head.sequence, last_boot);
    error = sm_log_find_end(log, &view, &end);
    if (error == SM_OK) {
        error = skip_damaged(log, &view, &end);
    }
    int found = error == SM_OK ? examine_last(log, &view, end, last_boot) : error;
    if (found < 0 || !adopt(log, &view, end)) {
        sm_log_view_close(log, &view);
    }
    if (only_this_file(found)) {
        log->unseen = true;
        return 0;
    }
    return found < 0 ? found : end > 0;
}

/* ---- all of them ---- */

/* The SM_LOG_CANDIDATES highest numbers of segments on the card, highest first, and the files' sizes; 0 for none. What
 * has no room for a head was left by a power cut: its number is taken, and nothing else. */
typedef struct candidates {
    uint32_t highest;
    uint32_t numbers[SM_LOG_CANDIDATES];
    uint32_t sizes[SM_LOG_CANDIDATES];
} candidates_t;

static int note_candidate(void *argument, const char *name, uint32_t size) {
    candidates_t *candidates = argument;
    int32_t number = sm_log_segment_number(name);
    if (number > 0 && (uint32_t)number > candidates->highest) {
        candidates->highest = (uint32_t)number;
    }
    for (uint32_t i = 0; number > 0 && size >= SM_LOG_HEAD_BYTES && i < SM_LOG_CANDIDATES; i++) {
        if ((uint32_t)number > candidates->numbers[i]) {
            size_t behind = (SM_LOG_CANDIDATES - 1u - i) * sizeof(uint32_t);
            memmove(&candidates->numbers[i + 1u], &candidates->numbers[i], behind);
            memmove(&candidates->sizes[i + 1u], &candidates->sizes[i], behind);
            candidates->numbers[i] = (uint32_t)number;
            candidates->sizes[i] = size;
            break;
        }
    }
    return 0;
}

/* Numbers kept outside the card count when this card is not the one that was written last, or could not be read as a
 * whole. */
static int apply_marks(sm_log_t *log, uint32_t highest) {
    sm_marks_t marks = {0, 0};
    log->next_segment = highest + 1u;
    int error = log->hal->marks_load == NULL ? SM_OK : log->hal->marks_load(log->hal->context, &marks);
    if (error == SM_OK && (log->unseen || marks.segment != log->next_segment)) {
        at_least(&log->next_sequence, marks.sequence);
        at_least(&log->next_segment, marks.segment);
    }
    if (log->unseen && marks.sequence == 0) {
        log->next_sequence += SM_LOG_CANDIDATES * log->geometry.slots;
    }
    return error;
}

int sm_log_mount(sm_log_t *log) {
    candidates_t candidates = {0};
    uint32_t last_boot = 0;
    sm_log_leave(log);
    log->full = false;
    log->unseen = false;
    log->spare = 0;
    log->last_count = 0;
    int error = log->hal->card_list(log->hal->context, note_candidate, &candidates);
    int found = 0;
    for (uint32_t i = 0; error == SM_OK && found == 0 && i < SM_LOG_CANDIDATES && candidates.numbers[i] != 0; i++) {
        found = examine(log, candidates.numbers[i], candidates.sizes[i], &last_boot);
        error = found < 0 ? found : SM_OK;
    }
    if (error != SM_OK) {
        return sm_log_fail(log, error);
    }
    /* Lost marks cost at most repeated numbers, told apart by epoch: not worth refusing to log. */
    (void)apply_marks(log, candidates.highest);
    if (log->boot == 0) {
        log->boot = last_boot + 1u;
    }
    log->mounted = true;
    return SM_OK;
}
