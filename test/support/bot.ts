/** The whole firmware on a card in memory (test/firmware/c/ram/bot_driver.c), by scripts. */
import { mkdirSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Capture, readSegment, type SegmentRecord } from "#smilec/captures/read-segment.js";
import { packageRoot } from "#smilec/files/package-root.js";
import type { Program } from "./compile.js";
import { cFiles, compileFirmware, type FirmwareOptions } from "./firmware.js";

/** One JSON line of the driver. */
export interface BotEvent {
  readonly event: string;
  readonly press?: number;
  readonly pressMs?: number;
  readonly frames?: number;
  readonly smile?: boolean;
  readonly sum?: number;
  readonly threshold?: number;
  readonly lights?: boolean;
  readonly status?: boolean;
  readonly error?: number;
  /** Virtual time since the contact closed. */
  readonly sinceUs?: number;
  /** CRC-32 of each frame's pixels. */
  readonly crcs?: readonly number[];
  /** Numbers of those that were logged. */
  readonly sequences?: readonly number[];
  readonly segment?: number;
  readonly slot?: number;
  readonly sequence?: number;
  readonly boot?: number;
  readonly count?: number;
  readonly faults?: number;
  readonly restarts?: number;
  readonly writes?: number;
  /** Tries to mount the card. */
  readonly mounts?: number;
  /** Of the self-test: errors, and the camera's product id. */
  readonly memory?: number;
  readonly camera?: number;
  readonly sensor?: number;
  readonly burst?: number;
  readonly brightness?: number;
  /** Files open on the card, and whether it is mounted, as it may be taken out. */
  readonly opens?: number;
  readonly mounted?: boolean;
  /** Red, green and blue of each LED. */
  readonly leds?: readonly (readonly [red: number, green: number, blue: number])[];
}

/** What drivers of the whole bot share. */
export function driverFiles(): Promise<Record<string, string>> {
  return cFiles(join(packageRoot, "test/firmware/c/driver"));
}

export class Bot {
  private cards = 0;

  private constructor(private readonly program: Program) {}

  static async build(options: FirmwareOptions): Promise<Bot> {
    const files = { ...(await cFiles(join(packageRoot, "test/firmware/c/ram"))), ...(await driverFiles()) };
    return new Bot(await compileFirmware({ ...options, files }));
  }

  get folder(): string {
    return this.program.folder;
  }

  /** A folder to dump cards into. */
  makeFolder(name: string): string {
    const folder = join(this.program.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  async play(commands: readonly string[]): Promise<BotEvent[]> {
    await writeFile(join(this.program.folder, "script"), commands.join("\n"));
    const output = await this.program.run(["script"]);
    return output.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as BotEvent]));
  }

  /** Plays, then reads what is on the card; `folder` has a copy of it. */
  async playAndRead(
    commands: readonly string[],
  ): Promise<{ events: BotEvent[]; records: SegmentRecord[]; folder: string }> {
    const folder = this.makeFolder(`card${this.cards++}`);
    const events = await this.play([...commands, `dump ${folder}`]);
    return { events, records: await readCard(folder), folder };
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }
}

/** All records of the segments in a folder, oldest segment first. */
export async function readCard(folder: string): Promise<SegmentRecord[]> {
  const records: SegmentRecord[] = [];
  for (const name of (await readdir(folder)).filter((file) => file.startsWith("SEG")).sort()) {
    for await (const record of readSegment(join(folder, name))) records.push(record);
  }
  return records;
}

export function capturesOf(records: readonly SegmentRecord[]): Capture[] {
  return records.flatMap((record) => (record.kind === "capture" ? [record.capture] : []));
}

export function problemsOf(records: readonly SegmentRecord[]): string[] {
  return records.flatMap((record) => (record.kind === "problem" ? [record.reason] : []));
}

export function ofKind(events: readonly BotEvent[], kind: string): BotEvent[] {
  return events.filter(({ event }) => event === kind);
}

/** How many captures of each press were acknowledged. */
export function logged(events: readonly BotEvent[]): number[] {
  return ofKind(events, "done").map(({ sequences }) => sequences!.length);
}

/** Bits of the present faults at each change. */
export function faultsOf(events: readonly BotEvent[]): (number | undefined)[] {
  return ofKind(events, "faults").map((event) => event.faults);
}
