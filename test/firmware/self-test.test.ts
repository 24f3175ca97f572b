import { describe, expect, it } from "@jest/globals";
import { findCompiler } from "#smilec/build/compiler.js";
import { run } from "#smilec/process/run.js";
import { WARNINGS } from "../support/compile.js";
import { compileUnit } from "../support/core-unit.js";

const ERR_MEMORY = -13;

it("the memory test passes good memory of any size, and finds an address line that does nothing", async () => {
  const program = await compileUnit("memory_driver.c", ["sm_self_test.c"]);
  try {
    expect((await program.run([])).trim()).toBe(`0 0 0 ${ERR_MEMORY}`);
  } finally {
    await program.dispose();
  }
}, 60_000);

/** A function's first access of a byte calls one of the driver's before, as gcc and as clang are told to. */
const WATCHED = [
  ["--param=asan-instrumentation-with-call-threshold=0", "--param=asan-globals=0", "--param=asan-stack=0"],
  ["-mllvm", "-asan-instrumentation-with-call-threshold=0", "-mllvm", "-asan-globals=0", "-mllvm", "-asan-stack=0"],
].map((flags) => ["-fsanitize=kernel-address", ...flags]);

async function watching(): Promise<readonly string[] | undefined> {
  const { command } = await findCompiler();
  for (const flags of WATCHED) {
    const { exitCode } = await run(command, [...flags, "-fsyntax-only", "-x", "c", "-"], { input: "int x;\n" });
    if (exitCode === 0) return flags;
  }
  return undefined;
}

const flags = await watching();
const suffix = flags === undefined ? " (skipped: the compiler tells of no accesses)" : "";

describe("the test of the network's working memory", () => {
  const watched = flags === undefined ? it.skip : it;
  watched(
    `passes good memory, finds bits that are stuck, shorted, or changed by another byte${suffix}`,
    async () => {
      const program = await compileUnit(
        "arena_driver.c",
        ["sm_self_test.c"],
        ["-std=c11", "-O0", ...WARNINGS, ...(flags ?? [])],
      );
      try {
        const [good, ...faults] = (await program.run([])).trim().split("\n");
        expect(good).toBe("good 0 78");
        const bits = 24 * 8;
        expect(faults).toEqual([
          ...["stuck-at-0", "stuck-at-1"].map((name) => `${name} ${bits} ${bits}`),
          ...["shorted-low", "shorted-high"].map((name) => `${name} ${bits * 7} ${bits * 7}`),
          ...["set-by-another", "cleared-by-another"].map((name) => `${name} ${bits * 23} ${bits * 23}`),
        ]);
      } finally {
        await program.dispose();
      }
    },
    60_000,
  );
});
