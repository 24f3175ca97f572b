/** A bot of fat-bot.ts for all tests of a file, what it logged, and the cards it is given. Needs the tools that make and judge FAT images. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { SegmentRecord } from "#smilec/captures/read-segment.js";
import { capturesOf, ofKind } from "./bot.js";
import { SANITIZED } from "./compile.js";
import { type FatBot, type FatBotEvent, FatBotProgram, readLog } from "./fat-bot.js";
import { FatImage, judge, makeFatImage, withoutFatTools } from "./fat-image.js";

const reason = await withoutFatTools();
/** A test that is skipped, and says so by its suffix, without the tools. */
export const checked = reason === undefined ? it : it.skip;
export const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

export const FAULT = { noCard: 4, cardFull: 8, cardFails: 16, cardFormat: 32 };
/** Longer than the longest wait between two attempts to use the card. */
export const LATER = "wait 130000";
export const PRESSES = ["press 100", "press 100", "press 100"];
/** A new bot on a new card, whose contents `restore` brings back. */
export const fresh = (image: string) => [`insert ${image}`, "keep"];
export const START = ["restore", "forget 5"];

export const say = (text: string) => process.stderr.write(`    ${text}\n`);
export const numbers = (records: readonly SegmentRecord[]) => capturesOf(records).map(({ header }) => header.sequence);
export const acknowledged = (events: readonly FatBotEvent[]) =>
  ofKind(events, "done").flatMap(({ sequences }) => sequences ?? []);

export class CardBot {
  private program!: FatBotProgram;
  private bot!: FatBot;
  private images = 0;

  /** Built under sanitizers and started before the tests of the file, stopped after them. */
  static forTests(): CardBot {
    const made = new CardBot();
    beforeAll(async () => {
      if (reason !== undefined) return;
      made.program = await FatBotProgram.build({ flags: SANITIZED });
      made.bot = made.program.start();
    }, 180_000);
    afterAll(async () => {
      await made.bot?.stop();
      await made.program?.dispose();
    });
    return made;
  }

  get folder(): string {
    return this.program.folder;
  }

  play(...commands: readonly string[]): Promise<FatBotEvent[]> {
    return this.bot.play(...commands);
  }

  /** The path of a new card's image. */
  async makeCard(options: Parameters<typeof makeFatImage>[1] = {}): Promise<string> {
    const path = join(this.folder, `card${this.images++}.img`);
    await makeFatImage(path, options);
    return path;
  }

  /** `start`: the volume's first sector. */
  logOn(image: string, start = 0): Promise<SegmentRecord[]> {
    return readLog(new FatImage(image, start), this.folder);
  }

  /** Block reads, writes and questions of a life. */
  async countOperations(...life: string[]): Promise<number> {
    const events = await this.play(...START, "state", ...life, "state");
    const [from, to] = events.flatMap(({ operations }) => operations ?? []);
    return to - from;
  }

  /** Everything acknowledged is there, once, and the file system is in order. */
  async expectWhole(image: string, events: readonly FatBotEvent[]): Promise<void> {
    const found = numbers(await this.logOn(image));
    expect(acknowledged(events).filter((sequence) => !found.includes(sequence))).toEqual([]);
    expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
    expectEachFrameOnce(await this.logOn(image));
    expect((await judge(image)).damage).toEqual([]);
  }
}

/** No frame of a press is there twice, and those of one press are in one segment. */
function expectEachFrameOnce(records: readonly SegmentRecord[]): void {
  const frames = capturesOf(records).map(({ header, metadata }) => {
    const press = `${header.boot}.${metadata.press}`;
    return { press, segment: header.segment, frame: `${press}.${metadata.burstIndex}` };
  });
  expect(frames).toHaveLength(new Set(frames.map(({ frame }) => frame)).size);
  const places = new Set(frames.map(({ press, segment }) => `${press} in ${segment}`));
  expect(places.size).toBe(new Set(frames.map(({ press }) => press)).size);
}
