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
  flashMode: "dio",
  // dram0_0_seg: of the 320 KB, the part from 0x3FFB0000 on that static data may use (the rest is heap only).
  ramBytes: 0x2c200,
  // The chip holds 8 MB on most modules; the ESP32 maps 4 MB of it.
  psramBytes: 4 * 1024 * 1024,
  psramMode: "quad",
  console: "uart",
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
  sensor: 0x2642,
  sd: { bus: "sdmmc-1bit", clk: 14, cmd: 15, d0: 2, d3: 13 },
  button: 13,
  lights: 12,
  status: { gpio: 33, drive: "push-pull", activeLow: true, external: false },
  holdLow: [4],
  headers: {
    ordered: true,
    left: ["5V", "GND", 12, 13, 15, 14, 2, 4],
    right: ["3V3", 16, 0, "GND", "VCC", 3, 1, "GND"],
  },
  taken: {},
  notes: [
    "GPIO12 chooses the flash chip's voltage at reset: the lights' input needs 10 kOhm to GND.",
    "The button shares the card's D3: the card is mounted only while the button is up.",
    "To flash: GPIO0 to GND at reset, and the card out (its pull-up on GPIO2 prevents download mode).",
  ],
  sources: [
    "Ai-Thinker ESP32-CAM schematic V1.6 (camera connector, SD socket, LED1 on GPIO33, flash lamp on GPIO4, PSRAM CS on GPIO16)",
    "espressif/esp32-camera v2.1.5, examples/camera_example/main/camera_pinout.h, BOARD_ESP32CAM_AITHINKER",
    "espressif/arduino-esp32, libraries/ESP32/examples/Camera/CameraWebServer/camera_pins.h, CAMERA_MODEL_AI_THINKER",
    "platformio/platform-espressif32 6.13.0, boards/esp32cam.json (240 MHz, 4 MB flash, DIO 40 MHz)",
    "espressif/esp-idf v5.5.3, components/esp_system/ld/esp32/memory.ld.in (dram0_0_seg)",
    "ESP32 Series Datasheet, sections Strapping Pins and IO_MUX (GPIO34 to 39 are input only)",
  ],
};
