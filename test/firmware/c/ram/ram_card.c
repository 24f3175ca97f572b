#include "ram_card.h"

#include <stdlib.h>
#include <string.h>

void ram_card_init(ram_card_t *card, uint64_t seed) {
    memset(card, 0, sizeof(*card));
    card->max_files = RAM_FILES;
    card->cut_after = UINT32_MAX;
    card->fail_from = UINT32_MAX;
    card->random = seed * 2u + 1u;
}

void ram_card_power_on(ram_card_t *card) {
    card->dead = false;
    card->mounted = false;
    card->opens = 0;
    card->cut_after = UINT32_MAX;
    card->pending_count = 0;
    for (uint32_t i = 0; i < RAM_FILES; i++) {
        memcpy(card->files[i].live, card->files[i].durable, RAM_FILE_BYTES);
    }
}

void ram_card_wipe(ram_card_t *card, uint32_t shift) {
    for (uint32_t i = 0; i < RAM_FILES; i++) {
        memcpy(card->files[(i + shift) % RAM_FILES].stale, card->files[i].durable, RAM_FILE_BYTES);
        card->files[i].exists = false;
    }
    ram_card_power_on(card);
}

static uint32_t chance(ram_card_t *card) {
    card->random = card->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(card->random >> 33);
}

/* Power goes: of what was not synced, everything or a random part has reached the card. */
static int cut(ram_card_t *card) {
    card->random += card->writes * 2862933555777941757u; /* another part at every cut */
    for (uint32_t i = 0; i < card->pending_count; i++) {
        ram_file_t *file = &card->files[card->pending[i].file];
        if (!card->reordered || (chance(card) & 1u) != 0) {
            memcpy(file->durable + card->pending[i].offset, file->live + card->pending[i].offset, SM_BLOCK);
        }
    }
    card->pending_count = 0;
    card->dead = true;
    return SM_ERR_NO_CARD;
}

static int usable(const ram_card_t *card) {
    return card->dead || card->absent || !card->mounted ? SM_ERR_NO_CARD : SM_OK;
}

int ram_mount(ram_card_t *card) {
    card->mounted = !card->absent && !card->dead;
    return card->mounted ? SM_OK : SM_ERR_NO_CARD;
}

void ram_unmount(ram_card_t *card) {
    card->mounted = false;
    card->opens = 0;
}

int ram_list(ram_card_t *card, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    int result = usable(card);
    for (uint32_t i = 0; result == SM_OK && i < RAM_FILES; i++) {
        if (card->files[i].exists) {
            result = visit(argument, card->files[i].name, card->files[i].size);
        }
    }
    return result;
}

static int find(const ram_card_t *card, const char *name) {
    for (int i = 0; i < RAM_FILES; i++) {
        if (card->files[i].exists && strcmp(card->files[i].name, name) == 0) {
            return i;
        }
    }
    return SM_ERR_NOT_FOUND;
}

void ram_card_put(ram_card_t *card, const char *name, const uint8_t *data, uint32_t size) {
    int index = find(card, name);
    if (index < 0) {
        for (index = 0; index < RAM_FILES && card->files[index].exists;) {
            index++;
        }
    }
    if (index >= RAM_FILES || size > RAM_FILE_BYTES) {
        abort();
    }
    ram_file_t *file = &card->files[index];
    file->exists = true;
    (void)strncpy(file->name, name, SM_NAME_MAX);
    file->size = size;
    memset(file->durable, 0, RAM_FILE_BYTES);
    memcpy(file->durable, data, size);
    memcpy(file->live, file->durable, RAM_FILE_BYTES);
}

static int spend(ram_card_t *card) {
    if (card->writes == card->cut_after) {
        return cut(card);
    }
    card->writes++;
    return SM_OK;
}

static int count_open(ram_card_t *card, int file) {
    card->opens++;
    if (card->opens > 2) {
        abort(); /* sm_hal.h promises at most two */
    }
    return file;
}

static int write_blocks(ram_card_t *card, uint32_t index, uint32_t offset, const uint8_t *data, uint32_t length) {
    for (uint32_t done = 0; done < length; done += SM_BLOCK) {
        int error = spend(card);
        if (error != SM_OK) {
            return error;
        }
        memcpy(card->files[index].live + offset + done, data + done, SM_BLOCK);
        if (card->pending_count == RAM_PENDING) {
            abort();
        }
        card->pending[card->pending_count].file = index;
        card->pending[card->pending_count].offset = offset + done;
        card->pending_count++;
    }
    return SM_OK;
}

static void flush(ram_card_t *card, uint32_t index) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < card->pending_count; i++) {
        if (card->pending[i].file != index) {
            card->pending[kept++] = card->pending[i];
        }
    }
    card->pending_count = kept;
    memcpy(card->files[index].durable, card->files[index].live, RAM_FILE_BYTES);
}

static int appear(ram_card_t *card, ram_file_t *file) {
    int error = spend(card);
    file->exists = error == SM_OK;
    return error;
}

int ram_create(ram_card_t *card, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    int error = usable(card);
    if (error != SM_OK || find(card, name) >= 0) {
        return error != SM_OK ? error : SM_ERR_EXISTS;
    }
    uint32_t index = 0;
    while (index < RAM_FILES && card->files[index].exists) {
        index++;
    }
    if (index >= card->max_files || size > RAM_FILE_BYTES) {
        return SM_ERR_CARD_FULL;
    }
    ram_file_t *file = &card->files[index];
    (void)strncpy(file->name, name, SM_NAME_MAX);
    file->size = size;
    memcpy(file->live, file->stale, RAM_FILE_BYTES);
    memcpy(file->durable, file->stale, RAM_FILE_BYTES);
    error = card->weak ? appear(card, file) : SM_OK;
    if (error == SM_OK) {
        error = write_blocks(card, index, 0, head, head_bytes);
    }
    if (error == SM_OK) {
        flush(card, index);
        error = card->weak ? SM_OK : appear(card, file);
    }
    return error == SM_OK ? count_open(card, (int)index) : error;
}

int ram_open(ram_card_t *card, const char *name) {
    int error = usable(card);
    int file = error == SM_OK ? find(card, name) : error;
    return file < 0 ? file : count_open(card, file);
}

/* Accesses must be whole blocks inside the file. */
static void check(const ram_card_t *card, int file, uint32_t offset, uint32_t length) {
    if (file < 0 || file >= RAM_FILES || !card->files[file].exists || offset % SM_BLOCK != 0 ||
        length % SM_BLOCK != 0 || length == 0 ||
        offset + length > (card->files[file].size + SM_BLOCK - 1u) / SM_BLOCK * SM_BLOCK) {
        abort();
    }
}

int ram_read(ram_card_t *card, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    int error = usable(card);
    if (error == SM_OK) {
        check(card, file, offset, length);
        memcpy(data, card->files[file].live + offset, length);
    }
    return error;
}

static int write_inverted(ram_card_t *card, uint32_t index, uint32_t offset, const uint8_t *data, uint32_t length) {
    uint8_t other[SM_BLOCK];
    int error = SM_OK;
    for (uint32_t done = 0; error == SM_OK && done < length; done += SM_BLOCK) {
        for (uint32_t i = 0; i < SM_BLOCK; i++) {
            other[i] = (uint8_t)~data[done + i];
        }
        error = write_blocks(card, index, offset + done, other, SM_BLOCK);
    }
    return error;
}

int ram_write(ram_card_t *card, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    int error = usable(card);
    if (error != SM_OK) {
        return error;
    }
    check(card, file, offset, length);
    uint32_t call = card->write_calls++;
    if (call >= card->fail_from && call - card->fail_from < card->fail_count) {
        return SM_ERR_IO;
    }
    if (card->lies > 0 && card->honest == 0) {
        card->lies--;
        return write_inverted(card, (uint32_t)file, offset, data, length);
    }
    card->honest -= card->honest > 0 ? 1u : 0u;
    return write_blocks(card, (uint32_t)file, offset, data, length);
}

int ram_sync(ram_card_t *card, int file) {
    int error = usable(card);
    if (error == SM_OK) {
        check(card, file, 0, SM_BLOCK);
        error = spend(card);
    }
    if (error == SM_OK) {
        flush(card, (uint32_t)file);
    }
    return error;
}

void ram_close(ram_card_t *card, int file) {
    if (file >= 0 && card->opens > 0) {
        card->opens--;
    }
}
