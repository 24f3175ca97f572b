/*
 * What the parts of the log share; sm_log.h is what others use.
 *
 *   sm_log.c            set-up, and the files under all of it
 *   sm_log_scan.c       one segment looked at: which slots are taken
 *   sm_log_mount.c      where to go on after a start
 *   sm_log_room.c       segments made ahead, and the change to the next one
 *   sm_log_append.c     a capture on its way into a slot
 *   sm_log_withdraw.c   the mark on the last press
 *   sm_log_test.c       whether the card keeps what is written to it
 */
#ifndef SM_LOG_PARTS_H
#define SM_LOG_PARTS_H

#include "sm_log.h"

/* ---- sm_log.c: files ---- */

/* Opens a segment's file. Returns a handle or a failure. */
int sm_log_open(const sm_log_t *log, uint32_t segment);
int sm_log_read(const sm_log_t *log, int file, uint32_t offset, uint8_t *data, uint32_t bytes);
int sm_log_write(const sm_log_t *log, int file, uint32_t offset, const uint8_t *data, uint32_t bytes);
int sm_log_sync(const sm_log_t *log, int file);

/* Closes the current segment's file without forgetting where the log stands. */
void sm_log_leave(sm_log_t *log);

/* Closes the log: after a failure nothing is known about the open file any more. Returns `error`. */
int sm_log_fail(sm_log_t *log, int error);

/* Of the current segment. */
uint32_t sm_log_free_slots(const sm_log_t *log);

/* ---- sm_log_scan.c: a segment that is looked at ---- */

typedef struct sm_log_view {
    int file;
    uint32_t number;
    sm_log_header_t head;
    sm_log_geometry_t geometry; /* slots: those that the file holds */
    bool whole;                 /* the file is as long as its head says */
} sm_log_view_t;

enum sm_log_slot_state {
    SM_LOG_SLOT_FREE = 0, /* zeros, or what the blocks held before the segment was made */
    SM_LOG_SLOT_COMMITTED = 1,
    SM_LOG_SLOT_UNREADABLE = 2, /* counts as occupied: a capture that can't be read now must not be overwritten */
};

/* Opens a segment whose file has `size` bytes, at least SM_LOG_HEAD_BYTES, and reads its head. After a failure nothing
 * is open. */
int sm_log_view_open(sm_log_t *log, uint32_t number, uint32_t size, sm_log_view_t *view);
void sm_log_view_close(const sm_log_t *log, const sm_log_view_t *view);

/* What a slot holds, judged by its header: an enum sm_log_slot_state or a card failure. */
int sm_log_slot_state(sm_log_t *log, const sm_log_view_t *view, uint32_t slot, sm_log_header_t *header);

/* First slot behind everything that is occupied. */
int sm_log_find_end(sm_log_t *log, const sm_log_view_t *view, uint32_t *end);

/* The last capture before `end` whose header can be read: 1 and its slot and header, 0 when there is none, or a card
 * failure. */
int sm_log_find_last(sm_log_t *log, const sm_log_view_t *view, uint32_t end, uint32_t *slot, sm_log_header_t *header);

#endif
