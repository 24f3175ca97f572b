/** Code and constants of the shipped model on a 32-bit Xtensa, weights aside. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import { readTflite } from "#smilec/emit/tflite/read.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { run, runOrThrow } from "#smilec/process/run.js";
import { kernelFolder } from "../support/compile.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const newFolder = temporaryFolders();
const COMPILER = "xtensa-lx106-elf-gcc";
const { exitCode } = await run(COMPILER, ["--version"], { timeoutMs: 20_000 });
if (exitCode !== 0) console.warn(`skipped: no ${COMPILER} (Debian: gcc-xtensa-lx106)`);

/** What the compiler has of <string.h> without a C library. */
const STRING_H = `#include <stddef.h>
void *memset(void *, int, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
int memcmp(const void *, const void *, size_t);
`;

const lx6Folder = join(kernelFolder, "lx6");

/** Of smk_lx6.S, which the compiler's own assembler, made for another core, does not know: clang's does. */
async function assemblyBytes(folder: string): Promise<number> {
  const source = join(lx6Folder, "smk_lx6.S");
  const { stdout: text, exitCode: failed } = await run("cpp", [source], { timeoutMs: 20_000 });
  if (failed !== 0) throw new Error("cpp is missing");
  await writeFile(join(folder, "lx6.s"), text);
  const assembler = await run(
    "llvm-mc-22",
    ["-triple=xtensa", "-mcpu=esp32", "-filetype=obj", "lx6.s", "-o", "lx6.o"],
    { cwd: folder },
  );
  if (assembler.exitCode !== 0) throw new Error("llvm-mc-22 is missing (Debian: llvm-22)");
  const { stdout } = await runOrThrow("xtensa-lx106-elf-size", ["lx6.o"], "measuring", { cwd: folder });
  return Number(stdout.split("\n")[1].trim().split(/\s+/)[0]);
}

(exitCode === 0 ? describe : describe.skip)("the shipped model", () => {
  it.each([
    ["-Os", "portable"],
    ["-O2", "portable"],
    ["-Os", "lx6"],
    ["-O2", "lx6"],
  ] as const)(
    "takes less than 12 KB of code and constants, weights aside (%s, %s)",
    async (optimization, target) => {
      const path = join(packageRoot, "models", "smile-48", "model.tflite");
      const graph = readTflite(new Uint8Array(readFileSync(path)), path);
      const { files, weightBytes, arenaBytes } = emitC(graph, { provenance: "a test", target });
      const folder = newFolder("size");
      const all = { ...files, "string.h": STRING_H };
      await Promise.all(Object.entries(all).map(([name, text]) => writeFile(join(folder, name), text)));
      const flags = [
        "-std=c11",
        optimization,
        "-ffreestanding",
        "-mtext-section-literals",
        `-I${kernelFolder}`,
        `-I${lx6Folder}`,
        "-I.",
      ];
      await runOrThrow(COMPILER, [...flags, "-c", "model.c"], "compiling", { cwd: folder });
      const { stdout } = await runOrThrow("xtensa-lx106-elf-size", ["model.o"], "measuring", { cwd: folder });
      const [text, data, bss] = stdout.split("\n")[1].trim().split(/\s+/).map(Number);
      const golden = 48 * 48 + 2;
      const assembly = target === "lx6" ? await assemblyBytes(folder) : 0;
      const rest = text + data + assembly - weightBytes - golden;
      console.info(`${optimization}, ${target}: ${rest} bytes of code and constants beside ${weightBytes} of weights`);
      expect(rest).toBeGreaterThan(1000);
      expect(rest).toBeLessThan(12 * 1024);
      // No memory but the arena and the self test's output.
      expect(bss).toBeLessThanOrEqual(arenaBytes + 16);
    },
    60_000,
  );
});
