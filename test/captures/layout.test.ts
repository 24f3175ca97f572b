/** docs/capture-log.md is the source of both sides' constants. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { generate, SPECIFICATION } from "../../layout/generate.js";
import { readTables } from "../../layout/tables.js";

const text = readFileSync(join(packageRoot, SPECIFICATION), "utf8");
const [C, TYPESCRIPT] = ["firmware/core/sm_log_layout.h", "src/captures/layout.ts"];

/** The document with one passage changed, which must be there once. */
function changed(from: string, to: string): string {
  expect(text.split(from)).toHaveLength(2);
  return text.replace(from, to);
}

describe("the capture log's specification", () => {
  it.each([C, TYPESCRIPT])("is what %s was generated from (`npm run layout:update` renews it)", (path) => {
    expect(readFileSync(join(packageRoot, path), "utf8")).toBe(generate(text)[path]);
  });

  it.each([
    ["a limit", "| max-burst | 8 |", "| max-burst | 7 |", "SM_LOG_MAX_BURST 7 ", "MAX_BURST = 7;"],
    ["a name", "`SEG{segment:5}.TAR`", "`SEG{segment:4}.TAR`", '{{"SEG", 4, 10}, {".TAR"', '"SEG{segment:4}.TAR"'],
    ["a signature", "| version | 1 |", "| version | 2 |", '{{"smilec2.", 8, 16}', '"smilec2.{device:8x}.{epoch:8x}"'],
    ["what a field holds", "| `0000644` |", "| `0000600` |", 'X(100, "0000600")', 'bytes: 8, text: "0000600"'],
    ["a code", "| reset | 6 | brownout |", "| reset | 9 | brownout |", "SM_LOG_RESET_BROWNOUT 9", "brownout: 9,"],
    [
      "a key",
      "| gain | decimal |",
      "| analog-gain | hex 4 |",
      '{"analog-gain", SM_LOG_FORM_HEX, 4',
      '"analog-gain": {',
    ],
    [
      "the words there may be",
      "`no-smile`, `smile`, `nobody`",
      "`no-smile`, `smile`, `unsure`",
      '{"decision", SM_LOG_FORM_WORD, 3, (const char *const[]){"no-smile", "smile", "unsure"}}',
      'decision: { kind: "word", count: 3, words: ["no-smile", "smile", "unsure"] }',
    ],
  ])("changes both sides with %s", (_, from, to, c, typescript) => {
    const before = generate(text);
    const after = generate(changed(from, to));
    expect(before[C]).not.toContain(c);
    expect(after[C]).toContain(c);
    expect(before[TYPESCRIPT]).not.toContain(typescript);
    expect(after[TYPESCRIPT]).toContain(typescript);
  });

  it("gives the keys their order", () => {
    const swapped = text
      .replace("| press-ms | decimal |", "| press | decimal |")
      .replace("| press | decimal |", "| press-ms | decimal |");
    const files = generate(swapped);
    expect(files[C]).toMatch(/SM_LOG_KEY_PRESS_MS,\s+SM_LOG_KEY_PRESS,/);
    expect(files[TYPESCRIPT].indexOf('"press-ms":')).toBeLessThan(files[TYPESCRIPT].indexOf(" press:"));
  });

  it("puts the withdrawn mark where the keys before it end, and refuses to say otherwise", () => {
    expect(generate(text)[TYPESCRIPT]).toContain("WITHDRAWN_OFFSET = 34;");
    const longer = changed("| smilec-capture | decimal", "| smilec-captured | decimal");
    expect(() => generate(longer)).toThrow(/it is byte 35 of the payload/);
    expect(generate(longer.replace("byte 34 of", "byte 35 of"))[C]).toContain("SM_LOG_WITHDRAWN_OFFSET 35u");
  });

  it.each([
    [
      "a gap in the header",
      "| 500 | 8 | crc |",
      "| 501 | 8 | crc |",
      /crc begins at 501; the field before ends at 500/,
    ],
    ["a header that is too long", "| 508 | 4 | padding |", "| 508 | 5 | padding |", /513 bytes, the header 512/],
    ["a number that does not fit", "| octal 11 |", "| octal 13 |", /size does not fit its 12 bytes/],
    ["a name that is there twice", "| max-burst | 8 |", "| max-slots | 8 |", /max-slots is there twice/],
    ["no number", "| max-slots | 4,096 |", "| max-slots | 40,96 |", /value is no whole number/],
    ["an unknown form", "| gain | decimal |", "| gain | roman |", /no form: roman/],
    ["an unknown constant", "| 1 to max-burst |", "| 1 to most-frames |", /there is no constant most-frames/],
    ["a range from high to low", "| 3 decimals | 0 to 1,000 |", "| 3 decimals | 1,000 to 0 |", /no range: 1,000 to 0/],
    ["a pattern that is not closed", ".{epoch:8x}`", ".{epoch:8x`", /the pattern is not understood from \.\{epoch/],
    ["a missing cell", "| head-bytes | 1,024 |", "| head-bytes |", /2 cells under 3 headings/],
    ["codes of no key", "| reset | 6 |", "| restart | 6 |", /there is no key restart/],
    ["a code that is there twice", "| reset | 6 |", "| reset | 5 |", /reset 5 is there twice/],
    ["a missing table", "<!-- layout: codes -->", "", /there is no table codes/],
    ["a comment without a table", "<!-- layout: codes -->", "<!-- layout: codes -->\n", /a table should follow/],
  ])("is refused with %s", (_, from, to, message) => {
    const line = text.slice(0, text.indexOf(from)).split("\n").length;
    const thrown = () => generate(changed(from, to));
    expect(thrown).toThrow(message);
    if (!/missing table|without a table/.test(_)) expect(thrown).toThrow(new RegExp(`^line ${line}: `));
  });

  it("is complete: every table of the document with a comment is used", () => {
    expect([...readTables(text).keys()].sort()).toEqual(["codes", "constants", "head", "header", "metadata", "names"]);
  });
});
