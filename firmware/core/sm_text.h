/*
 * Numbers and words into a fixed buffer and out of one. printf is avoided for its size and for 64-bit formats that
 * small C libraries lack; scanf for what it accepts.
 */
#ifndef SM_TEXT_H
#define SM_TEXT_H

#include "sm_types.h"

/* A buffer being filled. What does not fit is left out and noted. */
typedef struct sm_text {
    char *start;
    size_t length;
    size_t capacity;
    bool overflow;
} sm_text_t;

/* A text being read. After the first thing that is not as expected nothing is read any more. */
typedef struct sm_cursor {
    const char *at;
    const char *end;
    bool failed;
} sm_cursor_t;

void sm_text_char(sm_text_t *text, char c);
void sm_text_string(sm_text_t *text, const char *string);

/* Decimal with at least `digits` digits. */
void sm_text_unsigned(sm_text_t *text, uint64_t value, unsigned digits);
void sm_text_signed(sm_text_t *text, int64_t value);

/* Exactly `digits` digits, the last ones; lower case. */
void sm_text_hex(sm_text_t *text, uint32_t value, unsigned digits);
void sm_text_octal(sm_text_t *text, uint32_t value, unsigned digits);

/* 1 to `longest` printable ASCII characters without spaces; anything else counts as overflow. */
void sm_text_word(sm_text_t *text, const char *word, size_t longest);

/* Exactly this text. */
void sm_take_string(sm_cursor_t *cursor, const char *expected);

/* Exactly `digits` digits of a base up to 16 that fit 32 bits. */
uint32_t sm_take_digits(sm_cursor_t *cursor, unsigned digits, uint32_t base);

/* One to ten decimal digits up to the first character that is none, at most 4,294,967,295. */
uint32_t sm_take_unsigned(sm_cursor_t *cursor);

#endif
