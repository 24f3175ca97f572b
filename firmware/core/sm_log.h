/*
 * Writer of the capture log (docs/capture-log.md): preallocated segment files of fixed slots, each slot committed by
 * writing its header last. After a power cut at any block the log continues behind the last committed capture; nothing
 * that was committed is lost and nothing half-written is shown.
 *
 * Nothing is ever deleted or overwritten except free slots, the block after the last capture, and the withdrawn mark.
 *
 * After any error other than SM_ERR_CARD_FULL, SM_ERR_NO_SLOT, SM_ERR_ARGUMENT and SM_ERR_NOT_FOUND the log is closed
 * and wants sm_log_mount() again.
 */
#ifndef SM_LOG_H
#define SM_LOG_H

#include "sm_hal.h"
#include "sm_log_format.h"

/* Segments with the highest numbers that a mount looks at. */
#define SM_LOG_CANDIDATES 8u

typedef struct sm_log {
    const sm_hal_t *hal;
    sm_log_geometry_t geometry; /* of segments that this firmware makes */
    uint32_t burst;             /* captures of one press; they never span two segments */

    bool mounted;
    bool full;          /* the card had no room for a segment; cleared by mounting */
    int file;           /* current segment, or -1 */
    uint32_t segment;   /* number of the current segment */
    uint32_t epoch;     /* of the current segment */
    uint32_t slots;     /* of the current segment, which an earlier firmware may have made */
    uint32_t next_slot; /* first free slot of the current segment */
    uint32_t spare;     /* number of an empty segment made in advance; 0: none */
    uint32_t spare_epoch;
    uint32_t spare_slots;
    uint32_t next_segment;  /* lowest number that was never used */
    uint32_t next_sequence; /* of the next capture */
    uint32_t boot;          /* number of this start; 0 before the first mount when nobody keeps it */
    uint32_t append_us;     /* what the last append took */

    bool unseen; /* the mount could not read something that may hold higher numbers than those it found */

    uint32_t failing_segment; /* segment in which a write failed, and how often in a row */
    uint32_t failures;

    uint32_t last_segment; /* where the last press's captures are; last_count 0: nowhere */
    uint32_t last_offset;  /* of the first one's slot */
    uint32_t last_slot_bytes;
    uint32_t last_count;

    uint8_t buffer[SM_LOG_HEAD_BYTES + SM_LOG_END_BYTES];
} sm_log_t;

/*
 * Sets up the log for frames of at most width x height pixels; `slots` captures per segment (raised to `burst` if
 * less). Touches no card. SM_ERR_ARGUMENT when a segment would not fit a FAT file.
 */
int sm_log_init(sm_log_t *log, const sm_hal_t *hal, uint32_t width, uint32_t height, uint32_t slots, uint32_t burst);

/*
 * Finds where to continue on a mounted card. Reads a few blocks, about 2 log2(slots) in each of one or two segments;
 * writes nothing. Returns the first failure of the card, else 0.
 */
int sm_log_mount(sm_log_t *log);

/* Closes the log's file, if any; the card may then be unmounted. Counters are kept. */
void sm_log_close(sm_log_t *log);

/* Work that can be done ahead while nobody waits: makes the first or the next segment. Returns 1 when it did something,
 * 0 when there is nothing to do. */
int sm_log_idle(sm_log_t *log);

/*
 * Writes a pattern to the card and reads it back, twice: into the payload of the last slot of the current or the next
 * segment, which is free and is written as a whole before it counts, so nothing of the log is touched and no power cut
 * matters. SM_ERR_NO_SLOT: there is no free slot, nothing was tested. SM_ERR_CORRUPT: the card keeps something else.
 */
int sm_log_test(sm_log_t *log);

/* Makes sure that `count` captures (at most `burst`) fit into the current segment, starting another one if need be.
 * Before the captures of a press. */
int sm_log_begin(sm_log_t *log, uint32_t count);

/*
 * Appends a capture and returns when it is on the card. Fills in the capture's header, slot and log_us; width x height
 * of the capture must not be larger than the log's. After the first of a press (burst_index 1) it is the one
 * sm_log_withdraw() acts on.
 */
int sm_log_append(sm_log_t *log, sm_capture_t *capture, const uint8_t *pixels);

/*
 * After an append that failed and another mount. Whether this capture is on the card all the same, with the header that
 * was to be written last: 1 or 0, or a failure. And whether the next one may follow it, in its segment and behind it.
 */
int sm_log_holds(sm_log_t *log, const sm_capture_t *capture);
bool sm_log_follows(const sm_log_t *log, const sm_capture_t *capture);

/* What a segment on the card holds. */
typedef struct sm_log_contents {
    uint32_t segment;
    uint32_t epoch;
    sm_log_geometry_t geometry;
    uint32_t used;           /* slots up to the last capture, damaged ones among them */
    uint32_t first_sequence; /* of the first and the last capture that can be read; 0: there is none */
    uint32_t last_sequence;
} sm_log_contents_t;

/*
 * Looks at one segment of this bot, whose file has `bytes`, as a mount does: some 2 log2(slots) blocks, opening one
 * file. SM_ERR_CORRUPT when it is none. Leaves the log as it was, also after an error.
 */
int sm_log_describe(sm_log_t *log, uint32_t segment, uint32_t bytes, sm_log_contents_t *contents);

/* Whether sm_log_idle() would make a segment now. */
bool sm_log_has_work(const sm_log_t *log);

/* Marks all captures of the last logged press as withdrawn, also one from before this start. Returns how many.
 * SM_ERR_NOT_FOUND: there is none. */
int sm_log_withdraw(sm_log_t *log);

#endif
