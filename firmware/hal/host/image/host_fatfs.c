#include "host_fatfs.h"

#include <stdbool.h>
#include <stdlib.h>

#include "ff.h"

PARTITION VolToPart[FF_VOLUMES] = {{0, 0}}; /* ESP-IDF: any partition, or none */

static bool locked[FF_VOLUMES + 1];

void host_fatfs_forget(void) {
    for (int i = 0; i <= FF_VOLUMES; i++) {
        locked[i] = false;
    }
}

/* The clock of a board without battery: 1970 is before FAT's first year. */
DWORD get_fattime(void) {
    return 1u << 21 | 1u << 16;
}

/* The firmware has one task for the card: a lock that is taken twice is a bug. */
int ff_mutex_create(int vol) {
    locked[vol] = false;
    return 1;
}

void ff_mutex_delete(int vol) {
    (void)vol;
}

int ff_mutex_take(int vol) {
    if (locked[vol]) {
        abort();
    }
    locked[vol] = true;
    return 1;
}

void ff_mutex_give(int vol) {
    if (!locked[vol]) {
        abort();
    }
    locked[vol] = false;
}
