import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { readBuildFailure } from "#smilec/build/compiler-errors.js";
import { run } from "#smilec/process/run.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();
const NOISE = ["Processing host (platform: x)", "Compiling .pio/build/host/src/a.o", "Scanning dependencies..."];

/** What the real compiler prints for a source, in the middle of a build's output. */
async function compilerOutput(source: string, args: string[] = []): Promise<string> {
  const dir = temporaryFolder();
  writeFileSync(join(dir, "a.c"), source);
  const result = await run("cc", ["-Wall", "-Werror", "-o", join(dir, "a"), join(dir, "a.c"), ...args], { cwd: dir });
  expect(result.exitCode).not.toBe(0);
  return [...NOISE, result.all, "*** [.pio/build/host/src/a.o] Error 1", "=== [FAILED] ==="].join("\n");
}

describe("reading a failed build's output", () => {
  it("finds the errors of a real compiler with the lines it quotes", async () => {
    const output = await compilerOutput("int main(void) {\n    int x = y;\n    return z;\n}\n");
    const { diagnostics, excerpt, overflow } = readBuildFailure(output);
    expect(diagnostics.map(({ line }) => line)).toEqual(expect.arrayContaining([2, 3]));
    expect(diagnostics[0].file).toMatch(/a\.c$/);
    expect(diagnostics[0].message).toContain("y");
    expect(excerpt).toContain("int x = y;");
    expect(excerpt).not.toContain("Compiling");
    expect(overflow).toBeUndefined();
  });

  it("finds a missing header", async () => {
    const { diagnostics } = readBuildFailure(await compilerOutput('#include "nowhere.h"\n'));
    expect(diagnostics[0]).toMatchObject({ line: 1, message: expect.stringContaining("nowhere.h") });
  });

  it("finds what a real linker misses", async () => {
    const { diagnostics, excerpt } = readBuildFailure(
      await compilerOutput("int gone(void);\nint main(void) {\n    return gone();\n}\n"),
    );
    expect(excerpt).toMatch(/gone/);
    if (process.platform === "linux") expect(diagnostics[0].message).toMatch(/undefined reference to .gone/);
  });

  it("recognises a memory region that is full", () => {
    const linker = [
      "/x/ld: .pio/build/esp32cam/firmware.elf section `.dram0.bss' will not fit in region `dram0_0_seg'",
      "/x/ld: DRAM segment data does not fit.",
      "/x/ld: region `dram0_0_seg' overflowed by 54321 bytes",
      "collect2: error: ld returned 1 exit status",
    ];
    const { overflow, excerpt } = readBuildFailure([...NOISE, ...linker, "*** Error 1"].join("\n"));
    expect(overflow).toEqual({ region: "dram0_0_seg", bytes: 54321 });
    expect(excerpt.split("\n").length).toBeGreaterThanOrEqual(3);
  });

  it("finds CMake's errors", () => {
    const text =
      "Reading CMake configuration...\nCMake Error at src/CMakeLists.txt:7 (idf_component_register):\n  broken\n";
    expect(readBuildFailure(text).diagnostics).toEqual([
      { file: "src/CMakeLists.txt", line: 7, message: "CMake: idf_component_register" },
    ]);
  });

  it("keeps a flood of errors readable, and the end of an output it does not understand", () => {
    const flood = Array.from({ length: 5000 }, (_, i) => `a.c:${i + 1}:1: error: no`).join("\r\n");
    const { diagnostics, excerpt } = readBuildFailure(flood);
    expect(diagnostics.length).toBe(5000);
    expect(excerpt.split("\n").length).toBe(80);
    expect(readBuildFailure("one\ntwo\nthree").excerpt).toBe("one\ntwo\nthree");
    expect(readBuildFailure("")).toEqual({ diagnostics: [], excerpt: "" });
  });
});
