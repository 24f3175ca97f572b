#include "sm_log_format.h"

#include <string.h>

#include "sm_crc32.h"

/* ---- text into a fixed buffer; printf is avoided for its size and for 64-bit formats that small C libraries lack ----
 */

typedef struct text {
    char *start;
    size_t length;
    size_t capacity;
    bool overflow;
} text_t;

static void put_char(text_t *text, char c) {
    if (text->length == text->capacity) {
        text->overflow = true;
        return;
    }
    text->start[text->length++] = c;
}

static void put_string(text_t *text, const char *string) {
    while (*string != '\0') {
        put_char(text, *string++);
    }
}

/* Decimal with at least `digits` digits. */
static void put_unsigned(text_t *text, uint64_t value, unsigned digits) {
    char reversed[20];
    unsigned count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(value % 10u));
        value /= 10u;
    } while (value != 0);
    for (; digits > count; digits--) {
        put_char(text, '0');
    }
    while (count > 0) {
        put_char(text, reversed[--count]);
    }
}

static void put_signed(text_t *text, int32_t value) {
    if (value < 0) {
        put_char(text, '-');
    }
    put_unsigned(text, value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 1);
}

/* Exactly `digits` lower-case hex digits. */
static void put_hex(text_t *text, uint32_t value, unsigned digits) {
    for (unsigned shift = digits * 4u; shift > 0; shift -= 4u) {
        put_char(text, "0123456789abcdef"[(value >> (shift - 4u)) & 15u]);
    }
}

/* Exactly `digits` octal digits. */
static void put_octal(text_t *text, uint32_t value, unsigned digits) {
    for (unsigned i = digits; i > 0; i--) {
        unsigned shift = (i - 1u) * 3u;
        put_char(text, (char)('0' + (int)(shift < 32u ? (value >> shift) & 7u : 0u)));
    }
}

/* ---- text out of a fixed buffer ---- */

typedef struct cursor {
    const char *at;
    const char *end;
    bool failed;
} cursor_t;

static void take_string(cursor_t *cursor, const char *expected) {
    size_t length = strlen(expected);
    if (cursor->failed || (size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, expected, length) != 0) {
        cursor->failed = true;
        return;
    }
    cursor->at += length;
}

static uint32_t digit_value(char c) {
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0');
    }
    return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10u : 16u;
}

/* Exactly `digits` digits of a base up to 16 that fit 32 bits. */
static uint32_t take_digits(cursor_t *cursor, unsigned digits, uint32_t base) {
    uint64_t value = 0;
    for (unsigned i = 0; i < digits; i++) {
        uint32_t digit = cursor->failed || cursor->at == cursor->end ? 16u : digit_value(*cursor->at++);
        value = value * base + digit;
        if (digit >= base || value > UINT32_MAX) {
            cursor->failed = true;
            return 0;
        }
    }
    return (uint32_t)value;
}

/* One to ten decimal digits up to the first character that is none. */
static uint32_t take_unsigned(cursor_t *cursor) {
    unsigned digits = 0;
    while (!cursor->failed && cursor->at + digits != cursor->end && digits < 11u &&
           digit_value(cursor->at[digits]) < 10u) {
        digits++;
    }
    if (digits == 0 || digits > 10u) {
        cursor->failed = true;
        return 0;
    }
    return take_digits(cursor, digits, 10);
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
    text_t text = {name, 0, SM_NAME_MAX, false};
    put_string(&text, "SEG");
    put_unsigned(&text, segment, 5);
    put_string(&text, ".TAR");
    put_char(&text, '\0');
}

int32_t sm_log_segment_number(const char *name) {
    cursor_t cursor = {name, name + strlen(name), false};
    take_string(&cursor, "SEG");
    uint32_t number = take_digits(&cursor, 5, 10);
    take_string(&cursor, ".TAR");
    if (cursor.failed || cursor.at != cursor.end || number == 0) {
        return SM_ERR_NOT_FOUND;
    }
    return (int32_t)number;
}

/* ---- ustar header; field offsets of POSIX.1-1988, section 10.1.1 ---- */

enum {
    AT_NAME = 0,
    AT_MODE = 100,
    AT_UID = 108,
    AT_GID = 116,
    AT_SIZE = 124,
    AT_MTIME = 136,
    AT_CHECKSUM = 148,
    AT_TYPE = 156,
    AT_MAGIC = 257,
    AT_USER = 265,
    AT_GROUP = 297,
    AT_DEVICE_MAJOR = 329,
    AT_DEVICE_MINOR = 337,
    AT_PREFIX = 345,
    AT_CRC = 500, /* in ustar's padding: CRC-32 of bytes 0 to 147 and 156 to 499, eight hex digits */
};

static uint32_t header_crc(const uint8_t *block) {
    return sm_crc32(sm_crc32(0, block, AT_CHECKSUM), block + AT_TYPE, AT_CRC - AT_TYPE);
}

/* Sum of all bytes, the checksum field counted as spaces. */
static uint32_t header_checksum(const uint8_t *block) {
    uint32_t sum = 8u * ' ';
    for (unsigned i = 0; i < SM_LOG_HEADER_BYTES; i++) {
        if (i < AT_CHECKSUM || i >= AT_TYPE) {
            sum += block[i];
        }
    }
    return sum;
}

static text_t field(uint8_t *block, unsigned offset, size_t capacity) {
    text_t text = {(char *)block + offset, 0, capacity, false};
    return text;
}

static void put_octal_field(uint8_t *block, unsigned offset, unsigned digits, uint32_t value) {
    text_t text = field(block, offset, digits);
    put_octal(&text, value, digits);
}

static void put_name(const sm_log_header_t *header, uint8_t *block) {
    text_t text = field(block, AT_NAME, 100);
    put_string(&text, "SEG");
    put_unsigned(&text, header->segment, 5);
    put_char(&text, '/');
    if (header->is_head) {
        put_string(&text, "segment.txt");
    } else {
        put_unsigned(&text, header->sequence, 10);
        put_string(&text, ".pgm");
    }
}

/* smilec1.DEVICE.EPOCH and SEQUENCE.BOOT.CRC: 25 and 26 characters of 31. */
static void put_identity(const sm_log_header_t *header, uint8_t *block) {
    text_t user = field(block, AT_USER, 31);
    put_string(&user, "smilec");
    put_unsigned(&user, SM_LOG_VERSION, 1);
    put_char(&user, '.');
    put_hex(&user, header->device_id, 8);
    put_char(&user, '.');
    put_hex(&user, header->epoch, 8);
    text_t group = field(block, AT_GROUP, 31);
    put_hex(&group, header->sequence, 8);
    put_char(&group, '.');
    put_hex(&group, header->boot, 8);
    put_char(&group, '.');
    put_hex(&group, header->payload_crc, 8);
}

void sm_log_put_header(const sm_log_header_t *header, uint8_t *block) {
    memset(block, 0, SM_LOG_HEADER_BYTES);
    put_name(header, block);
    put_octal_field(block, AT_MODE, 7, 0644);
    put_octal_field(block, AT_UID, 7, 0);
    put_octal_field(block, AT_GID, 7, 0);
    put_octal_field(block, AT_SIZE, 11, header->payload_bytes);
    put_octal_field(block, AT_MTIME, 11, 0);
    block[AT_TYPE] = '0';
    memcpy(block + AT_MAGIC, "ustar\00000", 8);
    put_identity(header, block);
    put_octal_field(block, AT_DEVICE_MAJOR, 7, 0);
    put_octal_field(block, AT_DEVICE_MINOR, 7, 0);
    text_t crc = field(block, AT_CRC, 8);
    put_hex(&crc, header_crc(block), 8);
    put_octal_field(block, AT_CHECKSUM, 6, header_checksum(block));
    block[AT_CHECKSUM + 7] = ' ';
}

static bool is_zero(const uint8_t *block, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if (block[i] != 0) {
            return false;
        }
    }
    return true;
}

static cursor_t field_cursor(const uint8_t *block, unsigned offset, size_t bytes) {
    cursor_t cursor = {(const char *)block + offset, (const char *)block + offset + bytes, false};
    return cursor;
}

static bool get_identity(const uint8_t *block, sm_log_header_t *header) {
    cursor_t name = field_cursor(block, AT_NAME, 100);
    take_string(&name, "SEG");
    header->segment = take_digits(&name, 5, 10);
    take_string(&name, "/");
    header->is_head = !name.failed && *name.at == 's';
    cursor_t user = field_cursor(block, AT_USER, 32);
    take_string(&user, "smilec1.");
    header->device_id = take_digits(&user, 8, 16);
    take_string(&user, ".");
    header->epoch = take_digits(&user, 8, 16);
    cursor_t group = field_cursor(block, AT_GROUP, 32);
    header->sequence = take_digits(&group, 8, 16);
    take_string(&group, ".");
    header->boot = take_digits(&group, 8, 16);
    take_string(&group, ".");
    header->payload_crc = take_digits(&group, 8, 16);
    return !name.failed && !user.failed && !group.failed;
}

int sm_log_get_header(const uint8_t *block, sm_log_header_t *header) {
    if (is_zero(block, SM_LOG_HEADER_BYTES)) {
        return SM_ERR_NOT_FOUND;
    }
    cursor_t checksum = field_cursor(block, AT_CHECKSUM, 6);
    cursor_t crc = field_cursor(block, AT_CRC, 8);
    cursor_t size = field_cursor(block, AT_SIZE, 11);
    cursor_t magic = field_cursor(block, AT_MAGIC, 5);
    take_string(&magic, "ustar");
    header->payload_bytes = take_digits(&size, 11, 8);
    if (magic.failed || size.failed || take_digits(&checksum, 6, 8) != header_checksum(block) || checksum.failed ||
        take_digits(&crc, 8, 16) != header_crc(block) || crc.failed || !get_identity(block, header)) {
        return SM_ERR_CORRUPT;
    }
    return SM_OK;
}

/* ---- segment head ---- */

static void put_key(text_t *text, const char *key) {
    put_string(text, key);
    put_char(text, '=');
}

void sm_log_put_head(const sm_log_header_t *header, sm_log_geometry_t geometry, uint8_t *head) {
    text_t text = {(char *)head + SM_LOG_HEADER_BYTES, 0, SM_BLOCK, false};
    put_string(&text, "smilec capture log\nformat=");
    put_unsigned(&text, SM_LOG_VERSION, 1);
    put_string(&text, "\nslots=");
    put_unsigned(&text, geometry.slots, 1);
    put_string(&text, "\nslot-bytes=");
    put_unsigned(&text, geometry.slot_bytes, 1);
    put_string(&text, "\ndevice=");
    put_hex(&text, header->device_id, 8);
    put_string(&text, "\nepoch=");
    put_hex(&text, header->epoch, 8);
    put_string(&text, "\nsegment=");
    put_unsigned(&text, header->segment, 1);
    put_string(&text, "\nfirst-sequence=");
    put_unsigned(&text, header->sequence, 1);
    put_string(&text, "\nboot=");
    put_unsigned(&text, header->boot, 1);
    while (text.length < SM_BLOCK) {
        put_char(&text, '\n');
    }
    sm_log_header_t complete = *header;
    complete.is_head = true;
    complete.payload_bytes = SM_BLOCK;
    complete.payload_crc = sm_crc32(0, head + SM_LOG_HEADER_BYTES, SM_BLOCK);
    sm_log_put_header(&complete, head);
}

int sm_log_get_head(const uint8_t *head, sm_log_header_t *header, sm_log_geometry_t *geometry) {
    const uint8_t *payload = head + SM_LOG_HEADER_BYTES;
    if (sm_log_get_header(head, header) != SM_OK || !header->is_head || header->payload_bytes != SM_BLOCK ||
        header->payload_crc != sm_crc32(0, payload, SM_BLOCK)) {
        return SM_ERR_CORRUPT;
    }
    cursor_t cursor = field_cursor(payload, 0, SM_BLOCK);
    take_string(&cursor, "smilec capture log\nformat=1\nslots=");
    geometry->slots = take_unsigned(&cursor);
    take_string(&cursor, "\nslot-bytes=");
    geometry->slot_bytes = take_unsigned(&cursor);
    take_string(&cursor, "\n");
    if (cursor.failed || geometry->slots == 0 || geometry->slots > SM_MAX_SLOTS ||
        geometry->slot_bytes % SM_BLOCK != 0 || geometry->slot_bytes <= SM_LOG_HEADER_BYTES + SM_LOG_METADATA_BYTES ||
        sm_log_segment_bytes(*geometry) == 0) {
        return SM_ERR_CORRUPT;
    }
    return SM_OK;
}

/* ---- capture metadata: a PGM header whose comment lines are the keys ---- */

static void begin(text_t *text, const char *key) {
    put_string(text, "\n# ");
    put_key(text, key);
}

static void put_unsigned_key(text_t *text, const char *key, uint64_t value) {
    begin(text, key);
    put_unsigned(text, value, 1);
}

static void put_signed_key(text_t *text, const char *key, int32_t value) {
    begin(text, key);
    put_signed(text, value);
}

static void put_hex_key(text_t *text, const char *key, uint32_t value, unsigned digits) {
    begin(text, key);
    put_hex(text, value, digits);
}

/* Printable ASCII without spaces; anything else would break out of the comment line. */
static void put_string_key(text_t *text, const char *key, const char *value, size_t longest) {
    begin(text, key);
    for (size_t i = 0; value[i] != '\0'; i++) {
        if (value[i] <= ' ' || value[i] > '~' || i == longest) {
            text->overflow = true;
            return;
        }
        put_char(text, value[i]);
    }
}

static void put_list_key(text_t *text, const char *key, const uint32_t *values, unsigned count) {
    begin(text, key);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) {
            put_char(text, ',');
        }
        put_unsigned(text, values[i], 1);
    }
}

static void put_origin(text_t *text, const sm_capture_t *capture) {
    const sm_log_header_t *header = &capture->header;
    put_string(text, "P5\n# smilec-capture=");
    put_unsigned(text, SM_LOG_VERSION, 1);
    put_unsigned_key(text, "withdrawn", 0);
    begin(text, "burst");
    put_unsigned(text, capture->burst_index, 1);
    put_char(text, '/');
    put_unsigned(text, capture->burst_count, 1);
    put_hex_key(text, "device", header->device_id, 8);
    put_hex_key(text, "epoch", header->epoch, 8);
    put_unsigned_key(text, "segment", header->segment);
    put_unsigned_key(text, "slot", capture->slot);
    put_unsigned_key(text, "sequence", header->sequence);
    put_unsigned_key(text, "boot", header->boot);
    put_unsigned_key(text, "uptime-ms", capture->uptime_ms);
    put_unsigned_key(text, "press", capture->press);
    put_unsigned_key(text, "press-ms", capture->press_ms);
}

static void put_configuration(text_t *text, const sm_config_t *config) {
    static const char *const engines[] = {"unknown", "aot", "tflm", "coin"};
    put_string_key(text, "firmware", config->firmware_version, SM_FIRMWARE_VERSION_MAX);
    put_hex_key(text, "config", config->config_hash, 8);
    put_string_key(text, "model", config->model_hash, SM_MODEL_HASH_LENGTH);
    put_string_key(text, "engine", engines[config->engine <= SM_ENGINE_COIN ? config->engine : 0], 8);
    put_unsigned_key(text, "input-size", config->input_size);
    put_string_key(text, "normalize", config->normalize == SM_NORMALIZE_NONE ? "none" : "standardize", 16);
    const uint32_t locator[] = {config->locator.x, config->locator.y, config->locator.size};
    put_list_key(text, "locator", locator, 3);
}

static void put_decision(text_t *text, const sm_capture_t *capture) {
    const uint32_t box[] = {capture->box.x, capture->box.y, capture->box.width, capture->box.height};
    put_list_key(text, "box", box, 4);
    put_hex_key(text, "input-crc", capture->input_crc, 8);
    begin(text, "outputs");
    for (unsigned i = 0; i < capture->output_count && i < SM_MAX_LABELS; i++) {
        if (i > 0) {
            put_char(text, ',');
        }
        put_signed(text, capture->outputs[i]);
    }
    put_unsigned_key(text, "positive", capture->config->positive);
    put_signed_key(text, "margin", capture->margin);
    put_signed_key(text, "sum", capture->sum);
    put_signed_key(text, "threshold", capture->threshold);
    put_string_key(text, "decision", capture->smile ? "smile" : "no-smile", 8);
}

static void put_circumstances(text_t *text, const sm_capture_t *capture) {
    put_hex_key(text, "sensor", capture->sensor_id, 4);
    put_hex_key(text, "sensor-status", capture->sensor_status, 4);
    put_unsigned_key(text, "exposure", capture->exposure);
    put_unsigned_key(text, "gain", capture->gain);
    put_unsigned_key(text, "reset", capture->reset_reason);
    put_unsigned_key(text, "free-memory", capture->free_memory);
    const uint32_t stages[] = {capture->acquire_us, capture->preprocess_us, capture->invoke_us, capture->latency_us,
                               capture->log_us};
    put_list_key(text, "stage-us", stages, 5);
}

/* Fills up to `target` bytes with comment lines of dots, 64 bytes each; the last may be shorter, never a lone byte. */
static void put_fill(text_t *text, size_t target) {
    while (text->length < target) {
        size_t left = target - text->length;
        size_t line = left <= 64 ? left : left == 65 ? 63 : 64;
        put_char(text, '#');
        for (size_t i = 2; i < line; i++) {
            put_char(text, '.');
        }
        put_char(text, '\n');
    }
}

int sm_log_put_metadata(const sm_capture_t *capture, uint8_t *metadata) {
    char size_line[24];
    text_t tail = {size_line, 0, sizeof(size_line), false};
    put_unsigned(&tail, capture->width, 1);
    put_char(&tail, ' ');
    put_unsigned(&tail, capture->height, 1);
    put_string(&tail, "\n255\n");
    text_t text = {(char *)metadata, 0, SM_LOG_METADATA_BYTES - tail.length, false};
    put_origin(&text, capture);
    put_configuration(&text, capture->config);
    put_decision(&text, capture);
    put_circumstances(&text, capture);
    put_char(&text, '\n');
    size_t left = text.capacity - text.length;
    if (text.overflow || left == 1) {
        return SM_ERR_ARGUMENT;
    }
    put_fill(&text, text.capacity);
    memcpy(metadata + text.length, size_line, tail.length);
    return SM_OK;
}

int sm_log_get_burst(const uint8_t *metadata, uint32_t bytes, uint32_t *index, uint32_t *count) {
    cursor_t cursor = field_cursor(metadata, 0, bytes);
    take_string(&cursor, "P5\n# smilec-capture=1\n# withdrawn=");
    cursor.at += cursor.failed || cursor.at == cursor.end ? 0 : 1; /* either digit */
    take_string(&cursor, "\n# burst=");
    *index = take_unsigned(&cursor);
    take_string(&cursor, "/");
    *count = take_unsigned(&cursor);
    return cursor.failed || *index == 0 || *index > *count || *count > SM_MAX_BURST ? SM_ERR_CORRUPT : SM_OK;
}
