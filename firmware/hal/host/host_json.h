/* JSON lines on a stream. Texts may hold any bytes: what is not UTF-8 becomes U+FFFD. Errors stay in the stream: check
 * ferror() and fflush(). */
#ifndef HOST_JSON_H
#define HOST_JSON_H

#include <stdint.h>
#include <stdio.h>

/* A quoted and escaped string. */
void host_json_string(FILE *stream, const char *text);

#endif
