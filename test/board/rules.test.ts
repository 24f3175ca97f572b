import { describe, expect, it } from "@jest/globals";
import { boards, findBoard } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { pinConflicts } from "#smilec/board/rules.js";
import type { Board } from "#smilec/board/types.js";
import { UserError } from "#smilec/errors.js";

const withPins = (changes: Partial<Board>): Board => ({ ...esp32cam, ...changes });

describe("board registry", () => {
  it("finds a board by its id and names the choices otherwise", () => {
    expect(findBoard("esp32cam")).toBe(esp32cam);
    for (const id of ["esp32-cam", "", "__proto__", "constructor"]) expect(() => findBoard(id)).toThrow(UserError);
  });

  it("holds only boards whose pins can work", () => {
    expect(Object.keys(boards).length).toBeGreaterThan(0);
    for (const board of Object.values(boards)) expect([board.id, pinConflicts(board)]).toEqual([board.id, []]);
  });
});

describe("pin rules", () => {
  const { camera } = esp32cam;
  const cases: [what: string, board: Board, expected: RegExp][] = [
    ["a pin used twice", withPins({ button: 4 }), /GPIO4 is used more than once: button, held low/],
    ["a pin that does not exist", withPins({ lights: 24 }), /lights on GPIO24: the esp32 has no such pin/],
    ["a pin beyond the chip's", withPins({ lights: 40 }), /no such pin/],
    ["a fraction", withPins({ lights: 12.5 }), /no such pin/],
    ["a missing camera clock", withPins({ camera: { ...camera, pclk: -1 } }), /camera PCLK on GPIO-1/],
    ["an output on an input-only pin", withPins({ lights: 34 }), /lights on GPIO34: this pin is input only/],
    ["a button without pull-up", withPins({ button: 39 }), /button on GPIO39: this pin has no internal pull-up/],
    ["a pin of the flash chip", withPins({ lights: 6 }), /belongs to the flash chip/],
    ["the PSRAM's chip select", withPins({ button: 16 }), /belongs to the PSRAM/],
    ["the console", withPins({ lights: 1 }), /serial console/],
    ["a button on the flash voltage strap", withPins({ button: 12, lights: 13 }), /high at reset.*MTDI/],
    [
      "an active-low LED on the flash voltage strap",
      withPins({ status: { gpio: 12, activeLow: true }, lights: 33 }),
      /status LED on GPIO12: it is high at reset/,
    ],
    [
      "a button on the boot strap",
      withPins({ button: 0, camera: { ...camera, xclk: 13 } }),
      /button on GPIO0: pressed at reset/,
    ],
    ["lights that hold the boot strap low", withPins({ lights: 0, camera: { ...camera, xclk: 12 } }), /boot mode/],
  ];
  it.each(cases)("refuses %s", (_, board, expected) => {
    expect(pinConflicts(board).join("\n")).toMatch(expected);
  });

  it("frees the PSRAM's pins on a board without PSRAM", () => {
    expect(pinConflicts(withPins({ psramBytes: 0, button: 16 }))).toEqual([]);
  });

  it("knows the ESP32-S3's own pins", () => {
    const board = withPins({ chip: "esp32s3" });
    const conflicts = pinConflicts(board).join("\n");
    expect(conflicts).toMatch(/camera D2 on GPIO19: this pin is the USB port/);
    expect(conflicts).toMatch(/camera HREF on GPIO23: the esp32s3 has no such pin/);
    expect(conflicts).toMatch(/camera power-down on GPIO32: this pin belongs to the flash chip/);
    expect(conflicts).not.toMatch(/input only/);
  });
});
