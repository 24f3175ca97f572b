#include "sm_framing.h"

#include <string.h>

#include "sm_crc32.h"

enum state {
    OUTSIDE = 0, /* in log text */
    AFTER_ZERO,  /* a mark now begins a packet */
    INSIDE,
    TOO_LONG, /* inside, and nothing is kept */
};

static void put16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value) {
    put16(at, (uint16_t)value);
    put16(at + 2, (uint16_t)(value >> 16));
}

static uint16_t get16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const uint8_t *at) {
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

/* ---- COBS (Cheshire, Baker: Consistent Overhead Byte Stuffing, 1999) ---- */

/* Decodes in place; returns the length, or 0 for what is no COBS. The input has no zeros: they end packets. */
static size_t cobs_decode(uint8_t *bytes, size_t length) {
    size_t in = 0;
    size_t out = 0;
    while (in < length) {
        uint8_t code = bytes[in++];
        if (code - 1u > length - in) {
            return 0;
        }
        memmove(bytes + out, bytes + in, code - 1u);
        in += code - 1u;
        out += code - 1u;
        if (code != 0xffu && in < length) {
            bytes[out++] = 0;
        }
    }
    return out;
}

/* Encodes `length` bytes at packet + SM_PACKET_ROOM to packet + 2. What is written never reaches what is still to be
 * read: the room is two bytes more than the codes of the longest message. Returns where the encoding ends. */
static size_t cobs_encode(uint8_t *packet, size_t length) {
    size_t code_at = 2;
    size_t out = 3;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = packet[SM_PACKET_ROOM + i];
        if (byte != 0) {
            packet[out++] = byte;
        }
        if (byte == 0 || out - code_at == 0xffu) {
            packet[code_at] = (uint8_t)(out - code_at);
            code_at = out++;
        }
    }
    packet[code_at] = (uint8_t)(out - code_at);
    return out;
}

/* ---- requests ---- */

static enum sm_received read_request(sm_receiver_t *receiver, sm_request_t *request) {
    uint8_t *bytes = receiver->bytes;
    size_t length = cobs_decode(bytes, receiver->length);
    if (length < 4u + SM_PACKET_CRC_BYTES || length > SM_REQUEST_BYTES + 1u ||
        get32(bytes + length - SM_PACKET_CRC_BYTES) != sm_crc32(0, bytes, length - SM_PACKET_CRC_BYTES)) {
        return SM_RECEIVED_DAMAGED;
    }
    request->command = bytes[1];
    request->id = get16(bytes + 2);
    if (bytes[0] != SM_PROTOCOL_VERSION) {
        return SM_RECEIVED_VERSION;
    }
    if (length != SM_REQUEST_BYTES) {
        return SM_RECEIVED_DAMAGED;
    }
    for (size_t i = 0; i < 3; i++) {
        request->arguments[i] = get32(bytes + 4u + 4u * i);
    }
    return SM_RECEIVED_REQUEST;
}

static enum sm_received end_packet(sm_receiver_t *receiver, sm_request_t *request) {
    uint8_t state = receiver->state;
    receiver->state = AFTER_ZERO;
    if (state == INSIDE && receiver->length > 0) {
        return read_request(receiver, request);
    }
    return state == TOO_LONG ? SM_RECEIVED_DAMAGED : SM_RECEIVED_NOTHING;
}

enum sm_received sm_receive(sm_receiver_t *receiver, uint8_t byte, sm_request_t *request) {
    if (byte == 0) {
        return end_packet(receiver, request);
    }
    if (receiver->state == AFTER_ZERO) {
        receiver->state = byte == SM_PACKET_MARK ? INSIDE : OUTSIDE;
        receiver->length = 0;
    } else if (receiver->state == INSIDE && receiver->length == sizeof(receiver->bytes)) {
        receiver->state = TOO_LONG;
    } else if (receiver->state == INSIDE) {
        receiver->bytes[receiver->length++] = byte;
    }
    return SM_RECEIVED_NOTHING;
}

/* ---- replies ---- */

uint8_t *sm_packet_data(uint8_t packet[SM_PACKET_BYTES]) {
    return packet + SM_PACKET_ROOM + SM_REPLY_HEADER_BYTES;
}

size_t sm_packet_finish(uint8_t packet[SM_PACKET_BYTES], const sm_reply_t *reply, size_t data_bytes) {
    uint8_t *message = packet + SM_PACKET_ROOM;
    size_t length = SM_REPLY_HEADER_BYTES + data_bytes;
    message[0] = SM_PROTOCOL_VERSION;
    message[1] = (uint8_t)(reply->command | SM_REPLY_FLAG);
    put16(message + 2, reply->id);
    put16(message + 4, (uint16_t)reply->status);
    put16(message + 6, reply->tag);
    put32(message + 8, reply->offset);
    put32(message + 12, reply->total);
    put32(message + length, sm_crc32(0, message, length));
    size_t end = cobs_encode(packet, length + SM_PACKET_CRC_BYTES);
    packet[0] = 0;
    packet[1] = SM_PACKET_MARK;
    packet[end] = 0;
    return end + 1u;
}
