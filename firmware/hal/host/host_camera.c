#include "host_camera.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Longest header that is read: comments may be long, but a file of nothing else is refused. */
#define MAX_HEADER 65536L

static int next_byte(FILE *file) {
    return feof(file) || ferror(file) || ftell(file) >= MAX_HEADER ? EOF : getc(file);
}

/* Next character, with a comment read as the line end that closes it; EOF at the end or when the header is too long. */
static int next_char(FILE *file) {
    int c = next_byte(file);
    if (c == '#') {
        do {
            c = next_byte(file);
        } while (c != EOF && c != '\n' && c != '\r');
    }
    return c;
}

/* White space of PGM headers, in any locale. */
static bool is_space(int c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A decimal number of at most six digits after white space, with the one character behind it; -1 when there is none. */
static long next_number(FILE *file) {
    long value = 0;
    int digits = 0;
    int c = next_char(file);
    while (is_space(c)) {
        c = next_char(file);
    }
    for (; c >= '0' && c <= '9' && digits < 7; digits++) {
        value = value * 10 + (c - '0');
        c = next_char(file);
    }
    return digits > 0 && digits < 7 && is_space(c) ? value : -1;
}

static const char *read_picture(host_picture_t *picture, FILE *file, char *detail, size_t detail_bytes) {
    char magic[2];
    if (fread(magic, 1, 2, file) != 2) {
        return "is empty or too short for a picture";
    }
    if (magic[0] != 'P' || magic[1] != '5') {
        return "is not a binary PGM (it does not begin with P5)";
    }
    long width = next_number(file);
    long height = next_number(file);
    long largest = next_number(file);
    if (width < 0 || height < 0 || largest < 0) {
        return "has a damaged PGM header";
    }
    if (width == 0 || height == 0) {
        return "has no pixels";
    }
    if (largest != 255) {
        (void)snprintf(detail, detail_bytes, "has a largest value of %ld; only 255 (8 bits) can be used", largest);
        return detail;
    }
    if ((uint32_t)width > picture->max_width || (uint32_t)height > picture->max_height) {
        (void)snprintf(detail, detail_bytes, "is %ld x %ld pixels; at most %u x %u fit", width, height,
                       (unsigned)picture->max_width, (unsigned)picture->max_height);
        return detail;
    }
    size_t bytes = (size_t)width * (size_t)height;
    if (bytes > picture->capacity) {
        return "does not fit the frame memory";
    }
    if (fread(picture->pixels, 1, bytes, file) != bytes) {
        return ferror(file) ? "could not be read" : "ends before its last pixel";
    }
    picture->width = (uint32_t)width;
    picture->height = (uint32_t)height;
    return NULL;
}

int host_picture_load(host_picture_t *picture, const char *path, char message[HOST_MESSAGE_MAX]) {
    char detail[128];
    picture->width = 0;
    picture->height = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)snprintf(message, HOST_MESSAGE_MAX, "%.350s: cannot be opened: %.100s", path, strerror(errno));
        return -1;
    }
    const char *problem = read_picture(picture, file, detail, sizeof(detail));
    if (fclose(file) != 0 && problem == NULL) {
        problem = "could not be read";
    }
    if (problem != NULL) {
        picture->width = 0;
        (void)snprintf(message, HOST_MESSAGE_MAX, "%.350s: the picture %s", path, problem);
        return -1;
    }
    return 0;
}
