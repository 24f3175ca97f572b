import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { esp32s3eye } from "#smilec/board/esp32s3eye.js";
import { freenoveS3 } from "#smilec/board/freenove-s3.js";
import type { Board } from "#smilec/board/types.js";
import { xiaoS3Sense } from "#smilec/board/xiao-s3-sense.js";
import { configSchema } from "#smilec/config/schema.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { run, runOrThrow } from "#smilec/process/run.js";
import {
  boardHeaderValues,
  configHash,
  configHeaderValues,
  type DeployedModel,
  firmwareSettings,
  modelHash,
} from "#smilec/template/context.js";
import { renderTemplate } from "#smilec/template/render.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();

/** Compiles a program that includes the header, strictly, and returns what it prints. */
async function printed(header: string, contents: string, body: string): Promise<string> {
  const dir = temporaryFolder("header-");
  writeFileSync(join(dir, header), contents);
  const source = `#include <stdio.h>\n#include <string.h>\n#include "sm_types.h"\n#include "${header}"\n${body}`;
  writeFileSync(join(dir, "main.c"), source);
  const program = join(dir, "program");
  const strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wtrigraphs", "-Wcomment", "-pedantic"];
  const core = join(packageRoot, "firmware/core");
  await runOrThrow("cc", [...strict, `-I${dir}`, `-I${core}`, "-o", program, join(dir, "main.c")], "header");
  return (await runOrThrow(program, [], "run")).stdout;
}

const HOSTILE = [
  'quote " and \\ backslash',
  "*/ int x; /* //",
  "??/ ??= ??( ??' ??! ???/",
  "smile \u{1f600}\u{1f3fd} ümläut 微笑",
  "line\nbreak\r\ttab",
  "trailing \\",
  "\\n \\x41 \\0 %s %n %d",
  "\u0001\u001f\u007f7",
  "\x24{PROJECT_DIR} {{x}} $(id) `id`",
  "\u{fe}F9a",
];

const ALPHABET = [..."\"\\?/*'%{}\n\r\t 0aF9$#", "\u{1f600}", "ü", "\u2028", "??", "*/", "\u{7f}"];

/** Labels from a fixed linear congruential sequence. */
function scrambledLabels(seed: number): string[] {
  let state = seed;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: 16 }, () =>
    Array.from({ length: 1 + next(20) }, () => ALPHABET[next(ALPHABET.length)]).join(""),
  );
}

const PRINT_LABELS = `
static const char *const labels[SMILEC_LABEL_COUNT] = SMILEC_LABELS;
int main(void) {
    for (unsigned i = 0; i < SMILEC_LABEL_COUNT; i++) {
        for (const char *c = labels[i]; *c != 0; c++) printf("%02x", (unsigned char)*c);
        printf("\\n");
    }
    return 0;
}
`;

function modelWith(labels: string[], changes: Partial<DeployedModel["description"]> = {}): DeployedModel {
  const preprocess = { size: 64, normalize: "none" as const };
  const description = { formatVersion: 1 as const, labels, positive: 1, preprocess, thresholdMargin: -17, ...changes };
  return { description, sha256: "0123456789abcdef".repeat(4) };
}

describe("smilec_config.h", () => {
  it("carries hostile labels through a strict compiler byte for byte", async () => {
    const sets = [HOSTILE, ...[1, 2, 3, 4, 5, 6].map(scrambledLabels)];
    let compared = 0;
    for (const labels of sets) {
      const model = modelWith(labels);
      const settings = firmwareSettings(configSchema.parse({}), esp32cam, model);
      const values = configHeaderValues(settings, { name: "smile-bot", target: "esp32cam", model });
      const header = await renderTemplate("generated/smilec_config.h", values);
      const expected = labels.map((label) => Buffer.from(label, "utf8").toString("hex"));
      expect((await printed("smilec_config.h", header, PRINT_LABELS)).split("\n")).toEqual(expected);
      compared += expected.length;
    }
    expect(compared).toBe(HOSTILE.length + 6 * 16);
  });

  it("gives the firmware the model's own labels, input and threshold, and the configuration's rest", async () => {
    const config = configSchema.parse({
      name: "grin-7",
      coinProbability: 0.25,
      locator: { x: 400, y: 510, size: 700 },
      decision: { burst: 5 },
      firmware: { lightsMs: 1234, debounceMs: 20, slotsPerSegment: 64, interval: 60, serial: { baud: 230400 } },
    });
    const model = modelWith(["a", "b", "c"], { positive: 2 });
    const settings = firmwareSettings(config, esp32cam, model);
    const { serial } = config.firmware;
    const values = configHeaderValues(settings, { name: config.name, target: "esp32cam", model, serial });
    const numbers = [
      ...[
        "CONFIG_HASH",
        "LABEL_COUNT",
        "POSITIVE",
        "INPUT_SIZE",
        "NORMALIZE",
        "LOCATOR_X",
        "LOCATOR_Y",
        "LOCATOR_SIZE",
      ],
      ...[
        "BURST",
        "LIGHTS_MS",
        "DEBOUNCE_MS",
        "SLOTS_PER_SEGMENT",
        "INTERVAL_MS",
        "SERIAL_BAUD",
        "FRAME_WIDTH",
        "FRAME_HEIGHT",
        "ENGINE",
      ],
    ];
    const body = `int main(void) {
      printf("%s %s %s %d %d ", SMILEC_FIRMWARE_VERSION, SMILEC_BOT_NAME, SMILEC_MODEL_HASH, 1-SMILEC_THRESHOLD_MARGIN,
             SMILEC_COIN_PER_MILLE);
      ${numbers.map((name) => `printf("%lu ", (unsigned long)SMILEC_${name});`).join("\n")}
      return 0; }`;
    const text = await printed("smilec_config.h", await renderTemplate("generated/smilec_config.h", values), body);
    const strings = ["0.1.0", "grin-7", "0123456789abcdef", "18", "250"];
    const rest = [configHash(settings), 3, 2, 64, 0, 400, 510, 700, 5, 1234, 20, 64, 60000, 230400, 320, 240, 1];
    expect(text.trim().split(" ")).toEqual([...strings, ...rest.map(String)]);
  });

  it("changes its configuration hash with every setting and with nothing else", () => {
    const base = firmwareSettings(configSchema.parse({}), esp32cam, undefined);
    const hashes = [
      base,
      { ...base, engine: "coin" as const },
      { ...base, labels: ["smile", "neutral"] },
      { ...base, positive: 0 },
      { ...base, inputSize: 56 },
      { ...base, normalize: "none" as const },
      { ...base, locator: { ...base.locator, x: 501 } },
      { ...base, thresholdMargin: 1 },
      { ...base, coinPerMille: 499 },
      { ...base, burst: 2 },
      { ...base, lightsMs: 1 },
      { ...base, debounceMs: 1 },
      { ...base, slotsPerSegment: 5 },
      { ...base, lights: { ...base.lights, brightness: 3 } },
      { ...base, statusLed: false },
      { ...base, sensor: 0x3660 },
      { ...base, intervalMs: 1000 },
      { ...base, board: "other" },
    ].map(configHash);
    expect(new Set(hashes).size).toBe(Object.keys(base).length + 1);
    const trainedOtherwise = configSchema.parse({ train: { seed: 7, epochs: 3 }, name: "other" });
    expect(configHash(firmwareSettings(trainedOtherwise, esp32cam, undefined))).toBe(hashes[0]);
  });

  it("stands for the coin without a model, and for generated C when the host builds engine tflm", () => {
    const coin = firmwareSettings(configSchema.parse({ engine: "coin" }), esp32cam, undefined);
    const coinValues = configHeaderValues(coin, { name: "b", target: "host", model: undefined });
    expect(coinValues).toMatchObject({ engine: "SM_ENGINE_COIN", modelHash: '"0000000000000000"', positive: 1 });
    expect(modelHash(undefined)).toBe("0".repeat(16));
    const tflm = firmwareSettings(configSchema.parse({ engine: "tflm" }), esp32cam, modelWith(["a", "b"]));
    const options = { name: "b", model: modelWith(["a", "b"]) };
    expect(configHeaderValues(tflm, { ...options, target: "host" }).engine).toBe("SM_ENGINE_AOT");
    expect(configHeaderValues(tflm, { ...options, target: "esp32cam" }).engine).toBe("SM_ENGINE_TFLM");
  });
});

describe("smilec_board.h", () => {
  const body = `static const int hold[] = SMILEC_HOLD_LOW_PINS;
    int main(void) {
      printf("%d %d %d %d %d %d %d %d ", SMILEC_PIN_D0, SMILEC_PIN_D7, SMILEC_PIN_PWDN, 0-SMILEC_PIN_RESET, SMILEC_PIN_SD_D0,
             SMILEC_PIN_BUTTON, SMILEC_PIN_LIGHTS, SMILEC_STATUS_ACTIVE_LOW);
      printf("%d %d %ld\\n", SMILEC_HOLD_LOW_COUNT, SMILEC_HOLD_LOW_COUNT > 0 ? hold[0] : 0, (long)SMILEC_CPU_HZ);
      return 0; }`;

  it.each<[string, Partial<Board>, string]>([
    ["the AI-Thinker", {}, "5 35 32 1 2 13 12 1 1 4 240000000"],
    ["a board without held pins", { holdLow: [] }, "5 35 32 1 2 13 12 1 0 0 240000000"],
    ["a hostile title", { title: '*/ #error "??/\n\\' }, "5 35 32 1 2 13 12 1 1 4 240000000"],
  ])("tells the firmware the pins of %s", async (_, changes, expected) => {
    const header = await renderTemplate("generated/smilec_board.h", boardHeaderValues({ ...esp32cam, ...changes }));
    expect(await printed("smilec_board.h", header, body)).toBe(expected);
  });

  it.each<[string, Board, string]>([
    ["a card on SPI and no status LED", xiaoS3Sense, "1 7 9 8 21 -1 0 0 0"],
    ["a status LED that may only be pulled down", esp32s3eye, "0 39 38 40 -1 3 0 1 0"],
    ["an addressable status LED", freenoveS3, "0 39 38 40 -1 48 0 0 1"],
    ["the AI-Thinker's card and LED", esp32cam, "0 14 15 2 -1 33 1 0 0"],
  ])("tells the firmware of %s", async (_, board, expected) => {
    const names = ["SD_SPI", "PIN_SD_CLK", "PIN_SD_CMD", "PIN_SD_D0", "PIN_SD_CS", "PIN_STATUS"];
    const flags = ["STATUS_ACTIVE_LOW", "STATUS_OPEN_DRAIN", "STATUS_WS2812"];
    const prints = [...names, ...flags].map((name) => `printf("%d ", SMILEC_${name});`).join(" ");
    const header = await renderTemplate("generated/smilec_board.h", boardHeaderValues(board));
    const text = await printed("smilec_board.h", header, `int main(void) { ${prints} return 0; }`);
    expect(text.trim()).toBe(expected);
  });

  it("is refused by a compiler when it is wrong, so that the tests above mean something", async () => {
    const dir = temporaryFolder("header-");
    writeFileSync(join(dir, "a.c"), "/* */ #error */\nint main(void) { return 0; }\n");
    expect((await run("cc", ["-c", "-o", join(dir, "a.o"), join(dir, "a.c")])).exitCode).not.toBe(0);
  });
});
