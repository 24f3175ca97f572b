import { describe, expect, it, jest } from "@jest/globals";
import type { Box, GrayImage } from "#smilec/data/types.js";
import { InterruptedError, UserError } from "#smilec/errors.js";
import { describedModel } from "#smilec/evaluate/model.js";
import { figuresOf } from "#smilec/locate/evaluate/figures.js";
import { judge } from "#smilec/locate/evaluate/judge.js";
import { middleDistance, overlap } from "#smilec/locate/evaluate/overlap.js";
import { evaluateLocators, PERFECT } from "#smilec/locate/evaluate/run.js";
import { setOf, testScene } from "#smilec/locate/evaluate/test-scenes.js";
import type { Answer, Contestant, Truth } from "#smilec/locate/evaluate/types.js";
import { readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { drawnPeople } from "#smilec/scenes/people.js";
import type { FixtureKind, People, Scene, SceneFace } from "#smilec/scenes/types.js";

// A busy machine takes its time.
jest.setTimeout(240_000);

const square = (x: number, y: number, side: number): Box => ({ x, y, width: side, height: side });
const face = (box: Box, label = "smile"): SceneFace => ({
  box,
  whole: box,
  visible: 1,
  id: "a/1",
  group: "a/p",
  label,
});
const frame: GrayImage = { width: 320, height: 240, pixels: new Uint8Array(320 * 240) };

function scene(parts: { faces?: Box[]; doubtful?: Box[]; fixtures?: [Box, FixtureKind][] }): Scene {
  const { faces = [], doubtful = [], fixtures = [] } = parts;
  return {
    frame,
    faces: faces.map((box) => face(box)),
    doubtful: doubtful.map((box) => face(box)),
    fixtures: fixtures.map(([box, kind]) => ({ box, kind })),
    tags: [],
  };
}

describe("boxes on each other", () => {
  it("share part of what they cover together", () => {
    expect(overlap(square(0, 0, 10), square(0, 0, 10))).toBe(1);
    expect(overlap(square(0, 0, 10), square(5, 0, 10))).toBeCloseTo(50 / 150);
    expect(overlap(square(0, 0, 10), square(10, 0, 10))).toBe(0);
    expect(overlap(square(0, 0, 10), { x: 2, y: 2, width: 5, height: 4 })).toBeCloseTo(0.2);
  });

  it("are apart by so many widths of the face", () => {
    expect(middleDistance(square(10, 10, 20), square(14, 13, 20))).toBeCloseTo(0.25);
    expect(middleDistance(square(10, 10, 20), square(5, 5, 30))).toBe(0);
  });
});

const FROM_500 = { threshold: 500, spread: 1000 };

describe("an answer to a scene", () => {
  const [A, B] = [square(20, 20, 40), square(200, 60, 60)];

  it("finds each face once: a second box on it is false", () => {
    const { found } = judge(
      scene({ faces: [A, B] }),
      [
        { box: square(22, 21, 40), confidence: 900 },
        { box: square(18, 20, 42), confidence: 700 },
        { box: square(205, 62, 56), confidence: 400 },
        { box: square(100, 150, 30), confidence: 100 },
      ],
      FROM_500,
    );
    expect(found).toEqual([
      { confidence: 900, face: 0 },
      { confidence: 700, face: -1 },
      { confidence: 400, face: 1 },
      { confidence: 100, face: -1 },
    ]);
  });

  it("counts as found at the threshold only", () => {
    const { errors } = judge(
      scene({ faces: [A, B] }),
      [
        { box: square(24, 20, 40), confidence: 500 },
        { box: B, confidence: 499 },
      ],
      FROM_500,
    );
    expect(errors).toEqual([0.1, undefined]);
  });

  it("may find a face that is mostly hidden, or not", () => {
    const hidden = scene({ faces: [A], doubtful: [B] });
    const both = judge(
      hidden,
      [A, B].map((box) => ({ box, confidence: 900 })),
      FROM_500,
    );
    expect(both.found).toEqual([{ confidence: 900, face: 0 }]);
    expect(judge(scene({ doubtful: [B] }), [{ box: B, confidence: 900 }], FROM_500).aim).toBe("face");
  });

  it("looks at a face, a fixture, elsewhere, or sees nobody", () => {
    const office = scene({
      faces: [A],
      fixtures: [
        [square(200, 20, 80), "window"],
        [square(230, 40, 16), "lamp"],
      ],
    });
    const aim = (box: Box, confidence = 900) => judge(office, [{ box, confidence }], FROM_500);
    expect(aim(square(30, 30, 44)).aim).toBe("face");
    expect(aim(square(226, 36, 24))).toMatchObject({ aim: "fixture", fixture: { kind: "lamp" } });
    expect(aim(square(205, 25, 70))).toMatchObject({ aim: "fixture", fixture: { kind: "window" } });
    expect(aim(square(100, 180, 30)).aim).toBe("elsewhere");
    expect(aim(square(100, 180, 30), 499)).toMatchObject({ aim: "nobody", chosen: undefined });
    expect(judge(office, [], FROM_500).aim).toBe("nobody");
    // A box on the face's edge is badly placed, but looks at no fixture, even where one is behind it.
    expect(
      judge(
        scene({ faces: [A], fixtures: [[square(0, 0, 90), "window"]] }),
        [{ box: square(40, 30, 50), confidence: 900 }],
        FROM_500,
      ).aim,
    ).toBe("face");
  });

  it("chooses as the bot does: the large one near the middle before the surest", () => {
    const office = scene({ faces: [square(130, 90, 60)], fixtures: [[square(0, 0, 40), "lamp"]] });
    const candidates = [
      { box: square(0, 0, 40), confidence: 950 },
      { box: square(130, 90, 60), confidence: 600 },
    ];
    expect(judge(office, candidates, FROM_500).aim).toBe("face");
    expect(judge(office, candidates, { threshold: 700, spread: 1000 }).aim).toBe("fixture");
  });
});

const truth = (parts: Partial<Truth>, i: number): Truth => ({
  set: "office",
  sides: [],
  doubtful: false,
  smiles: undefined,
  group: `g${i}`,
  ...parts,
});
const answer = (parts: Partial<Answer>): Answer => ({
  found: [],
  errors: [],
  aim: "nobody",
  smile: undefined,
  ...parts,
});
const resampling = { resamples: 60, seed: 1 };
const measured = (truths: Partial<Truth>[], answers: Partial<Answer>[], threshold = 500) => {
  const all = truths.map(truth);
  return figuresOf({ name: "a", threshold }, all, answers.map(answer), answers.map(answer), resampling);
};

describe("figures of a locator", () => {
  it("reach no recall that no candidate reached", () => {
    // Ranked: found, false, found; one face of three is never found. AP = (1 + 2/3) / 3.
    const figures = measured(
      [{ sides: [40, 40] }, { sides: [60] }, {}],
      [
        { found: [{ confidence: 900, face: 0 }], errors: [0.1, undefined], aim: "face" },
        { found: [{ confidence: 600, face: 0 }], errors: [0.3], aim: "face" },
        { found: [{ confidence: 700, face: -1 }], aim: "elsewhere" },
      ],
    );
    expect(figures.averagePrecision.value).toBeCloseTo((1 + 2 / 3) / 3);
    expect(figures.recall.value).toBeCloseTo(2 / 3);
    expect(figures.recallAt1In100.value).toBeCloseTo(1 / 3);
    expect(figures.falseFacesPer100.value).toBeCloseTo(100 / 3);
    expect(figures.errorMedian.value).toBeCloseTo(0.2);
    expect(figures.averagePrecision.low).toBeLessThan(figures.averagePrecision.value!);
  });

  it("allow one false face in a hundred frames, not two", () => {
    const truths = Array.from({ length: 200 }, () => ({ sides: [40] }));
    const found = truths.map((_, i) => ({
      found: [{ confidence: 1000 - i, face: [10, 20, 30].includes(i) ? -1 : 0 }],
    }));
    // Two false faces in 200 frames: the third comes at rank 31, and 28 faces are found before it.
    expect(measured(truths, found).recallAt1In100.value).toBeCloseTo(28 / 200);
  });

  it("tell recall by the size of the face, and nothing where there is none", () => {
    const { bySize } = measured([{ sides: [24, 31, 32, 200] }], [{ errors: [0.1, undefined, 0.1, 0.2] }]);
    expect(bySize.map(({ least, most, faces, recall }) => [least, most, faces, recall.value])).toEqual([
      [24, 32, 2, 0.5],
      [32, 48, 1, 1],
      [48, 80, 0, null],
      [80, 128, 0, null],
      [128, null, 1, 1],
    ]);
  });

  it("count where it looks in lit rooms only, and alarms in empty ones", () => {
    const figures = measured(
      [
        { set: "fixture", sides: [40] },
        { set: "fixture", sides: [40] },
        { set: "office", sides: [40] },
        { set: "empty" },
        { set: "empty" },
      ],
      [{ aim: "fixture" }, { aim: "face" }, { aim: "fixture" }, { aim: "fixture" }, { aim: "nobody" }],
    );
    expect(figures.aims.fixture.value).toBe(0.5);
    expect(figures.aims.face.value).toBe(0.5);
    expect(figures.falseAlarms.value).toBe(0.5);
  });

  it("judge nobody: by those it said so of, and by those that were empty; half-hidden people are neither", () => {
    const figures = measured(
      [{}, {}, { sides: [40] }, { doubtful: true }],
      [{ aim: "nobody" }, { aim: "elsewhere" }, { aim: "nobody" }, { aim: "nobody" }],
    );
    expect(figures.nobody.precision.value).toBe(0.5);
    expect(figures.nobody.recall.value).toBe(0.5);
    expect(measured([{}], [{ aim: "elsewhere" }]).nobody.precision.value).toBeNull();
  });

  it("lose the smiles of those who are not found, at every threshold", () => {
    const truths = [{ smiles: true }, { smiles: true }, { smiles: true }, { smiles: false }, { smiles: false }, {}];
    // By falling score: smile, smile, neutral (2 of 3 right), never 70 % again; the third smile is not found.
    const answers = [{ smile: 3 }, { smile: 2 }, {}, { smile: 1 }, { smile: -1 }, { smile: 9 }];
    expect(measured(truths, answers).smileRecallAt70.value).toBeCloseTo(2 / 3);
    const perfect = [{ smile: 3 }, { smile: 2 }, { smile: 2.5 }, { smile: 1 }, { smile: -1 }, {}];
    const figures = figuresOf(
      { name: "a", threshold: 500 },
      truths.map(truth),
      answers.map(answer),
      perfect.map(answer),
      resampling,
    );
    expect(figures.behindPerfect.value).toBeCloseTo(1 / 3);
  });
});

const people: People = { ...drawnPeople(1, "test"), count: 6 };
const request = { people, count: 16, seed: 5, width: 160, height: 120 };

describe("the scenes that locators are measured on", () => {
  it("have in every fourth a lamp or window and a face, in every fourth a lamp or window and nobody", () => {
    for (let index = 0; index < 32; index++) {
      const { set, faces, fixtures } = testScene(request, index);
      expect(set).toBe(setOf(index));
      if (set === "office") continue;
      expect(faces).toHaveLength(set === "fixture" ? 1 : 0);
      expect(fixtures.some(({ kind }) => kind === "lamp" || kind === "window")).toBe(true);
    }
    expect([0, 1, 2, 3].map(setOf)).toEqual(["office", "fixture", "office", "empty"]);
  });

  it("are the same whichever are looked at", () => {
    expect(testScene({ ...request, count: 900 }, 13).frame).toEqual(testScene(request, 13).frame);
    expect(testScene({ ...request, seed: 6 }, 13).frame).not.toEqual(testScene(request, 13).frame);
  });
});

describe("measuring locators", () => {
  const context = { reporter: silentReporter, signal: new AbortController().signal };
  /** Knows the scenes: by the frame's pixels, as a locator gets nothing else. */
  const knowing = (name: string, answerFor: (scene: Scene) => Box[]): Contestant => {
    const known = Array.from({ length: request.count }, (_, i) => testScene(request, i));
    return {
      name,
      threshold: 500,
      spread: 1000,
      candidates: ({ pixels }) => {
        const one = known.find((scene) => scene.frame.pixels.every((value, i) => value === pixels[i]))!;
        return answerFor(one).map((box) => ({ box, confidence: 800 }));
      },
    };
  };
  const onLight = ({ fixtures }: Scene) =>
    fixtures
      .filter(({ kind }) => kind === "lamp" || kind === "window")
      .map(({ box }) => box)
      .slice(0, 1);

  it("finds the right one right, and catches the one that looks at lamps", async () => {
    const shipped = await readModel(SHIPPED_MODEL, "shipped");
    const model = describedModel(shipped, "shipped", shipped.sha256);
    const contestants = [
      knowing("right", ({ faces }) => faces.map(({ box }) => box)),
      knowing("moth", onLight),
      knowing("blind", () => []),
    ];
    const evaluate = () =>
      evaluateLocators({ scenes: request, contestants, model, context, resampling: { resamples: 20, seed: 1 } });
    const { evaluation, failures, looks } = await evaluate();
    const [right, moth, blind, perfect] = evaluation.locators;
    expect(evaluation.locators.map(({ name }) => name)).toEqual(["right", "moth", "blind", PERFECT]);
    expect({ ...right, name: PERFECT, threshold: 1000 }).toEqual(perfect);
    expect(right.averagePrecision.value).toBe(1);
    expect(right.errorMedian.value).toBe(0);
    expect(right.behindPerfect.value).toBe(0);
    expect(moth.aims.fixture.value! + moth.aims.face.value!).toBe(1);
    expect(moth.aims.fixture.value).toBeGreaterThan(0.7);
    expect(moth.falseAlarms.value).toBe(1);
    expect(blind.aims.nobody.value).toBe(1);
    expect(blind.recall.value).toBe(0);
    expect(blind.smileRecallAt70.value).toBe(0);
    expect(blind.nobody.recall.value).toBe(1);
    expect(evaluation.scenes).toMatchObject({ count: 16, fixture: 4, empty: 4 });
    expect(
      failures.map(({ name, failures: all }) => [name, [...new Set(all.map(({ kind }) => kind))].sort().join()]),
    ).toEqual([
      ["right", ""],
      ["moth", expect.stringContaining("fixture")],
      ["blind", "missed"],
    ]);
    expect(looks).toHaveLength(8);
    expect(JSON.stringify((await evaluate()).evaluation)).toBe(JSON.stringify(evaluation));
  });

  it("needs a scene of each kind, and can be stopped", async () => {
    const shipped = await readModel(SHIPPED_MODEL, "shipped");
    const model = describedModel(shipped, "shipped", shipped.sha256);
    const few = { scenes: { ...request, count: 3 }, contestants: [], model, context };
    await expect(evaluateLocators(few)).rejects.toThrow(UserError);
    const stopped = { ...few, scenes: request, context: { ...context, signal: AbortSignal.abort() } };
    await expect(evaluateLocators(stopped)).rejects.toThrow(InterruptedError);
  });
});
