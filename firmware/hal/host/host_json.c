#include "host_json.h"

/* Length of the well-formed UTF-8 sequence at `bytes` (Unicode 15, table 3-7), or 0. The text ends with NUL, which no
 * continuation byte equals. */
static int sequence_length(const unsigned char *bytes) {
    unsigned char lead = bytes[0];
    int length = lead < 0x80                   ? 1
                 : lead >= 0xc2 && lead < 0xe0 ? 2
                 : lead >= 0xe0 && lead < 0xf0 ? 3
                 : lead >= 0xf0 && lead < 0xf5 ? 4
                                               : 0;
    for (int i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((lead == 0xe0 && bytes[1] < 0xa0) || (lead == 0xed && bytes[1] > 0x9f) || (lead == 0xf0 && bytes[1] < 0x90) ||
        (lead == 0xf4 && bytes[1] > 0x8f)) {
        return 0;
    }
    return length;
}

void host_json_string(FILE *stream, const char *text) {
    const unsigned char *bytes = (const unsigned char *)text;
    (void)putc('"', stream);
    while (*bytes != 0) {
        int length = sequence_length(bytes);
        if (length == 0) {
            (void)fputs("\\ufffd", stream);
            length = 1;
        } else if (*bytes < 0x20 || *bytes == 0x7f) {
            (void)fprintf(stream, "\\u%04x", *bytes);
        } else if (*bytes == '"' || *bytes == '\\') {
            (void)fprintf(stream, "\\%c", *bytes);
        } else {
            (void)fwrite(bytes, 1, (size_t)length, stream);
        }
        bytes += length;
    }
    (void)putc('"', stream);
}
