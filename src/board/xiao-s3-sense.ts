/**
 * Seeed Studio XIAO ESP32S3 Sense: the XIAO with its camera, microphone and card board.
 *
 * The card is on SPI. Its chip select, GPIO21, is also the XIAO's user LED (active low), which therefore flickers with the card and can't show status. The
 * microphone takes GPIO41 and 42.
 */
import type { Board } from "./types.js";

export const xiaoS3Sense: Board = {
  id: "xiao-s3-sense",
  title: "Seeed Studio XIAO ESP32S3 Sense",
  chip: "esp32s3",
  platformioBoard: "seeed_xiao_esp32s3",
  cpuHz: 240_000_000,
  flashBytes: 8 * 1024 * 1024,
  flashMode: "qio",
  // SRAM_DRAM_START to SRAM_DRAM_END; code in RAM beyond the first 16 KB comes out of it.
  ramBytes: 0x53700,
  psramBytes: 8 * 1024 * 1024,
  psramMode: "octal",
  // There is no UART bridge.
  console: "usb-serial-jtag",
  camera: {
    xclk: 10,
    sda: 40,
    scl: 39,
    data: [15, 17, 18, 16, 14, 12, 11, 48],
    vsync: 38,
    href: 47,
    pclk: 13,
    powerDown: -1,
    reset: -1,
  },
  // OV2640 on earlier boards, OV3660 on later ones.
  sensor: 0,
  sd: { bus: "spi", sck: 7, miso: 8, mosi: 9, cs: 21 },
  // D0 and D1.
  button: 1,
  lights: 2,
  status: { gpio: -1, drive: "push-pull", activeLow: false, external: false },
  holdLow: [],
  // D0 to D6 down the left, 5V to D7 down the right.
  headers: { ordered: true, left: [1, 2, 3, 4, 5, 6, 43], right: ["5V", "GND", "3V3", 9, 8, 7, 44] },
  taken: { 41: "belongs to the microphone", 42: "belongs to the microphone" },
  notes: [
    "The user LED is on the card's chip select and flickers with it; a status LED of your own can go to D3 (GPIO4): `pins.status`.",
    "Log and flashing go over USB-C; if the board is not found: hold BOOT while plugging it in.",
  ],
  sources: [
    "espressif/esp32-camera v2.1.5, examples/camera_example/main/camera_pinout.h, BOARD_ESP32S3_XIAO",
    "Seeed Studio wiki, XIAO ESP32S3 (Sense), Pin Multiplexing (card on SPI: CS 21, SCK 7, MISO 8, MOSI 9; microphone 41, 42)",
    "Seeed-Studio/wiki-documents, Getting Started with Seeed Studio XIAO ESP32S3 (Sense), BootLoader Mode and Reset (download mode)",
    "espressif/arduino-esp32, variants/XIAO_ESP32S3/pins_arduino.h (D0 to D10, LED_BUILTIN 21)",
    "platformio/platform-espressif32 6.13.0, boards/seeed_xiao_esp32s3.json (240 MHz, 8 MB flash, QIO, octal PSRAM)",
    "espressif/esp-idf v5.5.3, components/esp_system/ld/esp32s3/memory.ld.in (SRAM_DRAM_START, SRAM_IRAM_END)",
  ],
};
