/**
 * The session that every build of the firmware must run alike (firmware/hal/sim/session.h): the shipped model, drawn faces, presses short, bouncing and long,
 * a full segment, a restart and a full card. What a build prints is read back as the capture log and as counted stages.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { findXtensaTools, instructionsOf, linkXtensa, runXtensa } from "#smilec/build/xtensa-sim.js";
import { type Config, configSchema } from "#smilec/config/schema.js";
import { drawnFrame } from "#smilec/data/synthetic/people.js";
import { emitC } from "#smilec/emit/c/model.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { type Model, readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { configHeaderValues, firmwareSettings } from "#smilec/template/context.js";
import { renderTemplate } from "#smilec/template/render.js";
import { compile } from "./compile.js";
import { cFiles, coreFolder } from "./firmware.js";
import { lx6Sources } from "./xtensa.js";

const simFolder = join(packageRoot, "firmware", "hal", "sim");

/** One line of the script: enum session_what without its prefix, and its value. */
type Command = readonly [what: "PICTURE" | "PRESS" | "BOUNCE" | "WAIT" | "RESTART" | "FILES", value: number];

const BROWNOUT = 6;
const BURST = 3;
/** Two presses fill a segment. */
const SLOTS = 2 * BURST;

const SCRIPT: readonly Command[] = [
  ["WAIT", 1500],
  ["PICTURE", 0],
  ["PRESS", 120],
  ["PICTURE", 1],
  ["BOUNCE", 4],
  ["PRESS", 200],
  ["PICTURE", 2],
  ["PRESS", 90],
  // Held for three seconds: the press before is withdrawn.
  ["PRESS", 3500],
  ["RESTART", BROWNOUT],
  ["WAIT", 1500],
  ["PICTURE", 3],
  ["PRESS", 150],
  ["FILES", 3],
  ["PRESS", 100],
  // Over 2 s, so that the lights go out while the button is down.
  ["PICTURE", 1],
  ["PRESS", 2500],
  // No room for another segment: scored, not logged.
  ["PRESS", 100],
];

/** What the script comes to. */
export const EXPECTED = {
  segments: 3,
  slots: SLOTS,
  burst: BURST,
  presses: 7,
  captures: 15,
  withdrawn: BURST,
  /** Capture numbers, from 1, that follow the restart. */
  afterRestart: 10,
} as const;

/** Drawn pictures with this seed; the network takes some of them for smiles. */
const PICTURES = { seed: 5, indices: [0, 1, 2, 3] } as const;

export async function sessionModel(): Promise<Model> {
  return readModel(SHIPPED_MODEL, "shipped");
}

export function sessionConfig(): Config {
  return configSchema.parse({ decision: { burst: BURST }, firmware: { slotsPerSegment: SLOTS } });
}

/** Generated sources by name; the rest is firmware/core and firmware/hal/sim. */
export async function sessionFiles(target: "portable" | "lx6"): Promise<Record<string, string>> {
  const model = await sessionModel();
  const config = sessionConfig();
  const settings = firmwareSettings(config, esp32cam, model);
  const values = configHeaderValues(settings, { name: config.name, target: esp32cam.id, model });
  return {
    ...emitC(model.graph, { provenance: "the golden session", target }).files,
    "smilec_config.h": await renderTemplate("generated/smilec_config.h", values),
    "session_script.c": scriptText(),
    "session_pictures.c": picturesText(),
  };
}

function scriptText(): string {
  const commands = SCRIPT.map(([what, value]) => `    {SESSION_${what}, ${value}},\n`);
  return `#include "session.h"\nconst session_command_t session_script[] = {\n${commands.join("")}    {SESSION_END, 0},\n};\n`;
}

function picturesText(): string {
  const pictures = PICTURES.indices.map((index) => {
    const { width, height, pixels } = drawnFrame(PICTURES.seed, index).image;
    const rows = Array.from({ length: height }, (_, y) => pixels.subarray(y * width, (y + 1) * width).join(","));
    return `    {${rows.join(",\n")}},\n`;
  });
  return `#include "session.h"\nconst uint8_t session_pictures[][SESSION_FRAME_BYTES] = {\n${pictures.join("")}};\n`;
}

/** Names in firmware/hal/sim of the session's sources and headers that are every machine's. */
const common = Object.keys(await cFiles(simFolder)).filter((name) => /^session.*(?<!_host|_sim)\.[ch]$/.test(name));
const commonSources = common.filter((name) => name.endsWith(".c"));

/** The whole session as one machine's program, by file name, for test/support/compile.ts. */
export async function hostSession(): Promise<Record<string, string>> {
  const sim = await cFiles(simFolder);
  const own = [...common, "session_host.c"].map((name) => [name, sim[name]]);
  return { ...(await cFiles(coreFolder)), ...Object.fromEntries(own), ...(await sessionFiles("portable")) };
}

/** Builds and runs it on this machine. */
export async function runOnHost(flags: readonly string[], compiler?: string): Promise<SessionOutput> {
  const program = await compile(await hostSession(), flags, compiler);
  try {
    return readOutput(await program.run([]));
  } finally {
    await program.dispose();
  }
}

/** Builds and runs it on the simulated Xtensa, with the ESP32's kernels. */
export async function runOnXtensa(): Promise<SessionOutput> {
  const tools = await findXtensaTools();
  const folder = await mkdtemp(join(tmpdir(), "smilec-session-"));
  try {
    const generated = await sessionFiles("lx6");
    await Promise.all(Object.entries(generated).map(([name, text]) => writeFile(join(folder, name), text)));
    const core = Object.keys(await cFiles(coreFolder)).filter((name) => name.endsWith(".c"));
    const sources = [
      ...core.map((name) => join(coreFolder, name)),
      ...[...commonSources, "session_sim.c"].map((name) => join(simFolder, name)),
      ...lx6Sources,
      ...Object.keys(generated).filter((name) => name.endsWith(".c")),
    ];
    return readOutput(await runXtensa(tools, await linkXtensa(tools, folder, sources, [`-I${coreFolder}`])));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export type Stage = "start" | "copy" | "preprocess" | "network" | "light" | "log";

export interface SessionOutput {
  /** All lines but those that count: what must be equal. */
  readonly log: string;
  readonly events: readonly (readonly number[])[];
  /** Files on the card. */
  readonly card: ReadonlyMap<string, Buffer>;
  /** Instructions of the core in each run of a stage; zeros where they are not counted. */
  readonly stages: ReadonlyMap<Stage, readonly number[]>;
}

export function readOutput(stdout: string): SessionOutput {
  const lines = stdout.split("\n").map((line) => line.trimEnd());
  const kept = lines.filter((line) => !line.startsWith("t "));
  const stages = new Map<Stage, number[]>();
  for (const line of lines.filter((text) => text.startsWith("t "))) {
    const [, stage, ticks, highs] = line.split(" ");
    stages.set(stage as Stage, [...(stages.get(stage as Stage) ?? []), instructionsOf(Number(ticks), Number(highs))]);
  }
  const events = kept.filter((line) => line.startsWith("e ")).map((line) => line.slice(2).split(" ").map(Number));
  return { log: kept.join("\n"), events, card: cardOf(kept), stages };
}

function cardOf(lines: readonly string[]): Map<string, Buffer> {
  const files = new Map<string, Buffer[]>();
  let blocks: Buffer[] = [];
  for (const line of lines) {
    const [kind, first] = line.split(" ");
    if (kind === "f") {
      blocks = [];
      files.set(first, blocks);
    } else if (kind === "x") blocks.push(Buffer.from(first, "hex"));
    else if (kind === "z") blocks.push(Buffer.alloc(512));
  }
  return new Map([...files].map(([name, parts]) => [name, Buffer.concat(parts)]));
}
