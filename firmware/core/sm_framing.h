/*
 * Packets on the serial line, protocol 1 (docs/serial.md fixes every byte; src/device/protocol is the TypeScript side).
 *
 *     00 16 <message and its CRC-32, COBS-encoded> 00
 *
 * Whatever is not between 00 16 and the next 00 is log text. Pure functions over the caller's memory, which is bounded:
 * a request that is too long is dropped while it comes in.
 */
#ifndef SM_FRAMING_H
#define SM_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SM_PROTOCOL_VERSION 1
#define SM_PACKET_MARK 0x16u      /* ASCII SYN: follows the 00 that begins a packet; no log prints it */
#define SM_REQUEST_BYTES 20u      /* a request with its CRC, before COBS */
#define SM_REPLY_HEADER_BYTES 16u /* what precedes a reply's data */
#define SM_REPLY_DATA_MAX 1024u   /* data of one reply packet */
#define SM_REPLY_FLAG 0x80u       /* set in a reply's command */
#define SM_PACKET_CRC_BYTES 4u
#define SM_PACKET_ROOM 7u /* bytes before the message in a packet's memory: it is encoded in place, growing forward */
/* The longest reply on the line. */
#define SM_PACKET_BYTES (SM_PACKET_ROOM + SM_REPLY_HEADER_BYTES + SM_REPLY_DATA_MAX + SM_PACKET_CRC_BYTES + 1u)

enum sm_command {
    SM_COMMAND_STATUS = 1,
    SM_COMMAND_LAST = 2,
    SM_COMMAND_FRAME = 3,
    SM_COMMAND_LIST = 4,
    SM_COMMAND_PULL = 5,
    SM_COMMAND_THRESHOLD = 6,
    SM_COMMAND_SELF_TEST = 7,
};

/* Status of a reply besides those of enum sm_error. */
enum sm_reply_status {
    SM_REPLY_VERSION = -32,     /* the request is of another protocol version */
    SM_REPLY_COMMAND = -33,     /* no such command */
    SM_REPLY_INTERRUPTED = -34, /* a press took the frame's memory; ask again */
    SM_REPLY_BUSY = -35,        /* the button has been down for too long to answer */
};

typedef struct sm_request {
    uint8_t command; /* enum sm_command, or anything a newer program may ask */
    uint16_t id;     /* chosen by the asker; comes back in each packet of the reply */
    uint32_t arguments[3];
} sm_request_t;

typedef struct sm_reply {
    uint8_t command; /* of the request */
    uint16_t id;
    int16_t status;  /* SM_OK, enum sm_error or enum sm_reply_status */
    uint16_t tag;    /* SM_COMMAND_FRAME: which frame this is a part of; else 0 */
    uint32_t offset; /* of the data in the whole reply */
    uint32_t total;  /* bytes of the whole reply */
} sm_reply_t;

/* Starts as all zeros. */
typedef struct sm_receiver {
    uint8_t state;
    uint8_t length;
    uint8_t bytes[SM_REQUEST_BYTES + 1u]; /* COBS adds one */
} sm_receiver_t;

enum sm_received {
    SM_RECEIVED_NOTHING = 0,
    SM_RECEIVED_REQUEST, /* *request is filled in */
    SM_RECEIVED_VERSION, /* a whole packet of another version: id is filled in, and the command if there was one */
    SM_RECEIVED_DAMAGED, /* a packet that was cut, too long, or has a wrong CRC */
};

/* Takes one byte from the line. */
enum sm_received sm_receive(sm_receiver_t *receiver, uint8_t byte, sm_request_t *request);

/* Where the data of a reply go, SM_REPLY_DATA_MAX bytes, in a packet's memory. */
uint8_t *sm_packet_data(uint8_t packet[SM_PACKET_BYTES]);

/*
 * Puts header and CRC around data_bytes (at most SM_REPLY_DATA_MAX) of data that are in place, and encodes all of it
 * where it is. Returns the packet's length on the line.
 */
size_t sm_packet_finish(uint8_t packet[SM_PACKET_BYTES], const sm_reply_t *reply, size_t data_bytes);

#endif
