/* FAT 8.3 names as the core knows them. Portable C11; needs no ESP-IDF. */
#ifndef FAT_NAMES_H
#define FAT_NAMES_H

#include <stdbool.h>

#include "sm_hal.h"

/*
 * Copies a directory entry's name to `out` in upper case. False, with an empty `out`, for an empty name and for one
 * that does not fit (a long file name), which the core never wrote.
 */
bool fat_name_from_entry(const char *entry, char out[SM_NAME_MAX]);

/* "<drive>:/<name>" for FatFs. False for a name that is empty, too long, or no plain file name: only A-Z, 0-9, '_',
 * '-', '~' and '.' are taken. */
#define FAT_PATH_MAX (SM_NAME_MAX + 3u)
bool fat_name_to_path(unsigned drive, const char *name, char out[FAT_PATH_MAX]);

#endif
