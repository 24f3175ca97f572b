/* CRC-32 of IEEE 802.3 (polynomial 0xEDB88320 reflected, initial value and final XOR 0xFFFFFFFF), the one of zip and
 * PNG. */
#ifndef SM_CRC32_H
#define SM_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues a CRC over `length` more bytes; start with 0. The CRC of "123456789" is 0xCBF43926. */
uint32_t sm_crc32(uint32_t crc, const void *data, size_t length);

#endif
