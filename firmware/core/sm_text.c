#include "sm_text.h"

static void put(sm_text_t *text, char c) {
    if (text->length == text->capacity) {
        text->overflow = true;
        return;
    }
    text->start[text->length++] = c;
}

void sm_text_string(sm_text_t *text, const char *string) {
    while (*string != '\0') {
        put(text, *string++);
    }
}

void sm_text_unsigned(sm_text_t *text, uint64_t value) {
    char reversed[20];
    unsigned count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(value % 10u));
        value /= 10u;
    } while (value != 0);
    while (count > 0) {
        put(text, reversed[--count]);
    }
}

void sm_text_signed(sm_text_t *text, int32_t value) {
    if (value < 0) {
        put(text, '-');
    }
    sm_text_unsigned(text, value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void sm_text_hex(sm_text_t *text, uint32_t value, unsigned digits) {
    for (unsigned shift = digits * 4u; shift > 0; shift -= 4u) {
        put(text, "0123456789abcdef"[(value >> (shift - 4u)) & 15u]);
    }
}
