/** The ESP32's lights with the RMT driver replaced by one that prints what is sent. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { COLOUR_ORDERS } from "#smilec/board/strip.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { compile, SANITIZED } from "../support/compile.js";
import { configHeader } from "../support/firmware.js";

const folder = join(packageRoot, "firmware/hal/esp32");
const own = (name: string) => [name, readFileSync(join(folder, name), "utf8")] as const;

/** What of ESP-IDF these sources see. */
const ESP_IDF = {
  "soc/soc_caps.h": "#define SOC_RMT_TX_CANDIDATES_PER_GROUP 4\n",
  "driver/rmt_tx.h": "typedef void *rmt_channel_handle_t;\ntypedef void *rmt_encoder_handle_t;\n",
  "freertos/FreeRTOS.h": "",
  "freertos/task.h": "typedef void *TaskHandle_t;\n",
};

const DRIVER = `
#include <stdio.h>
#include "esp32_lights.h"
#include "esp32_pins.h"
#include "esp32_ws2812.h"

int esp32_ws2812_init(esp32_ws2812_t *line, int pin, uint32_t blocks, uint32_t count) {
    line->pin = pin;
    printf("strip %d: %u blocks, %u LEDs\\n", pin, (unsigned)blocks, (unsigned)count);
    return 0;
}
void esp32_ws2812_send(esp32_ws2812_t *line, const uint8_t *bytes, uint32_t count) {
    printf("send %d:", line->pin);
    for (uint32_t i = 0; i < 3u * count; i++) {
        printf(" %u", bytes[i]);
    }
    printf("\\n");
}
int esp32_pins_make_output(int pin, bool high, bool open_drain) {
    printf("output %d: %d%s\\n", pin, high, open_drain ? " open drain" : "");
    return 0;
}
void esp32_pins_drive(int pin, bool high) {
    printf("drive %d: %d\\n", pin, high);
}
int main(void) {
    static const sm_colour_t some[] = {{1, 2, 3}, {40, 50, 60}};
    static const sm_colour_t none[] = {{0, 0, 0}, {0, 0, 0}};
    int result = esp32_lights_init();
    esp32_lights_set(some, 2);
    esp32_lights_set(none, 2);
    esp32_lights_set_status(true);
    esp32_lights_set_status(false);
    return result;
}
`;

interface Wiring {
  readonly lights: "GPIO" | "WS2812";
  readonly order?: string;
  /** Of the status LED. */
  readonly ws2812?: number;
  readonly activeLow?: number;
  readonly openDrain?: number;
}

async function said({ lights, order = "grb", ws2812 = 0, activeLow = 0, openDrain = 0 }: Wiring): Promise<string[]> {
  const at = (colour: string) => String(order.indexOf(colour));
  const macros = {
    LIGHTS: `SM_LIGHTS_${lights}`,
    LIGHT_COUNT: "2",
    RED_AT: at("r"),
    GREEN_AT: at("g"),
    BLUE_AT: at("b"),
  };
  const board = { PIN_LIGHTS: 12, PIN_STATUS: 33, STATUS_WS2812: ws2812, STATUS_ACTIVE_LOW: activeLow };
  const pins = Object.entries({ ...board, STATUS_OPEN_DRAIN: openDrain });
  const files = {
    ...ESP_IDF,
    ...Object.fromEntries(["esp32_lights.c", "esp32_lights.h", "esp32_pins.h", "esp32_ws2812.h"].map(own)),
    "smilec_config.h": configHeader(macros),
    "smilec_board.h": pins.map(([name, value]) => `#define SMILEC_${name} ${value}\n`).join(""),
    "driver.c": DRIVER,
  };
  const program = await compile(files, [...SANITIZED, `-I${join(packageRoot, "firmware/core")}`]);
  try {
    return (await program.run([])).trim().split("\n");
  } finally {
    await program.dispose();
  }
}

describe("the lights on the ESP32", () => {
  it.each(COLOUR_ORDERS)(
    "send a strip its colours in the order %s",
    async (order) => {
      const colours: Record<string, readonly [number, number]> = { r: [1, 40], g: [2, 50], b: [3, 60] };
      const bytes = [0, 1].flatMap((led) => [...order].map((colour) => colours[colour][led]));
      const lines = await said({ lights: "WS2812", order });
      expect(lines.slice(0, 4)).toEqual([
        "strip 12: 3 blocks, 2 LEDs",
        "output 33: 0",
        `send 12: ${bytes.join(" ")}`,
        "send 12: 0 0 0 0 0 0",
      ]);
    },
    30_000,
  );

  it("are an output that is high for any colour, with a status LED that is active low or open drain", async () => {
    expect(await said({ lights: "GPIO", activeLow: 1 })).toEqual([
      ...["output 12: 0", "output 33: 1", "drive 12: 1", "drive 12: 0", "drive 33: 0", "drive 33: 1"],
    ]);
    expect(await said({ lights: "GPIO", openDrain: 1 })).toContain("output 33: 0 open drain");
  }, 30_000);

  it("share the RMT memory with a status LED that is a WS2812 itself, which is dim", async () => {
    const lines = await said({ lights: "WS2812", ws2812: 1 });
    expect(lines.slice(0, 2)).toEqual(["strip 12: 3 blocks, 2 LEDs", "strip 33: 1 blocks, 1 LEDs"]);
    expect(lines.slice(-2)).toEqual(["send 33: 12 12 12", "send 33: 0 0 0"]);
  }, 30_000);
});
