/**
 * Packets on the bot's serial line, protocol 1 (docs/serial.md). Twin of firmware/core/sm_framing.c; test/device/packets.test.ts compares both, and this
 * file's constants with the C header's.
 */
import { crc32 } from "../../captures/crc32.js";

export const PROTOCOL_VERSION = 1;
/** Follows the zero that begins a packet: ASCII SYN. */
export const PACKET_MARK = 0x16;
/** A request with its CRC, before COBS. */
export const REQUEST_BYTES = 20;
/** What precedes a reply's data. */
export const REPLY_HEADER_BYTES = 16;
/** Data of one reply packet. */
export const REPLY_DATA_MAX = 1024;
/** Set in a reply's command. */
export const REPLY_FLAG = 0x80;
export const CRC_BYTES = 4;
/** One segment in the reply to `list`. */
export const LIST_ENTRY_BYTES = 32;

export const COMMANDS = {
  status: 1,
  last: 2,
  frame: 3,
  list: 4,
  pull: 5,
  threshold: 6,
  selfTest: 7,
} as const;

/** Status of a reply besides the firmware's error codes. */
export const REPLY_STATUS = { version: -32, command: -33, interrupted: -34, busy: -35 } as const;

export interface Request {
  readonly command: number;
  /** 1 to 65535; comes back in each packet of the reply. */
  readonly id: number;
  /** Unsigned 32-bit; negative numbers as two's complement. */
  readonly arguments: readonly [number, number, number];
}

export interface Reply {
  readonly command: number;
  readonly id: number;
  /** 0, or a negative error. */
  readonly status: number;
  /** For `frame`: which frame this is a part of. */
  readonly tag: number;
  /** Of the data in the whole reply. */
  readonly offset: number;
  /** Bytes of the whole reply. */
  readonly total: number;
  readonly data: Uint8Array;
}

/** COBS (Cheshire, Baker: Consistent Overhead Byte Stuffing, 1999): no zeros, at most one byte more per 254. */
export function cobsEncode(bytes: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(bytes.length + 2 + Math.floor(bytes.length / 254));
  let codeAt = 0;
  let out = 1;
  for (const byte of bytes) {
    if (byte !== 0) encoded[out++] = byte;
    if (byte === 0 || out - codeAt === 0xff) {
      encoded[codeAt] = out - codeAt;
      codeAt = out++;
    }
  }
  encoded[codeAt] = out - codeAt;
  return encoded.subarray(0, out);
}

/** Undefined for what is no COBS. */
export function cobsDecode(encoded: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(encoded.length);
  let out = 0;
  for (let at = 0; at < encoded.length; ) {
    const code = encoded[at++];
    if (code === 0 || code - 1 > encoded.length - at) return undefined;
    bytes.set(encoded.subarray(at, at + code - 1), out);
    at += code - 1;
    out += code - 1;
    if (code !== 0xff && at < encoded.length) bytes[out++] = 0;
  }
  return bytes.subarray(0, out);
}

/** A message with its CRC, as it goes over the line. */
export function packetOf(message: Uint8Array): Uint8Array {
  const whole = new Uint8Array(message.length + CRC_BYTES);
  whole.set(message);
  new DataView(whole.buffer).setUint32(message.length, crc32(message), true);
  const encoded = cobsEncode(whole);
  return Uint8Array.of(0, PACKET_MARK, ...encoded, 0);
}

export function requestPacket(request: Request): Uint8Array {
  const view = new DataView(new ArrayBuffer(REQUEST_BYTES - CRC_BYTES));
  view.setUint8(0, PROTOCOL_VERSION);
  view.setUint8(1, request.command);
  view.setUint16(2, request.id, true);
  for (const [i, value] of request.arguments.entries()) view.setUint32(4 + 4 * i, value, true);
  return packetOf(new Uint8Array(view.buffer));
}

/** What is between the mark and the closing zero of a packet: a reply, or why it is none. */
export type DecodedPacket =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "damaged" }
  /** Whole, but of a protocol that this program does not speak. */
  | { readonly kind: "foreign"; readonly version: number };

export function decodePacket(encoded: Uint8Array): DecodedPacket {
  const bytes = cobsDecode(encoded);
  if (bytes === undefined || bytes.length < 4 + CRC_BYTES) return { kind: "damaged" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length - CRC_BYTES;
  if (view.getUint32(length, true) !== crc32(bytes.subarray(0, length))) return { kind: "damaged" };
  const version = view.getUint8(0);
  if (version !== PROTOCOL_VERSION) return { kind: "foreign", version };
  const command = view.getUint8(1);
  const dataBytes = length - REPLY_HEADER_BYTES;
  if ((command & REPLY_FLAG) === 0 || dataBytes < 0 || dataBytes > REPLY_DATA_MAX) return { kind: "damaged" };
  return {
    kind: "reply",
    reply: {
      command: command & ~REPLY_FLAG,
      id: view.getUint16(2, true),
      status: view.getInt16(4, true),
      tag: view.getUint16(6, true),
      offset: view.getUint32(8, true),
      total: view.getUint32(12, true),
      data: bytes.subarray(REPLY_HEADER_BYTES, length),
    },
  };
}
