import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { boards } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { pinMap, wiring } from "#smilec/board/pin-map.js";
import { pinUses } from "#smilec/board/rules.js";
import { boardSvg } from "#smilec/board/svg.js";
import { boardText } from "#smilec/board/text.js";
import { withPins } from "#smilec/board/wiring.js";

/** Names of the elements still open at the end, or that were closed out of order. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, closing, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (self === "/") continue;
    if (closing === "") open.push(name as string);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe.each(Object.values(boards))("the pin map of $id", (board) => {
  it("shows every pin in use once", () => {
    const { left, right, inside } = pinMap(board);
    const shown = [...left, ...right, ...inside].filter(({ kind }) => ["camera", "card", "part"].includes(kind));
    const used = pinUses(board).map(({ gpio }) => `GPIO${gpio}`);
    expect(shown.map(({ contact }) => contact).sort()).toEqual([...used].sort());
  });

  it("is drawn as text that fits a screen, with the wiring", () => {
    const text = boardText(board);
    const drawn = text.split("\n").filter((line) => /^.*[|+].*[|+]/.test(line));
    expect(drawn.length).toBeGreaterThan(4);
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThanOrEqual(100);
    for (const line of [...wiring(board), ...board.notes]) expect(text).toContain(line);
    expect(text).toContain(`between GPIO${board.button} and GND`);
    expect(text).toContain(`GPIO${board.lights} through 330 Ohm to DIN`);
    expect(text.includes("order on the board was not checked")).toBe(!board.headers.ordered);
  });

  it("is drawn as a picture that another program reads", async () => {
    const svg = boardSvg(board);
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).toContain(`>GPIO${board.lights}</text>`);
    for (const contact of ["DIN", "5V", "GND"]) expect(svg).toContain(`>${contact}</text>`);
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    const { data, info } = await sharp(Buffer.from(svg)).greyscale().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([Number(width), Number(height)]);
    expect(data.filter((value) => value < 128).length).toBeGreaterThan(2000);
  });
});

describe("a pin map", () => {
  it("follows pins that were moved", () => {
    const moved = withPins(esp32cam, { button: "board", lights: "board", status: "none" });
    expect(pinMap(moved).inside.map(({ use }) => use)).not.toContain("status LED");
    expect(wiring(moved).join()).toContain("status LED: none");
  });

  it("keeps hostile names out of the picture's markup", () => {
    const svg = boardSvg({ ...esp32cam, title: '<script>&"' });
    expect(svg).not.toContain("<script");
    expect(unbalanced(svg)).toEqual([]);
  });
});
