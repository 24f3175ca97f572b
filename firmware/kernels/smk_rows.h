/*
 * Rows of a picture that exists only in part: what lies between two layers that are computed row by row, the second as
 * soon as the first has made the rows it looks at.
 */
#ifndef SMK_ROWS_H
#define SMK_ROWS_H

#include "smk_arithmetic.h"

/* `buffer` holds the last `count` rows of `bytes` each. Drops the oldest, moves the others up; returns the free row. */
SMK_INLINE int8_t *smk_rows_next(int8_t *buffer, int32_t count, int32_t bytes)
{
    if (count > 1) {
        memmove(buffer, buffer + bytes, (size_t)((count - 1) * bytes));
    }
    return buffer + (count - 1) * bytes;
}

#endif
