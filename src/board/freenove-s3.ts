/**
 * Freenove ESP32-S3-WROOM CAM (FNK0085): ESP32-S3-WROOM-1-N8R8, camera and card wired as on the ESP32-S3-EYE.
 *
 * Not checked: the marking of the USB connectors (Freenove's tutorial was not at hand), the order of the contacts on the headers (Freenove's drawing was not at hand), and GPIO2, which drives a blue LED on some of these boards:
 * it is therefore not a default. Boards sold under other names with N16R8 modules have the same pins; they work with 8 of their 16 MB.
 */
import type { Board } from "./types.js";

export const freenoveS3: Board = {
  id: "freenove-s3",
  title: "Freenove ESP32-S3-WROOM CAM",
  chip: "esp32s3",
  platformioBoard: "freenove_esp32_s3_wroom",
  cpuHz: 240_000_000,
  flashBytes: 8 * 1024 * 1024,
  flashMode: "qio",
  // SRAM_DRAM_START to SRAM_DRAM_END; code in RAM beyond the first 16 KB comes out of it.
  ramBytes: 0x53700,
  psramBytes: 8 * 1024 * 1024,
  psramMode: "octal",
  // The connector marked UART has a USB bridge to UART 0.
  console: "uart",
  camera: {
    xclk: 15,
    sda: 4,
    scl: 5,
    data: [11, 9, 8, 10, 12, 18, 17, 16],
    vsync: 6,
    href: 7,
    pclk: 13,
    powerDown: -1,
    reset: -1,
  },
  sensor: 0x2642,
  // D3 does not reach the chip.
  sd: { bus: "sdmmc-1bit", clk: 39, cmd: 38, d0: 40, d3: -1 },
  button: 21,
  lights: 47,
  status: { gpio: 48, drive: "ws2812", activeLow: false, external: false },
  holdLow: [],
  headers: { ordered: false, left: [1, 2, 3, 14, 21, "3V3", "GND"], right: [41, 42, 45, 46, 47, "5V", "GND"] },
  taken: {},
  notes: [
    "The status LED is the RGB LED (WS2812) on GPIO48.",
    "Flash and read the log at the USB connector marked UART; if the board is not found: hold BOOT, press RST.",
  ],
  sources: [
    "Freenove/Freenove_ESP32_S3_WROOM_Board, C/Sketches/Sketch_07.3_Camera_SDcard (CAMERA_MODEL_ESP32S3_EYE, BOOT button on GPIO0, WS2812)",
    "Freenove/Freenove_ESP32_S3_WROOM_Board, C/Sketches/Sketch_04.1_SDMMC_Test/Sketch_04.1_SDMMC_Test.ino (card, 1-bit)",
    "Freenove/Freenove_ESP32_S3_WROOM_Board, CH343/ (driver of the USB bridge)",
    "espressif/esp-idf v5.2, docs, esp32s3/get-started/establish-serial-connection (download mode: hold BOOT, press RESET, release BOOT)",
    "espressif/esp32-camera v2.1.5, examples/camera_example/main/camera_pinout.h, BOARD_ESP32S3_GOOUUU (the same wiring)",
    "luc-github/esp3d.io, src/content/esp3d/v3.x/hardware/esp32-s3/freenove/_index.md (card, WS2812 on GPIO48)",
    "platformio/platform-espressif32 6.13.0, boards/freenove_esp32_s3_wroom.json (240 MHz, 8 MB flash, QIO, octal PSRAM)",
    "espressif/esp-idf v5.5.3, components/esp_system/ld/esp32s3/memory.ld.in (SRAM_DRAM_START, SRAM_IRAM_END)",
  ],
};
