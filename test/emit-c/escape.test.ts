import { describe, expect, it } from "@jest/globals";
import { cComment, cString, isCIdentifier } from "#smilec/emit/c/escape.js";
import { compile, SANITIZED } from "../support/compile.js";

const HOSTILE = [
  "neutral",
  'a "quoted" label',
  "back\\slash\\",
  "??= ??/ ??' ??( ??) ??! ??< ??> ??-",
  "???/",
  "line\nfeed\r\ttab",
  "smile 😀 lächeln ほほえみ",
  "\u00019 octal then digit \u007f7",
  "%d %s %n",
  "*/ /* // */",
  "",
  "?",
  "lone surrogate \ud800 end",
];

describe("cString", () => {
  it("gives the compiler exactly the UTF-8 bytes of the text", async () => {
    const main = `#include <stdio.h>
static const char *const labels[] = {${HOSTILE.map(cString).join(", ")}};
int main(void) {
    for (unsigned i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        for (const char *c = labels[i]; *c != 0; c++) printf("%02x", (unsigned)(unsigned char)*c);
        printf("\\n");
    }
    return 0;
}`;
    const program = await compile({ "main.c": main }, [...SANITIZED, "-trigraphs", "-Wtrigraphs"]);
    const lines = (await program.run([])).split("\n");
    await program.dispose();
    const expected = HOSTILE.map((text) => Buffer.from(new TextEncoder().encode(text)).toString("hex"));
    expect(expected).toHaveLength(13);
    expect(`${lines.join("\n")}\n`.startsWith(`${expected.join("\n")}\n`)).toBe(true);
  }, 60_000);

  it("is printable ASCII without trigraphs", () => {
    for (const text of HOSTILE) expect(cString(text)).toMatch(/^"(?!.*\?\?)[ -~]*"$/);
  });
});

describe("cComment", () => {
  it("leaves no comment mark, trigraph, line break or trailing backslash", () => {
    for (const text of HOSTILE) expect(cComment(text)).toMatch(/^(?!.*(\*\/|\/\*|\?\?|\\$))[ -~]*$/);
  });

  it("keeps harmless text as it is", () => {
    expect(cComment("model.tflite (sha256 0123abcd), seed 7")).toBe("model.tflite (sha256 0123abcd), seed 7");
  });
});

describe("isCIdentifier", () => {
  it("accepts letters, digits and underscores after a letter, and nothing else", () => {
    expect(["model", "m1", "smile_bot"].every(isCIdentifier)).toBe(true);
    expect(["", "1m", "_m", "int main", "é", "a-b", "m\n"].some(isCIdentifier)).toBe(false);
  });
});
