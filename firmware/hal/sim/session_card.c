#include "session.h"

#include <string.h>

void session_card_init(session_card_t *card, uint32_t seed) {
    uint32_t state = seed;
    card->max_files = SESSION_FILES_MAX;
    card->mounted = false;
    for (uint32_t i = 0; i < SESSION_FILES_MAX; i++) {
        card->files[i].exists = false;
        for (uint32_t k = 0; k < SESSION_FILE_BYTES; k++) {
            state = state * 1664525u + 1013904223u;
            card->files[i].bytes[k] = (uint8_t)(state >> 24);
        }
    }
}

int session_card_list(session_card_t *card, int (*visit)(void *argument, const char *name, uint32_t size),
                      void *argument) {
    int result = SM_OK;

    for (uint32_t i = 0; result == SM_OK && i < SESSION_FILES_MAX; i++) {
        if (card->files[i].exists) {
            result = visit(argument, card->files[i].name, card->files[i].size);
        }
    }
    return result;
}

int session_card_open(session_card_t *card, const char *name) {
    for (int i = 0; i < SESSION_FILES_MAX; i++) {
        if (card->files[i].exists && memcmp(card->files[i].name, name, strlen(name) + 1) == 0) {
            return i;
        }
    }
    return SM_ERR_NOT_FOUND;
}

int session_card_create(session_card_t *card, const char *name, uint32_t size, const uint8_t *head,
                        uint32_t head_bytes) {
    uint32_t index = 0;

    if (session_card_open(card, name) >= 0) {
        return SM_ERR_EXISTS;
    }
    while (index < SESSION_FILES_MAX && card->files[index].exists) {
        index++;
    }
    if (index >= card->max_files || size > SESSION_FILE_BYTES) {
        return SM_ERR_CARD_FULL;
    }
    session_file_t *file = &card->files[index];
    file->exists = true;
    file->size = size;
    memset(file->name, 0, sizeof(file->name));
    memcpy(file->name, name, strlen(name));
    memcpy(file->bytes, head, head_bytes);
    return (int)index;
}

uint8_t *session_card_at(session_card_t *card, int file, uint32_t offset, uint32_t length) {
    if (file < 0 || file >= SESSION_FILES_MAX || !card->files[file].exists || offset % SM_BLOCK != 0 ||
        length % SM_BLOCK != 0 || length == 0 || length > card->files[file].size ||
        offset > card->files[file].size - length) {
        return NULL;
    }
    return &card->files[file].bytes[offset];
}

static bool is_zero(const uint8_t *block) {
    uint8_t any = 0;
    for (uint32_t i = 0; i < SM_BLOCK; i++) {
        any |= block[i];
    }
    return any == 0;
}

void session_card_print(const session_card_t *card) {
    session_line_t line;
    for (uint32_t i = 0; i < SESSION_FILES_MAX; i++) {
        const session_file_t *file = &card->files[i];
        if (!file->exists) {
            continue;
        }
        session_begin(&line, 'f');
        session_word(&line, file->name);
        session_number(&line, file->size);
        session_end(&line);
        for (uint32_t at = 0; at < file->size; at += SM_BLOCK) {
            bool zeros = is_zero(&file->bytes[at]);
            session_begin(&line, zeros ? 'z' : 'x');
            if (!zeros) {
                session_hex(&line, &file->bytes[at], SM_BLOCK);
            }
            session_end(&line);
        }
    }
}
