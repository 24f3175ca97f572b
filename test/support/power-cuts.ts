/** One life of a bot with real FatFs on a card, cut off at any block write, and what must hold on the card afterwards and when the bot goes on. */
import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { crc32 } from "#smilec/captures/crc32.js";
import type { SegmentRecord } from "#smilec/captures/read-segment.js";
import { ofKind } from "./bot.js";
import { type FatBot, type FatBotEvent, type FatBotProgram, readLog } from "./fat-bot.js";
import { crowdImage, FatImage, formatImage, judge, type Verdict } from "./fat-image.js";

export interface Cut {
  /** Block writes of this life before it. */
  readonly at: number;
  readonly how: "clean" | "torn" | "lost";
  /** `torn`: bytes of the block under way that are new; `lost`: a bit for each waiting block, oldest first, that is lost. */
  readonly detail: number;
}

export type Window = "through" | "back";

/** What was found over all cuts. */
export interface Tally {
  cuts: number;
  captures: number;
  fileSystems: number;
  withLostClusters: number;
  mostLostClusters: number;
  tablesDiffer: number;
  wrongSummary: number;
  tornEntries: number;
}

/** Segments are made at the start, ahead and in between; a withdrawal; presses on three segments. */
const LIFE = ["press 100", "press 100", "press 100", "press 4000", "press 100", "press 100"];
const AFTERWARDS = ["press 100", "press 100", "press 100"];
/** What a segment of eight slots takes in clusters of one block. */
export const SEGMENT_CLUSTERS = (1024 + 8 * 3072 + 1024) / 512;

const TORN_ENTRY = [
  /^\/SEG/,
  /^ {2}Bad short file name \(/,
  /^ {2}Auto-renaming it\.$/,
  /^ {2}Renamed to FSCK/,
  /^ {2}File size is 0 bytes, cluster chain length is > 0 bytes\.$/,
  /^ {2}Truncating file to 0 bytes\.$/,
];

/** Bytes that are no zeros, as they lie on a used card. */
function noise(bytes: number): Buffer {
  const part = Buffer.from(Array.from({ length: 4093 }, (_, i) => 1 + ((i * i * 31 + i * 7) % 255)));
  return Buffer.alloc(bytes, part);
}

export class PowerCuts {
  private readonly bot: FatBot;
  private readonly image: string;
  private readonly scratch: string;
  private readonly verdicts = new Map<string, Verdict>();
  readonly tally: Tally = {
    cuts: 0,
    captures: 0,
    fileSystems: 0,
    withLostClusters: 0,
    mostLostClusters: 0,
    tablesDiffer: 0,
    wrongSummary: 0,
    tornEntries: 0,
  };

  private constructor(program: FatBotProgram, name: string) {
    this.bot = program.start();
    this.image = join(program.folder, `${name}.img`);
    this.scratch = join(program.folder, name);
    mkdirSync(this.scratch);
  }

  /**
   * A card on whose blocks another life's captures are, and noise elsewhere: it was filled, then formatted. `crowded`: with so many other files that the folder
   * needs another cluster for the second segment.
   */
  static async start(program: FatBotProgram, name: string, window: Window, crowded = false): Promise<PowerCuts> {
    const cuts = new PowerCuts(program, name);
    await writeFile(cuts.image, noise(34_000 * 1024));
    await formatImage(cuts.image);
    await cuts.bot.play(`insert ${cuts.image}`, "forget 99", "boot 1", ...LIFE, ...LIFE);
    await formatImage(cuts.image);
    if (crowded) crowdImage(cuts.image, 1);
    await cuts.bot.play(`insert ${cuts.image}`, `window ${window}`, "keep");
    return cuts;
  }

  stop(): Promise<void> {
    return this.bot.stop();
  }

  /** Block writes of the whole life. */
  async countWrites(): Promise<number> {
    const events = await this.bot.play("restore", "forget 5", "state", "boot 1", ...LIFE, "state");
    const [from, to] = ofKind(events, "state").map(({ writes }) => writes!);
    return to - from;
  }

  /** Plays the life up to the cut, then goes on. Returns how many blocks had been waiting. */
  async check({ at, how, detail }: Cut): Promise<number> {
    const events = await this.bot.play("restore", "forget 5", `cut ${at} ${how} ${detail}`, "boot 1", ...LIFE);
    const end = events.findIndex(({ event }) => event === "cut");
    const found = await this.look(how);
    const known = this.compare(events.slice(0, end + 1), found, how);
    const after = await this.bot.play("boot 1", ...AFTERWARDS);
    expect(ofKind(after, "mounted")).toHaveLength(1);
    expect(ofKind(after, "faults")).toEqual([]);
    const done = ofKind(after, "done");
    expect(done.map(({ sequences }) => sequences!.length)).toEqual([3, 3, 3]);
    const later = sequencesOf(await this.look(how));
    expect(later).toEqual([...known, ...done.flatMap(({ sequences }) => sequences!)]);
    this.tally.cuts++;
    this.tally.captures += known.length;
    return (events[end] as FatBotEvent).waiting!;
  }

  /** The log on the card, whose file system must be in order. */
  private async look(how: Cut["how"]): Promise<SegmentRecord[]> {
    const image = new FatImage(this.image);
    let verdict = this.verdicts.get(image.structure);
    if (verdict === undefined) {
      verdict = await judge(this.image);
      this.verdicts.set(image.structure, verdict);
      this.note(verdict);
    }
    // A block of the folder that is torn inside an entry leaves a new file's name, or its clusters without its size.
    const entry = verdict.damage.filter((line) => TORN_ENTRY.some((pattern) => pattern.test(line)));
    expect(verdict.damage.filter((line) => !entry.includes(line))).toEqual([]);
    expect(how === "torn" ? [] : entry).toEqual([]);
    return readLog(image, this.scratch);
  }

  private note(verdict: Verdict): void {
    this.tally.fileSystems++;
    this.tally.withLostClusters += verdict.lostClusters > 0 ? 1 : 0;
    this.tally.mostLostClusters = Math.max(this.tally.mostLostClusters, verdict.lostClusters);
    this.tally.tablesDiffer += verdict.tablesDiffer ? 1 : 0;
    this.tally.wrongSummary += verdict.wrongSummary ? 1 : 0;
    this.tally.tornEntries += verdict.damage.length > 0 ? 1 : 0;
  }

  /** What was acknowledged before the cut against what is found. Returns the sequence numbers on the card. */
  private compare(before: readonly FatBotEvent[], records: readonly SegmentRecord[], how: Cut["how"]): number[] {
    const { committed, writing } = acknowledged(before);
    const found = sequencesOf(records);
    const problems = records.flatMap((record) => (record.kind === "problem" ? [record.reason] : []));
    // A stale header may lie behind the last capture, and in its place the one that was being written.
    const unexpected = problems.filter((reason) => reason !== "stale");
    if (how === "torn" && unexpected[0] === "torn") unexpected.shift();
    const lost = [...committed.keys()].filter((sequence) => !found.includes(sequence));
    const unknown = found.filter((sequence) => !committed.has(sequence));
    const wrong = records.flatMap((record) => {
      if (record.kind !== "capture") return [];
      const { header, frame } = record.capture;
      return crc32(frame.pixels) === (committed.get(header.sequence) ?? writing) ? [] : [header.sequence];
    });
    expect(wrong).toEqual([]);
    expect({ lost, unexpected }).toEqual({ lost: [], unexpected: [] });
    expect(unknown.length).toBeLessThanOrEqual(1);
    expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
    const takenBack = records.filter(({ kind }) => kind === "withdrawn").length;
    const acknowledgedBack = before.some(({ event, error }) => event === "withdrawn" && error === 0);
    expect(takenBack).toBeLessThanOrEqual(3);
    if (acknowledgedBack) expect(takenBack).toBe(3);
    return found;
  }
}

function sequencesOf(records: readonly SegmentRecord[]): number[] {
  return records.flatMap((record) => {
    if (record.kind === "capture") return [record.capture.header.sequence];
    return record.kind === "withdrawn" ? [record.header.sequence] : [];
  });
}

/** The CRC of each frame that was logged, by finished presses and the one under way at the cut, and of the one being written. */
function acknowledged(events: readonly FatBotEvent[]): { committed: Map<number, number>; writing: number | undefined } {
  const committed = new Map<number, number>();
  let writing: number | undefined;
  for (const { sequences = [], crcs = [] } of [...ofKind(events, "done"), ...ofKind(events, "cut")]) {
    for (const [i, sequence] of sequences.entries()) committed.set(sequence, crcs[i]);
    writing = crcs[sequences.length];
  }
  return { committed, writing };
}
