import { describe, expect, it } from "@jest/globals";
import { crc32, portableCrc32 } from "#smilec/captures/crc32.js";
import { Random } from "../support/random.js";

describe("CRC-32", () => {
  it("of the standard's check string is cbf43926", () => {
    for (const crc of [crc32, portableCrc32]) expect(crc(Buffer.from("123456789"))).toBe(0xcbf43926);
  });

  it("is the same with Node's own and without, of any length, place and beginning", () => {
    const random = new Random(1);
    const bytes = Uint8Array.from({ length: 400 }, () => random.integer(0, 255));
    for (let i = 0; i < 300; i++) {
      const start = random.integer(0, 200);
      const part = bytes.subarray(start, start + random.integer(0, 200));
      const before = random.uint32();
      expect(portableCrc32(part, before)).toBe(crc32(part, before));
    }
  });

  it("takes signed bytes for what they are in memory", () => {
    expect(crc32(Int8Array.of(-1, -128, 5))).toBe(crc32(Uint8Array.of(255, 128, 5)));
  });
});
