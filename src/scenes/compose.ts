/**
 * A scene: a room, what hangs and stands in it, the people before it, and the camera's picture of it all. Drawn in frame sides, so a scene is
 * the same at every size of the frame; and from streams of its own, so scene i of a seed depends on nothing but (seed, i).
 */
import { abs, max, min } from "../data/synthetic/math.js";
import type { Box } from "../data/types.js";
import { UserError } from "../errors.js";
import { Rng } from "../train/rng.js";
import { drawCamera, takePicture } from "./camera.js";
import { Cutout } from "./cutout.js";
import { LAMPS } from "./fixtures/lamps.js";
import { OPENINGS } from "./fixtures/openings.js";
import { THINGS } from "./fixtures/things.js";
import type { Fixture, Region } from "./fixtures/types.js";
import { WALL_THINGS } from "./fixtures/walls.js";
import { drawPatch, type Patch } from "./patch.js";
import { drawAppearance, type FacePlace, paintBackOfHead, paintPerson } from "./person.js";
import { drawIllumination, drawRoom, paintRoom } from "./room.js";
import { between, chance, type Place, Stage } from "./stage.js";
import { type Scene, type SceneFace, type SceneFixture, type SceneOptions, VISIBLE } from "./types.js";

/** Second word of the random streams (the first is the seed); the third is the scene's number. */
const SCENE_STREAM = 0x7363656e;
/** Raise when the scenes of a seed change. */
export const SCENE_REVISION = 1;

export const FIXTURES: readonly Fixture[] = [...LAMPS, ...OPENINGS, ...WALL_THINGS, ...THINGS];

const FACES = [0.25, 0.5, 0.17, 0.08];
const SIZES = [0.1, 0.83] as const;
const LARGEST_FRAME = 4096;
/** Share of walls that look like a photograph's background. */
const PHOTOGRAPHIC = 0.4;
/** Attempts to find a place where a face hides no other. */
const ATTEMPTS = 12;
/** Of what was painted of a fixture, this much must be seen for it to be named; and so many pixels. */
const FIXTURE_SEEN = 0.3;
const FIXTURE_PIXELS = 9;

/** Scene `index` of a seed. */
export function sceneAt(seed: number, index: number, options: SceneOptions): Scene {
  return composeScene(new Rng(seed, SCENE_STREAM, index), options);
}

/** Composes one scene; equal numbers and options give equal pixels. Throws UserError for frames that are no frames. */
export function composeScene(rng: Rng, options: SceneOptions): Scene {
  checkSize(options);
  // A stream for each part: what one draws does not depend on how much another did.
  const base = rng.uint32();
  const part = (number: number) => new Rng(base, number);
  const stage = new Stage(options.width, options.height, drawIllumination(part(0)));
  const room = drawRoom(part(1));
  paintRoom(stage, room, wallPatch(part(7), options));
  const places = placeFaces(stage, part(2), options);
  furnish(stage, part(3), options, places);
  const faces = paintPeople(stage, part(4), options, places, room.wall);
  coverUp(stage, part(5));
  const dark = stage.illumination.level < 0.35;
  const camera = drawCamera(part(6), dark);
  const named = { ...sortFaces(stage, faces), fixtures: fixturesSeen(stage) };
  const tags = [
    ...(dark ? ["dark"] : []),
    ...(camera.blur > 1.2 ? ["blurred"] : []),
    ...(abs(camera.moveX) + abs(camera.moveY) > 3 ? ["moved"] : []),
    ...(named.faces.some(({ box, whole }) => box.x !== whole.x || box.y !== whole.y) ? ["cut"] : []),
    ...(named.faces.length + named.doubtful.length === 0 ? ["nobody"] : []),
  ];
  return { frame: takePicture(stage.canvas, camera), ...named, tags };
}

function checkSize({ width, height }: SceneOptions): void {
  const fits = (side: number) => Number.isInteger(side) && side >= 1 && side <= LARGEST_FRAME;
  if (fits(width) && fits(height)) return;
  throw new UserError(`${width}x${height} is no size of a frame`, {
    remedy: `Give a width and a height from 1 to ${LARGEST_FRAME} pixels, like 320x240.`,
  });
}

/** Numbers with these chances. */
function lot(rng: Rng, chances: readonly number[]): number {
  let left = rng.uniform() * chances.reduce((sum, value) => sum + value, 0);
  for (let i = 0; i < chances.length; i++) {
    left -= chances[i];
    if (left < 0) return i;
  }
  return chances.length - 1;
}

/** Far people first: they are painted before near ones. */
function placeFaces(stage: Stage, rng: Rng, { faces = FACES, sizes = SIZES }: SceneOptions): FacePlace[] {
  const places: FacePlace[] = [];
  const count = lot(rng, faces);
  for (let attempt = 0; attempt < ATTEMPTS && places.length < count; attempt++) {
    const place = drawPlace(stage, rng, sizes, places.length === 0);
    if (places.every((other) => apart(place, other))) places.push(place);
  }
  return places.sort((a, b) => a.side - b.side);
}

/** Whoever presses stands before the bot; others are anywhere. Some are cut by the border. */
function drawPlace(stage: Stage, rng: Rng, sizes: SceneOptions["sizes"] & {}, first: boolean): FacePlace {
  const { across, down } = stage.canvas;
  const side = between(rng, sizes[0], max(sizes[0], sizes[1]));
  if (first && chance(rng, 0.35)) {
    const x = across / 2 + 0.13 * rng.normal() - side / 2;
    return { x: within(x, across - side), y: within(down / 2 + 0.12 * rng.normal() - side / 2, down - side), side };
  }
  const out = chance(rng, 0.2) ? 0.35 * side : 0;
  const x = rng.between(-out, max(-out + 1e-6, across - side + out));
  const y = rng.between(-out, max(-out + 1e-6, down - side + out));
  return { x, y, side };
}

function within(value: number, limit: number): number {
  return max(0, min(max(0, limit), value));
}

/** Heads beside each other, and no face below the chin of a larger one, where its body is. */
function apart(a: FacePlace, b: FacePlace): boolean {
  const [near, far] = a.side > b.side ? [a, b] : [b, a];
  const beside = abs(a.x + a.side / 2 - b.x - b.side / 2);
  const clear = 0.65 * (a.side + b.side);
  if (far.y + far.side > near.y + near.side) return beside > 1.3 * near.side + 0.5 * far.side;
  return beside > clear || far.y + 1.1 * far.side < near.y - 0.4 * near.side;
}

/** Puts things into the room; those that were asked for first and where no face hides them. */
function furnish(stage: Stage, rng: Rng, { fixtures }: SceneOptions, faces: readonly FacePlace[]): void {
  const wanted = fixtures === undefined ? [] : FIXTURES.filter(({ kind }) => fixtures.includes(kind));
  const count = 1 + rng.below(7);
  const chosen = Array.from(
    { length: count },
    () =>
      FIXTURES[
        lot(
          rng,
          FIXTURES.map(({ weight }) => weight),
        )
      ],
  );
  const order: Region[] = ["wall", "ceiling", "table", "anywhere"];
  chosen.sort((a, b) => order.indexOf(a.region) - order.indexOf(b.region));
  for (const fixture of chosen) putFixture(stage, rng, fixture, drawSpot(stage, rng, fixture));
  if (wanted.length === 0) return;
  const fixture =
    wanted[
      lot(
        rng,
        wanted.map(({ weight }) => weight),
      )
    ];
  putFixture(stage, rng, fixture, clearSpot(stage, rng, fixture, faces));
}

function putFixture(stage: Stage, rng: Rng, fixture: Fixture, place: Place): void {
  if (!stage.hasRoom) return;
  fixture.paint(stage, stage.fixture(fixture.kind), place, new Rng(rng.uint32()));
}

function drawSpot(stage: Stage, rng: Rng, { region, sizes }: Fixture): Place {
  const { across, down } = stage.canvas;
  const half = between(rng, sizes[0], sizes[1]);
  const heights: Readonly<Record<Region, readonly [number, number]>> = {
    ceiling: [0, 0.45],
    wall: [0.05, 0.8],
    table: [0.45, 1],
    anywhere: [0, 1],
  };
  const [high, low] = chance(rng, 0.15) ? [0, 1] : heights[region];
  return { x: rng.between(0, across), y: rng.between(high, low) * down, half };
}

/** A place inside the frame that no head covers, as far as there is one. */
function clearSpot(stage: Stage, rng: Rng, fixture: Fixture, faces: readonly FacePlace[]): Place {
  const { across, down } = stage.canvas;
  let place = drawSpot(stage, rng, fixture);
  for (let attempt = 0; attempt < 40; attempt++) {
    const { x, y, half } = place;
    const inside = x > 0.7 * half && y > 0.7 * half && x < across - 0.7 * half && y < down - 0.5 * half;
    const free = faces.every((face) => {
      const away = abs(x - face.x - face.side / 2);
      return away > half + 0.75 * face.side || y + half < face.y - 0.3 * face.side;
    });
    if (inside && free) return place;
    const next = drawSpot(stage, rng, fixture);
    place = { ...next, half: next.half * max(0.3, 1 - 0.03 * attempt) };
  }
  return place;
}

interface PaintedFace {
  readonly object: number;
  readonly place: FacePlace;
  readonly id: string;
  readonly group: string;
  readonly label: string;
}

function paintPeople(
  stage: Stage,
  rng: Rng,
  { people }: SceneOptions,
  places: readonly FacePlace[],
  wall: number,
): PaintedFace[] {
  const painted: PaintedFace[] = [];
  const level = stage.illumination.level;
  for (let turned = rng.below(8) === 0 ? 1 + rng.below(2) : 0; turned > 0; turned--) {
    const place = drawPlace(stage, rng, [0.08, 0.5], false);
    if (places.every((other) => apart(place, other)) && stage.hasRoom)
      paintBackOfHead(stage, stage.fixture("head"), place, drawAppearance(rng, level * between(rng, 0.2, 0.6)));
  }
  for (const place of places) {
    const cutout = new Cutout(people.picture(rng.below(people.count)));
    const { id, group, label } = cutout.picture;
    const object = stage.object();
    paintPerson(stage, object, place, cutout, drawAppearance(rng, level * faceTone(rng, wall)));
    painted.push({ object, place, id, group, label });
  }
  return painted;
}

/** Light of a face relative to the room's: skins differ, but lamps that light the wall light the face too. */
function faceTone(rng: Rng, wall: number): number {
  const backlit = chance(rng, 0.12) ? rng.between(0.2, 0.6) : 1;
  return backlit * max(0.3 * wall, min(2.5 * wall, between(rng, 0.1, 0.6)));
}

/** The surroundings of somebody's picture for the wall of some scenes. */
function wallPatch(rng: Rng, { people }: SceneOptions): Patch | undefined {
  return chance(rng, PHOTOGRAPHIC) ? drawPatch(rng, people.picture(rng.below(people.count))) : undefined;
}

/** Now and then a hand before it all. */
function coverUp(stage: Stage, rng: Rng): void {
  const hand = THINGS.find(({ kind }) => kind === "hand")!;
  if (chance(rng, 0.06)) putFixture(stage, rng, hand, drawSpot(stage, rng, hand));
}

function sortFaces(stage: Stage, painted: readonly PaintedFace[]): { faces: SceneFace[]; doubtful: SceneFace[] } {
  const all = painted.map((face) => seenFace(stage, face));
  return {
    faces: all.filter(({ visible }) => visible >= VISIBLE),
    doubtful: all.filter(({ visible }) => visible < VISIBLE),
  };
}

function seenFace(stage: Stage, { object, place, id, group, label }: PaintedFace): SceneFace {
  const { width, height, pixel } = stage.canvas;
  const side = max(1, Math.round(place.side / pixel));
  const whole: Box = { x: Math.round(place.x / pixel), y: Math.round(place.y / pixel), width: side, height: side };
  const short = min(side, width, height);
  const into = (start: number, extent: number) => max(0, min(extent - short, start));
  const box = { x: into(whole.x, width), y: into(whole.y, height), width: short, height: short };
  // The head covers nearly all of its face's square; what lies beyond the frame is not seen either.
  const seen = stage.canvas.seenWithin(object, whole);
  return { box, whole, visible: min(1, seen / (HEAD_FILLS * side * side)), id, group, label };
}

/** Part of a face's square that its head covers. */
const HEAD_FILLS = 0.93;

function fixturesSeen({ canvas, labelled }: Stage): SceneFixture[] {
  const seen = canvas.seen();
  return labelled.flatMap(({ object, kind }) => {
    const { box, count } = seen[object] ?? { box: undefined, count: 0 };
    const enough = count >= max(FIXTURE_PIXELS, FIXTURE_SEEN * canvas.painted[object]);
    return enough && box !== undefined ? [{ box, kind }] : [];
  });
}
