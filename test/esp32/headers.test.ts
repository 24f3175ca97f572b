/** The ESP32's layer and the core against the real ESP-IDF and esp32-camera, where they are installed (test/support/esp-idf.ts). */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import type { Board } from "#smilec/board/types.js";
import { LAYER_BYTES } from "#smilec/build/memory-estimate.js";
import { configSchema } from "#smilec/config/schema.js";
import { emitC } from "#smilec/emit/c/model.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { run } from "#smilec/process/run.js";
import { boardHeaderValues, configHeaderValues, espProjectValues, firmwareSettings } from "#smilec/template/context.js";
import { renderTemplate } from "#smilec/template/render.js";
import { residualNetwork } from "../emit-c/networks.js";
import { espTypeChecker, withoutEspTrees } from "../support/esp-idf.js";
import { Random } from "../support/random.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();
const folders = ["core", "hal/esp32", "hal/fat"].map((name) => join(packageRoot, "firmware", name));

/** A folder with the headers that a project of a bot without a model gets. */
async function generatedHeaders(board: Board, changes: object = {}): Promise<string> {
  const folder = temporaryFolder("esp-generated-");
  const config = configSchema.parse({ engine: "coin", ...changes });
  const settings = firmwareSettings(config, board, undefined);
  const header = configHeaderValues(settings, {
    name: config.name,
    target: board.id,
    model: undefined,
    serial: config.firmware.serial,
  });
  writeFileSync(join(folder, "smilec_config.h"), await renderTemplate("generated/smilec_config.h", header));
  const pins = await renderTemplate("generated/smilec_board.h", boardHeaderValues(board));
  writeFileSync(join(folder, "smilec_board.h"), pins);
  return folder;
}

async function checker(board: Board = esp32cam, changes: object = {}) {
  const values = espProjectValues(configSchema.parse(changes), board, []);
  const defaults = await renderTemplate("esp32/sdkconfig.defaults", values);
  return { defaults, ...(await espTypeChecker(temporaryFolder("esp-config-"), board.chip, defaults)) };
}

const reason = withoutEspTrees();
const checked = reason === undefined ? it : it.skip;
const every = Object.values(boards);
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

describe("firmware for the ESP32", () => {
  checked.each(every)(
    `for $id passes a compiler with the real headers, without a warning${suffix}`,
    async (board) => {
      const { check } = await checker(board);
      const generated = await generatedHeaders(board);
      const files = folders.flatMap((folder) =>
        readdirSync(folder)
          .filter((name) => name.endsWith(".c"))
          .map((name) => join(folder, name)),
      );
      expect(files.length).toBeGreaterThan(18);
      for (const file of files) {
        const { all, exitCode } = await check(file, [...folders, generated]);
        expect({ file, exitCode, all }).toEqual({ file, exitCode: 0, all: "" });
      }
    },
    120_000,
  );

  checked.each(every)(
    `for $id passes with a strip as lights${suffix}`,
    async (board) => {
      const changes = { firmware: { lights: { kind: "ws2812", count: 64 } } };
      const { check, sdkconfig, complaints } = await checker(board, changes);
      expect(sdkconfig).toContain("CONFIG_RMT_TX_ISR_CACHE_SAFE=y");
      expect(complaints).not.toMatch(/warning|unknown/i);
      const generated = await generatedHeaders(board, changes);
      const folder = join(packageRoot, "firmware", "hal", "esp32");
      for (const name of ["esp32_lights.c", "esp32_ws2812.c", "esp32_pins.c", "esp32_main.c"]) {
        const { all, exitCode } = await check(join(folder, name), [...folders, generated]);
        expect({ name, exitCode, all }).toEqual({ name, exitCode: 0, all: "" });
      }
    },
    60_000,
  );

  checked(
    `passes with a model on two cores${suffix}`,
    async () => {
      const { check } = await checker();
      const generated = temporaryFolder("esp-two-cores-");
      const model = emitC(residualNetwork(new Random(1)), { provenance: "a test", cores: 2 }).files["model.h"];
      writeFileSync(join(generated, "model.h"), model);
      writeFileSync(join(generated, "smilec_config.h"), "#define SMILEC_ENGINE SM_ENGINE_AOT\n");
      const file = join(packageRoot, "firmware", "hal", "esp32", "esp32_cores.c");
      const { all, exitCode } = await check(file, [...folders, generated]);
      expect({ exitCode, all }).toEqual({ exitCode: 0, all: "" });
    },
    60_000,
  );

  checked(
    `takes about as much memory for its drivers as was estimated${suffix}`,
    async () => {
      const { check } = await checker();
      const folder = temporaryFolder("esp-sizes-");
      const file = join(folder, "probe.c");
      const within = (bytes: number) => `sizeof(esp32_hal_t) <= ${bytes}`;
      writeFileSync(
        file,
        `#include "esp32_hal.h"\n_Static_assert(${within(LAYER_BYTES + 1024)} && !(${within(LAYER_BYTES - 1024)}), "");\n`,
      );
      const { all, exitCode } = await check(file, [...folders, await generatedHeaders(esp32cam)]);
      expect({ exitCode, all }).toEqual({ exitCode: 0, all: "" });
    },
    60_000,
  );

  checked(
    `is not passed when it is wrong${suffix}`,
    async () => {
      const { check } = await checker();
      const folder = temporaryFolder("esp-wrong-");
      const probes: readonly (readonly [text: string, complaint: RegExp])[] = [
        ['#include "driver/gpio.h"\nint f(void) { return gpio_set_level(GPIO_NUM_4, 0); }\n', /^$/],
        ['#include "driver/gpio.h"\nint f(void) { return gpio_set_level(GPIO_NUM_4); }\n', /too few arguments/],
        ['#include <inttypes.h>\n#include "esp_log.h"\nvoid f(uint32_t n) { ESP_LOGI("t", "%" PRIu32, n); }\n', /^$/],
        ['#include "esp_log.h"\nvoid f(uint32_t n) { ESP_LOGI("t", "%d", n); }\n', /-Werror=format=/],
        ['#include "esp_camera.h"\ncamera_config_t c = {.pin_none = 1};\n', /no member named .pin_none/],
      ];
      for (const [text, complaint] of probes) {
        const file = join(folder, "probe.c");
        writeFileSync(file, text);
        const { all, exitCode } = await check(file, []);
        expect(all).toMatch(complaint);
        expect(exitCode).toBe(all === "" ? 0 : 1);
      }
    },
    60_000,
  );

  checked.each(every)(
    `for $id has every key of sdkconfig.defaults taken by ESP-IDF${suffix}`,
    async (board) => {
      const { defaults, sdkconfig, complaints } = await checker(board);
      const keys = defaults.split("\n").filter((line) => /^CONFIG_/.test(line));
      const taken = new Set(sdkconfig.split("\n"));
      expect(keys.filter((line) => !taken.has(line))).toEqual([]);
      expect(keys.length).toBeGreaterThan(15);
      expect(taken).toContain(`CONFIG_SPIRAM_MODE_${board.psramMode === "octal" ? "OCT" : "QUAD"}=y`);
      expect(taken.has("CONFIG_SPIRAM_CACHE_WORKAROUND=y")).toBe(board.chip === "esp32");
      expect(complaints).not.toMatch(/warning|unknown/i);
    },
    60_000,
  );

  checked.each(every)(`for $id has partitions that fit its flash${suffix}`, async (board) => {
    const folder = temporaryFolder("esp-partitions-");
    const values = espProjectValues(configSchema.parse({}), board, []);
    const table = join(folder, "partitions.csv");
    writeFileSync(table, await renderTemplate("esp32/partitions.csv", values));
    const tool = join(process.env.SMILEC_IDF_PATH as string, "components/partition_table/gen_esp32part.py");
    const verify = (megabytes: number) =>
      run("python3", [tool, "--verify", "--flash-size", `${megabytes}MB`, table, join(folder, "table.bin")]);
    const megabytes = board.flashBytes / (1024 * 1024);
    expect((await verify(megabytes)).exitCode).toBe(0);
    expect((await verify(megabytes / 2)).exitCode).not.toBe(0);
  });
});
