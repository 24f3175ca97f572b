/** Metadata in the format's order is read a shorter way: it gives what the reader for any order gives, whatever the block holds. */
import { describe, expect, it } from "@jest/globals";
import { METADATA_BYTES } from "#smilec/captures/layout.js";
import { formatMetadata, parseInAnyOrder, parseMetadata } from "#smilec/captures/metadata.js";
import { inOrder } from "#smilec/captures/ordered-fields.js";
import { Random } from "../support/random.js";
import { randomSample } from "../support/random-capture.js";

const BLOCKS = 2500;

type Change = (block: Buffer, random: Random) => Buffer;

/** Where a line, or a value, begins and ends. */
function place(block: Buffer, random: Random, from: "#" | "="): [begin: number, end: number] {
  const begins = [...block.keys()].filter(
    (i) => block[i] === from.charCodeAt(0) && (from === "=" || block[i + 1] === 0x20),
  );
  const begin = random.pick(begins) + (from === "=" ? 1 : 0);
  return [begin, block.indexOf("\n", begin)];
}

/** Puts a text in the place of another and keeps the length by more or fewer dots. */
function replaced(block: Buffer, begin: number, end: number, text: string): Buffer {
  const edited = block.toString("latin1", 0, begin) + text + block.toString("latin1", end);
  const more = edited.length - METADATA_BYTES;
  const fitted = more > 0 ? edited.replace(".".repeat(more), "") : edited.replace("#.", `#.${".".repeat(-more)}`);
  return Buffer.from(fitted, "latin1");
}

const VALUES = [
  "",
  "0",
  "-0",
  "-1",
  "00",
  "1,2",
  "1,,2",
  ",1",
  "1,",
  "1/2",
  "0/0",
  "1e1",
  " 1",
  "99999999999999999",
  "9007199254740993",
];
const TEXTS = [
  "aot",
  "nobody",
  "0123456789abcdef",
  "0123456789abcdeF",
  "00000000",
  "\r",
  "é",
  "1\r",
  "a b",
  "~",
  "1.2.3",
];

const CHANGES: Readonly<Record<string, Change>> = {
  nothing: (block) => block,
  "a byte": (block, random) => {
    block[random.integer(0, block.length - 1)] = random.pick([
      random.integer(0, 255),
      0x0a,
      0x0d,
      0x20,
      0x2e,
      0x23,
      0x30,
    ]);
    return block;
  },
  "a value": (block, random) => replaced(block, ...place(block, random, "="), random.pick([...VALUES, ...TEXTS])),
  "a line is missing": (block, random) => {
    const [begin, end] = place(block, random, "#");
    return replaced(block, begin, end + 1, "");
  },
  "a line twice": (block, random) => {
    const [begin, end] = place(block, random, "#");
    return replaced(block, begin, begin, block.toString("latin1", begin, end + 1));
  },
  "two lines change places": (block, random) => {
    const [begin, end] = place(block, random, "#");
    const [next, behind] = [end + 1, block.indexOf("\n", end + 1)];
    const [one, two] = [block.toString("latin1", begin, end + 1), block.toString("latin1", next, behind + 1)];
    return Buffer.concat([block.subarray(0, begin), Buffer.from(two + one, "latin1"), block.subarray(behind + 1)]);
  },
  "an unknown line": (block, random) => {
    const [begin] = place(block, random, "#");
    return replaced(block, begin, begin, "# more=1\n");
  },
  "another frame": (block, random) => {
    const begin = block.lastIndexOf("\n", block.length - 6) + 1;
    const side = () => random.pick(["0", "1", "320", "0320", "00320", "4096", "4097", "x", ""]);
    return replaced(block, begin, block.length, `${side()} ${side()}\n255${random.pick(["\n", "\n", "", "\n\n"])}`);
  },
  "cut short": (block, random) => block.subarray(0, random.integer(0, block.length)),
};

type Way = "short" | "any order" | "refused";

/** The way that blocks with each change take, most of them or some. */
const WAYS: Readonly<Record<string, Way>> = {
  nothing: "short",
  "a byte": "short",
  "a value": "refused",
  "a line is missing": "refused",
  "a line twice": "any order",
  "two lines change places": "any order",
  "an unknown line": "any order",
  "another frame": "refused",
  "cut short": "refused",
};

describe("metadata read in the format's order", () => {
  it.each(Object.entries(WAYS))("is the same as read in any order, with changes: %s", (name, expectedWay) => {
    const random = new Random(77);
    const ways: Record<Way, number> = { short: 0, "any order": 0, refused: 0 };
    for (let i = 0; i < BLOCKS; i++) {
      const block = CHANGES[name](Buffer.from(formatMetadata(randomSample(random))), random);
      const expected = parseInAnyOrder(block);
      const found = parseMetadata(block);
      if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found).toEqual(expected);
      ways[typeof expected === "string" ? "refused" : inOrder(block) === undefined ? "any order" : "short"]++;
    }
    expect(ways.short + ways["any order"] + ways.refused).toBe(BLOCKS);
    expect(ways[expectedWay]).toBeGreaterThan(BLOCKS / 5);
  });
});
