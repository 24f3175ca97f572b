#include "sm_log_entry.h"

static void put_numbers(sm_text_t *text, const sm_log_value_t *value, char separator) {
    for (unsigned i = 0; i < value->count; i++) {
        if (i > 0) {
            sm_text_char(text, separator);
        }
        sm_text_signed(text, value->numbers[i]);
    }
}

static void put_word(sm_text_t *text, const sm_log_entry_t *entry, const sm_log_value_t *value) {
    int64_t index = value->numbers[0];
    if (index < 0 || index >= entry->count) {
        text->overflow = true;
        return;
    }
    sm_text_string(text, entry->words[index]);
}

void sm_log_put_entry(sm_text_t *text, const sm_log_entry_t *entry, const sm_log_value_t *value) {
    sm_text_string(text, entry->key);
    sm_text_char(text, '=');
    switch (entry->form) {
    case SM_LOG_FORM_DECIMALS:
        text->overflow |= entry->count != 0 && value->count != entry->count;
        put_numbers(text, value, ',');
        break;
    case SM_LOG_FORM_FRACTION:
        text->overflow |= value->count != 2;
        put_numbers(text, value, '/');
        break;
    case SM_LOG_FORM_HEX:
        sm_text_hex(text, (uint32_t)value->numbers[0], entry->count);
        break;
    case SM_LOG_FORM_TEXT:
        sm_text_word(text, value->text, entry->count);
        break;
    case SM_LOG_FORM_WORD:
        put_word(text, entry, value);
        break;
    default:
        text->overflow = true;
        break;
    }
}

void sm_log_take_key(sm_cursor_t *cursor, const sm_log_entry_t *entry) {
    sm_take_string(cursor, entry->key);
    sm_take_string(cursor, "=");
}
