import { describe, expect, it } from "@jest/globals";
import { findBoard } from "#smilec/board/boards.js";
import { brightnessLimit, describeStrip, stripBrightness, stripMilliamps } from "#smilec/board/strip.js";
import { rules } from "#smilec/config/rules.js";
import { configSchema } from "#smilec/config/schema.js";
import { boardHeaderValues, configHeaderValues, espProjectValues, firmwareSettings } from "#smilec/template/context.js";

const problems = (lights: object) => {
  const config = configSchema.parse({ firmware: { lights } });
  return rules.flatMap((rule) => rule(config));
};

const header = (lights: object, board = "esp32cam") => {
  const config = configSchema.parse({ board, firmware: { lights } });
  const settings = firmwareSettings(config, findBoard(board), undefined);
  return configHeaderValues(settings, { name: "bot", target: board, model: undefined });
};

describe("a strip's current", () => {
  it("is 20 mA for each of two channels and 1 mA for each LED", () => {
    expect(stripMilliamps({ count: 1, brightness: 100 })).toBe(41);
    expect(stripMilliamps({ count: 64, brightness: 100 })).toBe(64 * 41);
    expect(stripMilliamps({ count: 16, brightness: 20 })).toBe(144);
  });

  it("stays within what the supply gives, by the highest brightness that does", () => {
    for (let count = 1; count <= 64; count++) {
      for (const maxMilliamps of [100, 200, 500, 2000]) {
        const limit = brightnessLimit({ count, maxMilliamps });
        if (limit > 0) expect(stripMilliamps({ count, brightness: limit })).toBeLessThanOrEqual(maxMilliamps);
        if (limit < 100) expect(stripMilliamps({ count, brightness: limit + 1 })).toBeGreaterThan(maxMilliamps);
      }
    }
  });

  it("of 64 LEDs at the default does not take more than a USB port has left", () => {
    const lights = configSchema.parse({ firmware: { lights: { kind: "ws2812", count: 64 } } }).firmware.lights;
    expect(stripBrightness(lights)).toBe(5);
    expect(describeStrip(lights)).toBe(
      "64 LEDs at 5 % (not 20 %, for firmware.lights.maxMilliamps): at most 192 of 200 mA at 5 V",
    );
    expect(describeStrip({ ...lights, count: 1 })).toBe("1 LED at 20 %: at most 9 of 200 mA at 5 V");
  });
});

describe("firmware.lights", () => {
  it("is refused where even the dimmest light takes more than the supply gives", () => {
    expect(problems({ kind: "ws2812", count: 64, maxMilliamps: 80 })).toEqual([
      {
        path: ["firmware", "lights", "maxMilliamps"],
        message: "64 LEDs draw 90 mA at 1 % of their brightness; give them a supply of at least that, or use fewer",
      },
    ]);
    expect(problems({ kind: "ws2812", count: 64, maxMilliamps: 90 })).toEqual([]);
    expect(problems({ kind: "gpio", count: 64, maxMilliamps: 10 })).toEqual([]);
  });

  it.each([
    { count: 0 },
    { count: 65 },
    { brightness: 0 },
    { brightness: 101 },
    { kind: "neon" },
    { colourOrder: "rgbw" },
  ])("does not take %j", (lights) => {
    expect(configSchema.safeParse({ firmware: { lights } }).success).toBe(false);
  });

  it("reaches the firmware with its limit, and the bytes' order", () => {
    expect(header({ kind: "ws2812", count: 16, brightness: 100, colourOrder: "brg" })).toMatchObject({
      ...{ lights: "SM_LIGHTS_WS2812", lightCount: 16, brightness: 28, brightnessMax: 28 },
      ...{ redAt: 1, greenAt: 2, blueAt: 0, statusLed: 1, sensor: "0x2642" },
    });
    expect(header({ kind: "gpio", count: 16, brightness: 1 })).toMatchObject({
      ...{ lights: "SM_LIGHTS_GPIO", lightCount: 1, brightness: 100, brightnessMax: 100 },
    });
    expect(header({}, "xiao-s3-sense")).toMatchObject({ statusLed: 0, sensor: "0x0000" });
  });

  it("brings the RMT driver where a strip or the status LED wants it", () => {
    const needs = (board: string, lights: object) =>
      String(espProjectValues(configSchema.parse({ firmware: { lights } }), findBoard(board), []).requirements);
    expect(needs("esp32cam", {})).not.toContain("esp_driver_rmt");
    expect(needs("esp32cam", { kind: "ws2812" })).toContain("esp_driver_rmt");
    expect(needs("freenove-s3", {})).toContain("esp_driver_rmt");
    const options = (lights: object) =>
      String(espProjectValues(configSchema.parse({ firmware: { lights } }), findBoard("esp32cam"), []).chipOptions);
    expect(options({ kind: "ws2812" })).toContain("CONFIG_RMT_TX_ISR_CACHE_SAFE=y");
    expect(options({})).not.toContain("RMT");
    expect(boardHeaderValues(findBoard("esp32cam")).lights).toBe("12");
  });
});
