import { createHash } from "node:crypto";
import { describe, expect, it, jest } from "@jest/globals";
import type { Box } from "#smilec/data/types.js";
import { UserError } from "#smilec/errors.js";
import { resizeArea } from "#smilec/preprocess/resize.js";
import { composeScene, FIXTURES, SCENE_REVISION, sceneAt } from "#smilec/scenes/compose.js";
import { Cutout } from "#smilec/scenes/cutout.js";
import { HEAD } from "#smilec/scenes/framing.js";
import { drawPatch } from "#smilec/scenes/patch.js";
import { drawnPeople } from "#smilec/scenes/people.js";
import { Stage } from "#smilec/scenes/stage.js";
import type { People, PersonPicture, Scene, SceneOptions } from "#smilec/scenes/types.js";
import { Rng } from "#smilec/train/rng.js";

// A busy machine takes its time.
jest.setTimeout(240_000);

const drawn = drawnPeople(1, "train");
/** The first eight of them: drawing one takes a while. */
const people: People = { ...drawn, count: 8 };
const options = (more: Partial<SceneOptions> = {}): SceneOptions => ({ width: 160, height: 120, people, ...more });
const indices = (count: number) => Array.from({ length: count }, (_, i) => i);
const scenes = (count: number, more: Partial<SceneOptions> = {}) =>
  indices(count).map((index) => sceneAt(3, index, options(more)));
const digest = (scene: Scene) =>
  createHash("sha256").update(scene.frame.pixels).update(JSON.stringify(scene)).digest("hex");

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** A "face" that is a target: rings around the middle of its square, which is 60 pixels of 128. */
function targetPicture(): PersonPicture & { readonly face: { readonly box: Box } } {
  const side = 128;
  const box = { x: 34, y: 34, width: 60, height: 60 };
  const distance = (i: number) => Math.hypot((i % side) - 63.5, Math.floor(i / side) - 63.5);
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => (distance(i) % 30 < 15 ? 60 : 200));
  const coverage = Uint8Array.from({ length: side * side }, (_, i) => (distance(i) < 50 ? 255 : 0));
  const face = { x: box.x, y: box.y, side: box.width, box };
  return { image: { width: side, height: side, pixels }, coverage, face, id: "target", group: "t", label: "smile" };
}

describe("a composed scene", () => {
  it("depends on its seed and number alone", () => {
    const alone = digest(sceneAt(3, 7, options()));
    for (const index of [0, 5, 9]) sceneAt(4, index, options());
    expect(digest(sceneAt(3, 7, options()))).toBe(alone);
    expect(digest(sceneAt(3, 8, options()))).not.toBe(alone);
    expect(digest(sceneAt(4, 7, options()))).not.toBe(alone);
  });

  it("never changes silently: revision 1", () => {
    expect(SCENE_REVISION).toBe(1);
    const hash = createHash("sha256");
    for (const scene of scenes(24, { width: 80, height: 60 })) hash.update(digest(scene));
    // What was trained on these scenes is known by their revision: other pixels are another one.
    expect(hash.digest("hex").slice(0, 16)).toBe("26cc66dd28ba7d1c");
  });

  it("is the same scene at every size of the frame", () => {
    const small = scenes(12, { faces: [0, 1] });
    const large = scenes(12, { faces: [0, 1], width: 320, height: 240 });
    small.forEach((scene, i) => {
      const faces = [...scene.faces, ...scene.doubtful];
      const twice = [...large[i].faces, ...large[i].doubtful];
      expect(twice.map(({ id }) => id)).toEqual(faces.map(({ id }) => id));
      faces.forEach(({ whole }, face) => {
        for (const key of ["x", "y", "width"] as const) {
          expect(Math.abs(twice[face].whole[key] - 2 * whole[key])).toBeLessThanOrEqual(2);
        }
      });
    });
  });

  it("shows at each box the face that it names", () => {
    const [picture, wanted] = [targetPicture(), resizeArea(targetPicture().image, targetPicture().face.box, 16)];
    const target: People = { ...people, count: 1, picture: () => picture };
    const onBox: number[] = [];
    const beside: number[] = [];
    const shown = { width: 320, height: 240, people: target, faces: [0, 1], sizes: [0.15, 0.5] } as const;
    for (const { frame, faces } of scenes(40, shown)) {
      for (const { box, whole } of faces) {
        if (box.x !== whole.x || box.y !== whole.y) continue;
        onBox.push(correlation(wanted, resizeArea(frame, box, 16)));
        const [dx, dy] = [box.x > 160 ? -1 : 1, box.y > 120 ? -1 : 1].map(
          (sign) => sign * Math.round(0.25 * box.width),
        );
        beside.push(correlation(wanted, resizeArea(frame, { ...box, x: box.x + dx }, 16)));
        beside.push(correlation(wanted, resizeArea(frame, { ...box, y: box.y + dy }, 16)));
      }
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(onBox.length).toBeGreaterThan(20);
    expect(mean(onBox)).toBeGreaterThan(0.8);
    expect(mean(onBox) - mean(beside)).toBeGreaterThan(0.25);
  });

  it("keeps boxes square and inside the frame, and says where the border cuts a face", () => {
    let cut = 0;
    for (const { frame, faces, doubtful } of scenes(120, { width: 80, height: 60, faces: [0, 1, 1, 1] })) {
      for (const { box, whole, visible } of [...faces, ...doubtful]) {
        expect(box.width).toBe(box.height);
        expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(frame.width);
        expect(box.y + box.height).toBeLessThanOrEqual(frame.height);
        expect(whole.width).toBe(box.width);
        if (whole.x === box.x && whole.y === box.y) continue;
        cut++;
        const out = Math.max(-whole.x, -whole.y, whole.x + whole.width - 80, whole.y + whole.height - 60);
        expect(visible).toBeLessThan(1.08 - out / whole.width);
      }
      expect(faces.every(({ visible }) => visible >= 0.6)).toBe(true);
      expect(doubtful.every(({ visible }) => visible < 0.6)).toBe(true);
    }
    expect(cut).toBeGreaterThan(10);
  });

  it("has as many faces of the sizes that were asked for", () => {
    expect(scenes(20, { faces: [1] }).every(({ faces, tags }) => faces.length === 0 && tags.includes("nobody"))).toBe(
      true,
    );
    const sides = scenes(40, { width: 320, height: 240, faces: [0, 1], sizes: [0.1, 0.2] }).flatMap(
      ({ faces, doubtful }) => [...faces, ...doubtful].map(({ box }) => box.width),
    );
    expect(sides).toHaveLength(40);
    expect(Math.min(...sides)).toBeGreaterThanOrEqual(24);
    expect(Math.max(...sides)).toBeLessThanOrEqual(48);
  });

  it("has the fixture that was asked for, and names what can be seen", () => {
    const lit = scenes(40, { fixtures: ["lamp"], faces: [1] });
    expect(lit.filter(({ fixtures }) => fixtures.some(({ kind }) => kind === "lamp")).length).toBeGreaterThan(34);
    const kinds = new Set(
      scenes(300, { width: 80, height: 60 }).flatMap(({ fixtures }) => fixtures.map(({ kind }) => kind)),
    );
    expect(
      [...new Set([...FIXTURES.map(({ kind }) => kind), "head"])].filter((kind) => !kinds.has(kind as "lamp")),
    ).toEqual([]);
  });

  it("is exposed by the mean of the frame, and noisy", () => {
    const frames = scenes(60).map(({ frame }) => frame.pixels);
    const means = frames
      .map((pixels) => pixels.reduce((sum, value) => sum + value, 0) / pixels.length)
      .sort((a, b) => a - b);
    expect(means[30]).toBeGreaterThan(80);
    expect(means[30]).toBeLessThan(160);
    for (const pixels of frames) expect(new Set(pixels).size).toBeGreaterThan(20);
  });

  it.each([
    [1, 1],
    [1, 300],
    [300, 1],
    [7, 5],
    [16, 640],
    [4096, 3],
    [641, 479],
  ])("can be %i x %i pixels", (width, height) => {
    for (const index of [0, 1]) {
      const { frame, faces, fixtures } = sceneAt(1, index, options({ width, height, faces: [0, 0, 1] }));
      expect(frame.pixels).toHaveLength(width * height);
      for (const { box } of [...faces, ...fixtures]) {
        expect(Math.min(box.x, box.y, box.width - 1, box.height - 1)).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(width);
        expect(box.y + box.height).toBeLessThanOrEqual(height);
      }
    }
  });

  it.each([
    [0, 240],
    [320, 4097],
    [320.5, 240],
    [Number.NaN, 240],
  ])("refuses %d x %d pixels", (width, height) => {
    expect(() => composeScene(new Rng(1), options({ width, height }))).toThrow(UserError);
  });
});

/** A head before an even wall, framed as faces-wide: 128 pixels. */
function headPicture(wall: number, hair: number): PersonPicture {
  const side = 128;
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / side - 0.5, Math.floor(i / side) / side - 0.5];
    if ((x / 0.3) ** 2 + ((y - 0.08) / 0.4) ** 2 < 1) return 170 + (i % 3);
    return (x / 0.38) ** 2 + (y / 0.52) ** 2 < 1 ? hair + (((i * 7) % 5) - 2) : wall;
  });
  const face = { x: HEAD.x * side, y: HEAD.y * side, side: HEAD.side * side };
  return { image: { width: side, height: side, pixels }, face, id: "a/1", group: "a/p", label: "smile" };
}

function coverageAt(cutout: Cutout, x: number, y: number): number {
  cutout.coverageTimesLight(x, y);
  return cutout.coverage;
}

describe("a head cut out of its picture", () => {
  it.each([300, 92, 40, 12])("covers the face and ends softly before the picture does, %i pixels large", (size) => {
    const cutout = new Cutout(headPicture(90, 40));
    cutout.setSize(size);
    for (const [x, y] of [
      [0.5, 0.5],
      [0.3, 0.3],
      [0.7, 0.7],
      [0.5, 0.05],
      [0.5, 0.9],
    ]) {
      expect(coverageAt(cutout, x, y)).toBeGreaterThan(0.9);
    }
    const [left, right] = [-HEAD.x / HEAD.side, (1 - HEAD.x) / HEAD.side];
    for (let y = -0.2; y < 1.1; y += 0.1) {
      expect(coverageAt(cutout, left + 0.02, y)).toBeLessThan(0.12);
      expect(coverageAt(cutout, right - 0.02, y)).toBeLessThan(0.12);
    }
    expect(coverageAt(cutout, 0.5, -0.6)).toBe(0);
  });

  it("leaves the wall beside the hair behind, and keeps the hair", () => {
    const cutout = new Cutout(headPicture(200, 40));
    // Hair reaches to 0.38 of the picture's side from its middle, 0.54 of the face's; the head's ellipse farther.
    expect(coverageAt(cutout, 0.505 - 0.47, 0.3)).toBeGreaterThan(0.8);
    expect(coverageAt(cutout, 0.505 - 0.58, 0.3)).toBeLessThan(0.15);
  });

  it("keeps hair that reaches the picture's border", () => {
    const longHair = new Cutout(headPicture(40, 40));
    const before = new Cutout(headPicture(200, 40));
    expect(coverageAt(longHair, 0.505 - 0.55, 0.2)).toBeLessThanOrEqual(1);
    expect(coverageAt(longHair, 0.505 - 0.5, 0.2)).toBeGreaterThanOrEqual(coverageAt(before, 0.505 - 0.6, 0.2));
  });

  it("takes a picture without surroundings as a face, whose hair has to be painted", () => {
    const { image } = headPicture(90, 40);
    const tight = new Cutout({ ...headPicture(90, 40), face: { x: 0, y: 0, side: image.width } });
    expect(tight.faceOnly).toBe(true);
    expect(coverageAt(tight, 0.5, 0.5)).toBe(1);
    for (const [x, y] of [
      [0.01, 0.5],
      [0.99, 0.5],
      [0.02, 0.02],
      [0.98, 0.98],
    ]) {
      expect(coverageAt(tight, x, y)).toBeLessThan(0.1);
    }
  });
});

describe("a photographic wall", () => {
  it("shows what is beside the head, never the face", () => {
    const picture = headPicture(90, 40);
    const face = { ...picture.face };
    // Everything that is face is white: none of it may be in a patch.
    const pixels = picture.image.pixels.map((value, i) => {
      const [x, y] = [i % 128, Math.floor(i / 128)];
      const inside = x >= face.x && x < face.x + face.side && y >= face.y && y < face.y + face.side;
      return inside ? 255 : Math.min(value, 100);
    });
    for (let seed = 0; seed < 20; seed++) {
      const patch = drawPatch(new Rng(seed), { ...picture, image: { ...picture.image, pixels } });
      for (let i = 0; i < 50; i++) expect(patch!.at(i * 0.037, i * 0.021)).toBeLessThan(1.7);
    }
  });

  it("is left out where the face fills the picture", () => {
    const picture = { ...headPicture(90, 40), face: { x: 0, y: 0, side: 128 } };
    expect(drawPatch(new Rng(1), picture)).toBeUndefined();
  });
});

describe("every fixture", () => {
  it.each(FIXTURES.map((fixture, i) => [`${fixture.kind} ${i}`, fixture] as const))(
    "is seen where it is put: %s",
    (_, fixture) => {
      const stage = new Stage(160, 120, { level: 0.5, alongX: 0, alongY: 0, least: 0.1 });
      stage.canvas.light.fill(-1);
      const object = stage.fixture(fixture.kind);
      fixture.paint(stage, object, { x: 0.667, y: 0.5, half: 0.2 }, new Rng(5));
      const { box, count } = stage.canvas.seen()[object];
      expect(count).toBeGreaterThan(100);
      // Half its size is 24 pixels: it holds its place, and does not fill the frame.
      expect(box.x).toBeLessThan(85);
      expect(box.x + box.width).toBeGreaterThan(75);
      expect(box.width).toBeLessThan(80);
      const [least, most] = [Math.min(...stage.canvas.light), Math.max(...stage.canvas.light)];
      expect(least).toBeGreaterThanOrEqual(-1);
      expect(most).toBeLessThan(100);
    },
  );
});
