import { describe, expect, it } from "@jest/globals";
import { boards, findBoard } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { esp32s3eye } from "#smilec/board/esp32s3eye.js";
import { freenoveS3 } from "#smilec/board/freenove-s3.js";
import { pinConflicts } from "#smilec/board/rules.js";
import type { Board } from "#smilec/board/types.js";
import { wroverKit } from "#smilec/board/wrover-kit.js";
import { xiaoS3Sense } from "#smilec/board/xiao-s3-sense.js";
import { UserError } from "#smilec/errors.js";

const NONE: Board["status"] = { gpio: -1, drive: "push-pull", activeLow: false, external: false };

const reasons = (board: Board) =>
  pinConflicts(board)
    .map(({ message }) => message)
    .join("\n");

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
      withPins({ status: { ...esp32cam.status, gpio: 12 }, lights: 33 }),
      /status LED on GPIO12: it is high at reset/,
    ],
    [
      "a button on the boot strap",
      withPins({ button: 0, camera: { ...camera, xclk: 13 } }),
      /button on GPIO0: pressed at reset/,
    ],
    [
      "lights on the line that chooses the card's mode",
      withPins({ lights: 13, button: 12 }),
      /lights on GPIO13: it is the card's D3/,
    ],
    [
      "a card on other pins than the controller's",
      withPins({ sd: { bus: "sdmmc-1bit", clk: 4, cmd: 15, d0: 2, d3: 13 }, holdLow: [] }),
      /card controller has fixed pins: CLK on GPIO14/,
    ],
    [
      "a button where no wire can be put",
      withPins({ button: 33, status: NONE }),
      /button on GPIO33: this pin is on no header/,
    ],
    ["a button on a camera pin", { ...wroverKit, button: 4 }, /GPIO4 is used more than once: camera D0, button/],
    ["a button on the crystal", { ...wroverKit, button: 32 }, /button on GPIO32: this pin goes to the crystal/],
    ["a button on the card's chip select", { ...xiaoS3Sense, button: 21 }, /used more than once: SD CS, button/],
    [
      "lights on the octal PSRAM",
      { ...freenoveS3, lights: 35 },
      /lights on GPIO35: this pin belongs to the octal PSRAM/,
    ],
    ["lights on the S3's flash chip", { ...freenoveS3, lights: 30 }, /belongs to the flash chip and PSRAM/],
    ["lights on the S3's USB", { ...freenoveS3, lights: 20 }, /lights on GPIO20: this pin is the USB port/],
    ["lights on the S3's console", { ...xiaoS3Sense, lights: 43 }, /lights on GPIO43: this pin is the serial console/],
    [
      "a button on the S3's VDD_SPI strap",
      { ...freenoveS3, button: 45 },
      /button on GPIO45: it is high at reset.*VDD_SPI/,
    ],
    [
      "a button on the S3's message strap",
      { ...freenoveS3, button: 46 },
      /button on GPIO46: it is high at reset.*can't be flashed/,
    ],
    ["the S3-EYE's BOOT button as the nose", { ...esp32s3eye, button: 0 }, /button on GPIO0: pressed at reset/],
    [
      "lights on the S3-EYE's microphone",
      { ...esp32s3eye, lights: 42 },
      /lights on GPIO42: this pin belongs to the microphone/,
    ],
    ["lights that hold the boot strap low", withPins({ lights: 0, camera: { ...camera, xclk: 12 } }), /boot mode/],
  ];
  it.each(cases)("refuses %s", (_, board, expected) => {
    expect(reasons(board)).toMatch(expected);
  });

  it("lets a board be without a status LED", () => {
    expect(pinConflicts(withPins({ status: NONE }))).toEqual([]);
  });

  it("frees the PSRAM's pins on a board without PSRAM", () => {
    expect(pinConflicts(withPins({ psramBytes: 0, button: 16 }))).toEqual([]);
  });

  it("knows the ESP32-S3's own pins", () => {
    const board = withPins({ chip: "esp32s3" });
    const conflicts = reasons(board);
    expect(conflicts).toMatch(/camera D2 on GPIO19: this pin is the USB port/);
    expect(conflicts).toMatch(/camera HREF on GPIO23: the esp32s3 has no such pin/);
    expect(conflicts).toMatch(/camera power-down on GPIO32: this pin belongs to the flash chip/);
    expect(conflicts).not.toMatch(/input only/);
  });
});
