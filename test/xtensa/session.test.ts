/** The whole bot, one session, several machines: all print the same events and leave the same bytes on the card, and these mean what they should. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { replayCapture } from "#smilec/captures/replay.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { run } from "#smilec/process/run.js";
import { capturesOf, problemsOf, readCard } from "../support/bot.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { EXPECTED, runOnHost, runOnXtensa, type SessionOutput, sessionModel } from "../support/session.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { missingSimulator } from "../support/xtensa.js";

const temporaryFolder = temporaryFolders();

/** Why a compiler cannot make programs with these flags; undefined when it can. */
async function cannotBuild(compiler: string, flags: readonly string[]): Promise<string | undefined> {
  const program = '#include <string.h>\nint main(void) { return (int)strlen(""); }\n';
  const output = join(temporaryFolder("probe-"), "program");
  const result = await run(compiler, [...flags, "-x", "c", "-", "-o", output], { input: program });
  return result.exitCode === 0 ? undefined : `${compiler} ${flags.join(" ")} builds no program`;
}

const BUILDS = [
  ["gcc, optimized for 32 bits", "gcc", [...OPTIMIZED, "-m32"]],
  ["gcc, optimized for size", "gcc", [...OPTIMIZED, "-Os"]],
  ["gcc with the sanitizers", "gcc", SANITIZED],
  ["clang, optimized", "clang-22", [...OPTIMIZED, "-O3"]],
  ["clang, optimized for 32 bits", "clang-22", [...OPTIMIZED, "-m32"]],
] as const;

const builds = await Promise.all(
  BUILDS.map(async ([name, compiler, flags]) => {
    const reason = await cannotBuild(
      compiler,
      flags.filter((flag) => flag === "-m32" || flag.startsWith("-fsan")),
    );
    return { name: reason === undefined ? name : `${name} (skipped: ${reason})`, compiler, flags, reason };
  }),
);
const simulator = await missingSimulator();

describe("the golden session", () => {
  let first: SessionOutput;
  beforeAll(async () => {
    first = await runOnHost(OPTIMIZED);
  }, 300_000);

  it("fills segments with captures that the reference computes alike, before and after a restart", async () => {
    const folder = temporaryFolder("session-card-");
    for (const [name, bytes] of first.card) writeFileSync(join(folder, name), bytes);
    const records = await readCard(folder);
    const captures = capturesOf(records);
    expect(first.card.size).toBe(EXPECTED.segments);
    expect(problemsOf(records)).toEqual([]);
    expect(captures).toHaveLength(EXPECTED.captures);
    expect(records.filter(({ kind }) => kind === "withdrawn")).toHaveLength(EXPECTED.withdrawn);
    const model = await sessionModel();
    const interpreter = new ReferenceInterpreter(model.graph);
    const options = { modelHash: model.sha256.slice(0, 16) };
    expect(captures.flatMap((capture) => replayCapture(capture, model, interpreter, options))).toEqual([]);
    for (const { header } of captures) {
      expect(header.boot).toBe(header.sequence < EXPECTED.afterRestart ? 1 : 2);
    }
    expect(new Set(captures.map(({ metadata }) => metadata.smile)).size).toBe(2);
    expect(captures.filter(({ header }) => header.segment === 1)).toHaveLength(EXPECTED.slots);
  }, 120_000);

  it("scores a press that the full card does not take", () => {
    const last = first.events.at(-1) as readonly number[];
    const [, , error, , , , , , press, , frames, logged] = last;
    expect({ error, press, frames, logged }).toEqual({ error: -7, press: 4, frames: EXPECTED.burst, logged: 0 });
  });

  for (const { name, compiler, flags, reason } of builds) {
    (reason === undefined ? it : it.skip)(
      `leaves the same log when built by ${name}`,
      async () => expectSame(await runOnHost(flags, compiler), first),
      600_000,
    );
  }

  (simulator === undefined ? it : it.skip)(
    `leaves the same log on the ESP32's instruction set${simulator === undefined ? "" : ` (skipped: ${simulator})`}`,
    async () => {
      const simulated = await runOnXtensa();
      expectSame(simulated, first);
      for (const stage of ["start", "copy", "preprocess", "network", "light", "log"] as const) {
        const counts = simulated.stages.get(stage) ?? [];
        console.info(`${stage}: ${counts.length} times, ${Math.min(...counts)} to ${Math.max(...counts)} instructions`);
        expect(Math.min(...counts)).toBeGreaterThan(0);
      }
    },
    600_000,
  );
});

/** Line by line where they differ: the whole is too long to be shown. */
function expectSame(output: SessionOutput, first: SessionOutput): void {
  const [lines, expected] = [output.log.split("\n"), first.log.split("\n")];
  const different = lines.findIndex((line, i) => line !== expected[i]);
  if (different >= 0) expect(lines[different]).toBe(expected[different]);
  expect(lines.length).toBe(expected.length);
  expect([...output.card.keys()]).toEqual([...first.card.keys()]);
}
