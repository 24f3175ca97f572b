/**
 * Every program of the host under Valgrind, which sees what sanitizers don't: reads of memory that nobody wrote. A share of the very tests that also run under
 * sanitizers runs again, in a Jest of its own whose programs Valgrind watches (test/support/compile.ts).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "@jest/globals";
import { run } from "#smilec/process/run.js";
import { compareCases } from "../emit-c/model-program.js";
import { compile, SANITIZED } from "../support/compile.js";
import { OPERATOR_KINDS, operatorCases } from "../support/random-graph.js";
import { hostSession, readOutput } from "../support/session.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();
const repository = fileURLToPath(new URL("../../", import.meta.url));
const missing = (await run("valgrind", ["--version"])).notFound;
const watched = missing ? it.skip : it;
const suffix = missing ? " (skipped: valgrind is not installed)" : "";

/** Of each test file: which of its tests. */
const SHARE: Readonly<Record<string, readonly string[]>> = {
  // bot_driver.c: the whole core on a card in memory
  "firmware/bot": [
    "for three seconds withdraws the last press, and logs",
    "for ten seconds lets the card be taken out",
    "scores on when the card is full",
    "leaves a segment in which writes keep failing",
    "whose last header is damaged",
    "decides on the frames there are",
  ],
  // fat_bot_driver.c: the board's own card code over FatFs, with faults
  "firmware/faults": ["asked again up to three times", "that is stuck is shown", "that is down at the start"],
  // main.c: the host program, with an image file as its card
  "firmware/image-card": [
    "gets the very bytes",
    "is full: the bot says so",
    "when it is garbage",
    "for one program at a time",
  ],
  "firmware/settings": ["sets what it names", "is left out whole", "never leads out of the ranges"],
  "firmware/lights": ["is green on all LEDs", "pulses softly", "shows a smile in spite of a fault"],
  "firmware/self-test": ["the memory test"],
  "device/packets": ["are the firmware's", "of the firmware are read whole"],
  "captures/format": ["are the same from C and from TypeScript"],
  "esp32/portable": ["is shown afterwards", "is never taken before six frames", "reach FatFs only as plain names"],
  "emit-c/kernels": ["equals the reference arithmetic"],
};
/** The sources with main() that these tests run. */
const DRIVERS = [
  "bot_driver.c",
  "fat_bot_driver.c",
  "main.c",
  "settings_driver.c",
  "lights_driver.c",
  "memory_driver.c",
  "driver.c",
] as const;

interface Report {
  /** The source with main(). */
  readonly program: string;
  readonly errors: number;
  readonly text: string;
}

/** One per process. */
function reportsIn(folder: string): Report[] {
  return readdirSync(folder).map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const errors = /ERROR SUMMARY: (\d+) errors/.exec(text)?.[1];
    return { program: name.replace(/\.\d+\.txt$/, ""), errors: Number(errors ?? Number.NaN), text };
  });
}

function expectClean(reports: readonly Report[]): void {
  expect(reports.filter(({ errors }) => errors !== 0)).toEqual([]);
  const counts = new Map<string, number>();
  for (const { program } of reports) counts.set(program, (counts.get(program) ?? 0) + 1);
  console.info(`under Valgrind, 0 errors: ${[...counts].map(([name, count]) => `${name} ${count}`).join(", ")}`);
}

describe("under Valgrind", () => {
  afterEach(() => {
    delete process.env.SMILEC_VALGRIND;
  });
  const watch = () => {
    process.env.SMILEC_VALGRIND = temporaryFolder("valgrind-");
    return process.env.SMILEC_VALGRIND;
  };

  watched(
    `every driver does a share of its tests without an error${suffix}`,
    async () => {
      const reports = temporaryFolder("valgrind-");
      const files = Object.keys(SHARE).map((name) => `test/${name}.test.ts`);
      const names = Object.values(SHARE)
        .flat()
        .map((name) => name.replace(/[().,]/g, "\\$&"));
      const jest = ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "-i", "--silent", "--json", ...files];
      const { stdout, all } = await run(process.execPath, [...jest, "-t", `(${names.join("|")})`], {
        cwd: repository,
        env: { SMILEC_VALGRIND: reports, NODE_OPTIONS: undefined, JEST_WORKER_ID: undefined },
      });
      const results = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
        numPassedTests: number;
        numFailedTests: number;
      };
      expect({ ...results, all: results.numFailedTests > 0 ? all : "" }).toMatchObject({ numFailedTests: 0, all: "" });
      expect(results.numPassedTests).toBeGreaterThanOrEqual(names.length);
      const found = reportsIn(reports);
      expect([...new Set(found.map(({ program }) => program))].sort()).toEqual([...DRIVERS].sort());
      expectClean(found);
      console.info(`${results.numPassedTests} tests of ${files.length} files`);
    },
    600_000,
  );

  watched(
    `generated C computes each operator without an error${suffix}`,
    async () => {
      const reports = watch();
      const cases = OPERATOR_KINDS.flatMap((kind) => operatorCases(kind, 2));
      expect(await compareCases(cases, SANITIZED)).toMatchObject({ different: 0, failedSelfTests: 0 });
      expectClean(reportsIn(reports));
    },
    300_000,
  );

  watched(
    `the golden session reads nothing that was not written${suffix}`,
    async () => {
      const reports = watch();
      const program = await compile(await hostSession(), SANITIZED);
      try {
        expect(readOutput(await program.run([])).card.size).toBe(3);
        expectClean(reportsIn(reports));
      } finally {
        await program.dispose();
      }
    },
    300_000,
  );

  watched(
    `a read of memory that nobody wrote, and lost memory, are found${suffix}`,
    async () => {
      const reports = watch();
      for (const text of [
        "int main(int count, char **words) { volatile int a[2]; (void)words; a[1] = count; return a[count - 1] == 7 ? 1 : 0; }",
        "#include <stdlib.h>\nint main(void) { volatile char *p = malloc(9); p[0] = 1; p = 0; return p == 0 ? 0 : 1; }",
      ]) {
        const program = await compile({ "main.c": `${text}\n` }, ["-std=c11"]);
        await expect(program.run([])).rejects.toThrow("exited with 99");
        await program.dispose();
      }
      expect(reportsIn(reports).map(({ errors }) => errors)).toEqual([1, 1]);
    },
    60_000,
  );
});
