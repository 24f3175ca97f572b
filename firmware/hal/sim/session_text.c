#include "session.h"

static void put(session_line_t *line, char character) {
    if (line->length < sizeof(line->text)) {
        line->text[line->length++] = character;
    }
}

void session_begin(session_line_t *line, char kind) {
    line->length = 0;
    put(line, kind);
}

void session_word(session_line_t *line, const char *word) {
    put(line, ' ');
    while (*word != '\0') {
        put(line, *word++);
    }
}

void session_number(session_line_t *line, int64_t value) {
    char digits[20];
    uint32_t count = 0;
    uint64_t rest = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
    put(line, ' ');
    if (value < 0) {
        put(line, '-');
    }
    do {
        digits[count++] = (char)('0' + (char)(rest % 10u));
        rest /= 10u;
    } while (rest != 0);
    while (count > 0) {
        put(line, digits[--count]);
    }
}

void session_hex(session_line_t *line, const uint8_t *bytes, uint32_t count) {
    put(line, ' ');
    for (uint32_t i = 0; i < count; i++) {
        put(line, "0123456789abcdef"[bytes[i] >> 4]);
        put(line, "0123456789abcdef"[bytes[i] & 15u]);
    }
}

void session_end(session_line_t *line) {
    put(line, '\n');
    session_write(line->text, line->length);
}
