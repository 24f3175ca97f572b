#include "session_parts.h"

#include <string.h>

/* Virtual times, microseconds: a block on its way to the card, and what a file that was made or synced takes. */
#define BLOCK_US 500u
#define SYNC_US 2000u

static int card_mount(void *context) {
    (void)context;
    session_bot.card.mounted = true;
    return SM_OK;
}

static void card_unmount(void *context) {
    (void)context;
    session_bot.card.mounted = false;
}

static int card_list(void *context, int (*visit)(void *argument, const char *name, uint32_t size), void *argument) {
    (void)context;
    return session_card_list(&session_bot.card, visit, argument);
}

static int file_create(void *context, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes) {
    (void)context;
    session_hal_enter();
    int file = SM_ERR_NO_CARD;
    if (session_bot.card.mounted) {
        file = session_card_create(&session_bot.card, name, size, head, head_bytes);
    }
    session_bot.now_us += SYNC_US;
    session_hal_leave();
    return file;
}

static int file_open(void *context, const char *name) {
    (void)context;
    return session_bot.card.mounted ? session_card_open(&session_bot.card, name) : SM_ERR_NO_CARD;
}

static int file_read(void *context, int file, uint32_t offset, uint8_t *data, uint32_t length) {
    (void)context;
    session_hal_enter();
    const uint8_t *bytes = session_bot.card.mounted ? session_card_at(&session_bot.card, file, offset, length) : NULL;
    if (bytes != NULL) {
        memcpy(data, bytes, length);
    }
    session_hal_leave();
    return bytes != NULL ? SM_OK : SM_ERR_IO;
}

static int file_write(void *context, int file, uint32_t offset, const uint8_t *data, uint32_t length) {
    (void)context;
    session_hal_enter();
    uint8_t *bytes = session_bot.card.mounted ? session_card_at(&session_bot.card, file, offset, length) : NULL;
    if (bytes != NULL) {
        memcpy(bytes, data, length);
    }
    session_bot.now_us += (uint64_t)(length / SM_BLOCK) * BLOCK_US;
    session_hal_leave();
    return bytes != NULL ? SM_OK : SM_ERR_IO;
}

static int file_sync(void *context, int file) {
    (void)context;
    (void)file;
    session_bot.now_us += SYNC_US;
    return SM_OK;
}

static void file_close(void *context, int file) {
    (void)context;
    (void)file;
}

void session_hal_add_card(sm_hal_t *hal) {
    hal->card_mount = card_mount;
    hal->card_unmount = card_unmount;
    hal->card_list = card_list;
    hal->file_create = file_create;
    hal->file_open = file_open;
    hal->file_read = file_read;
    hal->file_write = file_write;
    hal->file_sync = file_sync;
    hal->file_close = file_close;
}
