#include "sm_log_format.h"

#include <string.h>

#include "sm_crc32.h"
#include "sm_log_entry.h"

_Static_assert(SM_LOG_BLOCK_BYTES == SM_BLOCK, "the HAL has other blocks");

typedef sm_log_name_part_t part_t;

static const part_t file_parts[] = SM_LOG_FILE_NAME;
static const part_t head_parts[] = SM_LOG_HEAD_NAME;
static const part_t capture_parts[] = SM_LOG_CAPTURE_NAME;
static const part_t user_parts[] = SM_LOG_USER_NAME;
static const part_t group_parts[] = SM_LOG_GROUP_NAME;

/* Texts with numbers between; the last part is a text only. */
typedef struct name {
    const part_t *parts;
    uint32_t numbers;
} name_t;

#define NAME(parts) {parts, sizeof(parts) / sizeof((parts)[0]) - 1u}
static const name_t file_name = NAME(file_parts);
static const name_t head_name = NAME(head_parts);
static const name_t capture_name = NAME(capture_parts);
static const name_t user_name = NAME(user_parts);
static const name_t group_name = NAME(group_parts);

/* Numbers of a name at most. */
#define MAX_NUMBERS 3
/* Of a head, behind its header. */
#define HEAD_TEXT_BYTES (SM_LOG_HEAD_BYTES - SM_LOG_HEADER_BYTES)

static void put_name(sm_text_t *text, const name_t *name, const uint32_t *numbers) {
    for (uint32_t i = 0; i < name->numbers; i++) {
        const part_t *part = &name->parts[i];
        sm_text_string(text, part->text);
        if (part->base == 16) {
            sm_text_hex(text, numbers[i], part->digits);
        } else {
            sm_text_unsigned(text, numbers[i], part->digits);
        }
    }
    sm_text_string(text, name->parts[name->numbers].text);
}

/* Reads one and its numbers. */
static void take_name(sm_cursor_t *cursor, const name_t *name, uint32_t *numbers) {
    for (uint32_t i = 0; i < name->numbers; i++) {
        sm_take_string(cursor, name->parts[i].text);
        numbers[i] = sm_take_digits(cursor, name->parts[i].digits, name->parts[i].base);
    }
    sm_take_string(cursor, name->parts[name->numbers].text);
}

/* ---- geometry and names ---- */

static uint32_t round_up(uint32_t bytes) {
    return (bytes + SM_BLOCK - 1u) / SM_BLOCK * SM_BLOCK;
}

uint32_t sm_log_slot_bytes(uint32_t width, uint32_t height) {
    return SM_LOG_HEADER_BYTES + SM_LOG_METADATA_BYTES + round_up(width * height);
}

uint32_t sm_log_slot_offset(sm_log_geometry_t geometry, uint32_t slot) {
    return SM_LOG_HEAD_BYTES + slot * geometry.slot_bytes;
}

uint32_t sm_log_segment_bytes(sm_log_geometry_t geometry) {
    uint64_t bytes = SM_LOG_HEAD_BYTES + (uint64_t)geometry.slots * geometry.slot_bytes + SM_LOG_END_BYTES;
    return bytes <= UINT32_MAX ? (uint32_t)bytes : 0;
}

void sm_log_segment_name(uint32_t segment, char name[SM_NAME_MAX]) {
    sm_text_t text = {name, 0, SM_NAME_MAX, false};
    put_name(&text, &file_name, &segment);
    sm_text_char(&text, '\0');
}

int32_t sm_log_segment_number(const char *name) {
    sm_cursor_t cursor = {name, name + strlen(name), false};
    uint32_t number = 0;
    take_name(&cursor, &file_name, &number);
    if (cursor.failed || cursor.at != cursor.end || number == 0) {
        return SM_ERR_NOT_FOUND;
    }
    return (int32_t)number;
}

/* ---- ustar header ---- */

static uint32_t header_crc(const uint8_t *block) {
    return sm_crc32(sm_crc32(0, block, SM_LOG_AT_CHKSUM), block + SM_LOG_AT_TYPEFLAG, SM_LOG_AT_CRC - SM_LOG_AT_TYPEFLAG);
}

/* Sum of all bytes, the checksum field counted as spaces. */
static uint32_t header_checksum(const uint8_t *block) {
    uint32_t sum = 8u * ' ';
    for (unsigned i = 0; i < SM_LOG_HEADER_BYTES; i++) {
        if (i < SM_LOG_AT_CHKSUM || i >= SM_LOG_AT_TYPEFLAG) {
            sum += block[i];
        }
    }
    return sum;
}

static sm_text_t field(uint8_t *block, unsigned offset, size_t capacity) {
    sm_text_t text = {(char *)block + offset, 0, capacity, false};
    return text;
}

static void put_octal_field(uint8_t *block, unsigned offset, unsigned digits, uint32_t value) {
    sm_text_t text = field(block, offset, digits);
    sm_text_octal(&text, value, digits);
}

/* What never changes, followed by the zeros that are there. */
static void put_fixed_fields(uint8_t *block) {
#define PUT(offset, text) memcpy(block + (offset), text, sizeof(text) - 1u);
    SM_LOG_FIXED_FIELDS(PUT)
#undef PUT
}

/* Names leave at least one NUL behind them. */
static void put_identity(const sm_log_header_t *header, uint8_t *block) {
    const uint32_t entry[] = {header->segment, header->sequence};
    const uint32_t user[] = {header->device_id, header->epoch};
    const uint32_t group[] = {header->sequence, header->boot, header->payload_crc};
    sm_text_t text = field(block, SM_LOG_AT_NAME, SM_LOG_LENGTH_NAME - 1u);
    put_name(&text, header->is_head ? &head_name : &capture_name, entry);
    text = field(block, SM_LOG_AT_UNAME, SM_LOG_LENGTH_UNAME - 1u);
    put_name(&text, &user_name, user);
    text = field(block, SM_LOG_AT_GNAME, SM_LOG_LENGTH_GNAME - 1u);
    put_name(&text, &group_name, group);
}

void sm_log_put_header(const sm_log_header_t *header, uint8_t *block) {
    memset(block, 0, SM_LOG_HEADER_BYTES);
    put_fixed_fields(block);
    put_identity(header, block);
    put_octal_field(block, SM_LOG_AT_SIZE, SM_LOG_DIGITS_SIZE, header->payload_bytes);
    sm_text_t crc = field(block, SM_LOG_AT_CRC, SM_LOG_LENGTH_CRC);
    sm_text_hex(&crc, header_crc(block), SM_LOG_DIGITS_CRC);
    put_octal_field(block, SM_LOG_AT_CHKSUM, SM_LOG_DIGITS_CHKSUM, header_checksum(block));
    block[SM_LOG_AT_CHKSUM + SM_LOG_DIGITS_CHKSUM + 1u] = ' ';
}

static bool is_zero(const uint8_t *block, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if (block[i] != 0) {
            return false;
        }
    }
    return true;
}

static sm_cursor_t field_cursor(const uint8_t *block, unsigned offset, size_t bytes) {
    sm_cursor_t cursor = {(const char *)block + offset, (const char *)block + offset + bytes, false};
    return cursor;
}

/* A capture's name, or else a head's. */
static bool get_entry(const uint8_t *block, sm_log_header_t *header) {
    uint32_t numbers[MAX_NUMBERS] = {0};
    sm_cursor_t capture = field_cursor(block, SM_LOG_AT_NAME, SM_LOG_LENGTH_NAME);
    sm_cursor_t head = capture;
    take_name(&capture, &capture_name, numbers);
    header->is_head = capture.failed;
    if (capture.failed) {
        take_name(&head, &head_name, numbers);
    }
    header->segment = numbers[0];
    return !capture.failed || !head.failed;
}

static bool get_identity(const uint8_t *block, sm_log_header_t *header) {
    uint32_t numbers[MAX_NUMBERS] = {0};
    sm_cursor_t user = field_cursor(block, SM_LOG_AT_UNAME, SM_LOG_LENGTH_UNAME);
    take_name(&user, &user_name, numbers);
    header->device_id = numbers[0];
    header->epoch = numbers[1];
    sm_cursor_t group = field_cursor(block, SM_LOG_AT_GNAME, SM_LOG_LENGTH_GNAME);
    take_name(&group, &group_name, numbers);
    header->sequence = numbers[0];
    header->boot = numbers[1];
    header->payload_crc = numbers[2];
    return get_entry(block, header) && !user.failed && !group.failed;
}

int sm_log_get_header(const uint8_t *block, sm_log_header_t *header) {
    if (is_zero(block, SM_LOG_HEADER_BYTES)) {
        return SM_ERR_NOT_FOUND;
    }
    sm_cursor_t checksum = field_cursor(block, SM_LOG_AT_CHKSUM, SM_LOG_LENGTH_CHKSUM);
    sm_cursor_t crc = field_cursor(block, SM_LOG_AT_CRC, SM_LOG_LENGTH_CRC);
    sm_cursor_t size = field_cursor(block, SM_LOG_AT_SIZE, SM_LOG_LENGTH_SIZE);
    sm_cursor_t magic = field_cursor(block, SM_LOG_AT_MAGIC, SM_LOG_LENGTH_MAGIC);
    sm_take_string(&magic, SM_LOG_TEXT_MAGIC);
    header->payload_bytes = sm_take_digits(&size, SM_LOG_DIGITS_SIZE, 8);
    uint32_t stated_sum = sm_take_digits(&checksum, SM_LOG_DIGITS_CHKSUM, 8);
    uint32_t stated_crc = sm_take_digits(&crc, SM_LOG_DIGITS_CRC, 16);
    if (magic.failed || size.failed || checksum.failed || crc.failed || stated_sum != header_checksum(block) ||
        stated_crc != header_crc(block) || !get_identity(block, header)) {
        return SM_ERR_CORRUPT;
    }
    return SM_OK;
}

/* ---- segment head ---- */

static const sm_log_entry_t head_entries[] = SM_LOG_HEAD_ENTRIES;

/* No default: the compiler says when a key has no value. */
static uint32_t head_value(const sm_log_header_t *header, sm_log_geometry_t geometry, enum sm_log_head key) {
    switch (key) {
    case SM_LOG_HEAD_FORMAT:
        return SM_LOG_VERSION;
    case SM_LOG_HEAD_SLOTS:
        return geometry.slots;
    case SM_LOG_HEAD_SLOT_BYTES:
        return geometry.slot_bytes;
    case SM_LOG_HEAD_DEVICE:
        return header->device_id;
    case SM_LOG_HEAD_EPOCH:
        return header->epoch;
    case SM_LOG_HEAD_SEGMENT:
        return header->segment;
    case SM_LOG_HEAD_FIRST_SEQUENCE:
        return header->sequence;
    case SM_LOG_HEAD_BOOT:
        return header->boot;
    case SM_LOG_HEAD_COUNT:
        break;
    }
    return 0;
}

void sm_log_put_head(const sm_log_header_t *header, sm_log_geometry_t geometry, uint8_t *head) {
    sm_text_t text = {(char *)head + SM_LOG_HEADER_BYTES, 0, HEAD_TEXT_BYTES, false};
    sm_text_string(&text, SM_LOG_TITLE);
    for (unsigned key = 0; key < SM_LOG_HEAD_COUNT; key++) {
        sm_log_value_t value = {{head_value(header, geometry, (enum sm_log_head)key)}, 1, NULL};
        sm_text_char(&text, '\n');
        sm_log_put_entry(&text, &head_entries[key], &value);
    }
    while (text.length < HEAD_TEXT_BYTES) {
        sm_text_char(&text, '\n');
    }
    sm_log_header_t complete = *header;
    complete.is_head = true;
    complete.payload_bytes = HEAD_TEXT_BYTES;
    complete.payload_crc = sm_crc32(0, head + SM_LOG_HEADER_BYTES, HEAD_TEXT_BYTES);
    sm_log_put_header(&complete, head);
}

/* A key's line, behind the line end of the one before it. */
static uint32_t take_head_value(sm_cursor_t *cursor, enum sm_log_head key) {
    sm_take_string(cursor, "\n");
    sm_log_take_key(cursor, &head_entries[key]);
    return sm_take_unsigned(cursor);
}

static bool is_possible(sm_log_geometry_t geometry) {
    return geometry.slots != 0 && geometry.slots <= SM_MAX_SLOTS && geometry.slot_bytes % SM_BLOCK == 0 &&
           geometry.slot_bytes > SM_LOG_HEADER_BYTES + SM_LOG_METADATA_BYTES && sm_log_segment_bytes(geometry) != 0;
}

int sm_log_get_head(const uint8_t *head, sm_log_header_t *header, sm_log_geometry_t *geometry) {
    const uint8_t *payload = head + SM_LOG_HEADER_BYTES;
    if (sm_log_get_header(head, header) != SM_OK || !header->is_head ||
        header->payload_bytes != HEAD_TEXT_BYTES ||
        header->payload_crc != sm_crc32(0, payload, HEAD_TEXT_BYTES)) {
        return SM_ERR_CORRUPT;
    }
    sm_cursor_t cursor = field_cursor(payload, 0, HEAD_TEXT_BYTES);
    sm_take_string(&cursor, SM_LOG_TITLE);
    cursor.failed |= take_head_value(&cursor, SM_LOG_HEAD_FORMAT) != SM_LOG_VERSION;
    geometry->slots = take_head_value(&cursor, SM_LOG_HEAD_SLOTS);
    geometry->slot_bytes = take_head_value(&cursor, SM_LOG_HEAD_SLOT_BYTES);
    sm_take_string(&cursor, "\n");
    return cursor.failed || !is_possible(*geometry) ? SM_ERR_CORRUPT : SM_OK;
}

/* sm_log_get_head reads them in this order. */
_Static_assert(SM_LOG_HEAD_FORMAT == 0 && SM_LOG_HEAD_SLOTS == 1 && SM_LOG_HEAD_SLOT_BYTES == 2,
               "a head's text begins with other keys");
