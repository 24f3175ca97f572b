/** The room behind everything: walls, ceiling, floor, skirting, their textures and the light on them. */
import { abs, floor, max, min } from "../data/synthetic/math.js";
import type { Rng } from "../train/rng.js";
import { NOBODY } from "./canvas.js";
import type { Patch } from "./patch.js";
import { cover, mix, phase, ramp } from "./shapes.js";
import { between, chance, type Illumination, type Stage } from "./stage.js";
import { nearest, type TextureName, texture } from "./texture.js";

export interface Room {
  readonly wall: number;
  readonly ceiling: number;
  readonly floor: number;
  /** Heights of the ceiling's and the floor's edge; beyond the frame where there is none. */
  readonly ceilingAt: number;
  readonly floorAt: number;
  /** Where two walls meet; the second one's brightness relative to the first's. */
  readonly cornerAt: number;
  readonly second: number;
  /** Slope of the edges on either side of the corner. */
  readonly slope: readonly [number, number];
  /** Turn of the camera, radians. */
  readonly roll: number;
  readonly texture: TextureName;
  readonly grain: number;
  readonly clouds: number;
  /** Points of texture per frame side. */
  readonly scale: number;
  /** Bricks, tiles, boards or stripes on the wall: period across and down, and depth. */
  readonly pattern: {
    readonly across: number;
    readonly down: number;
    readonly depth: number;
    readonly shifted: boolean;
  };
  readonly seed: number;
}

export function drawIllumination(rng: Rng): Illumination {
  const level = between(rng, 0.25, 1);
  const reach = 0.6 * level;
  return { level, alongX: reach * rng.normal() * 0.5, alongY: reach * rng.normal() * 0.35, least: 0.18 * level };
}

export function drawRoom(rng: Rng): Room {
  const ceiling = chance(rng, 0.4);
  const hasFloor = chance(rng, 0.25);
  const corner = chance(rng, 0.4);
  const slopes = () => 0.25 * rng.normal();
  return {
    wall: between(rng, 0.05, 0.85),
    ceiling: between(rng, 0.3, 0.9),
    floor: between(rng, 0.05, 0.5),
    ceilingAt: ceiling ? rng.between(0.02, 0.4) : -9,
    floorAt: hasFloor ? rng.between(0.65, 0.98) : 9,
    cornerAt: corner ? rng.between(0.05, 1.3) : -9,
    second: between(rng, 0.4, 1.8),
    slope: [slopes(), slopes()],
    roll: 0.05 * rng.normal(),
    texture: (["plaster", "cloud", "weave", "wood", "plaster", "leaves"] as const)[rng.below(6)],
    grain: chance(rng, 0.6) ? 0.09 * rng.uniform() : rng.between(0.08, 0.3),
    clouds: rng.between(0, 0.16),
    scale: between(rng, 60, 900),
    pattern: drawPattern(rng),
    seed: rng.uint32(),
  };
}

function drawPattern(rng: Rng): Room["pattern"] {
  const lot = rng.uniform();
  const period = between(rng, 0.05, 0.5);
  const depth = rng.between(0.1, 0.6);
  if (lot < 0.66) return { across: 9, down: 9, depth: 0, shifted: false };
  if (lot < 0.76) return { across: period, down: 9, depth, shifted: false };
  if (lot < 0.83) return { across: 9, down: period, depth, shifted: false };
  return { across: period, down: period * rng.between(0.4, 1.2), depth, shifted: chance(rng, 0.6) };
}

/** Covers the whole canvas. The wall has the look of `patch`, where there is one. */
export function paintRoom(stage: Stage, room: Room, patch?: Patch): void {
  const { canvas } = stage;
  const tile = texture(room.texture);
  const cloud = texture("cloud");
  const [cos, sin] = [Math.cos(room.roll), Math.sin(room.roll)];
  const [offset, row] = [room.seed & 255, (room.seed >>> 8) & 255];
  const edge = 2 * canvas.pixel;
  canvas.paint(NOBODY, 0, 0, canvas.across, canvas.down, (px, py) => {
    const x = px * cos + py * sin;
    const y = py * cos - px * sin;
    const right = x > room.cornerAt && room.cornerAt > 0;
    const bend = (x - max(0, room.cornerAt)) * (right ? room.slope[0] : room.slope[1]);
    const up = cover(y - room.ceilingAt + bend, edge);
    const down = cover(room.floorAt + bend - y, edge);
    let surface = room.wall * (right ? room.second : 1) * patternAt(room, x, y);
    if (up > 0) surface = mix(surface, room.ceiling, up);
    if (down > 0) surface = mix(surface, room.floor, down);
    surface *= shadeAt(room, x, y, bend);
    const photo = patch === undefined ? 1 : patch.at(x, y);
    const grain = room.grain * nearest(tile, (x * room.scale + offset) | 0, (y * room.scale + row) | 0);
    const clouds = room.clouds * nearest(cloud, (x * 90 + row) | 0, (y * 90 + offset) | 0);
    canvas.ink = surface * stage.lightAt(px, py) * photo * max(0.1, 1 + grain + clouds);
    return 1;
  });
}

/** Little light reaches corners. */
function shadeAt(room: Room, x: number, y: number, bend: number): number {
  const corner = abs(x - room.cornerAt);
  const ceiling = abs(y - room.ceilingAt + bend);
  return 1 - (corner < 0.06 ? 0.2 * ramp(0.06, 0, corner) : 0) - (ceiling < 0.08 ? 0.25 * ramp(0.08, 0, ceiling) : 0);
}

/** Joints between bricks, tiles or boards. */
function patternAt({ pattern }: Room, x: number, y: number): number {
  if (pattern.depth === 0) return 1;
  const line = floor(y / pattern.down);
  const shift = pattern.shifted && (line & 1) !== 0 ? 0.5 * pattern.across : 0;
  const a = phase(x + shift + 5, pattern.across) * pattern.across;
  const b = phase(y + 5, pattern.down) * pattern.down;
  const joint = pattern.across > 5 ? b : pattern.down > 5 ? a : min(a, b);
  return 1 - pattern.depth * ramp(0.014, 0.006, joint);
}
