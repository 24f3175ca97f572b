import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { freePins, partConflicts, WIRED_PARTS, withPins } from "#smilec/board/wiring.js";
import { parseConfig } from "#smilec/config/load.js";
import { UserError } from "#smilec/errors.js";

function refusal(config: object): string {
  try {
    parseConfig(JSON.stringify(config), "smilec.config.json");
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).detail ?? "";
  }
  return "accepted";
}

describe("pins in the configuration", () => {
  it("are the board's unless given", () => {
    const { pins } = parseConfig("{}", "smilec.config.json");
    expect(pins).toEqual({ button: "board", lights: "board", status: "board" });
    for (const board of Object.values(boards)) expect(withPins(board, pins)).toEqual(board);
  });

  it("move button, lights and status", () => {
    const text = '{ "board": "xiao-s3-sense", "pins": { "button": 5, "lights": 6, "status": 4 } }';
    const { pins } = parseConfig(text, "smilec.config.json");
    const { button, lights, status } = withPins(boards["xiao-s3-sense"], pins);
    expect({ button, lights, status }).toEqual({
      button: 5,
      lights: 6,
      status: { gpio: 4, drive: "push-pull", activeLow: false, external: true },
    });
  });

  it.each<[string, object, RegExp]>([
    [
      "a camera pin, with the free ones",
      { board: "xiao-s3-sense", pins: { button: 13 } },
      /1:\d+ pins\.button: .*camera PCLK, button; free for it: 1, 3, 4, 5, 6/,
    ],
    ["a strap", { pins: { lights: 0 } }, /pins\.lights: .*boot mode strap\); free for it: 12/],
    [
      "one pin for two parts",
      { board: "freenove-s3", pins: { button: 14, lights: 14 } },
      /GPIO14 is used more than once/,
    ],
    ["a pin of the lamp", { pins: { lights: 4 } }, /lights, held low; free for it: 12/],
    [
      "an unwired pin",
      { board: "freenove-s3", pins: { status: 38 } },
      /SD CMD, status LED; free for it: 1, 2, 3, 14, 41/,
    ],
    ["a board without room", { board: "wrover-kit", pins: { status: 33 } }, /no other pin of this board is free/],
    ["a pin no chip has", { pins: { button: 49 } }, /pins\.button/],
    ["a name", { pins: { button: "none" } }, /pins\.button/],
  ])("are refused: %s", (_, config, expected) => {
    expect(refusal(config)).toMatch(expected);
  });

  it("are suggested only where they work", () => {
    let suggested = 0;
    for (const board of Object.values(boards)) {
      for (const part of WIRED_PARTS) {
        for (const gpio of freePins(board, part)) {
          const pins = { button: "board", lights: "board", status: "board", [part]: gpio } as const;
          expect(partConflicts(withPins(board, pins), part)).toEqual([]);
          expect(refusal({ board: board.id, pins: { [part]: gpio } })).toBe("accepted");
          suggested++;
        }
      }
    }
    expect(suggested).toBeGreaterThan(30);
  });
});
