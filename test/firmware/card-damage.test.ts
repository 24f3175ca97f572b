/** Files and bits on the card that are not as the bot wrote them (docs/faults.md). */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "@jest/globals";
import { readSegment, type SegmentRecord } from "#smilec/captures/read-segment.js";
import { capturesOf, logged, ofKind, problemsOf } from "../support/bot.js";
import { CardBot, checked, numbers, PRESSES, say, suffix } from "../support/card-bot.js";
import { FatImage } from "../support/fat-image.js";

const bot = CardBot.forTests();

/** Otherwise every third byte of what is flipped on the card. */
const EVERYTHING = process.env.SMILEC_POWER_CUTS === "all";

describe("files that are not as they were", () => {
  checked(
    `a segment cut short, one without its end, one marked read-only and an empty one are left alone; nothing stops the log${suffix}`,
    async () => {
      for (const change of ["short", "headless", "read-only", "empty", "endless"]) {
        const image = await bot.makeCard();
        await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", "press 100", "press 100");
        damageEntry(image, "SEG00002TAR", change);
        const events = await bot.play("boot 1", ...PRESSES, "state");
        expect({ change, logged: logged(events) }).toEqual({ change, logged: [3, 3, 3] });
        expect(ofKind(events, "state")).toMatchObject([{ faults: 0 }]);
      }
    },
    60_000,
  );

  checked(
    `a bit that flips in any byte of a head or header never makes the bot write over a capture that is whole${suffix}`,
    async () => {
      const image = await bot.makeCard();
      await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "keep");
      const contents = new FatImage(image);
      const places = [...Array(1024).keys(), ...[0, 2, 5].flatMap((slot) => headerBytes(slot))];
      let torn = 0;
      for (let i = 0; i < places.length; i += EVERYTHING ? 1 : 3) {
        const at = places[i];
        const flip = `flip ${contents.offsetOf("SEG00001.TAR", at)} ${1 << (i % 8)}`;
        const events = await bot.play("restore", flip, "boot 1", "press 100");
        expect(logged(events)).toEqual([3]);
        const records = await bot.logOn(image);
        const lost = numbers(records).length;
        // A damaged head hides its segment's captures from the reader, as it says; a damaged header its own capture.
        expect(lost).toBeGreaterThanOrEqual(at < 1024 ? 6 : 11);
        torn += problemsOf(records).length > 0 ? 1 : 0;
      }
      say(
        `${EVERYTHING ? places.length : Math.ceil(places.length / 3)} bytes flipped on the card; ${torn} recognised by the reader`,
      );
    },
    240_000,
  );
});

describe("a stored segment", () => {
  checked(
    `with a bit flipped in any byte never gives a capture that is not as it was written${suffix}`,
    async () => {
      const image = await bot.makeCard();
      await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES);
      const file = new FatImage(image).files.find(({ name }) => name === "SEG00001.TAR")!.contents();
      const path = join(bot.folder, "SEG00001.TAR");
      const read = async (): Promise<SegmentRecord[]> => {
        const records: SegmentRecord[] = [];
        for await (const record of readSegment(path)) records.push(record);
        return records;
      };
      writeFileSync(path, file);
      const written = capturesOf(await read()).map(({ payload }) => Buffer.from(payload));
      const found = new Map<string, number>();
      const places = 1024 + 3072;
      for (let at = 0; at < places; at++) {
        file[at] ^= 1 << (at % 8);
        writeFileSync(path, file);
        const records = await read();
        file[at] ^= 1 << (at % 8);
        for (const { header, payload } of capturesOf(records)) {
          expect(written[header.sequence - 1].equals(payload)).toBe(true);
        }
        const other = records.filter(({ kind }) => kind !== "capture");
        const what = other.map((record) => (record.kind === "problem" ? record.reason : record.kind)).join();
        found.set(what, (found.get(what) ?? 0) + 1);
      }
      say(
        `${places} bytes flipped: ${[...found].map(([what, count]) => `${count} ${what || "in filler"}`).join(", ")}`,
      );
      // Two bytes behind each checksum say nothing.
      expect(found.get("")).toBe(2 * 2);
    },
    120_000,
  );
});

const headerBytes = (slot: number) => Array.from({ length: 512 }, (_, i) => 1024 + slot * 3072 + i);

/** Changes a file's directory entry in the volume's first folder cluster. */
function damageEntry(image: string, name: string, change: string): void {
  const contents = readFileSync(image);
  const at = contents.indexOf(name, 0, "latin1");
  if (at < 0) throw new Error(`no ${name}`);
  if (change === "short") contents.writeUInt32LE(1024 + 3072 * 2 + 700, at + 28);
  if (change === "headless") contents.writeUInt32LE(700, at + 28);
  if (change === "empty") contents.writeUInt32LE(0, at + 28);
  if (change === "endless") contents.writeUInt32LE(0x7fffffff, at + 28);
  if (change === "read-only") contents[at + 11] |= 1;
  writeFileSync(image, contents);
}
