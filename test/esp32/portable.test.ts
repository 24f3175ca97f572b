/** What of the ESP32's layer needs no ESP-IDF, compiled here with sanitizers and driven through its states. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { compile, type Program, SANITIZED } from "../support/compile.js";

const DRIVER = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fat_names.h"
#include "esp32_press.h"
#include "esp32_settle.h"

/* press DEBOUNCE_US (d|u|l|h)TIME...: edges down and up, and looks while the level is low (button down) or high; prints 1 or 0 per look. */
static int press(int count, char **words) {
    esp32_press_t state = {.debounce_us = atoll(words[0])};
    for (int i = 1; i < count; i++) {
        int64_t now = atoll(words[i] + 1);
        if (words[i][0] == 'd' || words[i][0] == 'u') {
            esp32_press_edge(&state, words[i][0] == 'd', now);
        } else {
            printf("%d", esp32_press_level(&state, words[i][0] == 'l', now));
        }
    }
    return 0;
}

/* settle EXPOSURE:GAIN...: prints 1 or 0 per frame. */
static int settle(int count, char **words) {
    esp32_settle_t state = {0};
    for (int i = 0; i < count; i++) {
        char *gain = strchr(words[i], ':');
        if (gain == NULL) {
            return 1;
        }
        printf("%d", esp32_settle_step(&state, (uint32_t)strtoul(words[i], NULL, 10), (uint32_t)strtoul(gain + 1, NULL, 10)));
    }
    return 0;
}

int main(int argc, char **argv) {
    char name[SM_NAME_MAX];
    char path[FAT_PATH_MAX];
    if (argc >= 3 && strcmp(argv[1], "press") == 0) {
        return press(argc - 2, argv + 2);
    }
    if (argc >= 3 && strcmp(argv[1], "settle") == 0) {
        return settle(argc - 2, argv + 2);
    }
    for (int i = 2; i < argc; i++) {
        bool entry = strcmp(argv[1], "entry") == 0;
        bool good = entry ? fat_name_from_entry(argv[i], name) : fat_name_to_path(1, argv[i], path);
        printf("%s%s", i > 2 ? "|" : "", good ? (entry ? name : path) : (entry ? name[0] : path[0]) == 0 ? "-" : "not empty");
    }
    return 0;
}
`;

const hal = join(packageRoot, "firmware/hal");
const own = (path: string) => [basename(path), readFileSync(join(hal, path), "utf8")] as const;
let program: Program;

beforeAll(async () => {
  const esp32 = ["press.h", "settle.h", "settle.c"].map((name) => `esp32/esp32_${name}`);
  const files = ["fat/fat_names.h", "fat/fat_names.c", ...esp32].map(own);
  const core = `-I${join(packageRoot, "firmware/core")}`;
  program = await compile({ ...Object.fromEntries(files), "driver.c": DRIVER }, [...SANITIZED, core]);
}, 60_000);
afterAll(() => program.dispose());

describe("a press during longer work", () => {
  const looks = (...steps: string[]) => program.run(["press", "30000", ...steps]);

  it("is shown afterwards for as long as debouncing needs, once", async () => {
    expect(await looks("h0", "d1000000", "u1150000", "h2000000", "h2030000", "h2059999", "h2060000", "h3000000")).toBe(
      "011100",
    );
  });

  it("is not shown again when the core has seen it", async () => {
    expect(await looks("d1000000", "l1040000", "u1150000", "h1150001", "h1200000")).toBe("100");
  });

  it("is shown when bouncing broke its ends into glitches", async () => {
    expect(await looks("d0", "u900", "d1500", "u101500", "d102000", "u102400", "h500000", "h560000")).toBe("10");
  });

  it("is dropped as a glitch below the debounce time, taken from it on", async () => {
    expect(await looks("d0", "u29999", "h500000")).toBe("0");
    expect(await looks("d0", "u30000", "h500000")).toBe("1");
  });

  it("is dropped when it was longer than a press for a picture", async () => {
    expect(await looks("d0", "u1000000", "h5000000")).toBe("1");
    expect(await looks("d0", "u1000001", "h5000000")).toBe("0");
  });

  it("gives way to the button being down now", async () => {
    expect(await looks("d0", "u100000", "d400000", "l500000", "u600000", "h600001", "h700000")).toBe("100");
  });

  it("is not made up from edges without a change", async () => {
    expect(await looks("u0", "u50000", "h60000", "d70000", "d90000", "u95000", "h100000")).toBe("00");
  });
});

describe("exposure after switching the camera on", () => {
  const settled = (frames: readonly (readonly [exposure: number, gain: number])[]) =>
    program.run(["settle", ...frames.map(([exposure, gain]) => `${exposure}:${gain}`)]);
  const repeat = (exposure: number, gain: number, count: number) =>
    Array.from({ length: count }, () => [exposure, gain] as const);

  it("is never taken before six frames", async () => {
    expect(await settled(repeat(600, 10, 8))).toBe("00000111");
  });

  it("has settled with three like frames after it has moved", async () => {
    const rising = [100, 200, 400, 600, 800, 1000, 1200].map((exposure) => [exposure, 0] as const);
    expect(await settled([...rising, ...repeat(1200, 4, 4)])).toBe("00000000011");
  });

  it("takes a change of a sixteenth as the flicker of regulation, a larger one not", async () => {
    const alternating = (low: number) => [0, 1, 2, 3, 4, 5].map((i) => [i % 2 === 0 ? 1600 : low, 0] as const);
    expect(await settled(alternating(1500))).toBe("000001");
    expect(await settled(alternating(1499))).toBe("000000");
  });

  it("waits fifteen frames for a sensor that tells nothing", async () => {
    expect(await settled(repeat(0, 0, 16))).toBe("0000000000000011");
  });
});

describe("file names on the card", () => {
  it("are shown to the core in upper case, long ones not at all", async () => {
    const names = ["SEG00042.TAR", "seg00042.tar", "SEG000042.TAR", "", "a"];
    expect(await program.run(["entry", ...names])).toBe("SEG00042.TAR|SEG00042.TAR|-|-|A");
  });

  it("reach FatFs only as plain names in the top folder", async () => {
    const names = [
      "SEG00042.TAR",
      "../X.TAR",
      "A/B",
      "0:X",
      "",
      ".",
      "A B",
      "SEG000042.TAR",
      "A*",
      "\u00dc.TAR",
      "_-~9",
    ];
    expect(await program.run(["path", ...names])).toBe("1:/SEG00042.TAR|-|-|-|-|-|-|-|-|-|1:/_-~9");
  });
});
