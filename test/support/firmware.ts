/** Builds the portable firmware for tests: the core, optionally the host's HAL, headers as the templates generate them, and files of the test's own. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "#smilec/files/package-root.js";
import { compile, type Program } from "./compile.js";
import { fatFsSources } from "./fatfs.js";

export const coreFolder = join(packageRoot, "firmware", "core");
export const fatFolder = join(packageRoot, "firmware", "hal", "fat");
export const hostFolder = join(packageRoot, "firmware", "hal", "host");
export const imageFolder = join(hostFolder, "image");

/** Macros of generated/smilec_config.h, as C text. */
export const CONFIGURATION: Readonly<Record<string, string>> = {
  FIRMWARE_VERSION: '"0.1.0"',
  BOT_NAME: '"test-bot"',
  CONFIG_HASH: "0x1234abcdu",
  MODEL_HASH: '"0123456789abcdef"',
  LABEL_COUNT: "2",
  POSITIVE: "1",
  LABELS: '{ "neutral", "smile" }',
  INPUT_SIZE: "16",
  NORMALIZE: "SM_NORMALIZE_STANDARDIZE",
  LOCATOR: "SM_LOCATOR_CENTER",
  LOCATOR_X: "500",
  LOCATOR_Y: "500",
  LOCATOR_SIZE: "800",
  LOCATOR_THRESHOLD: "0",
  LOCATOR_HASH: '"0000000000000000"',
  THRESHOLD_MARGIN: "3",
  BURST: "3",
  LIGHTS_MS: "3000",
  DEBOUNCE_MS: "30",
  SLOTS_PER_SEGMENT: "8",
  INTERVAL_MS: "0",
  FRAME_WIDTH: "40",
  FRAME_HEIGHT: "30",
  ENGINE: "SM_ENGINE_AOT",
  COIN_PER_MILLE: "500",
  LIGHTS: "SM_LIGHTS_GPIO",
  LIGHT_COUNT: "1",
  BRIGHTNESS: "20",
  BRIGHTNESS_MAX: "100",
  STATUS_LED: "1",
  SENSOR: "0x2642",
};

export function configHeader(changes: Readonly<Record<string, string>> = {}): string {
  const macros = Object.entries({ ...CONFIGURATION, ...changes });
  return macros.map(([name, value]) => `#define SMILEC_${name} ${value}\n`).join("");
}

/** A network of a few lines: output k is a weighted sum of the input, whatever its size. The golden input is all zeros. */
export function handWrittenModel(inputLength: number): Record<string, string> {
  const header = `#ifndef MODEL_H
#define MODEL_H
#include <stdint.h>
#define MODEL_INPUT_LENGTH ${inputLength}
#define MODEL_OUTPUT_LENGTH 2
#define MODEL_ARENA_BYTES 64
int model_init(void);
int8_t *model_memory(void);
int model_invoke(const int8_t *input, int8_t *output);
int model_self_test(void);
#endif
`;
  const source = `#include "model.h"
static _Alignas(16) int8_t arena[MODEL_ARENA_BYTES];
int model_init(void) { return 0; }
int8_t *model_memory(void) { return arena; }
int model_self_test(void) { return MODEL_GOLDEN; }
int model_invoke(const int8_t *input, int8_t *output) {
    int32_t sum = 0;
    for (int32_t i = 0; i < MODEL_INPUT_LENGTH; i++) { sum += input[i] * (i % 7 - 3); }
    sum = sum / 64 % 128;
    output[0] = (int8_t)-sum;
    output[1] = (int8_t)(sum / 2);
    return MODEL_RESULT;
}
`;
  return { "model.h": header, "model.c": source };
}

/** Sources and headers of a folder by name. */
export async function cFiles(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => /\.[ch]$/.test(name));
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")])),
  );
}

export interface FirmwareOptions {
  readonly flags: readonly string[];
  /** Changed macros of smilec_config.h. */
  readonly config?: Readonly<Record<string, string>>;
  /** model.h and model.c; by default the hand-written network for the configured input. */
  readonly model?: Readonly<Record<string, string>>;
  /** With the host's HAL and its main. */
  readonly host?: boolean;
  /** With image files as its cards. */
  readonly images?: boolean;
  /** The test's own files. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the hand-written network returns from model_self_test and model_invoke; 0 by default. */
  readonly golden?: number;
  readonly result?: number;
}

async function imageFiles(): Promise<Record<string, string>> {
  return { ...(await cFiles(imageFolder)), ...(await cFiles(fatFolder)), ...(await fatFsSources()) };
}

export async function compileFirmware(options: FirmwareOptions): Promise<Program> {
  const size = Number({ ...CONFIGURATION, ...options.config }.INPUT_SIZE);
  const files = {
    ...(await cFiles(coreFolder)),
    ...(options.host === true ? await cFiles(hostFolder) : {}),
    ...(options.images === true ? await imageFiles() : {}),
    ...(options.model ?? handWrittenModel(size * size)),
    "smilec_config.h": configHeader(options.config),
    ...options.files,
  };
  const results = [`-DMODEL_GOLDEN=${options.golden ?? 0}`, `-DMODEL_RESULT=${options.result ?? 0}`];
  return compile(files, [...options.flags, ...results]);
}

/** A binary grey PGM file. */
export function pgm(
  width: number,
  height: number,
  pixels: Uint8Array,
  header = `P5\n${width} ${height}\n255\n`,
): Buffer {
  return Buffer.concat([Buffer.from(header, "latin1"), pixels]);
}
