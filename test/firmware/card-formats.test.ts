/** Cards with another file system, and those that are used (docs/faults.md). */
import { randomFillSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "@jest/globals";
import { logged, ofKind } from "../support/bot.js";
import { acknowledged, CardBot, checked, FAULT, LATER, numbers, PRESSES, suffix } from "../support/card-bot.js";
import { judge } from "../support/fat-image.js";

const bot = CardBot.forTests();

describe("a card with another file system", () => {
  const signature = (jump: string, name: string) => {
    const image = Buffer.alloc(8 << 20);
    image.write(`${jump}${name}`, "latin1");
    image.writeUInt16LE(512, 11);
    image[13] = 8;
    image.writeUInt16LE(0xaa55, 510);
    return image;
  };
  const exFat = signature("\xeb\x76\x90", "EXFAT   ");
  exFat.fill(0, 11, 64);
  checked.each([
    ["exFAT", exFat],
    ["NTFS", signature("\xeb\x52\x90", "NTFS    ")],
    ["nothing but zeros", Buffer.alloc(8 << 20)],
    ["nothing but ones", Buffer.alloc(8 << 20, 0xff)],
    ["noise", randomFillSync(Buffer.alloc(1 << 20))],
    ["a partition table whose partition is not FAT", partitioned(Buffer.alloc(8 << 20), 0x83)],
  ])(
    `%s: is left as it is and shown; presses are answered${suffix}`,
    async (name, contents) => {
      const image = join(bot.folder, `${name.split(" ")[0]}.img`);
      writeFileSync(image, contents);
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", LATER, "press 100", "state");
      expect(ofKind(events, "scored")).toHaveLength(2);
      expect(acknowledged(events)).toEqual([]);
      expect(ofKind(events, "state")).toMatchObject([{ faults: FAULT.cardFormat }]);
      expect(readFileSync(image).equals(contents)).toBe(true);
    },
    60_000,
  );

  checked(
    `FAT16: is used like any other${suffix}`,
    async () => {
      const image = await bot.makeCard({ options: ["-F", "16", "-s", "2"] });
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "boot 1", "press 100");
      expect(logged(events)).toEqual([3, 3, 3, 3]);
      expect(ofKind(events, "mounted").at(-1)).toMatchObject({ segment: 2, slot: 3, sequence: 10 });
      expect((await judge(image)).damage).toEqual([]);
    },
    60_000,
  );

  checked(
    `FAT16 with room for a part of a segment at its end and for another at its beginning: is full, and nothing is harmed${suffix}`,
    async () => {
      const image = await bot.makeCard({ options: ["-F", "16", "-s", "2"] });
      const contents = readFileSync(image);
      const tables = contents.readUInt16LE(14) * 512;
      const tableBytes = contents.readUInt16LE(22) * 512;
      // Clusters of two blocks, a segment takes 26: 20 free at the beginning, 46 at the end, all others bad.
      const before = (tables + 2 * tableBytes + contents.readUInt16LE(17) * 32) / 512;
      const clusters = Math.floor(((contents.readUInt16LE(19) || contents.readUInt32LE(32)) - before) / 2);
      for (let copy = 0; copy < 2; copy++) {
        for (let at = 22; at < clusters + 2 - 46; at++)
          contents.writeUInt16LE(0xfff7, tables + copy * tableBytes + at * 2);
      }
      writeFileSync(image, contents);
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "state");
      expect(logged(events)).toEqual([3, 3, 0]);
      const verdict = await judge(image);
      expect({ state: ofKind(events, "state")[0].faults, verdict }).toMatchObject({
        state: FAULT.cardFull,
        verdict: { damage: [], lostClusters: 0 },
      });
    },
    60_000,
  );

  checked(
    `FAT32 in a partition, as cards are sold: is used${suffix}`,
    async () => {
      const image = await bot.makeCard({ kib: 36_000, options: ["-F", "32", "-s", "1", "--offset=2048"] });
      writeFileSync(image, partitioned(readFileSync(image), 0x0c));
      const events = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES);
      expect(logged(events)).toEqual([3, 3, 3]);
      expect(numbers(await bot.logOn(image, 2048))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
    60_000,
  );
});

/** With a partition from sector 2048 on. */
function partitioned(image: Buffer, type: number): Buffer {
  image[446 + 4] = type;
  image.writeUInt32LE(2048, 446 + 8);
  image.writeUInt32LE(image.length / 512 - 2048, 446 + 12);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}
