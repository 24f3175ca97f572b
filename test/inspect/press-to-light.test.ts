import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { esp32s3eye } from "#smilec/board/esp32s3eye.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { frameInterval, type PressRequest, pressLines, pressToLight } from "#smilec/inspect/press-to-light.js";

/** The shipped model, as configured by default. */
const request: PressRequest = {
  board: esp32cam,
  burst: 3,
  debounceMs: 30,
  boxSize: 192,
  inputSize: 48,
  networkInstructions: 3_357_169,
};
const SLOW = 40_000_000;

describe("the time from press to light", () => {
  it("is the debounce, four frames and one inference where computing keeps up with the camera", () => {
    const { ms, parts, frameMs, busyMs, withinLimit } = pressToLight(request);
    expect(frameMs).toBeCloseTo(80, 10);
    expect(busyMs).toBeLessThan(frameMs);
    expect(ms).toBeGreaterThan(35 + 4 * 80);
    expect(ms).toBeCloseTo(35 + 4 * 80 + busyMs + 0.01, 10);
    expect(parts.reduce((sum, part) => sum + part.ms, 0)).toBe(ms);
    expect(withinLimit).toBe(true);
  });

  it("has the camera twice as fast on the ESP32-S3", () => {
    expect(frameInterval(esp32s3eye.chip)).toBeCloseTo(40, 10);
  });

  it("grows with computing for each frame where that is slower than the camera", () => {
    const fast = pressToLight({ ...request, networkInstructions: SLOW });
    const slower = pressToLight({ ...request, networkInstructions: SLOW + 240_000 });
    expect(fast.busyMs).toBeGreaterThan(fast.frameMs);
    // 1.2 ms for each of three frames.
    expect(slower.ms - fast.ms).toBeCloseTo(3.6, 6);
  });

  it.each(Object.values(boards))("is within the limit for $id with either engine and portable code", (board) => {
    for (const networkInstructions of [3_357_169, 11_113_450, 20_539_623]) {
      expect(pressToLight({ ...request, board, networkInstructions })).toMatchObject({ withinLimit: true });
    }
  });

  it("says so when it is over the limit", () => {
    const slow = pressToLight({ ...request, burst: 8, networkInstructions: SLOW });
    expect(slow.withinLimit).toBe(false);
    expect(pressLines(slow)[0]).toContain("over 700 ms");
    expect(pressLines(pressToLight(request))[0]).toMatch(/at most \d+ ms, computed \(within 700 ms\)/);
  });

  it("waits as the firmware does", () => {
    const source = (name: string) => readFileSync(join(packageRoot, "firmware", name), "utf8");
    expect(source("core/sm_app.h")).toContain("#define SM_IDLE_MS 5u");
    expect(source("hal/esp32/esp32_camera.c")).toMatch(/#define XCLK_HZ 20000000\n[\s\S]*#define POLL_MS 2\n/);
  });
});
