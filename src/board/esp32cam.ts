/**
 * AI-Thinker ESP32-CAM.
 *
 * The SD slot runs in 1-bit mode, which frees GPIO4 (flash lamp, D1), GPIO12 (D2) and GPIO13 (D3). The lights sit on GPIO12: active high
 * with an external pull-down, since a high level at reset selects 1.8 V for the flash chip. The button sits on GPIO13, which is also the card's D3: the
 * firmware waits for its release before it mounts the card (a low D3 puts a card into SPI mode).
 */
import type { Board } from "./types.js";

export const esp32cam: Board = {
  id: "esp32cam",
  title: "AI-Thinker ESP32-CAM",
  chip: "esp32",
  platformioBoard: "esp32cam",
  cpuHz: 240_000_000,
  flashBytes: 4 * 1024 * 1024,
  // dram0_0_seg: of the 320 KB, the part from 0x3FFB0000 on that static data may use (the rest is heap only).
  ramBytes: 0x2c200,
  // The chip holds 8 MB on most modules; the ESP32 maps 4 MB of it.
  psramBytes: 4 * 1024 * 1024,
  camera: {
    xclk: 0,
    sda: 26,
    scl: 27,
    data: [5, 18, 19, 21, 36, 39, 34, 35],
    vsync: 25,
    href: 23,
    pclk: 22,
    powerDown: 32,
    reset: -1,
  },
  sd: { bus: "sdmmc-1bit", clk: 14, cmd: 15, d0: 2 },
  button: 13,
  lights: 12,
  status: { gpio: 33, activeLow: true },
  holdLow: [4],
  sources: [
    "Ai-Thinker ESP32-CAM schematic V1.6 (camera connector, SD socket, LED1 on GPIO33, flash lamp on GPIO4, PSRAM CS on GPIO16)",
    "espressif/arduino-esp32, libraries/ESP32/examples/Camera/CameraWebServer/camera_pins.h, CAMERA_MODEL_AI_THINKER",
    "platformio/platform-espressif32 6.13.0, boards/esp32cam.json (240 MHz, 4 MB flash, DIO 40 MHz)",
    "espressif/esp-idf v5.5.3, components/esp_system/ld/esp32/memory.ld.in (dram0_0_seg)",
    "ESP32 Series Datasheet, sections Strapping Pins and IO_MUX (GPIO34 to 39 are input only)",
  ],
};
