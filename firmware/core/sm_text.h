/* Text into a fixed buffer; printf is avoided for its size and for 64-bit formats that small C libraries lack. */
#ifndef SM_TEXT_H
#define SM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sm_text {
    char *start;
    size_t length;
    size_t capacity;
    bool overflow; /* something did not fit and was left out */
} sm_text_t;

void sm_text_string(sm_text_t *text, const char *string);
void sm_text_unsigned(sm_text_t *text, uint64_t value);
void sm_text_signed(sm_text_t *text, int32_t value);
/* Exactly `digits` lower-case hex digits. */
void sm_text_hex(sm_text_t *text, uint32_t value, unsigned digits);

#endif
