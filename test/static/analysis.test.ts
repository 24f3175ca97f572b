/** Static analysers over the firmware's C: each runs where it is installed, and has nothing to say. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { type RunResult, run } from "#smilec/process/run.js";
import { kernelFolder } from "../support/compile.js";
import { fatFsSources } from "../support/fatfs.js";
import { coreFolder, fatFolder, hostFolder, imageFolder } from "../support/firmware.js";
import { sessionFiles } from "../support/session.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();
const simFolder = join(packageRoot, "firmware", "hal", "sim");

async function installed(...names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if (!(await run(name, ["--version"])).notFound) return name;
  return undefined;
}

const tools = {
  tidy: await installed("clang-tidy-22", "clang-tidy"),
  cppcheck: await installed("cppcheck"),
  gcc: await installed("gcc"),
};

/** A test that is skipped, and says so, without its tool. */
function withTool(tool: string | undefined, name: string, title: string, body: (tool: string) => Promise<void>): void {
  if (tool === undefined) it.skip(`${title} (skipped: ${name} is not installed)`, () => undefined);
  else it(title, () => body(tool), 600_000);
}

const cIn = (folder: string, name: RegExp = /\.c$/) =>
  readdirSync(folder)
    .filter((file) => name.test(file))
    .map((file) => join(folder, file));

describe("the firmware's C", () => {
  /** Folders of the generated files, with portable kernels and with the ESP32's. */
  let generated: Record<"portable" | "lx6", string>;
  /** Core, host and the session's HAL. */
  const written = [
    ...[coreFolder, fatFolder, hostFolder, imageFolder].flatMap((folder) => cIn(folder)),
    ...cIn(simFolder, /^session.*(?<!_sim)\.c$/),
  ];
  /** FatFs' headers are others' code. */
  let fatFs: string;
  const flags = (target: "portable" | "lx6") => [
    "-std=c11",
    ...["-isystem", fatFs],
    ...[
      coreFolder,
      kernelFolder,
      join(kernelFolder, "lx6"),
      fatFolder,
      hostFolder,
      imageFolder,
      simFolder,
      generated[target],
    ].map((folder) => `-I${folder}`),
  ];

  beforeAll(async () => {
    const folder = temporaryFolder("analysis-");
    fatFs = join(folder, "fatfs");
    mkdirSync(fatFs);
    for (const [name, text] of Object.entries(await fatFsSources())) writeFileSync(join(fatFs, name), text);
    generated = { portable: join(folder, "portable"), lx6: join(folder, "lx6") };
    for (const target of ["portable", "lx6"] as const) {
      mkdirSync(generated[target]);
      const { "session_pictures.c": _, ...files } = await sessionFiles(target);
      for (const [name, text] of Object.entries(files)) writeFileSync(join(generated[target], name), text);
    }
  });

  const expectNothing = ({ all, exitCode }: RunResult) => expect({ exitCode, all }).toEqual({ exitCode: 0, all: "" });

  withTool(tools.tidy, "clang-tidy", "has nothing that clang-tidy warns of", async (tidy) => {
    const config = `--config-file=${join(packageRoot, "firmware", ".clang-tidy")}`;
    const portable = [...written, join(generated.portable, "model.c")];
    const quiet = ["--quiet", config];
    const complaints = ({ stdout, exitCode }: RunResult) => ({ exitCode, stdout });
    expect(complaints(await run(tidy, [...quiet, ...portable, "--", ...flags("portable")]))).toEqual({
      exitCode: 0,
      stdout: "",
    });
    expect(complaints(await run(tidy, [...quiet, join(generated.lx6, "model.c"), "--", ...flags("lx6")]))).toEqual({
      exitCode: 0,
      stdout: "",
    });
  });

  withTool(tools.tidy, "clang-tidy", "is read by clang-tidy with checks that do find faults", async (tidy) => {
    const file = join(temporaryFolder("faulty-"), "faulty.c");
    writeFileSync(
      file,
      "int *f(int n);\nint *f(int n) { int a[2] = {0, 0}; int *p = 0; if (n) { p = a; } return p; }\n",
    );
    const config = `--config-file=${join(packageRoot, "firmware", ".clang-tidy")}`;
    const { exitCode, all } = await run(tidy, ["--quiet", config, file, "--", "-std=c11"]);
    expect(exitCode).not.toBe(0);
    expect(all).toContain("StackAddressEscape");
  });

  /** Of generated code the ESP32's: with the portable kernels, which are all inlined, cppcheck 2.10 does not come to an end. */
  const cppcheck = (tool: string, file: string) =>
    run(tool, [
      ...["--enable=warning,style,performance,portability", "--inconclusive", "--quiet", "--error-exitcode=1"],
      ...["--suppress=missingIncludeSystem", "--suppress=toomanyconfigs"],
      // The kernels shift negative numbers right, as every compiler for these machines does it (smk_arithmetic.h).
      `--suppress=shiftTooManyBitsSigned:${join(kernelFolder, "smk_arithmetic.h")}`,
      `--suppress=*:${join(fatFs, "*")}`,
      ...flags("lx6").flatMap((flag) =>
        flag === "-isystem" ? [] : flag === fatFs ? `-I${fatFs}` : flag.replace("-std=", "--std="),
      ),
      file,
    ]);

  withTool(tools.cppcheck, "cppcheck", "has nothing that cppcheck warns of", async (tool) => {
    for (const file of [...written, join(generated.lx6, "model.c")]) expectNothing(await cppcheck(tool, file));
  });

  withTool(tools.cppcheck, "cppcheck", "is read by cppcheck, which does find faults", async (tool) => {
    const file = join(temporaryFolder("faulty-"), "faulty.c");
    writeFileSync(file, "int f(int n);\nint f(int n) { int a[2] = {0, 0}; return n > 1 ? a[5] : n; }\n");
    const { exitCode, all } = await cppcheck(tool, file);
    expect(exitCode).toBe(1);
    expect(all).toContain("arrayIndexOutOfBounds");
  });

  withTool(tools.gcc, "gcc", "has nothing that gcc -fanalyzer warns of", async (gcc) => {
    const output = join(temporaryFolder("analyzer-"), "object.o");
    const strict = ["-O2", "-fanalyzer", "-Wall", "-Wextra", "-Werror", "-c", "-o", output];
    for (const file of written) expectNothing(await run(gcc, [...strict, ...flags("portable"), file]));
    for (const target of ["portable", "lx6"] as const) {
      expectNothing(await run(gcc, [...strict, ...flags(target), join(generated[target], "model.c")]));
    }
  });
});
