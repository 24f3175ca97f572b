import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import {
  BOT_STACK,
  estimateMemory,
  estimateTable,
  type MemoryEstimate,
  type MemoryRequest,
  refuseTooLarge,
  SECOND_CORE_STACK,
  STATE_BYTES,
} from "#smilec/build/memory-estimate.js";
import { emitC } from "#smilec/emit/c/model.js";
import { ToolError } from "#smilec/errors.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { aotMemory, tflmMemory } from "#smilec/inspect/memory.js";
import { readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { run, runOrThrow } from "#smilec/process/run.js";
import { coreFolder } from "../support/firmware.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();
const COMPILER = "xtensa-lx106-elf-gcc";

const model = await readModel(SHIPPED_MODEL, "shipped");
const emitted = emitC(model.graph, { provenance: "a test", target: "lx6" });
const aot = aotMemory(model.graph, emitted, "esp32cam");
const request: MemoryRequest = { board: esp32cam, burst: 3, inputSize: 48, cores: 1, engine: aot };

function of(estimates: readonly MemoryEstimate[], memory: string): MemoryEstimate {
  const found = estimates.find((estimate) => estimate.memory === memory);
  if (found === undefined) throw new Error(memory);
  return found;
}

describe("the memory that a firmware will take", () => {
  it("is the model's, the buffers', the stacks' and the drivers', against the board's limits", () => {
    const estimates = estimateMemory(request);
    expect(of(estimates, "PSRAM")).toMatchObject({ bytes: 3 * 76_800 + 2 * 76_816, limit: 0x400000 });
    const ram = of(estimates, "RAM");
    expect(ram.certainBytes).toBe(emitted.arenaBytes + 48 * 48 + 17_008 + 12_288 + 1_168);
    expect(ram.bytes).toBeGreaterThan(ram.certainBytes);
    expect(ram.limit).toBe(esp32cam.ramBytes);
    expect(of(estimates, "internal RAM").bytes).toBeGreaterThan(ram.bytes + 32_768);
    expect(of(estimates, "flash").certainBytes).toBeGreaterThan(emitted.weightBytes);
  });

  it.each(Object.values(boards))("fits $id with the shipped model on any engine, with margin", (board) => {
    for (const engine of [aot, tflmMemory(model.graph, model.bytes, "esp32cam"), undefined]) {
      const estimates = estimateMemory({ ...request, board, cores: 2, burst: 8, engine });
      expect(() => refuseTooLarge(estimates, "x")).not.toThrow();
      for (const { memory, bytes, limit } of estimates)
        expect({ memory, fits: bytes < limit }).toEqual({ memory, fits: true });
      expect(estimateTable(estimates)).toHaveLength(4);
    }
  });

  it("is refused before the build when the certain part is over the limit, to the byte", () => {
    const spare = of(estimateMemory(request), "RAM");
    const room = spare.limit - spare.certainBytes;
    const larger = (bytes: number): MemoryRequest => ({
      ...request,
      engine: { ...aot, ram: [...aot.ram, { what: "more", bytes, exact: true, origin: "a test" }] },
    });
    expect(() => refuseTooLarge(estimateMemory(larger(room)), "x")).not.toThrow();
    const refused = () => refuseTooLarge(estimateMemory(larger(room + 1)), "x");
    expect(refused).toThrow(ToolError);
    expect(refused).toThrow("not enough RAM");
  });

  it("shows the largest parts", () => {
    const [flash, , , psram] = estimateTable(estimateMemory(request));
    expect(flash).toMatch(/^flash .* KB of 4,032\.0 KB \( +\d+\.\d %\): ESP-IDF and drivers 350\.0 KB, constants /);
    expect(psram).toBe(
      "PSRAM         375.0 KB of 4,096.0 KB (  9.2 %): frames of a press 225.0 KB, camera's frames 150.0 KB",
    );
  });
});

const noCompiler = (await run(COMPILER, ["--version"])).notFound;
const withCompiler = noCompiler ? it.skip : it;

describe("the sizes that it rests on", () => {
  withCompiler(
    `are about those of the firmware${noCompiler ? ` (skipped: ${COMPILER} is not installed)` : ""}`,
    async () => {
      const folder = temporaryFolder("state-");
      const text = '#include "sm_app.h"\nconst unsigned probe = sizeof(sm_app_t) + sizeof(sm_hal_t);\n';
      writeFileSync(join(folder, "probe.c"), text);
      const includes = [`-I${coreFolder}`, `-I${join(packageRoot, "firmware", "hal", "sim", "include")}`];
      const flags = ["-std=c11", "-ffreestanding", "-S", "probe.c", "-o", "-", ...includes];
      const { stdout } = await runOrThrow(COMPILER, flags, "compiling", { cwd: folder });
      const [, bytes] = /^probe:\n\s+\.(?:long|word)\s+(\d+)$/m.exec(stdout) ?? [];
      // The estimate may lag a little behind the firmware: half a percent of the RAM there is.
      expect(Math.abs(Number(bytes) - STATE_BYTES)).toBeLessThanOrEqual(1024);
    },
  );
  it("are those that the firmware asks for", () => {
    const source = (name: string) => readFileSync(join(packageRoot, "firmware", "hal", "esp32", name), "utf8");
    expect(source("esp32_main.c")).toContain(`#define STACK_BYTES ${BOT_STACK}\n`);
    expect(source("esp32_cores.c")).toContain(`#define STACK_BYTES ${SECOND_CORE_STACK}\n`);
    expect(source("esp32_camera.c")).toContain(".fb_count = psram ? 2 : 1,");
  });
});
