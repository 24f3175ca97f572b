/** The whole firmware with the board's own card code over the real FatFs on an image file with faults (test/firmware/fat/fat_bot_driver.c), by commands. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readSegment, type SegmentRecord } from "#smilec/captures/read-segment.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { type BotEvent, driverFiles } from "./bot.js";
import type { Program } from "./compile.js";
import type { FatFile, FatImage } from "./fat-image.js";
import { fatFsSources } from "./fatfs.js";
import { cFiles, compileFirmware, type FirmwareOptions } from "./firmware.js";

const folderOf = async (...path: string[]) => cFiles(join(packageRoot, ...path));
const only = (files: Readonly<Record<string, string>>, pattern: RegExp) =>
  Object.fromEntries(Object.entries(files).filter(([name]) => pattern.test(name)));

export interface FatBotEvent extends BotEvent {
  readonly latencyUs?: number;
  readonly operations?: number;
  readonly atMs?: number;
  readonly lightsMs?: number;
  readonly waiting?: number;
}

/** The program; each {@link start} is a bot of its own. */
export class FatBotProgram {
  private constructor(private readonly program: Program) {}

  static async build(options: FirmwareOptions): Promise<FatBotProgram> {
    const freeRtos = Object.entries(await folderOf("test/firmware/fat/idf/freertos"));
    const host = only(await folderOf("firmware/hal/host"), /^host_/);
    const board = only(await folderOf("firmware/hal/esp32"), /^esp32_(card\.[ch]|(pins|slot|watchdog)\.h)$/);
    const files = {
      ...(await folderOf("test/firmware/fat")),
      ...(await folderOf("test/firmware/fat/idf")),
      ...Object.fromEntries(freeRtos.map(([name, text]) => [`freertos/${name}`, text])),
      ...(await driverFiles()),
      ...host,
      ...only(await folderOf("firmware/hal/host/image"), /^(ffconf|host_(disk|fatfs))\./),
      ...(await folderOf("firmware/hal/fat")),
      ...board,
      ...(await fatFsSources()),
      ...options.files,
    };
    return new FatBotProgram(await compileFirmware({ ...options, files }));
  }

  get folder(): string {
    return this.program.folder;
  }

  start(): FatBot {
    return new FatBot(spawn(this.program.path, [], { cwd: this.program.folder }));
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }
}

export class FatBot {
  private readonly lines: AsyncIterator<string>;
  private complaint = "";

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on("data", (chunk: Buffer) => {
      this.complaint += chunk.toString();
    });
  }

  /** Runs commands; their events. */
  async play(...commands: readonly string[]): Promise<FatBotEvent[]> {
    this.child.stdin.write(`${commands.join("\n")}\nsay end-of-commands\n`);
    const events: FatBotEvent[] = [];
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done === true) throw new Error(`the bot ended: ${this.complaint}`);
      const event = JSON.parse(value) as FatBotEvent;
      if (event.event === "end-of-commands") return events;
      events.push(event);
    }
  }

  async stop(): Promise<void> {
    this.child.stdin.end();
    if (this.child.exitCode === null) await once(this.child, "exit");
    if (this.child.exitCode !== 0) throw new Error(`the bot ended with ${this.child.exitCode}: ${this.complaint}`);
  }
}

/** All records of the segments on an image, oldest segment first; `scratch` is a folder that they are put in. */
export async function readLog(image: FatImage, scratch: string): Promise<SegmentRecord[]> {
  const segments = image.files.filter(({ name, size }) => /^SEG\d{5}\.TAR$/.test(name) && size > 0).sort(byName);
  const records: SegmentRecord[] = [];
  for (const { name, contents } of segments) {
    await writeFile(join(scratch, name), contents());
    for await (const record of readSegment(join(scratch, name))) records.push(record);
  }
  return records;
}

const byName = (a: FatFile, b: FatFile) => (a.name < b.name ? -1 : 1);
