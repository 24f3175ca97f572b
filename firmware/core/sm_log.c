#include "sm_log.h"

#include <string.h>

#include "sm_crc32.h"

/* Names that an interrupted creation may have left behind; so many are stepped over in a row. */
#define CREATE_ATTEMPTS 8u
/* After so many failed appends in one segment it is left alone. */
#define MAX_FAILURES 2u

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

/* Closes the current segment's file without forgetting where the log stands. */
static void leave_segment(sm_log_t *log) {
    if (log->file >= 0) {
        log->hal->file_close(log->hal->context, log->file);
        log->file = -1;
    }
}

void sm_log_close(sm_log_t *log) {
    leave_segment(log);
    log->mounted = false;
}

/* After a failure nothing is known about the open file any more. */
static int fail(sm_log_t *log, int error) {
    sm_log_close(log);
    return error;
}

/* ---- block access ---- */

static int read_at(const sm_log_t *log, int file, uint32_t offset, uint8_t *data, uint32_t bytes) {
    return log->hal->file_read(log->hal->context, file, offset, data, bytes);
}

static int write_at(const sm_log_t *log, int file, uint32_t offset, const uint8_t *data, uint32_t bytes) {
    return log->hal->file_write(log->hal->context, file, offset, data, bytes);
}

static int open_segment(const sm_log_t *log, uint32_t segment) {
    char name[SM_NAME_MAX];
    sm_log_segment_name(segment, name);
    return log->hal->file_open(log->hal->context, name);
}

static uint32_t payload_bytes(const sm_log_t *log) {
    return log->geometry.slot_bytes - SM_LOG_HEADER_BYTES;
}

/* ---- recovery ---- */

/* A segment being looked at by a mount. */
typedef struct segment_view {
    int file;
    uint32_t number;
    sm_log_header_t head;
    sm_log_geometry_t geometry; /* slots: those that the file holds */
    bool whole;                 /* the file is as long as its head says */
} segment_view_t;

enum slot_state {
    SLOT_FREE = 0, /* zeros, or what the blocks held before the segment was made */
    SLOT_COMMITTED = 1,
    SLOT_UNREADABLE = 2, /* counts as occupied: a capture that cannot be read now must not be overwritten */
};

/* What a slot holds, judged by its header: an enum slot_state or a card failure. */
static int slot_state(sm_log_t *log, const segment_view_t *view, uint32_t slot, sm_log_header_t *header) {
    int error = read_at(log, view->file, sm_log_slot_offset(view->geometry, slot), log->buffer, SM_LOG_HEADER_BYTES);
    if (error != SM_OK) {
        log->unseen = true;
        return error == SM_ERR_IO ? SLOT_UNREADABLE : error;
    }
    bool committed = sm_log_get_header(log->buffer, header) == SM_OK && !header->is_head &&
                     header->epoch == view->head.epoch && header->segment == view->number &&
                     header->device_id == view->head.device_id &&
                     header->payload_bytes == view->geometry.slot_bytes - SM_LOG_HEADER_BYTES;
    return committed ? SLOT_COMMITTED : SLOT_FREE;
}

/* First free slot at or behind `low`, given that everything before `low` is occupied; bisection. */
static int bisect_end(sm_log_t *log, const segment_view_t *view, uint32_t low, uint32_t *end) {
    sm_log_header_t header;
    uint32_t high = view->geometry.slots;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        int state = slot_state(log, view, middle, &header);
        if (state < 0) {
            return state;
        }
        if (state == SLOT_FREE) {
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
static int find_end(sm_log_t *log, const segment_view_t *view, uint32_t *end) {
    sm_log_header_t header;
    int error = bisect_end(log, view, 0, end);
    uint32_t step = 1;
    while (error == SM_OK && *end + step < view->geometry.slots) {
        int state = slot_state(log, view, *end + step, &header);
        if (state < 0) {
            return state;
        }
        if (state == SLOT_COMMITTED) {
            error = bisect_end(log, view, *end + step + 1u, end);
            step = 1;
        } else {
            step = step < 4u ? step + 1u : step * 2u;
        }
    }
    return error;
}

/* The header behind the last capture was zeroed before that one was committed; if it is not zero now, it is a damaged
 * capture: step over it. */
static int skip_damaged(sm_log_t *log, const segment_view_t *view, uint32_t *end) {
    sm_log_header_t header;
    if (*end == 0 || *end == view->geometry.slots) {
        return SM_OK;
    }
    int error = read_at(log, view->file, sm_log_slot_offset(view->geometry, *end), log->buffer, SM_LOG_HEADER_BYTES);
    if (error == SM_OK && sm_log_get_header(log->buffer, &header) != SM_ERR_NOT_FOUND) {
        *end += 1u;
    }
    return error == SM_ERR_IO ? SM_OK : error;
}

/* The last capture before `end` whose header can be read: 1 and its slot and header, 0 when there is none, or a card
 * failure. */
static int find_last(sm_log_t *log, const segment_view_t *view, uint32_t end, uint32_t *slot, sm_log_header_t *header) {
    for (uint32_t behind = end; behind > 0; behind--) {
        int state = slot_state(log, view, behind - 1u, header);
        if (state < 0 || state == SLOT_COMMITTED) {
            *slot = behind - 1u;
            return state;
        }
    }
    return 0;
}

/* Remembers the captures of the burst that the segment's last capture belongs to, for sm_log_withdraw. */
static int find_last_press(sm_log_t *log, const segment_view_t *view, uint32_t slot) {
    uint32_t index = 1;
    uint32_t count = 0;
    uint32_t offset = sm_log_slot_offset(view->geometry, slot) + SM_LOG_HEADER_BYTES;
    int error = read_at(log, view->file, offset, log->buffer, SM_BLOCK);
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
static bool can_continue(const sm_log_t *log, const segment_view_t *view) {
    return view->whole && view->head.device_id == log->hal->device_id &&
           view->geometry.slot_bytes == log->geometry.slot_bytes &&
           !(view->number == log->failing_segment && log->failures >= MAX_FAILURES);
}

/* What is shorter than its head says has lost its end: its slots are looked at as far as they go. */
static void measure(segment_view_t *view, uint32_t size) {
    view->whole = size >= sm_log_segment_bytes(view->geometry);
    if (!view->whole) {
        view->geometry.slots = (size - SM_LOG_HEAD_BYTES) / view->geometry.slot_bytes;
    }
}

/* `size` is at least SM_LOG_HEAD_BYTES. */
static int open_view(sm_log_t *log, uint32_t number, uint32_t size, segment_view_t *view) {
    view->number = number;
    view->file = open_segment(log, number);
    if (view->file < 0) {
        return view->file;
    }
    int error = read_at(log, view->file, 0, log->buffer, SM_LOG_HEAD_BYTES);
    if (error == SM_OK) {
        error = sm_log_get_head(log->buffer, &view->head, &view->geometry);
    }
    if (error == SM_OK && view->head.segment != number) {
        error = SM_ERR_CORRUPT;
    }
    if (error != SM_OK) {
        log->hal->file_close(log->hal->context, view->file);
        return error;
    }
    measure(view, size);
    return SM_OK;
}

/* Learns from the last capture of a segment, if it has one. Returns 1 when it has, 0 when not, or a card failure. */
static int examine_last(sm_log_t *log, const segment_view_t *view, uint32_t end, uint32_t *last_boot) {
    sm_log_header_t last;
    uint32_t slot = 0;
    int found = find_last(log, view, end, &slot, &last);
    if (found == SLOT_COMMITTED) {
        learn(log, &last, last.sequence + 1u, last_boot);
        int error = last.device_id == log->hal->device_id ? find_last_press(log, view, slot) : SM_OK;
        return error == SM_OK ? found : error;
    }
    return found;
}

/* Keeps an open segment as the one to write on in, or notes it as the spare when it is empty. Returns whether it was
 * kept open. */
static bool adopt(sm_log_t *log, const segment_view_t *view, uint32_t end) {
    if (!can_continue(log, view)) {
        return false;
    }
    if (end == 0) {
        log->spare = view->number;
        log->spare_epoch = view->head.epoch;
        log->spare_slots = view->geometry.slots;
        return false;
    }
    if (view->geometry.slots - end < log->burst) {
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
    segment_view_t view;
    uint32_t end = 0;
    int error = open_view(log, number, size, &view);
    if (error != SM_OK) {
        log->unseen = true;
        return only_this_file(error) ? 0 : error;
    }
    learn(log, &view.head, view.head.sequence, last_boot);
    error = find_end(log, &view, &end);
    if (error == SM_OK) {
        error = skip_damaged(log, &view, &end);
    }
    int found = error == SM_OK ? examine_last(log, &view, end, last_boot) : error;
    if (found < 0 || !adopt(log, &view, end)) {
        log->hal->file_close(log->hal->context, view.file);
    }
    if (only_this_file(found)) {
        log->unseen = true;
        return 0;
    }
    return found < 0 ? found : end > 0;
}

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
    leave_segment(log);
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
        return fail(log, error);
    }
    /* Lost marks cost at most repeated numbers, told apart by epoch: not worth refusing to log. */
    (void)apply_marks(log, candidates.highest);
    if (log->boot == 0) {
        log->boot = last_boot + 1u;
    }
    log->mounted = true;
    return SM_OK;
}

/* ---- looking ---- */

/* Sequences of the first and last capture before `end`. */
static int describe_slots(sm_log_t *log, const segment_view_t *view, sm_log_contents_t *contents) {
    sm_log_header_t header = {0};
    uint32_t slot = 0;
    int found = find_last(log, view, contents->used, &slot, &header);
    if (found != SLOT_COMMITTED) {
        return found;
    }
    contents->last_sequence = header.sequence;
    for (uint32_t first = 0; first <= slot; first++) {
        found = slot_state(log, view, first, &header);
        if (found < 0 || found == SLOT_COMMITTED) {
            break;
        }
    }
    contents->first_sequence = header.sequence;
    return found;
}

int sm_log_describe(sm_log_t *log, uint32_t segment, uint32_t bytes, sm_log_contents_t *contents) {
    segment_view_t view = {.file = log->file, .number = segment};
    bool current = log->file >= 0 && log->segment == segment;
    memset(contents, 0, sizeof(*contents));
    if (!log->mounted) {
        return SM_ERR_NO_CARD;
    }
    /* What has no room for a head was left by a power cut. */
    if (bytes < SM_LOG_HEAD_BYTES) {
        return SM_ERR_CORRUPT;
    }
    int error = SM_OK;
    if (current) {
        error = read_at(log, view.file, 0, log->buffer, SM_LOG_HEAD_BYTES);
        error = error == SM_OK ? sm_log_get_head(log->buffer, &view.head, &view.geometry) : error;
        contents->used = log->next_slot;
    } else {
        error = open_view(log, segment, bytes, &view);
        if (error != SM_OK) {
            return error;
        }
        error = view.head.device_id == log->hal->device_id ? find_end(log, &view, &contents->used) : SM_ERR_CORRUPT;
    }
    if (error == SM_OK) {
        error = describe_slots(log, &view, contents);
    }
    if (!current) {
        log->hal->file_close(log->hal->context, view.file);
    }
    contents->segment = segment;
    contents->epoch = view.head.epoch;
    contents->geometry = view.geometry;
    return error < 0 ? error : SM_OK;
}

/* ---- segments ---- */

/* Creates a segment with the next unused number; its head and the empty first slot are there from the start. Leaves it
 * closed, as the spare. */
static int create_segment(sm_log_t *log) {
    int file = SM_ERR_EXISTS;
    for (uint32_t attempt = 0; file == SM_ERR_EXISTS && attempt < CREATE_ATTEMPTS; attempt++) {
        if (log->next_segment > SM_LOG_MAX_SEGMENT) {
            file = SM_ERR_CARD_FULL;
            break;
        }
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
        file = log->hal->file_create(log->hal->context, name, sm_log_segment_bytes(log->geometry), log->buffer,
                                     sizeof(log->buffer));
        log->spare_epoch = header.epoch;
        log->next_segment++;
    }
    if (file < 0) {
        log->full = file == SM_ERR_CARD_FULL;
        return log->full ? file : fail(log, file == SM_ERR_EXISTS ? SM_ERR_IO : file);
    }
    log->hal->file_close(log->hal->context, file);
    log->spare = log->next_segment - 1u;
    log->spare_slots = log->geometry.slots;
    if (log->hal->marks_store != NULL) {
        sm_marks_t marks = {log->next_sequence + log->geometry.slots * 2u, log->next_segment};
        (void)log->hal->marks_store(log->hal->context, &marks);
    }
    return SM_OK;
}

static uint32_t free_slots(const sm_log_t *log) {
    return log->file < 0 ? 0 : log->slots - log->next_slot;
}

/* Makes the spare segment the current one. */
static int start_spare(sm_log_t *log) {
    int file = open_segment(log, log->spare);
    if (file < 0) {
        return fail(log, file);
    }
    leave_segment(log);
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
           free_slots(log) <= (low < 2u * log->burst ? 2u * log->burst : low);
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
    if (free_slots(log) < count) {
        if (log->spare == 0) {
            error = log->full ? SM_ERR_CARD_FULL : create_segment(log);
        }
        if (error == SM_OK) {
            error = start_spare(log);
        }
    }
    return error;
}

/* ---- testing the card ---- */

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
    int error = write_at(log, file, offset, log->buffer, TEST_BYTES);
    if (error == SM_OK) {
        error = log->hal->file_sync(log->hal->context, file);
    }
    memset(log->buffer, 0, TEST_BYTES);
    if (error == SM_OK) {
        error = read_at(log, file, offset, log->buffer, TEST_BYTES);
    }
    for (uint32_t i = 0; error == SM_OK && i < TEST_BYTES; i++) {
        error = log->buffer[i] == test_pattern(log, i, flip) ? SM_OK : SM_ERR_CORRUPT;
    }
    return error;
}

int sm_log_test(sm_log_t *log) {
    bool current = free_slots(log) > 0;
    if (!log->mounted) {
        return SM_ERR_NO_CARD;
    }
    if (!current && log->spare == 0) {
        return SM_ERR_NO_SLOT;
    }
    sm_log_geometry_t geometry = {current ? log->slots : log->spare_slots, log->geometry.slot_bytes};
    uint32_t offset = sm_log_slot_offset(geometry, geometry.slots - 1u) + SM_LOG_HEADER_BYTES;
    int file = current ? log->file : open_segment(log, log->spare);
    int error = file < 0 ? file : test_block(log, file, offset, 0x00);
    if (error == SM_OK) {
        error = test_block(log, file, offset, 0xff);
    }
    if (!current && file >= 0) {
        log->hal->file_close(log->hal->context, file);
    }
    return error == SM_OK ? SM_OK : fail(log, error);
}

/* ---- appending ---- */

/* Writes the rest of a payload behind the last whole block of pixels: their tail, then zeros. Continues the CRC. */
static int write_tail(sm_log_t *log, uint32_t offset, const uint8_t *tail, uint32_t tail_bytes, uint32_t bytes,
                      uint32_t *crc) {
    int error = SM_OK;
    memset(log->buffer, 0, SM_BLOCK);
    memcpy(log->buffer, tail, tail_bytes);
    for (uint32_t done = 0; error == SM_OK && done < bytes; done += SM_BLOCK) {
        *crc = sm_crc32(*crc, log->buffer, SM_BLOCK);
        error = write_at(log, log->file, offset + done, log->buffer, SM_BLOCK);
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
    error = write_at(log, log->file, offset, log->buffer, SM_LOG_METADATA_BYTES);
    offset += SM_LOG_METADATA_BYTES;
    if (error == SM_OK && whole > 0) {
        error = write_at(log, log->file, offset, pixels, whole);
    }
    uint32_t rest = payload_bytes(log) - SM_LOG_METADATA_BYTES - whole;
    return error == SM_OK ? write_tail(log, offset + whole, pixels + whole, pixel_bytes - whole, rest, crc) : error;
}

/* Some worn cards take writes and forget them: the block that makes a capture count is read back. */
static int write_header(sm_log_t *log, const sm_capture_t *capture, uint32_t offset) {
    uint8_t *back = log->buffer + SM_LOG_HEADER_BYTES;
    sm_log_put_header(&capture->header, log->buffer);
    int error = write_at(log, log->file, offset, log->buffer, SM_LOG_HEADER_BYTES);
    if (error == SM_OK) {
        error = log->hal->file_sync(log->hal->context, log->file);
    }
    if (error == SM_OK) {
        error = read_at(log, log->file, offset, back, SM_LOG_HEADER_BYTES);
    }
    return error == SM_OK && memcmp(back, log->buffer, SM_LOG_HEADER_BYTES) != 0 ? SM_ERR_IO : error;
}

/* Payload, then nothing where the next header will be, then the header: each on the card before the next is written. */
static int write_slot(sm_log_t *log, sm_capture_t *capture, const uint8_t *pixels) {
    uint32_t offset = sm_log_slot_offset(log->geometry, log->next_slot);
    int error = write_payload(log, capture, pixels, &capture->header.payload_crc);
    if (error == SM_OK) {
        memset(log->buffer, 0, SM_LOG_END_BYTES);
        error = write_at(log, log->file, offset + log->geometry.slot_bytes, log->buffer, SM_LOG_END_BYTES);
    }
    if (error == SM_OK) {
        error = log->hal->file_sync(log->hal->context, log->file);
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
    if (!log->mounted || free_slots(log) == 0) {
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
        return fail(log, error);
    }
    note_success(log, capture);
    log->append_us = (uint32_t)(log->hal->now_us(log->hal->context) - began);
    return SM_OK;
}

/* ---- withdrawing ---- */

static int mark_withdrawn(sm_log_t *log, int file, uint32_t offset) {
    int error = read_at(log, file, offset, log->buffer, SM_BLOCK);
    if (error != SM_OK) {
        return error;
    }
    log->buffer[SM_LOG_WITHDRAWN_OFFSET] = '1';
    return write_at(log, file, offset, log->buffer, SM_BLOCK);
}

int sm_log_withdraw(sm_log_t *log) {
    if (!log->mounted || log->last_count == 0) {
        return log->mounted ? SM_ERR_NOT_FOUND : SM_ERR_NO_CARD;
    }
    bool current = log->file >= 0 && log->segment == log->last_segment;
    int file = current ? log->file : open_segment(log, log->last_segment);
    int error = file < 0 ? file : SM_OK;
    for (uint32_t i = 0; error == SM_OK && i < log->last_count; i++) {
        error = mark_withdrawn(log, file, log->last_offset + i * log->last_slot_bytes + SM_LOG_HEADER_BYTES);
    }
    if (error == SM_OK) {
        error = log->hal->file_sync(log->hal->context, file);
    }
    if (!current && file >= 0) {
        log->hal->file_close(log->hal->context, file);
    }
    return error == SM_OK ? (int)log->last_count : fail(log, error);
}
