/**
 * Type-checks firmware against an installed ESP-IDF and esp32-camera, with any Xtensa gcc: nothing is built and nothing of them is part of this project.
 *
 * SMILEC_IDF_PATH: ESP-IDF 5.5; SMILEC_ESP32_CAMERA_PATH: esp32-camera 2.1; SMILEC_ESP_JPEG_PATH: espressif/esp_jpeg, which the camera's header includes.
 * Optional: SMILEC_XTENSA_CC (default: the first of xtensa-esp32-elf-gcc, xtensa-esp-elf-gcc, xtensa-lx106-elf-gcc), SMILEC_KCONFGEN (a Python with
 * esp-idf-kconfig; default python3). Debian's xtensa-lx106-elf-gcc has no C library: libnewlib-dev brings the headers (SMILEC_NEWLIB, where they are not in
 * /usr/include/newlib).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Board } from "#smilec/board/types.js";
import { ToolError } from "#smilec/errors.js";
import { type RunResult, run, runOrThrow } from "#smilec/process/run.js";

const TREES = ["SMILEC_IDF_PATH", "SMILEC_ESP32_CAMERA_PATH", "SMILEC_ESP_JPEG_PATH"] as const;
const COMPILERS = ["xtensa-esp32-elf-gcc", "xtensa-esp-elf-gcc", "xtensa-lx106-elf-gcc"];
const NEWLIB = process.env.SMILEC_NEWLIB ?? "/usr/include/newlib";

/** Why there is nothing to check against; undefined: there is. */
export function withoutEspTrees(): string | undefined {
  const missing = TREES.filter((name) => process.env[name] === undefined || !existsSync(process.env[name]));
  return missing.length === 0 ? undefined : `${missing.join(", ")} not set to a folder`;
}

/** A file of ESP-IDF's components. */
export const idfComponent = (path: string) => join(tree("SMILEC_IDF_PATH"), "components", path);

/** Include folders of ESP-IDF's components, as its build system would give them; CHIP stands for the chip's name. */
const IDF_INCLUDES = [
  "newlib/platform_include",
  "freertos/config/include",
  "freertos/config/include/freertos",
  "freertos/config/xtensa/include",
  "freertos/FreeRTOS-Kernel/include",
  "freertos/FreeRTOS-Kernel/portable/xtensa/include",
  "freertos/FreeRTOS-Kernel/portable/xtensa/include/freertos",
  "freertos/esp_additions/include",
  "esp_common/include",
  "esp_hw_support/include",
  "esp_hw_support/include/soc",
  "esp_hw_support/include/soc/CHIP",
  "esp_hw_support/dma/include",
  "esp_hw_support/port/CHIP",
  "esp_hw_support/port/CHIP/include",
  "soc/include",
  "soc/CHIP",
  "soc/CHIP/include",
  "soc/CHIP/register",
  "hal/platform_port/include",
  "hal/CHIP/include",
  "hal/include",
  "esp_system/include",
  "esp_system/port/include",
  "esp_rom/include",
  "esp_rom/CHIP/include",
  "esp_rom/CHIP/include/CHIP",
  "esp_rom/CHIP",
  "heap/include",
  "esp_timer/include",
  "xtensa/include",
  "xtensa/CHIP/include",
  "xtensa/deprecated_include",
  "driver/deprecated",
  "driver/i2c/include",
  "esp_driver_gpio/include",
  "esp_driver_ledc/include",
  "esp_driver_rmt/include",
  "esp_driver_sdmmc/include",
  "esp_driver_sdspi/include",
  "esp_driver_spi/include",
  "esp_driver_uart/include",
  "esp_driver_usb_serial_jtag/include",
  "sdmmc/include",
  "fatfs/diskio",
  "fatfs/src",
  "fatfs/vfs",
  "wear_levelling/include",
  "vfs/include",
  "nvs_flash/include",
  "esp_partition/include",
  "esp_pm/include",
  "esp_event/include",
  "esp_mm/include",
];

export interface EspTypeChecker {
  /** The configuration header that ESP-IDF's tool makes of sdkconfig.defaults, and its complaints (unknown keys). */
  readonly sdkconfig: string;
  readonly complaints: string;
  /** Checks one C file; the result's exit code is 0 when the compiler has nothing to say. */
  check(file: string, includes: readonly string[]): Promise<RunResult>;
  /** Who calls whom in one C file, and each function's frame: gcc's `-fcallgraph-info=su`. `foreign`: others' code, whose warnings are theirs. */
  callGraph(file: string, includes: readonly string[], foreign?: boolean): Promise<string>;
}

function tree(name: (typeof TREES)[number]): string {
  const folder = process.env[name];
  if (folder === undefined) throw new ToolError(`${name} is not set`);
  return folder;
}

async function findCompiler(): Promise<string> {
  const named = process.env.SMILEC_XTENSA_CC;
  for (const candidate of named === undefined ? COMPILERS : [named]) {
    if ((await run(candidate, ["--version"])).exitCode === 0) return candidate;
  }
  throw new ToolError("no Xtensa compiler", { remedy: "Name one in SMILEC_XTENSA_CC." });
}

/** Makes sdkconfig.h in `folder` from the text of an sdkconfig.defaults, with the Kconfig files of all components. */
async function configure(
  folder: string,
  chip: Board["chip"],
  defaults: string,
): Promise<{ sdkconfig: string; complaints: string }> {
  const idf = tree("SMILEC_IDF_PATH");
  const components = [
    ...readdirSync(join(idf, "components"))
      .sort()
      .map((name) => join(idf, "components", name)),
    tree("SMILEC_ESP32_CAMERA_PATH"),
  ];
  const sources = (name: string) =>
    components
      .map((component) => join(component, name))
      .filter((file) => existsSync(file))
      .map((file) => `source "${file}"\n`)
      .join("");
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const env = {
    IDF_PATH: idf,
    IDF_TARGET: chip,
    IDF_TOOLCHAIN: "gcc",
    IDF_VERSION: "5.5.3",
    IDF_INIT_VERSION: "5.5.3",
    IDF_CMAKE: "y",
    IDF_ENV_FPGA: "",
    IDF_MINIMAL_BUILD: "n",
    COMPONENT_KCONFIGS_SOURCE_FILE: file("kconfigs.in", sources("Kconfig")),
    COMPONENT_KCONFIGS_PROJBUILD_SOURCE_FILE: file("kconfigs_projbuild.in", sources("Kconfig.projbuild")),
  };
  const paths = {
    kconfig: join(idf, "Kconfig"),
    defaults: file("sdkconfig.defaults", defaults),
    config: join(folder, "sdkconfig"),
  };
  const options = Object.entries(paths).flatMap(([name, path]) => [`--${name}`, path]);
  const outputs = ["--output", "header", join(folder, "sdkconfig.h"), "--output", "config", paths.config];
  const python = process.env.SMILEC_KCONFGEN ?? "python3";
  const { all } = await runOrThrow(
    python,
    ["-m", "kconfgen", "--list-separator=semicolon", ...options, ...outputs],
    "kconfgen",
    { env },
  );
  return { sdkconfig: readFileSync(paths.config, "utf8"), complaints: all };
}

/** gcc's own headers and a C library's, where the compiler brings none: Debian's newlib, in which two headers differ from ESP-IDF's. */
async function libraryFlags(compiler: string, folder: string): Promise<string[]> {
  const probe = await run(compiler, ["-fsyntax-only", "-x", "c", "-"], { input: "#include <stdio.h>\n" });
  if (probe.exitCode === 0) return [];
  const own = await Promise.all(
    ["include", "include-fixed"].map(async (name) => (await run(compiler, [`-print-file-name=${name}`])).stdout.trim()),
  );
  const overlay = join(folder, "newlib/sys/reent.h");
  mkdirSync(dirname(overlay), { recursive: true });
  const text = readFileSync(join(NEWLIB, "sys/reent.h"), "utf8");
  writeFileSync(overlay, text.replace("_reent *const _global_impure_ptr", "_reent *_global_impure_ptr"));
  // That of Espressif's C library is what ESP-IDF brings for clang.
  const folders = readFileSync(
    join(tree("SMILEC_IDF_PATH"), "components/newlib/platform_include/sys/dirent.h"),
    "utf8",
  );
  writeFileSync(join(dirname(overlay), "dirent.h"), folders.replace("#ifdef __clang__", "#if 1"));
  // The order is a search order: include_next goes on from ESP-IDF's headers to the library's.
  return ["-nostdinc", ...[...own, join(folder, "newlib"), NEWLIB].flatMap((path) => ["-idirafter", path])];
}

/** On the ESP32 uint32_t is unsigned long; a compiler for another Xtensa may think otherwise. */
const TYPES = ["UINT32", "UINT_LEAST32", "INT32", "INT_LEAST32"].flatMap((name) => [
  `-U__${name}_TYPE__`,
  `-D__${name}_TYPE__=long ${name.startsWith("U") ? "unsigned " : ""}int`,
]);

/** ESP-IDF declares its log function without a format attribute, so that wrong formats would pass. */
const LOG_FORMAT = `#include "esp_log.h"
void esp_log(esp_log_config_t config, const char *tag, const char *format, ...) __attribute__((format(printf, 3, 4)));
`;

export async function espTypeChecker(folder: string, chip: Board["chip"], defaults: string): Promise<EspTypeChecker> {
  const compiler = await findCompiler();
  const { sdkconfig, complaints } = await configure(folder, chip, defaults);
  const library = await libraryFlags(compiler, folder);
  const components = IDF_INCLUDES.map((path) =>
    join(tree("SMILEC_IDF_PATH"), "components", path.replaceAll("CHIP", chip)),
  );
  const camera = ["driver/include", "conversions/include"].map((path) => join(tree("SMILEC_ESP32_CAMERA_PATH"), path));
  const system = [...components, ...camera, join(tree("SMILEC_ESP_JPEG_PATH"), "include")];
  // Not a system folder: the compiler says nothing of formats in macros from one.
  const log = join(tree("SMILEC_IDF_PATH"), "components/log/include");
  writeFileSync(join(folder, "log_format.h"), LOG_FORMAT);
  const flags = [
    "-std=gnu17",
    "-O2",
    ...["-Wall", "-Wextra", "-Wshadow", "-Wno-unused-parameter", "-Werror", "-Wno-builtin-macro-redefined"],
    ...TYPES,
    ...["-DESP_PLATFORM", "-D_GNU_SOURCE", "-DSOC_MMU_PAGE_SIZE=CONFIG_MMU_PAGE_SIZE", `-I${folder}`, `-I${log}`],
    ...system.flatMap((path) => ["-isystem", path]),
    ...library,
    ...["-include", join(folder, "log_format.h")],
  ];
  return {
    sdkconfig,
    complaints,
    check: (file, includes) => run(compiler, ["-fsyntax-only", ...flags, ...includes.map((path) => `-I${path}`), file]),
    callGraph: async (file, includes, foreign = false) => {
      const output = join(folder, `${basename(file)}.s`);
      const to = ["-fcallgraph-info=su", "-S", "-o", output, ...(foreign ? ["-w"] : [])];
      const all = [...flags, ...to, ...includes.map((path) => `-I${path}`), file];
      await runOrThrow(compiler, all, `compiling ${file}`, { cwd: folder });
      return readFileSync(output.replace(/\.s$/, ".ci"), "utf8");
    },
  };
}
