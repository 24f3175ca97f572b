#ifndef SD_PROTOCOL_TYPES_H
#define SD_PROTOCOL_TYPES_H

typedef struct sdmmc_host {
    int slot;
} sdmmc_host_t;

typedef struct sdmmc_card {
    struct {
        int capacity;    /* sectors */
        int sector_size; /* bytes */
    } csd;
    int real_freq_khz;
} sdmmc_card_t;

#endif
