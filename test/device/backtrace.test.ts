/** A real ELF file of an Xtensa compiler, and the binutils that come with it. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { BacktraceReader } from "#smilec/device/backtrace.js";
import { functionAt, readFunctions } from "#smilec/device/elf-symbols.js";
import { ExitCode } from "#smilec/errors.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { errorOf } from "../support/environment.js";
import { noTerminalsHere, terminal } from "../support/serial-peer.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const CC = "xtensa-lx106-elf-gcc";
const missing =
  spawnSync(CC, ["--version"]).error !== undefined || spawnSync("which", ["xtensa-lx106-elf-addr2line"]).status !== 0;
const onXtensa = missing ? describe.skip : describe;

const SOURCE = `volatile int sink;
static inline __attribute__((always_inline)) void deep(int value) {
    sink = value * 3;
}
__attribute__((noinline)) void sm_app_step(int value) {
    sink = value;
    deep(value + 1);
}
void app_main(void) {
    sm_app_step(7);
}
`;

onXtensa("the backtrace of a program with debugging information", () => {
  const folder = temporaryFolders();
  let elf: string;
  let packages: string;
  let home: string;
  beforeAll(() => {
    const dir = folder();
    home = dir;
    elf = join(dir, "firmware.elf");
    writeFileSync(join(dir, "app.c"), SOURCE);
    const flags = ["-g", "-O1", "-nostdlib", "-Wl,-e,app_main", "-Wl,-Ttext=0x400d1000"];
    execFileSync(CC, [...flags, "app.c", "-o", elf], { cwd: dir });
    packages = join(dir, "packages");
    const bin = join(packages, "toolchain-xtensa-esp-elf", "bin");
    mkdirSync(bin, { recursive: true });
    const tool = execFileSync("which", ["xtensa-lx106-elf-addr2line"], { encoding: "utf8" }).trim();
    symlinkSync(tool, join(bin, "xtensa-esp-elf-addr2line"));
  });

  it("has the compiler's functions, at their addresses and of their sizes", async () => {
    const functions = await readFunctions(elf);
    const listed = execFileSync("xtensa-lx106-elf-nm", ["-S", elf], { encoding: "utf8" });
    const expected = [...listed.matchAll(/^([0-9a-f]{8}) ([0-9a-f]{8}) [Tt] (\w+)$/gm)]
      .map(([, address, size, name]) => ({
        name,
        address: Number.parseInt(address, 16),
        size: Number.parseInt(size, 16),
      }))
      .sort((a, b) => a.address - b.address);
    expect(expected.map(({ name }) => name).sort()).toEqual(["app_main", "sm_app_step"]);
    expect(functions).toEqual(expected);
    const step = functions.find(({ name }) => name === "sm_app_step")!;
    expect(functionAt(functions, step.address + 3)).toBe("sm_app_step+0x3");
    expect(functionAt(functions, 0x40000000)).toBeUndefined();
  });

  it("has file and line, inlined calls too", async () => {
    const reader = await BacktraceReader.open(elf, packages);
    const functions = await readFunctions(elf);
    const { address, size } = functions.find(({ name }) => name === "sm_app_step")!;
    const calls = await reader.calls(Array.from({ length: size }, (_, i) => address + i));
    const lines = new Set(calls.flatMap(({ places }) => places?.map((place) => place.replace(/^.*\//, "")) ?? []));
    expect(lines).toContain("app.c:6");
    const inlined = calls.find(({ places }) => places?.length === 2);
    expect(inlined).toMatchObject({ function: expect.stringMatching(/^sm_app_step\+/) });
    expect(inlined?.places?.map((place) => place.replace(/^.*\//, ""))).toEqual(["app.c:3", "app.c:7"]);
    expect(await reader.calls([0x40000000])).toEqual([{ address: 0x40000000 }]);
  });

  it("has functions only where there is no toolchain", async () => {
    const reader = await BacktraceReader.open(elf, join(packages, "none"));
    const [{ address, name }] = await readFunctions(elf);
    expect(await reader.calls([address])).toEqual([{ address, function: `${name}+0x0` }]);
  });

  it("of a file that ends early is refused", async () => {
    const { readFileSync } = await import("node:fs");
    const cut = join(home, "cut.elf");
    writeFileSync(cut, readFileSync(elf).subarray(0, 200));
    expect(await errorOf(BacktraceReader.open(cut, packages))).toMatchObject({
      exitCode: ExitCode.User,
      message: "the program file is damaged",
    });
  });

  (noTerminalsHere === undefined ? it : it.skip)("is shown by smilec monitor, before what came after it", async () => {
    const echo = "for line in sys.stdin:\n    os.write(master, line.encode())\n";
    const board = await terminal(echo);
    const main = join(packageRoot, "dist", "main.js");
    const core = join(home, "core");
    mkdirSync(core);
    symlinkSync(packages, join(core, "packages"));
    const child = spawn(process.execPath, [main, "monitor", "--port", board.port, "--elf", elf], {
      cwd: home,
      env: { ...process.env, PLATFORMIO_CORE_DIR: core },
    });
    let shown = "";
    child.stdout.on("data", (chunk) => {
      shown += String(chunk);
      if (shown.includes("I (2)") || shown.includes("after: it")) child.kill("SIGINT");
    });
    child.stderr.on("data", (chunk) => {
      if (!String(chunk).includes("Ctrl-C ends")) return;
      const [{ address }] = functions;
      board.send(`Backtrace: 0x${(address + 3).toString(16)}:0x3ffb5e70`);
      board.send("I (2) after: it");
    });
    const functions = await readFunctions(elf);
    await once(child, "close");
    await board.end();
    expect(shown).toMatch(/Backtrace:.*\n {2}0x400d1\w{3} {2}\w+\+0x3 {2}\S*app\.c:\d+.*\nafter: it/);
  });
});
