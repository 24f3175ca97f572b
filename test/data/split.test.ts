import { describe, expect, it } from "@jest/globals";
import { mapLabel, parseLabelMap } from "#smilec/data/labels.js";
import { assignSplits, checkSplits, countSplits, hashSplit, parseSplitPlan } from "#smilec/data/split.js";
import { UserError } from "#smilec/errors.js";

const plan = parseSplitPlan("70/15/15@3");

describe("splitting", () => {
  it("puts about 70, 15 and 15 % of the groups into the splits, the same ones every time", () => {
    const pictures = Array.from({ length: 4000 }, (_, i) => ({ original: `${i}`, group: `person ${i >> 1}` }));
    const splits = assignSplits(pictures, plan);
    const counts = { train: 0, val: 0, test: 0 };
    for (const split of splits.values()) counts[split]++;
    expect(splits.size).toBe(2000);
    expect(Math.abs(counts.train - 1400)).toBeLessThan(80);
    expect(Math.abs(counts.val - 300)).toBeLessThan(60);
    expect(assignSplits([...pictures].reverse(), plan)).toEqual(new Map([...splits].reverse()));
  });

  it("keeps a group in its split when more is imported, and moves it with the seed", () => {
    const hash = (seed: number) => hashSplit("anna", { kind: "hash", seed, fractions: [0.7, 0.15, 0.15] });
    expect(hash(1)).toBe(hash(1));
    expect(new Set(Array.from({ length: 60 }, (_, seed) => hash(seed))).size).toBe(3);
  });

  it("follows number ranges", () => {
    const ranges = parseSplitPlan("train=1-9,val=10-12,test=13-20");
    const pictures = [1, 9, 10, 13].map((n) => ({ original: `smile/${n}.jpg`, group: `n${n}` }));
    expect([...assignSplits(pictures, ranges).values()]).toEqual(["train", "train", "val", "test"]);
    const outside = [{ original: "smile/21.jpg", group: "n21" }];
    expect(() => assignSplits(outside, ranges)).toThrow("a picture has no split: 21 is in no range");
    const unnumbered = [{ original: "smile/x.jpg", group: "x" }];
    expect(() => assignSplits(unnumbered, ranges)).toThrow("its name is not a number");
  });

  it("lets a given split decide for the whole group", () => {
    const pictures = [
      { original: "a", group: "anna" },
      { original: "b", group: "anna", split: "test" as const },
    ];
    expect(assignSplits(pictures, plan).get("anna")).toBe("test");
  });

  it("refuses a group in two splits", () => {
    const pictures = [
      { original: "a.png", group: "anna", split: "train" as const },
      { original: "b.png", group: "anna", split: "test" as const },
    ];
    expect(() => assignSplits(pictures, plan)).toThrow("group anna is in two splits, train and test");
    expect(() => assignSplits(pictures, plan)).toThrow(UserError);
  });

  it("says which split lacks which label", () => {
    const row = (label: string, split: "train" | "val" | "test") => ({ label, split });
    const table = countSplits([
      row("a", "train"),
      row("a", "val"),
      row("b", "train"),
      row("b", "test"),
      row("a", "test"),
    ]);
    let detail: string | undefined;
    try {
      checkSplits(table, ["a", "b"], "here");
    } catch (error) {
      detail = (error as UserError).detail;
    }
    expect(detail).toBe("val has no b");
    expect(() => checkSplits(countSplits([row("a", "train")]), ["a", "b"], "here")).toThrow(
      "all pictures are labelled a",
    );
  });

  it.each(["70/15", "70/15/20", "train=5-1", "train=1-5,val=5-9", "train:1-5", "tran=1-5", ""])(
    "refuses %j",
    (text) => {
      expect(() => parseSplitPlan(text)).toThrow(UserError);
    },
  );
});

describe("label maps", () => {
  const map = parseLabelMap("happiness=smile,*=neutral,disgust=");

  it("renames, collects the others and leaves out", () => {
    expect(mapLabel("happiness", map, undefined)).toEqual({ label: "smile" });
    expect(mapLabel("anger", map, undefined)).toEqual({ label: "neutral" });
    expect(mapLabel("disgust", map, undefined)).toEqual({ refused: 'label "disgust" is left out by the label map' });
  });

  it("refuses labels that neither map nor project know", () => {
    const strict = parseLabelMap("happy=smile,sad=neutral");
    expect(mapLabel("smile", strict, undefined)).toEqual({ label: "smile" });
    expect(mapLabel("angry", strict, undefined)).toHaveProperty("refused");
    expect(mapLabel("happy", strict, ["neutral", "grin"])).toHaveProperty("refused");
    expect(mapLabel("", undefined, undefined)).toEqual({ refused: "has no label" });
    expect(mapLabel("a\u001b[31m", undefined, undefined)).toHaveProperty("refused");
  });

  it("takes any character by a backslash, and composes Unicode", () => {
    const odd = parseLabelMap("a\\=b=c\\,d,\\*=star");
    expect(mapLabel("a=b", odd, undefined)).toEqual({ label: "c,d" });
    expect(mapLabel("*", odd, undefined)).toEqual({ label: "star" });
    expect(mapLabel("la\u0308cheln", undefined, ["l\u00e4cheln"])).toEqual({ label: "l\u00e4cheln" });
  });

  it.each(["", "a", "a=b=c", "=b", "a=b,a=c", "*=a,*=b"])("refuses %j", (text) => {
    expect(() => parseLabelMap(text)).toThrow(UserError);
  });
});
