/** The facts against independent statements of the same wiring, quoted here. */
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { headerPins, pinOwner, pinUses } from "#smilec/board/rules.js";
import type { Board } from "#smilec/board/types.js";

/** "SIOD 26, SIOC 27, ..." of a camera, as the quoted headers list it: XCLK, SIOD, SIOC, Y9..Y2, VSYNC, HREF, PCLK, PWDN. */
function quoted({ camera }: Board): number[] {
  const { xclk, sda, scl, data, vsync, href, pclk, powerDown } = camera;
  return [xclk, sda, scl, ...[...data].reverse(), vsync, href, pclk, powerDown];
}

describe("camera pins", () => {
  it.each<[id: keyof typeof boards, source: string, pins: number[]]>([
    // arduino-esp32, libraries/ESP32/examples/Camera/CameraWebServer/camera_pins.h
    ["esp32cam", "CAMERA_MODEL_AI_THINKER", [0, 26, 27, 35, 34, 39, 36, 21, 19, 18, 5, 25, 23, 22, 32]],
    ["wrover-kit", "CAMERA_MODEL_WROVER_KIT", [21, 26, 27, 35, 34, 39, 36, 19, 18, 5, 4, 25, 23, 22, -1]],
    // BlackCatMaster/ESP32Timelapse, camera_pins.h
    ["xiao-s3-sense", "CAMERA_MODEL_XIAO_ESP32S3", [10, 40, 39, 48, 11, 12, 14, 16, 18, 17, 15, 38, 47, 13, -1]],
    // temilolu-codes/Smart-maize-disease-detection-system, arduino_code/camera_pins.h
    ["esp32s3eye", "CAMERA_MODEL_ESP32S3_EYE", [15, 4, 5, 16, 17, 18, 12, 10, 8, 9, 11, 6, 7, 13, -1]],
    // adam-kabbara/RSX-CANSAT-2025, sensor_testing/esp32_files/Cameras/ESP32S3-AF-Video-Recorder/src/camera_pins.h
    ["freenove-s3", "CAMERA_MODEL_ESP32S3_EYE_FREENOVE", [15, 4, 5, 16, 17, 18, 12, 10, 8, 9, 11, 6, 7, 13, -1]],
  ])("of %s are those of %s", (id, _, pins) => {
    expect(quoted(boards[id])).toEqual(pins);
  });
});

describe("card pins", () => {
  it.each<[id: keyof typeof boards, pins: object]>([
    // esp-bsp, esp_wrover_kit.h: BSP_SD_CLK 14, BSP_SD_CMD 15, BSP_SD_D0 2, BSP_SD_D3 13; the ESP32's slot 1 has no others.
    ["wrover-kit", { bus: "sdmmc-1bit", clk: 14, cmd: 15, d0: 2, d3: 13 }],
    ["esp32cam", { bus: "sdmmc-1bit", clk: 14, cmd: 15, d0: 2, d3: 13 }],
    // Freenove, Sketch_04.1_SDMMC_Test.ino: SD_MMC_CMD 38, SD_MMC_CLK 39, SD_MMC_D0 40.
    ["freenove-s3", { bus: "sdmmc-1bit", clk: 39, cmd: 38, d0: 40, d3: -1 }],
    // esp-idf, sd_pullup_requirements.rst: 1-line SD mode, pull-ups on GPIO38 to 40.
    ["esp32s3eye", { bus: "sdmmc-1bit", clk: 39, cmd: 38, d0: 40, d3: -1 }],
    // BlackCatMaster/ESP32Timelapse: SD_PIN_CS 21, SD_PIN_MOSI 9, SD_PIN_CLK 7, SD_PIN_MISO 8.
    ["xiao-s3-sense", { bus: "spi", sck: 7, miso: 8, mosi: 9, cs: 21 }],
  ])("of %s", (id, pins) => {
    expect(boards[id].sd).toEqual(pins);
  });
});

describe("every board", () => {
  it.each(Object.values(boards))("$id has no two functions on one pin, and none on another part's", (board) => {
    const gpios = pinUses(board).map(({ gpio }) => gpio);
    expect(gpios.filter((gpio, index) => gpios.indexOf(gpio) !== index)).toEqual([]);
    expect(gpios.filter((gpio) => pinOwner(board, gpio) !== undefined)).toEqual([]);
    expect(gpios.length).toBeGreaterThanOrEqual(19);
  });

  it.each(Object.values(boards))("$id says where it was read and what the user has to know", (board) => {
    expect(board.sources.length).toBeGreaterThanOrEqual(4);
    expect(board.sources.join(" ")).toContain(`boards/${board.platformioBoard}.json`);
    expect(board.notes.length).toBeGreaterThan(0);
    expect(headerPins(board)).toEqual(expect.arrayContaining([board.button, board.lights]));
    const named = headerPins(board);
    expect(new Set(named).size).toBe(named.length);
  });

  it.each(Object.values(boards))("$id is filed under its own id", (board) => {
    expect(boards[board.id as keyof typeof boards]).toBe(board);
  });
});
