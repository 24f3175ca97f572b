/** The host program with a generated network, run over pictures in a folder of its own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Capture, readSegment } from "#smilec/captures/read-segment.js";
import { emitC } from "#smilec/emit/c/model.js";
import type { ModelBundle } from "#smilec/graph/bundle.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { type RunResult, run } from "#smilec/process/run.js";
import { kernelFolder, type Program } from "./compile.js";
import { cFiles, compileFirmware, pgm } from "./firmware.js";
import { Random } from "./random.js";
import { residualNet } from "./residual-net.js";

/** A decision line of the program. */
export interface Decision {
  readonly event: "decision";
  readonly frame: string;
  readonly sequences: readonly number[];
  readonly outputs: readonly (readonly number[])[];
  readonly margins: readonly number[];
  readonly sum: number;
  readonly threshold: number;
  readonly smile: boolean;
  readonly logged: boolean;
}

/** A small residual network with random weights for 16 x 16 inputs; with seeds 39 and 14 it tells most pictures from each other. */
export function smallBundle(seed: number): ModelBundle {
  return {
    graph: residualNet(new Random(seed), { size: 16, channels: [4, 4, 8] }),
    description: {
      formatVersion: 1,
      labels: ["neutral", "smile"],
      positive: 1,
      preprocess: { size: 16, normalize: "standardize" },
      thresholdMargin: THRESHOLD,
    },
  };
}

/** Its C, with a golden input. */
export async function generatedModel(bundle: ModelBundle): Promise<Record<string, string>> {
  const input = new Random(77).int8s(256);
  const [output] = new ReferenceInterpreter(bundle.graph).run([input]);
  const { files } = emitC(bundle.graph, { provenance: "a test", golden: { input, output } });
  return { ...files, ...(await cFiles(kernelFolder)) };
}

/** The median margin of {@link smallBundle}(39) on random pictures. */
const THRESHOLD = 35;

export class HostBot {
  private runs = 0;
  private constructor(private readonly program: Program) {}

  static async build(options: {
    readonly flags: readonly string[];
    readonly model?: Readonly<Record<string, string>>;
    readonly config?: Readonly<Record<string, string>>;
    readonly golden?: number;
    /** Takes image files as cards. */
    readonly images?: boolean;
  }): Promise<HostBot> {
    const config = { THRESHOLD_MARGIN: `${THRESHOLD}`, ...options.config };
    return new HostBot(await compileFirmware({ ...options, config, host: true }));
  }

  /** Of the program. */
  get path(): string {
    return this.program.path;
  }

  get folder(): string {
    return this.program.folder;
  }

  /** Writes pictures, each a whole PGM file; returns their paths. */
  writePictures(pictures: readonly Uint8Array[]): string[] {
    const folder = join(this.program.folder, `pictures${this.runs++}`);
    mkdirSync(folder);
    return pictures.map((picture, i) => {
      const path = join(folder, `${String(i).padStart(6, "0")}.pgm`);
      writeFileSync(path, picture);
      return path;
    });
  }

  /** An empty card. */
  makeCard(): string {
    const folder = join(this.program.folder, `card${this.runs++}`);
    mkdirSync(folder);
    return folder;
  }

  /** Presses once per picture. */
  async press(paths: readonly string[], card: string, ...more: string[]): Promise<RunResult> {
    const list = join(this.program.folder, `list${this.runs++}`);
    writeFileSync(list, paths.map((path) => `${path}\n`).join(""));
    return this.start("--frames", list, "--card", card, ...more);
  }

  start(...args: string[]): Promise<RunResult> {
    return run(this.program.path, args, { cwd: this.program.folder, timeoutMs: 60_000 });
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }
}

export function linesOf(result: RunResult): Record<string, unknown>[] {
  return result.stdout
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Record<string, unknown>]));
}

export function decisionsOf(result: RunResult): Decision[] {
  return linesOf(result).filter(({ event }) => event === "decision") as unknown as Decision[];
}

/** Captures of one segment file; fails on anything else. */
export async function readCaptures(path: string): Promise<Capture[]> {
  const captures: Capture[] = [];
  for await (const record of readSegment(path)) {
    if (record.kind !== "capture") throw new Error(`${path}: ${JSON.stringify(record)}`);
    captures.push(record.capture);
  }
  return captures;
}

/** Random pictures with some structure, at most 40 x 30. */
export function randomPictures(random: Random, count: number, full = false): Buffer[] {
  return Array.from({ length: count }, () => {
    const width = full ? 40 : random.integer(1, 40);
    const height = full ? 30 : random.integer(1, 30);
    const [base, slope, noise] = [random.integer(0, 200), random.integer(-4, 4), random.integer(1, 120)];
    const pixels = Uint8Array.from({ length: width * height }, (_, i) =>
      Math.max(0, Math.min(255, base + slope * (i % width) + random.integer(0, noise))),
    );
    return pgm(width, height, pixels);
  });
}
