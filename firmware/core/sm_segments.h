/*
 * What of the capture log may leave the bot while it runs: segments block by block, without what was withdrawn and
 * without what was never committed (docs/serial.md, "pull"). Reads only.
 *
 * At most one file is open besides the log's own, and it is closed before the log needs it: sm_segments_leave().
 */
#ifndef SM_SEGMENTS_H
#define SM_SEGMENTS_H

#include "sm_log.h"

/* Segments found in one pass over the card's folder. */
#define SM_SEGMENTS_BATCH 16u

/* A segment's file on the card. */
typedef struct sm_segment_file {
    uint32_t number;
    uint32_t bytes;
} sm_segment_file_t;

/* Starts as all zeros. */
typedef struct sm_segments {
    uint32_t number; /* segment being read; 0: none */
    uint32_t epoch;  /* of it; another one means that this is another card */
    sm_log_header_t head;
    sm_log_geometry_t geometry;
    bool open;
    bool borrowed; /* the file is the log's */
    int file;
    bool judged; /* slot and content are known */
    uint32_t slot;
    uint8_t content;
} sm_segments_t;

/* Closes the file; reading goes on where it was, after opening it anew. Before the log works, and before unmounting. */
void sm_segments_leave(sm_segments_t *segments, const sm_log_t *log);

/*
 * Begins to read a segment; `scratch` is SM_LOG_HEAD_BYTES. Returns SM_OK, SM_ERR_NO_CARD, SM_ERR_NOT_FOUND,
 * SM_ERR_CORRUPT (no segment, or of another bot), SM_ERR_IO.
 */
int sm_segments_begin(sm_segments_t *segments, const sm_log_t *log, uint32_t number, uint8_t *scratch);

/*
 * Reads `bytes` (a multiple of SM_BLOCK, at least SM_LOG_HEAD_BYTES) at `offset` (likewise a multiple) of the segment
 * that was begun; everything lies inside it. The payload of a withdrawn capture, and all of a slot without a committed
 * one, come as zeros. Results as above.
 */
int sm_segments_read(sm_segments_t *segments, const sm_log_t *log, uint32_t offset, uint8_t *data, uint32_t bytes);

/*
 * Finds the SM_SEGMENTS_BATCH segments of the lowest numbers above `after`, ascending, number 0 for none. Stops early, with
 * SM_ERR_NO_SLOT, when the button goes down: a folder can be long.
 */
int sm_segments_find(const sm_log_t *log, uint32_t after, sm_segment_file_t found[SM_SEGMENTS_BATCH]);

#endif
