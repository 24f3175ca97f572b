/** Power is cut at every single block write and sync of a few presses; what was committed must be found again, by a reader that shares no code with the writer. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { crc32 } from "#smilec/captures/crc32.js";
import type { Capture } from "#smilec/captures/read-segment.js";
import { Bot, type BotEvent, capturesOf, ofKind, problemsOf, readCard } from "../support/bot.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { CONFIGURATION } from "../support/firmware.js";

/** Slots of a segment, three of which a press takes. */
const SLOTS = Number(CONFIGURATION.SLOTS_PER_SEGMENT);
const PRESSES = Array.from({ length: 4 }, () => "press 100");
/** Another life of the same card first: its blocks are reused. `wipe 1` gives each file another one's old contents, `wipe 0` its own. */
const before = (shift: number) => ["new 99", ...PRESSES, ...PRESSES, "reboot", `wipe ${shift}`, "reboot"];

interface Mode {
  readonly name: string;
  /** Arguments of `cut`. */
  readonly cut: string;
  readonly start: readonly string[];
}

const MODES: readonly Mode[] = [
  { name: "ordered-weak", cut: "ordered weak", start: before(1) },
  { name: "reordered-weak", cut: "reordered weak", start: before(1) },
  { name: "reordered-strong", cut: "reordered strong", start: before(0) },
  { name: "reordered-new", cut: "reordered weak", start: ["new 5"] },
  // A write fails in the second frame; the card is mounted again and the press goes on.
  { name: "ordered-failing", cut: "ordered weak", start: [...before(1), "fail 7 1"] },
];

let fast: Bot;
let sanitized: Bot;
beforeAll(async () => {
  fast = await Bot.build({ flags: OPTIMIZED });
  sanitized = await Bot.build({ flags: SANITIZED });
}, 120_000);
afterAll(async () => {
  await fast?.dispose();
  await sanitized?.dispose();
});

/** Number of block writes of the presses alone. */
async function countWrites(bot: Bot, mode: Mode): Promise<number> {
  const events = await bot.play([...mode.start, "say start", "state", ...PRESSES, "state"]);
  const [from, to] = ofKind(events, "state").map(({ writes }) => writes!);
  return to - from;
}

interface Cut {
  /** CRC of the frame by sequence number, for everything whose append returned. */
  readonly committed: ReadonlyMap<number, number>;
  /** The frame that was being written, if any. */
  readonly writing: number | undefined;
  readonly after: readonly BotEvent[];
}

/** From the events between `say start` and the cut, and those behind it. */
function digest(events: readonly BotEvent[]): Cut {
  const at = events.findIndex(({ event }) => event === "cut");
  expect(at).toBeGreaterThanOrEqual(0);
  const committed = new Map<number, number>();
  let writing: number | undefined;
  for (const { sequences = [], crcs = [] } of [...ofKind(events.slice(0, at), "done"), events[at]]) {
    for (const [i, sequence] of sequences.entries()) committed.set(sequence, crcs[i]);
    writing = crcs[sequences.length];
  }
  return { committed, writing, after: events.slice(at + 1) };
}

/** The card as it was found when power came back, against what had been committed. */
async function checkCard(folder: string, { committed, writing, after }: Cut): Promise<number[]> {
  const records = await readCard(folder);
  const found = capturesOf(records);
  const unknown = found.filter(({ header }) => !committed.has(header.sequence));
  const wrong = found.filter(({ header, frame }) => {
    const expected = committed.get(header.sequence) ?? writing;
    return crc32(frame.pixels) !== expected;
  });
  const sequences = found.map(({ header }) => header.sequence);
  const lost = [...committed.keys()].filter((sequence) => !sequences.includes(sequence));
  const torn = problemsOf(records).filter((reason) => reason !== "stale" && reason !== "foreign");
  expect({ lost, wrong: wrong.length, torn }).toEqual({ lost: [], wrong: 0, torn: [] });
  expect(unknown.length).toBeLessThanOrEqual(1);
  expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  checkPlace(found, after);
  return sequences;
}

/** The bot continues right behind the last capture when a press fits there: stale slots do not count as used. */
function checkPlace(found: readonly Capture[], after: readonly BotEvent[]): void {
  const segment = found.at(-1)?.header.segment;
  const slot = found.filter(({ header }) => header.segment === segment).length;
  if (segment !== undefined && SLOTS - slot >= 3) expect(ofKind(after, "mounted")[0]).toMatchObject({ segment, slot });
}

/** After more presses: everything is still there, and their captures behind it. */
async function checkContinued(folder: string, sequences: readonly number[], after: readonly BotEvent[]): Promise<void> {
  const done = ofKind(after, "done");
  const found = capturesOf(await readCard(folder)).map(({ header }) => header.sequence);
  expect(done.map((event) => event.sequences!.length)).toEqual([3, 3, 3]);
  expect(found).toEqual([...sequences, ...done.flatMap((event) => event.sequences!)]);
}

/** Cuts power at these block writes. Returns how many captures were found. */
async function cutAt(bot: Bot, mode: Mode, places: readonly number[]): Promise<number> {
  const script: string[] = [];
  for (const n of places) {
    const folders = ["cut", "after"].map((part) => bot.makeFolder(`${mode.name}/${n}/${part}`));
    script.push(...mode.start, "say start", `cut ${n} ${mode.cut}`, ...PRESSES, `dump ${folders[0]}`);
    script.push("reboot", ...PRESSES.slice(1), `dump ${folders[1]}`, "say end");
  }
  const events = await bot.play(script);
  let captures = 0;
  let at = 0;
  for (const n of places) {
    const start = events.findIndex(({ event }, i) => i >= at && event === "start");
    at = events.findIndex(({ event }, i) => i > start && event === "end");
    const cut = digest(events.slice(start, at));
    const sequences = await checkCard(`${bot.folder}/${mode.name}/${n}/cut`, cut);
    await checkContinued(`${bot.folder}/${mode.name}/${n}/after`, sequences, cut.after);
    captures += sequences.length;
  }
  return captures;
}

/** One in so many of the cuts is made under sanitizers too: a number that goes through all kinds of blocks. */
const SANITIZED_SHARE = 11;

describe("the capture log when power is cut", () => {
  it.each(MODES)(
    "loses and invents nothing at any block write or sync: $name",
    async (mode) => {
      const writes = await countWrites(fast, mode);
      const places = Array.from({ length: writes }, (_, n) => n);
      expect(writes).toBeGreaterThan(90);
      expect(await cutAt(fast, mode, places)).toBeGreaterThan(writes * 4);
    },
    60_000,
  );

  it.each(MODES)(
    "does nothing undefined when it is started again: $name",
    async (mode) => {
      const writes = await countWrites(sanitized, mode);
      const places = Array.from({ length: writes }, (_, n) => n).filter((n) => n % SANITIZED_SHARE === 0);
      expect(places.length).toBeGreaterThan(8);
      expect(await cutAt(sanitized, mode, places)).toBeGreaterThan(places.length * 4);
    },
    120_000,
  );
});
