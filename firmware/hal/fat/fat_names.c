#include "fat_names.h"

#include <string.h>

static char upper(char letter) {
    return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

bool fat_name_from_entry(const char *entry, char out[SM_NAME_MAX]) {
    size_t length = strlen(entry);
    out[0] = '\0';
    if (length == 0 || length >= SM_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i <= length; i++) {
        out[i] = upper(entry[i]);
    }
    return true;
}

static bool plain(char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' ||
           letter == '~' || letter == '.';
}

bool fat_name_to_path(unsigned drive, const char *name, char out[FAT_PATH_MAX]) {
    size_t length = strlen(name);
    out[0] = '\0';
    if (drive > 9 || length == 0 || length >= SM_NAME_MAX || name[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!plain(name[i])) {
            return false;
        }
    }
    out[0] = (char)('0' + drive);
    out[1] = ':';
    out[2] = '/';
    memcpy(out + 3, name, length + 1);
    return true;
}
