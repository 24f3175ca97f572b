#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ram_bot.h"

/* A driver's ring: what may wait to be sent, and how long a byte takes at 921600 baud. */
#define RING_BYTES 4096u
#define BYTE_NS 10850u

static int serial_read(void *context, uint8_t *data, uint32_t capacity) {
    uint32_t rest = bot.in_bytes - bot.in_taken;
    uint32_t count = bot.now_us < bot.in_from_us ? 0 : rest < capacity ? rest : capacity;
    (void)context;
    memcpy(data, bot.in + bot.in_taken, count);
    bot.in_taken += count;
    return (int)count;
}

static int serial_write(void *context, const uint8_t *data, uint32_t length) {
    uint64_t from_us = bot.line_free_us > bot.now_us ? bot.line_free_us : bot.now_us;
    (void)context;
    if ((from_us - bot.now_us) * 1000u / BYTE_NS + length > RING_BYTES || bot.out_bytes + length > RAM_BOT_LINE_BYTES) {
        return 0;
    }
    memcpy(bot.out + bot.out_bytes, data, length);
    bot.out_bytes += length;
    bot.line_free_us = from_us + (uint64_t)length * BYTE_NS / 1000u;
    return (int)length;
}

void ram_bot_feed(const char *hex) {
    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1 && bot.in_bytes < RAM_BOT_LINE_BYTES; hex += 2) {
        bot.in[bot.in_bytes++] = (uint8_t)byte;
    }
    bot.hal.serial_read = serial_read;
    bot.hal.serial_write = serial_write;
}

void ram_bot_write_line(const char *path) {
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(bot.out, 1, bot.out_bytes, stream) != bot.out_bytes || fclose(stream) != 0) {
        perror(path);
        exit(1);
    }
    bot.out_bytes = 0;
}
