/**
 * Espressif ESP-WROVER-KIT V4.1 (module ESP32-WROVER-B or -E) with a camera module on JP4.
 *
 * The camera takes almost every pin: only GPIO12 and 13, the card's D2 and D3, are left for lights and button, as on the ESP32-CAM. The LCD shares nine of
 * the camera's pins and can't be used. The RGB LED's pins are the camera's reset (GPIO0), the card's D0 (GPIO2) and the camera's D0 (GPIO4): no status LED.
 * V1 to V3 are other boards: V3's module has a 1.8 V flash chip and GPIO12 pulled up, V1 and V2 have no PSRAM.
 *
 * Not checked on a board: how strong the slot's pull-up on GPIO12 and what pulls at GPIO13 are.
 */
import type { Board } from "./types.js";

export const wroverKit: Board = {
  id: "wrover-kit",
  title: "Espressif ESP-WROVER-KIT V4.1",
  chip: "esp32",
  platformioBoard: "esp-wrover-kit",
  cpuHz: 240_000_000,
  flashBytes: 4 * 1024 * 1024,
  flashMode: "dio",
  // dram0_0_seg, as on every ESP32.
  ramBytes: 0x2c200,
  // 64 Mbit, of which the ESP32 maps 4 MB.
  psramBytes: 4 * 1024 * 1024,
  psramMode: "quad",
  console: "uart",
  camera: {
    xclk: 21,
    sda: 26,
    scl: 27,
    data: [4, 5, 18, 19, 36, 39, 34, 35],
    vsync: 25,
    href: 23,
    pclk: 22,
    powerDown: -1,
    // JP4 has it on GPIO0, which its pull-up keeps high; the driver resets the sensor by register.
    reset: -1,
  },
  // Whatever is put on JP4.
  sensor: 0,
  sd: { bus: "sdmmc-1bit", clk: 14, cmd: 15, d0: 2, d3: 13 },
  button: 13,
  lights: 12,
  status: { gpio: -1, drive: "push-pull", activeLow: false, external: false },
  holdLow: [],
  // Main I/O connector JP1, two columns of 14.
  headers: {
    ordered: true,
    left: ["3V3", 32, 12, 14, 26, 35, 39, "EN", 22, 19, 5, 16, 0, 15],
    right: ["GND", 33, 13, 27, 25, 34, 36, 23, 21, 18, 17, 4, 2, "5V"],
  },
  taken: {
    0: "is the camera's reset and BOOT",
    32: "goes to the crystal, not to JP1",
    33: "goes to the crystal, not to JP1",
  },
  notes: [
    "GPIO12 chooses the flash chip's voltage at reset, and on V4.1 it conflicts with the card's D2 pull-up (ESP-IDF): 1 kOhm to GND at the lights' input, or burn the eFuse (espefuse.py set_flash_voltage 3.3V; irreversible).",
    "The button shares the card's D3, whose pull-up may be too weak on this board (ESP-IDF): 2 kOhm from GPIO13 to 3.3 V. The card is mounted only while the button is up.",
    "Flash and PSRAM run at 80 MHz: if the board does not start reliably, Espressif advises to desolder R140 to R145 (the flash bus to JP2).",
    "JP2: UART jumpers on, JTAG jumpers off (they share the card's pins). The LCD stays unused.",
    "Only V4.1 with an ESP32-WROVER-B or -E module: V3's module has a 1.8 V flash chip.",
  ],
  sources: [
    "espressif/esp-idf v5.0, docs/en/hw-reference/esp32/get-started-wrover-kit.rst (JP1, JP4, RGB LED, microSD, crystal; Boot and EN, power switch, JP2, JP7, FT2232's channels)",
    "espressif/esp32-camera v2.1.5, examples/camera_example/main/camera_pinout.h, BOARD_WROVER_KIT",
    "espressif/esp-idf v5.5.3, docs/en/api-reference/peripherals/sd_pullup_requirements.rst (pull-ups of V4.1; modules with 1.8 V flash)",
    "espressif/esp-bsp, bsp/esp_wrover_kit/include/bsp/esp_wrover_kit.h (card, LEDs)",
    "platformio/platform-espressif32 6.13.0, boards/esp-wrover-kit.json (240 MHz, 4 MB flash, DIO)",
    "espressif/esp-idf v5.5.3, components/esp_system/ld/esp32/memory.ld.in (dram0_0_seg)",
  ],
};
