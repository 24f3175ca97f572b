/** The serial protocol's bytes: made by C and by TypeScript, read by each, and by each from lines full of noise. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { crc32 } from "#smilec/captures/crc32.js";
import { Demultiplexer } from "#smilec/device/protocol/demultiplex.js";
import {
  COMMANDS,
  CRC_BYTES,
  cobsDecode,
  cobsEncode,
  decodePacket,
  LIST_ENTRY_BYTES,
  PACKET_MARK,
  PROTOCOL_VERSION,
  packetOf,
  REPLY_DATA_MAX,
  REPLY_FLAG,
  REPLY_HEADER_BYTES,
  REPLY_STATUS,
  REQUEST_BYTES,
  type Reply,
  requestPacket,
} from "#smilec/device/protocol/packet.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { type Program, SANITIZED } from "../support/compile.js";
import { compileFirmware } from "../support/firmware.js";
import { Random } from "../support/random.js";

let program: Program;
beforeAll(async () => {
  const driver = await readFile(join(packageRoot, "test/firmware/c/packet_driver.c"), "utf8");
  program = await compileFirmware({ flags: SANITIZED, files: { "driver.c": driver } });
}, 60_000);
afterAll(() => program?.dispose());

type Sent = Omit<Reply, "data"> & { readonly bytes: number; readonly seed: number };

/** The lines that the driver prints, and the packets that it makes. */
async function drive(line: Uint8Array, replies: readonly Sent[] = []) {
  const at = (name: string) => join(program.folder, name);
  await writeFile(at("line"), line);
  const rows = replies.map((reply) =>
    [reply.command, reply.id, reply.status, reply.tag, reply.offset, reply.total, reply.bytes, reply.seed].join(" "),
  );
  await writeFile(at("replies"), rows.join("\n"));
  const [constants, ...received] = (await program.run(["line", "replies", "out"])).trimEnd().split("\n");
  return { constants: JSON.parse(constants) as unknown, received, packets: await readFile(at("out")) };
}

function dataOf({ bytes, seed }: Sent): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => {
    const noise = ((Math.imul(i, 2654435761) + Math.imul(seed, 40503)) >>> 16) & 0xffff;
    return noise % ((seed % 5) + 1) === 0 && seed % 3 !== 0 ? 0 : (noise | 1) & 0xff;
  });
}

/** What the firmware has to make of what is between a mark and a zero. */
function expected(encoded: Uint8Array): string {
  const bytes = encoded.length > REQUEST_BYTES + 1 ? undefined : cobsDecode(encoded);
  if (bytes === undefined || bytes.length < 8) return "damaged";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length - CRC_BYTES;
  if (view.getUint32(length, true) !== crc32(bytes.subarray(0, length))) return "damaged";
  if (bytes[0] !== PROTOCOL_VERSION) return `version ${view.getUint16(2, true)}`;
  if (bytes.length !== REQUEST_BYTES) return "damaged";
  return [
    bytes[1],
    ...[2].map((at) => view.getUint16(at, true)),
    ...[4, 8, 12].map((at) => view.getUint32(at, true)),
  ].join(" ");
}

function randomRequest(random: Random): Uint8Array {
  const value = () => random.pick([0, 1, 0xffffffff, random.integer(0, 0xffffffff)]);
  return requestPacket({
    command: random.integer(0, 255),
    id: random.integer(0, 0xffff),
    arguments: [value(), value(), value()],
  });
}

/** Requests whole, cut, changed, of other versions and lengths, log text, zeros, marks, and noise. */
function randomPiece(random: Random): Uint8Array {
  const noise = () => Uint8Array.from({ length: random.integer(0, 60) }, () => random.integer(0, 255));
  const request = randomRequest(random);
  const flipped = request.slice();
  flipped[random.integer(0, request.length - 1)] ^= 1 << random.integer(0, 7);
  return random.pick([
    request,
    request,
    request.subarray(0, random.integer(0, request.length)),
    request.subarray(random.integer(0, request.length)),
    flipped,
    noise(),
    Buffer.from("I (123) smilec: press 1: smile\r\n"),
    packetOf(noise()),
    packetOf(Uint8Array.of(random.integer(0, 3), ...noise())),
    Uint8Array.of(0, PACKET_MARK, ...new Uint8Array(random.integer(0, 3000)).fill(0x55)),
    Uint8Array.of(random.pick([0, PACKET_MARK])),
  ]);
}

describe("the constants", () => {
  it("are the firmware's", async () => {
    const { constants } = await drive(new Uint8Array());
    expect(constants).toEqual({
      version: PROTOCOL_VERSION,
      mark: PACKET_MARK,
      request: REQUEST_BYTES,
      header: REPLY_HEADER_BYTES,
      data: REPLY_DATA_MAX,
      flag: REPLY_FLAG,
      crc: CRC_BYTES,
      entry: LIST_ENTRY_BYTES,
      packet: 1052,
      commands: Object.values(COMMANDS),
      statuses: Object.values(REPLY_STATUS),
    });
  });

  it("are those of the specification", async () => {
    const text = await readFile(join(packageRoot, "docs/serial.md"), "utf8");
    for (const [name, number] of Object.entries(COMMANDS)) {
      expect(text).toMatch(new RegExp(`^\\| ${number} \\| \`${name.toLowerCase()}\` \\|`, "m"));
    }
    for (const status of Object.values(REPLY_STATUS)) expect(text).toContain(`| ${status} |`);
    expect(text).toContain("Serial protocol, version 1");
  });
});

describe("requests", () => {
  it("are read by the firmware as they were meant, and nothing else is", async () => {
    const random = new Random(5);
    const pieces = Array.from({ length: 20_000 }, () => randomPiece(random));
    const line = Buffer.concat(pieces);
    const meant: string[] = [];
    const parts = new Demultiplexer({
      onText: () => undefined,
      onPacket: (encoded) => meant.push(expected(encoded)),
      onDamage: () => meant.push("damaged"),
    });
    parts.push(line);
    const { received } = await drive(line);
    expect(received).toEqual(meant);
    const whole = received.filter((text) => /^\d/.test(text));
    expect(whole.length).toBeGreaterThan(3000);
    expect(received.filter((text) => text.startsWith("version")).length).toBeGreaterThan(100);
    expect(received.filter((text) => text === "damaged").length).toBeGreaterThan(3000);
  }, 60_000);

  it("with any bit changed are not taken", async () => {
    const request = requestPacket({ command: COMMANDS.pull, id: 7, arguments: [42, 1024, 0] });
    const flips = Array.from({ length: 8 * (request.length - 1) }, (_, bit) => {
      const changed = Buffer.from(request);
      changed[bit >> 3] ^= 1 << (bit & 7);
      return changed;
    });
    const { received } = await drive(Buffer.concat(flips));
    expect(received.filter((text) => text !== "damaged")).toEqual([]);
    expect(received.length).toBeGreaterThan(100);
  });
});

describe("replies", () => {
  const random = new Random(6);
  const replies: Sent[] = Array.from({ length: 600 }, (_, i) => ({
    command: random.integer(0, 127),
    id: random.integer(0, 0xffff),
    status: random.pick([0, -1, -35, -32768, 32767]),
    tag: random.integer(0, 0xffff),
    offset: random.pick([0, 0xffffffff, random.integer(0, 0xffffffff)]),
    total: random.pick([0, 0xffffffff, random.integer(0, 0xffffffff)]),
    bytes: random.pick([0, 1, 233, 234, 235, 1023, REPLY_DATA_MAX, random.integer(0, REPLY_DATA_MAX)]),
    seed: i,
  }));

  it("of the firmware are read whole, whatever pieces they come in, and the log between them too", async () => {
    const { packets } = await drive(new Uint8Array(), replies);
    const log = Buffer.from("W (1) smilec: faults 0x04, error -6\r\n");
    const line = Buffer.concat([log, packets, log, packets]);
    const got: unknown[] = [];
    const text: Buffer[] = [];
    const parts = new Demultiplexer({
      onText: (bytes) => text.push(Buffer.from(bytes)),
      onPacket: (encoded) => {
        const decoded = decodePacket(encoded);
        got.push(decoded.kind === "reply" ? { ...decoded.reply, data: Buffer.from(decoded.reply.data) } : decoded);
      },
    });
    for (let at = 0; at < line.length; ) {
      const piece = random.integer(1, 700);
      parts.push(line.subarray(at, at + piece));
      at += piece;
    }
    const sent = replies.map(({ bytes, seed, ...reply }) => ({
      ...reply,
      data: Buffer.from(dataOf({ ...reply, bytes, seed })),
    }));
    expect(got).toEqual([...sent, ...sent]);
    expect(Buffer.concat(text).toString()).toBe(log.toString() + log.toString());
  });

  it("are damaged, of another version, or no replies", () => {
    const message = new Uint8Array(REPLY_HEADER_BYTES);
    const encoded = (change: (bytes: Uint8Array) => void, length = message.length) => {
      const bytes = new Uint8Array(length);
      bytes.set([PROTOCOL_VERSION, REPLY_FLAG | COMMANDS.status]);
      change(bytes);
      return decodePacket(packetOf(bytes).subarray(2, -1));
    };
    expect(encoded(() => undefined).kind).toBe("reply");
    expect(encoded((bytes) => bytes.set([9]))).toEqual({ kind: "foreign", version: 9 });
    expect(encoded((bytes) => bytes.set([COMMANDS.status], 1)).kind).toBe("damaged");
    expect(encoded(() => undefined, REPLY_HEADER_BYTES - 1).kind).toBe("damaged");
    expect(encoded(() => undefined, REPLY_HEADER_BYTES + REPLY_DATA_MAX + 1).kind).toBe("damaged");
    expect(decodePacket(Uint8Array.of(5, 1)).kind).toBe("damaged");
    expect(decodePacket(Uint8Array.of(1)).kind).toBe("damaged");
  });
});

describe("COBS", () => {
  it("takes every length and any bytes there and back, without a zero", () => {
    const random = new Random(8);
    for (let length = 0; length < 1100; length++) {
      const zeros = random.pick([0, 0.01, 0.5, 1]);
      const bytes = Uint8Array.from({ length }, () => (random.chance(zeros) ? 0 : random.integer(1, 255)));
      const encoded = cobsEncode(bytes);
      expect(encoded.includes(0)).toBe(false);
      expect(encoded.length).toBeLessThanOrEqual(length + 1 + Math.floor(length / 254));
      expect(Buffer.from(cobsDecode(encoded)!).equals(bytes)).toBe(true);
    }
  });
});

describe("a line full of anything", () => {
  it("is taken apart in bounded memory, and a packet behind it is read", () => {
    const random = new Random(9);
    let packets = 0;
    let text = 0;
    const parts = new Demultiplexer({
      onText: (bytes) => {
        text += bytes.length;
      },
      onPacket: (encoded) => {
        expect(encoded.length).toBeLessThanOrEqual(1049);
        if (decodePacket(encoded).kind === "reply") packets++;
      },
    });
    const reply = new Uint8Array(REPLY_HEADER_BYTES + 3);
    reply.set([PROTOCOL_VERSION, REPLY_FLAG | COMMANDS.status]);
    for (let round = 0; round < 500; round++) {
      const noise = Buffer.from(random.int8s(random.integer(0, 5000)));
      if (random.chance(0.5)) noise.fill(0x16, 0, random.integer(0, noise.length));
      parts.push(noise);
      // A packet that noise runs into is lost; the next one is not.
      parts.push(packetOf(reply));
    }
    expect(packets).toBeGreaterThanOrEqual(499);
    expect(text).toBeGreaterThan(0);
  });
});
