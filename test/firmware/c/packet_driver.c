/*
 * The serial packets of the firmware, for comparison with TypeScript's.
 *
 *   program LINE REPLIES OUT
 *
 * Prints the constants as one line of JSON, then what comes of the bytes in LINE, one line each; writes to OUT a packet
 * for each line of REPLIES: command, id, status, tag, offset, total, data bytes, seed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sm_framing.h"
#include "sm_shell.h"

static void print_constants(void) {
    (void)printf("{\"version\":%d,\"mark\":%u,\"request\":%u,\"header\":%u,\"data\":%u,\"flag\":%u,\"crc\":%u,"
                 "\"entry\":%u,\"packet\":%u,\"commands\":[%d,%d,%d,%d,%d,%d,%d],\"statuses\":[%d,%d,%d,%d]}\n",
                 SM_PROTOCOL_VERSION, SM_PACKET_MARK, SM_REQUEST_BYTES, SM_REPLY_HEADER_BYTES, SM_REPLY_DATA_MAX,
                 SM_REPLY_FLAG, SM_PACKET_CRC_BYTES, SM_LIST_ENTRY_BYTES, SM_PACKET_BYTES, SM_COMMAND_STATUS,
                 SM_COMMAND_LAST, SM_COMMAND_FRAME, SM_COMMAND_LIST, SM_COMMAND_PULL, SM_COMMAND_THRESHOLD,
                 SM_COMMAND_SELF_TEST, SM_REPLY_VERSION, SM_REPLY_COMMAND, SM_REPLY_INTERRUPTED, SM_REPLY_BUSY);
}

static void receive(FILE *line) {
    /* On the heap, so that the sanitizer sees a byte behind it. */
    sm_receiver_t *receiver = calloc(1, sizeof(*receiver));
    for (int byte = getc(line); receiver != NULL && byte != EOF; byte = getc(line)) {
        sm_request_t request = {0};
        enum sm_received received = sm_receive(receiver, (uint8_t)byte, &request);
        if (received == SM_RECEIVED_DAMAGED) {
            (void)puts("damaged");
        } else if (received == SM_RECEIVED_VERSION) {
            (void)printf("version %u\n", request.id);
        } else if (received == SM_RECEIVED_REQUEST) {
            (void)printf("%u %u %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", request.command, request.id,
                         request.arguments[0], request.arguments[1], request.arguments[2]);
        }
    }
    free(receiver);
}

static void reply(FILE *replies, FILE *out) {
    unsigned command;
    unsigned id;
    int status;
    unsigned tag;
    unsigned offset;
    unsigned total;
    unsigned bytes;
    unsigned seed;
    while (fscanf(replies, "%u %u %d %u %u %u %u %u", &command, &id, &status, &tag, &offset, &total, &bytes, &seed) ==
           8) {
        uint8_t *packet = malloc(SM_PACKET_BYTES);
        sm_reply_t header = {(uint8_t)command, (uint16_t)id, (int16_t)status, (uint16_t)tag, offset, total};
        if (packet == NULL) {
            abort();
        }
        for (uint32_t i = 0; i < bytes; i++) {
            /* Runs of zeros, of other bytes longer than a COBS block, and both mixed. */
            uint32_t noise = (i * 2654435761u + seed * 40503u) >> 16;
            sm_packet_data(packet)[i] = (uint8_t)(noise % (seed % 5u + 1u) == 0 && seed % 3u != 0 ? 0u : noise | 1u);
        }
        size_t length = sm_packet_finish(packet, &header, bytes);
        if (fwrite(packet, 1, length, out) != length) {
            abort();
        }
        free(packet);
    }
}

int main(int count, char **arguments) {
    FILE *line = count == 4 ? fopen(arguments[1], "rb") : NULL;
    FILE *replies = count == 4 ? fopen(arguments[2], "r") : NULL;
    FILE *out = count == 4 ? fopen(arguments[3], "wb") : NULL;
    if (line == NULL || replies == NULL || out == NULL) {
        return 1;
    }
    print_constants();
    receive(line);
    reply(replies, out);
    return fclose(line) + fclose(replies) + fclose(out);
}
