/* The key=value lines of a head's text and of a capture's metadata, in the forms that docs/capture-log.md gives them. */
#ifndef SM_LOG_ENTRY_H
#define SM_LOG_ENTRY_H

#include "sm_log_layout.h"
#include "sm_text.h"

/* What stands behind a key: numbers, the index of a word, or a text. */
typedef struct sm_log_value {
    int64_t numbers[SM_LOG_MAX_LABELS];
    unsigned count;
    const char *text; /* SM_LOG_FORM_TEXT */
} sm_log_value_t;

/* Writes "key=value". A value that is not of the entry's form counts as overflow. */
void sm_log_put_entry(sm_text_t *text, const sm_log_entry_t *entry, const sm_log_value_t *value);

/* Reads "key=". */
void sm_log_take_key(sm_cursor_t *cursor, const sm_log_entry_t *entry);

#endif
