/**
 * The stack of the bot's task on the board: core, engine and the ESP32's layer, and ESP-IDF's own FatFs, card protocol and card driver, as gcc gives each
 * function's frame, summed over the call graph. What lies in other parts of ESP-IDF is not summed but allowed for, and said so.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import type { Board } from "#smilec/board/types.js";
import { BOT_STACK, SECOND_CORE_STACK } from "#smilec/build/memory-estimate.js";
import { configSchema } from "#smilec/config/schema.js";
import { BOARD_KERNELS } from "#smilec/emit/c/lower.js";
import { emitC } from "#smilec/emit/c/model.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { boardHeaderValues, configHeaderValues, espProjectValues, firmwareSettings } from "#smilec/template/context.js";
import { renderTemplate } from "#smilec/template/render.js";
import { type CallGraph, readCallGraph, type StackRules, stackUse } from "../support/call-graph.js";
import { kernelFolder } from "../support/compile.js";
import { espTypeChecker, idfComponent, withoutEspTrees } from "../support/esp-idf.js";
import { sessionModel } from "../support/session.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { CALLED_BACK, knownBytes, lx6Folder, windowed } from "../support/xtensa-stack.js";

const temporaryFolder = temporaryFolders();
const reason = withoutEspTrees();
const checked = reason === undefined ? it : it.skip;
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

/**
 * Bytes that any one call into the rest of ESP-IDF (camera, log, NVS, UART, GPIO, heap, FreeRTOS) may take. Assumed: the examples of ESP-IDF and
 * esp32-camera make the deepest of them (nvs_flash_init, esp_camera_init, printing) from the main task, whose whole stack has so many
 * (CONFIG_ESP_MAIN_TASK_STACK_SIZE).
 */
const IDF_ALLOWANCE = 3_584;
/** Assumed: what an interrupt saves on the stack of the task that it interrupts, coprocessors included. Its handler has a stack of its own. */
const INTERRUPT_ALLOWANCE = 1_024;

/** Of ESP-IDF, compiled and summed: the way from a file to the card. */
const SUMMED = [
  "fatfs/src/ff.c",
  "fatfs/src/ffunicode.c",
  "fatfs/diskio/diskio.c",
  "fatfs/diskio/diskio_sdmmc.c",
  "fatfs/port/freertos/ffsystem.c",
  ...["cmd", "common", "init", "io", "mmc", "sd"].map((part) => `sdmmc/sdmmc_${part}.c`),
  "esp_driver_sdmmc/src/sdmmc_host.c",
  "esp_driver_sdmmc/src/sdmmc_transaction.c",
];

const firmware = (folder: string) => join(packageRoot, "firmware", folder);

async function graphOf(board: Board, cores: 1 | 2): Promise<CallGraph> {
  const folder = temporaryFolder("esp-stack-");
  const model = await sessionModel();
  const config = configSchema.parse({ firmware: { cores } });
  const settings = firmwareSettings(config, board, model);
  const header = { name: config.name, target: board.id, model, serial: config.firmware.serial };
  const generated: Record<string, string> = {
    ...emitC(model.graph, { provenance: "a test", target: BOARD_KERNELS, cores }).files,
    "smilec_config.h": await renderTemplate("generated/smilec_config.h", configHeaderValues(settings, header)),
    "smilec_board.h": await renderTemplate("generated/smilec_board.h", boardHeaderValues(board)),
  };
  for (const [name, text] of Object.entries(generated)) writeFileSync(join(folder, name), text);
  const defaults = await renderTemplate("esp32/sdkconfig.defaults", espProjectValues(config, board, []));
  const { callGraph } = await espTypeChecker(temporaryFolder("esp-config-"), board.chip, defaults);
  const own = ["core", "hal/esp32", "hal/fat"].map(firmware);
  const includes = [...own, kernelFolder, lx6Folder, folder];
  const sources = own.flatMap((path) =>
    readdirSync(path)
      .filter((name) => name.endsWith(".c"))
      .map((name) => join(path, name)),
  );
  const texts: string[] = [];
  for (const file of [...sources, join(folder, "model.c")]) texts.push(await callGraph(file, includes));
  for (const path of SUMMED) texts.push(await callGraph(idfComponent(path), includes, true));
  return readCallGraph(texts);
}

/** Functions that esp32_hal.c fills sm_hal_t with. */
const HAL = [
  ...readFileSync(firmware("hal/esp32/esp32_hal.c"), "utf8").matchAll(/\.\w+ = (?:\w+ \? )?([a-z]\w+)(?: : NULL)?,\n/g),
]
  .map(([, name]) => name)
  .filter((name) => !["layer", "hal"].includes(name));
const ENGINE = ["model_init", "model_invoke", "model_self_test"];

/** What a call through a pointer may reach. */
function targets(graph: CallGraph): StackRules["indirect"] {
  const named = (pattern: RegExp) => [...graph.frames.keys()].filter((name) => pattern.test(name));
  const hal = HAL.flatMap((name) => named(new RegExp(`(^|esp32_hal\\.c:)${name}$`)));
  const callbacks = named(CALLED_BACK);
  const parts = named(/:model_both_\d+$/);
  const disk = named(/^ff_sdmmc_(initialize|status|read|write|ioctl)$/);
  const host = named(/^sdmmc_host_/);
  const listing = hal.filter((name) => !name.endsWith(":card_list"));
  return (caller) => {
    // FatFs is locked while it lists: what it calls back cannot list again.
    if (CALLED_BACK.test(caller)) return listing;
    if (caller === "fat_files_list") return callbacks;
    if (/^ff_disk_/.test(caller)) return disk;
    // The card driver calls back to change the voltage, for which nothing here asks: allowed for.
    if (/esp_driver_sdmmc|^sdmmc_host_/.test(caller)) return ["esp_pm_lock_acquire"];
    if (/sdmmc/.test(caller)) return host;
    if (/esp32_cores\.c:work$|^model_on_both$/.test(caller)) return parts;
    // The sensor's functions belong to esp32-camera.
    if (/esp32_camera\.c:/.test(caller)) return ["esp_camera_sensor"];
    return [...hal, ...ENGINE];
  };
}

const OF_IDF =
  /^(esp_|_frxt_|gpio_|heap_caps_|nvs_|uart_|usb_serial_jtag_|spi_|sdspi_|rmt_|periph_|sd_pwr_|sdmmc_|xQueue|vQueue|xTask|vTask|ulTask|xPort|vPort|(usleep|f?printf|fputc|fwrite|malloc|free|time|localtime_r|__assert_func)$)/;

function rules(graph: CallGraph): StackRules {
  const outside = (name: string) => knownBytes(name) ?? (OF_IDF.test(name) ? IDF_ALLOWANCE : undefined);
  return { outside, indirect: targets(graph), frame: windowed };
}

const shown = ({ bytes, path }: { bytes: number; path: readonly string[] }) =>
  `${bytes} bytes: ${path.map((name) => name.replace(/^.*[:/]/, "")).join(" > ")}`;

describe("the stack of the bot's task", () => {
  checked.each([
    ["esp32cam", boards.esp32cam],
    ["xiao-s3-sense", boards["xiao-s3-sense"]],
  ])(
    `has room for the deepest calls, an allowance for ESP-IDF included: %s${suffix}`,
    async (_, board) => {
      const graph = await graphOf(board, 1);
      expect(HAL.length).toBeGreaterThanOrEqual(25);
      const run = [...graph.frames.keys()].find((name) => name.endsWith("esp32_main.c:run"))!;
      const whole = stackUse(graph, run, rules(graph));
      const withoutAllowance = stackUse(graph, run, {
        ...rules(graph),
        outside: (name) => knownBytes(name) ?? (OF_IDF.test(name) ? 0 : undefined),
      });
      console.info(
        `${board.id}: ${shown(whole)}\nof which an allowance of ${IDF_ALLOWANCE}; without any: ${shown(withoutAllowance)}\n` +
          `and ${INTERRUPT_ALLOWANCE} for interrupts, of ${BOT_STACK}`,
      );
      expect(withoutAllowance.bytes).toBeGreaterThan(1_000);
      expect(whole.bytes + INTERRUPT_ALLOWANCE).toBeLessThanOrEqual(BOT_STACK);
    },
    900_000,
  );

  checked(
    `and that of the second core's${suffix}`,
    async () => {
      const graph = await graphOf(boards.esp32cam, 2);
      const work = [...graph.frames.keys()].find((name) => name.endsWith("esp32_cores.c:work"))!;
      // It waits for notifications and gives a semaphore: FreeRTOS, not drivers.
      const kernels = stackUse(graph, work, {
        ...rules(graph),
        outside: (name) => knownBytes(name) ?? (OF_IDF.test(name) ? 1_024 : undefined),
      });
      console.info(`second core: ${shown(kernels)} and ${INTERRUPT_ALLOWANCE} for interrupts, of ${SECOND_CORE_STACK}`);
      expect(kernels.bytes + INTERRUPT_ALLOWANCE).toBeLessThanOrEqual(SECOND_CORE_STACK);
    },
    900_000,
  );

  it("has the size that is counted on", () => {
    const main = readFileSync(firmware("hal/esp32/esp32_main.c"), "utf8");
    const cores = readFileSync(firmware("hal/esp32/esp32_cores.c"), "utf8");
    expect(main).toContain(`#define STACK_BYTES ${BOT_STACK}\n`);
    expect(cores).toContain(`#define STACK_BYTES ${SECOND_CORE_STACK}\n`);
  });
});
