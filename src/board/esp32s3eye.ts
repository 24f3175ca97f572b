/**
 * Espressif ESP32-S3-EYE V2.x, main board.
 *
 * Its guide says that every pin but GPIO3 has a use on the board. The five of the display's sub board become free when it is taken off: GPIO21, 47 and 48 (43
 * and 44 stay with UART 0, where the chip's ROM writes at each start). The BOOT button is on GPIO0, a strapping pin; the others are a resistor ladder on GPIO1.
 *
 * Not checked: the order of the contacts on the pin headers (the schematic was not at hand), and which part is on GPIO14.
 */
import type { Board } from "./types.js";

export const esp32s3eye: Board = {
  id: "esp32s3eye",
  title: "Espressif ESP32-S3-EYE",
  chip: "esp32s3",
  // The platform has no board file of its own for it; flash size and mode are set in platformio.ini, the PSRAM in sdkconfig.defaults.
  platformioBoard: "esp32-s3-devkitc-1",
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
  // The green power LED, lit unless GPIO3 pulls it down; the guide warns that driving GPIO3 high can break it.
  status: { gpio: 3, drive: "open-drain", activeLow: false, external: false },
  holdLow: [],
  headers: { ordered: false, left: [21, 47, "3V3"], right: [48, "5V", "GND"] },
  taken: {
    1: "is the ladder of the function buttons",
    2: "belongs to the microphone",
    14: "has a use on the board (its guide)",
    41: "belongs to the microphone",
    42: "belongs to the microphone",
  },
  notes: [
    "Take the display's sub board off: its pins GPIO21, 47 and 48 are the only free ones. Look up their contacts in the schematic.",
    "The green power LED is the status LED.",
    "Log and flashing go over the Micro-USB port; if the board is not found: hold BOOT, press RST.",
  ],
  sources: [
    "espressif/esp-bsp, bsp/esp32_s3_eye/include/bsp/esp32_s3_eye.h (camera, card, LED, display, microphone)",
    "espressif/esp-bsp, bsp/esp32_s3_eye/README.md (8 MB flash, 8 MB octal PSRAM)",
    "espressif/esp-who, docs/en/get-started/ESP32-S3-EYE_Getting_Started_Guide.md, v2.2 (GPIO3 open-drain, no UART bridge, other GPIOs in use; 4.2 Known Issues: download mode by BOOT and RST)",
    "espressif/esp-idf v5.5.3, docs/en/api-reference/peripherals/sd_pullup_requirements.rst (1-line SD, pull-ups on GPIO38 to 40)",
    "espressif/esp-idf v5.5.3, components/esp_system/ld/esp32s3/memory.ld.in (SRAM_DRAM_START, SRAM_IRAM_END)",
    "platformio/platform-espressif32 6.13.0, boards/esp32-s3-devkitc-1.json (240 MHz, 8 MB flash, QIO)",
  ],
};
