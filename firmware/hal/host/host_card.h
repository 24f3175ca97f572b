/* The host's card: a folder. Files are created at full size; a folder that is not there is a card that is not there. */
#ifndef HOST_CARD_H
#define HOST_CARD_H

#include "sm_hal.h"

#define HOST_CARD_FILES 2

typedef struct host_card {
    const char *folder;
    bool mounted;
    int descriptors[HOST_CARD_FILES]; /* -1: free */
} host_card_t;

void host_card_init(host_card_t *card, const char *folder);

/* The card functions of sm_hal.h. */
int host_card_mount(host_card_t *card);
void host_card_unmount(host_card_t *card);
int host_card_list(host_card_t *card, int (*visit)(void *argument, const char *name, uint32_t size), void *argument);
int host_file_create(host_card_t *card, const char *name, uint32_t size, const uint8_t *head, uint32_t head_bytes);
int host_file_open(host_card_t *card, const char *name);
int host_file_read(host_card_t *card, int file, uint32_t offset, uint8_t *data, uint32_t length);
int host_file_write(host_card_t *card, int file, uint32_t offset, const uint8_t *data, uint32_t length);
int host_file_sync(host_card_t *card, int file);
void host_file_close(host_card_t *card, int file);

#endif
