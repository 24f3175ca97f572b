#include "sm_text.h"

#include <string.h>

void sm_text_char(sm_text_t *text, char c) {
    if (text->length == text->capacity) {
        text->overflow = true;
        return;
    }
    text->start[text->length++] = c;
}

void sm_text_string(sm_text_t *text, const char *string) {
    while (*string != '\0') {
        sm_text_char(text, *string++);
    }
}

void sm_text_unsigned(sm_text_t *text, uint64_t value, unsigned digits) {
    char reversed[20];
    unsigned count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(value % 10u));
        value /= 10u;
    } while (value != 0);
    for (; digits > count; digits--) {
        sm_text_char(text, '0');
    }
    while (count > 0) {
        sm_text_char(text, reversed[--count]);
    }
}

void sm_text_signed(sm_text_t *text, int64_t value) {
    if (value < 0) {
        sm_text_char(text, '-');
    }
    sm_text_unsigned(text, value < 0 ? 0u - (uint64_t)value : (uint64_t)value, 1);
}

void sm_text_hex(sm_text_t *text, uint32_t value, unsigned digits) {
    for (unsigned shift = digits * 4u; shift > 0; shift -= 4u) {
        sm_text_char(text, "0123456789abcdef"[(value >> (shift - 4u)) & 15u]);
    }
}

void sm_text_octal(sm_text_t *text, uint32_t value, unsigned digits) {
    for (unsigned i = digits; i > 0; i--) {
        unsigned shift = (i - 1u) * 3u;
        sm_text_char(text, (char)('0' + (int)(shift < 32u ? (value >> shift) & 7u : 0u)));
    }
}

void sm_text_word(sm_text_t *text, const char *word, size_t longest) {
    size_t length = strlen(word);
    text->overflow |= length == 0 || length > longest;
    for (size_t i = 0; i < length && i < longest; i++) {
        text->overflow |= word[i] <= ' ' || word[i] > '~';
        sm_text_char(text, word[i]);
    }
}

void sm_take_string(sm_cursor_t *cursor, const char *expected) {
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

uint32_t sm_take_digits(sm_cursor_t *cursor, unsigned digits, uint32_t base) {
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

uint32_t sm_take_unsigned(sm_cursor_t *cursor) {
    unsigned digits = 0;
    while (!cursor->failed && cursor->at + digits != cursor->end && digits < 11u &&
           digit_value(cursor->at[digits]) < 10u) {
        digits++;
    }
    if (digits == 0 || digits > 10u) {
        cursor->failed = true;
        return 0;
    }
    return sm_take_digits(cursor, digits, 10);
}
