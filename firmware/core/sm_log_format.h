/*
 * The bytes of the capture log, version 1 (docs/capture-log.md fixes them, sm_log_layout.h is generated from it;
 * src/captures/format.ts is the TypeScript twin). Pure functions between structs and blocks; nothing here touches a card.
 */
#ifndef SM_LOG_FORMAT_H
#define SM_LOG_FORMAT_H

#include "sm_hal.h"
#include "sm_log_layout.h"
#include "sm_types.h"

/* Geometry of a segment. */
typedef struct sm_log_geometry {
    uint32_t slots;      /* captures per segment */
    uint32_t slot_bytes; /* header + metadata + pixels, padded to whole blocks */
} sm_log_geometry_t;

/* Who wrote an entry and where it belongs: what the header of a head or a slot carries in ustar's path, user and group
 * names. */
typedef struct sm_log_header {
    uint32_t device_id;
    uint32_t epoch; /* random, drawn when the segment was created */
    uint32_t segment;
    uint32_t sequence; /* of the capture; in a head: of the first capture the segment may hold */
    uint32_t boot;
    uint32_t payload_bytes;
    uint32_t payload_crc;
    bool is_head;
} sm_log_header_t;

/* Everything known about one capture except its pixels. */
typedef struct sm_capture {
    sm_log_header_t header; /* payload_crc is filled in when it is written */
    const sm_config_t *config;
    uint32_t slot;
    uint64_t uptime_ms;  /* monotonic time of the frame */
    uint32_t press;      /* number of the press since the start, from 1 */
    uint32_t press_ms;   /* how long the button was down */
    uint8_t burst_index; /* 1 to burst_count */
    uint8_t burst_count;
    uint16_t width;
    uint16_t height;
    sm_box_t box;
    uint16_t confidence; /* that a face is in it, 0 to SM_MAX_CONFIDENCE */
    uint32_t input_crc; /* CRC-32 of the int8 network input */
    int8_t outputs[SM_MAX_LABELS];
    uint8_t output_count; /* 0 for SM_ENGINE_COIN */
    int16_t margin;
    uint8_t faces; /* frames of the press in which a face was found */
    int32_t sum;
    int32_t threshold;
    bool smile;
    uint16_t sensor_id;
    uint16_t sensor_status;
    uint32_t exposure;
    uint32_t gain;
    uint8_t reset_reason;
    uint32_t free_memory;
    uint32_t acquire_us;
    uint32_t locate_us;
    uint32_t preprocess_us;
    uint32_t invoke_us;
    uint32_t latency_us; /* from the debounced press to the lights */
    uint32_t log_us;     /* what writing the capture before this one took */
} sm_capture_t;

/* Bytes of a slot for frames of at most width x height pixels. */
uint32_t sm_log_slot_bytes(uint32_t width, uint32_t height);

/* Bytes of a whole segment file; 0 when it would not fit a FAT file. */
uint32_t sm_log_segment_bytes(sm_log_geometry_t geometry);

/* Offset of a slot's header; slot == slots gives the end of archive. */
uint32_t sm_log_slot_offset(sm_log_geometry_t geometry, uint32_t slot);

/* "SEG00042.TAR". */
void sm_log_segment_name(uint32_t segment, char name[SM_NAME_MAX]);

/* The number in a segment's name, 1 to SM_LOG_MAX_SEGMENT, or SM_ERR_NOT_FOUND for any other name. */
int32_t sm_log_segment_number(const char *name);

/* Writes the ustar header (512 bytes). */
void sm_log_put_header(const sm_log_header_t *header, uint8_t *block);

/* Reads and verifies one: checksum, CRC, magic, version. SM_ERR_CORRUPT for anything smilec did not write;
 * SM_ERR_NOT_FOUND for a block of zeros. */
int sm_log_get_header(const uint8_t *block, sm_log_header_t *header);

/* Writes the head of a segment (SM_LOG_HEAD_BYTES): header with payload_bytes and payload_crc filled in, then the text.
 */
void sm_log_put_head(const sm_log_header_t *header, sm_log_geometry_t geometry, uint8_t *head);

/* Reads and verifies it. SM_ERR_CORRUPT when it is not a head or its geometry is impossible. */
int sm_log_get_head(const uint8_t *head, sm_log_header_t *header, sm_log_geometry_t *geometry);

/* Writes a capture's PGM header (SM_LOG_METADATA_BYTES). SM_ERR_ARGUMENT when a text does not fit. */
int sm_log_put_metadata(const sm_capture_t *capture, uint8_t *metadata);

/* Place of a capture in its burst, read from the first block of its payload: sets index and count. SM_ERR_CORRUPT when
 * it is not there. */
int sm_log_get_burst(const uint8_t *metadata, uint32_t bytes, uint32_t *index, uint32_t *count);

#endif
