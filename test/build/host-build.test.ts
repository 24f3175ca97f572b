import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { type BuildRequest, type BuildResult, buildFirmware } from "#smilec/build/build.js";
import { ensurePythonEnv } from "#smilec/build/python-env.js";
import { configSchema } from "#smilec/config/schema.js";
import { InterruptedError, ToolError, UserError } from "#smilec/errors.js";
import { run, runOrThrow } from "#smilec/process/run.js";
import { renderProject } from "#smilec/template/project.js";
import { changesEnvironment, errorOf, fillPath } from "../support/environment.js";
import { recordingContext } from "../support/recording-reporter.js";
import { testSmilecHome } from "../support/smilec-home.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);
const temporaryFolder = temporaryFolders();
const setEnvironment = changesEnvironment();

const MAIN = `#include <stdio.h>
#include "answer.h"
#include "smilec_config.h"
int main(void) {
    printf("%s %d\\n", SMILEC_BOT_NAME, answer());
    return 0;
}
`;

describe("building for the host with PlatformIO", () => {
  let firmwareRoot: string;
  let dir: string;
  const source = (path: string, text: string) => {
    mkdirSync(dirname(join(firmwareRoot, path)), { recursive: true });
    writeFileSync(join(firmwareRoot, path), text);
  };
  const render = () =>
    renderProject({
      dir,
      target: "host",
      config: configSchema.parse({ engine: "coin", name: "tiny" }),
      board: esp32cam,
      engineFiles: {},
      firmwareRoot,
    });
  const request = (changes: Partial<BuildRequest> = {}): BuildRequest => ({
    projectDir: dir,
    target: "host",
    board: esp32cam,
    context: recordingContext(),
    ...changes,
  });
  const build = async (changes: Partial<BuildRequest> = {}): Promise<BuildResult> => {
    await render();
    return buildFirmware(request(changes));
  };
  const output = async () => (await runOrThrow(join(dir, ".pio/build/host/program"), [], "program")).stdout;

  beforeAll(async () => {
    process.env.SMILEC_HOME = testSmilecHome;
    await ensurePythonEnv(recordingContext());
  });

  beforeEach(() => {
    setEnvironment({ SMILEC_HOME: testSmilecHome });
    firmwareRoot = temporaryFolder("firmware-");
    dir = join(temporaryFolder("project-"), "build", "host");
    source("core/answer.h", "int answer(void);\n");
    source("core/answer.c", '#include "answer.h"\nint answer(void) {\n    return 42;\n}\n');
    source("kernels/none.h", "");
    source("hal/host/main.c", MAIN);
  });

  it("makes a program that runs, with progress, and reports its size as `size` does", async () => {
    const context = recordingContext();
    const result = await build({ context });
    expect(result.programPath).toBe(join(dir, ".pio/build/host/program"));
    expect(result.upToDate).toBe(false);
    expect(await output()).toBe("tiny 42");
    expect(context.lines).toContain("compiling 2/2 files");
    const [text, data, bss] = (await runOrThrow("size", [result.programPath], "size")).stdout
      .split("\n")[1]
      .trim()
      .split(/\s+/)
      .map(Number);
    if (process.platform === "linux") {
      expect(result.sizes).toEqual({ flash: text + data, ram: data + bss, iram: 0, regions: {} });
    }
    expect(result.sizes.flash).toBeGreaterThan(500);
  });

  it("starts no process when nothing changed", async () => {
    const first = await build();
    utimesSync(first.programPath, 1, 1);
    const empty = await fillPath(temporaryFolder("path-"), { programs: ["cc"] });
    setEnvironment({ PATH: empty, SMILEC_PYTHON: "/nonexistent", SMILEC_HOME: join(empty, "no-home") });
    const second = await build();
    expect(second).toMatchObject({ upToDate: true, sizes: first.sizes, programPath: first.programPath });
  });

  it("builds again after a change of source, a lost program or a damaged one", async () => {
    await build();
    source("core/answer.c", "int answer(void);\nint answer(void) { return 43; }\n");
    expect((await build()).upToDate).toBe(false);
    expect(await output()).toBe("tiny 43");
    rmSync(join(dir, ".pio/build/host/program"));
    expect((await build()).upToDate).toBe(false);
    expect(await output()).toBe("tiny 43");
    writeFileSync(join(dir, ".pio/smilec-build.json"), "{ damaged");
    expect((await build()).upToDate).toBe(false);
    expect((await build()).upToDate).toBe(true);
  });

  it("builds again with another compiler", async () => {
    await build();
    const path = await fillPath(temporaryFolder("path-"), { scripts: { "other-cc": 'exec cc "$@"' } });
    setEnvironment({ CC: join(path, "other-cc") });
    expect((await build()).upToDate).toBe(false);
    expect(await output()).toBe("tiny 42");
  });

  it("shows the compiler's own message with file and line", async () => {
    source("core/answer.c", '#include "answer.h"\n\nint answer(void) {\n    return undeclared_thing;\n}\n');
    const error = (await errorOf(build())) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.where).toBe(`${join(dir, "src/answer.c")}:4`);
    expect(error.message).toMatch(/does not build: .*undeclared_thing/);
    expect(error.detail).toMatch(/src\/answer\.c:4:\d+: error: .*undeclared_thing/);
    expect(error.detail).toContain("return undeclared_thing;");
    expect(error.detail).not.toMatch(/Compiling|Library Dependency Finder/);
  });

  it("treats warnings as errors", async () => {
    source("core/answer.c", '#include "answer.h"\nint answer(void) {\n    int unused;\n    return 42;\n}\n');
    const error = (await errorOf(build())) as ToolError;
    expect(error.where).toBe(`${join(dir, "src/answer.c")}:3`);
    expect(error.message).toMatch(/unused/);
  });

  it("shows what the linker misses", async () => {
    source("core/answer.c", '#include "answer.h"\n');
    const error = (await errorOf(build())) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(`${error.message}\n${error.detail}`).toMatch(/answer/);
    expect(error.detail).toMatch(/undefined reference|Undefined symbols/);
  });

  it("keeps failing until the error is gone, and then builds", async () => {
    source("core/answer.c", "int answer(void) { return }\n");
    await errorOf(build());
    expect(await errorOf(build())).toBeInstanceOf(ToolError);
    source("core/answer.c", '#include "answer.h"\nint answer(void) { return 7; }\n');
    await build();
    expect(await output()).toBe("tiny 7");
  });

  it.each(["flash", "ram"] as const)(
    "fails when %s does not suffice, also when nothing is built anew",
    async (kind) => {
      source(
        "core/answer.c",
        '#include "answer.h"\nextern volatile char big[9000];\nvolatile char big[9000] = {1};\nint answer(void) { return big[0] + 41; }\n',
      );
      expect((await build()).sizes[kind]).toBeGreaterThan(9000);
      for (const attempt of [1, 2]) {
        const error = (await errorOf(build({ limits: { [kind]: 5000 } }))) as ToolError;
        expect([attempt, error]).toEqual([attempt, expect.any(ToolError)]);
        expect(error.message).toBe(`the firmware does not fit: not enough ${kind === "ram" ? "RAM" : "flash"}`);
        expect(error.detail).toMatch(/\d+ bytes, \d+ more than the board's 5000/);
      }
    },
  );

  it("builds in a folder with a hostile name, and again after the project has moved", async () => {
    dir = join(temporaryFolder("project-"), "a b#c@2=x'é&", "host");
    await build();
    expect(await output()).toBe("tiny 42");
    const moved = join(dirname(dirname(dir)), "moved");
    renameSync(dirname(dir), moved);
    dir = join(moved, "host");
    source("core/answer.c", '#include "answer.h"\nint answer(void) { return 5; }\n');
    await build();
    expect(await output()).toBe("tiny 5");
    expect(readdirSync(join(dir, ".pio/core/platforms")).length).toBe(1);
  });

  it("builds a copied project from its own files", async () => {
    await build();
    const copy = join(temporaryFolder("project-"), "copy");
    cpSync(dir, copy, { recursive: true });
    rmSync(dir, { recursive: true });
    dir = copy;
    source("core/answer.c", '#include "answer.h"\nint answer(void) { return 6; }\n');
    await build();
    expect(await output()).toBe("tiny 6");
  });

  it("refuses a folder that PlatformIO can't build in", async () => {
    dir = join(temporaryFolder("project-"), "cost$HOME");
    expect(await errorOf(build())).toBeInstanceOf(UserError);
  });

  it("is not led astray by the user's PlatformIO and Python settings", async () => {
    setEnvironment({
      PLATFORMIO_BUILD_FLAGS: "-DBROKEN -Werror=not-a-warning --no-such-flag",
      PLATFORMIO_SRC_DIR: "/nonexistent",
      PLATFORMIO_BUILD_DIR: "/nonexistent",
      PLATFORMIO_CORE_DIR: "/nonexistent",
      PYTHONPATH: "/nonexistent",
      PYTHONHOME: "/nonexistent",
    });
    await build();
    expect(await output()).toBe("tiny 42");
  });

  it("says that a compiler is missing, before anything is started", async () => {
    const path = await fillPath(temporaryFolder("path-"), { programs: ["python3"] });
    setEnvironment({ PATH: path, CC: undefined });
    const error = (await errorOf(build())) as ToolError;
    expect(error).toBeInstanceOf(ToolError);
    expect(error.message).toBe("there is no C compiler: cc was not found");
    expect(error.remedy).toMatch(/build-essential/);
    setEnvironment({ CC: "no-such-compiler" });
    expect(((await errorOf(build())) as ToolError).message).toContain("no-such-compiler was not found");
  });

  it("shows how a broken compiler fails", async () => {
    const path = await fillPath(temporaryFolder("path-"), { scripts: { cc: "echo 'licence expired' >&2; exit 3" } });
    setEnvironment({ PATH: `${path}:${process.env.PATH}`, CC: undefined });
    const error = (await errorOf(build())) as ToolError;
    expect(error.message).toMatch(/the C compiler does not run: .* exited with 3/);
    expect(error.detail).toContain("licence expired");
  });

  it("stops on an abort with all its processes, and builds the next time", async () => {
    const marker = join(temporaryFolder("path-"), "started");
    const slow = `case "$*" in *--version*) exec cc "$@";; *.c) touch ${marker}; sleep 60; exec cc "$@";; *) exec cc "$@";; esac`;
    const path = await fillPath(temporaryFolder("path-"), { scripts: { "slow-cc": slow } });
    setEnvironment({ CC: join(path, "slow-cc") });
    const controller = new AbortController();
    const watch = setInterval(() => {
      if (existsSync(marker)) controller.abort();
    }, 20);
    const error = await errorOf(build({ context: recordingContext(controller.signal) }));
    clearInterval(watch);
    expect(error).toBeInstanceOf(InterruptedError);
    const alive = (await run("ps", ["-axo", "stat=,args="])).stdout.split("\n").filter((line) => !line.startsWith("Z"));
    expect(alive.length).toBeGreaterThan(3);
    expect(alive.filter((line) => line.includes(join(path, "slow-cc")))).toEqual([]);
    setEnvironment({ CC: undefined });
    expect((await build()).upToDate).toBe(false);
    expect(await output()).toBe("tiny 42");
  });
});
