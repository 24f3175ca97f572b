/** What everything that is painted into one scene shares: the canvas, the light on the room's surfaces, and the numbers of objects. */
import { abs, exp } from "../data/synthetic/math.js";
import type { Rng } from "../train/rng.js";
import { Canvas, MOST_OBJECTS, type Painter } from "./canvas.js";
import type { FixtureKind } from "./types.js";

/** Light that falls on surfaces, linear over the frame: level + x * alongX + y * alongY, not below `least`. */
export interface Illumination {
  readonly level: number;
  readonly alongX: number;
  readonly alongY: number;
  readonly least: number;
}

/** A thing to be labelled. */
export interface Labelled {
  readonly object: number;
  readonly kind: FixtureKind;
}

/** A place for something: its middle and half its size, frame sides. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly half: number;
}

export class Stage {
  readonly canvas: Canvas;
  readonly labelled: Labelled[] = [];
  private objects = 0;

  constructor(
    width: number,
    height: number,
    readonly illumination: Illumination,
  ) {
    this.canvas = new Canvas(width, height);
  }

  /** Light on a surface at (x, y). */
  lightAt(x: number, y: number): number {
    const { level, alongX, alongY, least } = this.illumination;
    const light = level + alongX * x + alongY * y;
    return light > least ? light : least;
  }

  /** Whether another object can be told apart. */
  get hasRoom(): boolean {
    return this.objects < MOST_OBJECTS;
  }

  /** A number for a thing that is asked about later. */
  object(): number {
    return ++this.objects;
  }

  /** A number for a fixture of this kind. */
  fixture(kind: FixtureKind): number {
    const object = this.object();
    this.labelled.push({ object, kind });
    return object;
  }

  /**
   * Paints around a place, in coordinates of its own: the middle is (0, 0), `place.half` is 1. `reach` says how far it goes to each side and up
   * and down; `tilt` turns it clockwise, radians.
   */
  paintAt(object: number, place: Place, reach: { x: number; y: number; tilt?: number }, painter: Painter): void {
    const { half } = place;
    const tilt = reach.tilt ?? 0;
    const [cos, sin] = [Math.cos(tilt) / half, Math.sin(tilt) / half];
    const margin = this.canvas.pixel;
    const rx = half * (abs(Math.cos(tilt)) * reach.x + abs(Math.sin(tilt)) * reach.y) + margin;
    const ry = half * (abs(Math.sin(tilt)) * reach.x + abs(Math.cos(tilt)) * reach.y) + margin;
    this.canvas.paint(object, place.x - rx, place.y - ry, place.x + rx, place.y + ry, (x, y) => {
      const dx = x - place.x;
      const dy = y - place.y;
      return painter(dx * cos + dy * sin, dy * cos - dx * sin);
    });
  }

  /** Width of a pixel in a place's own coordinates. */
  pixelAt({ half }: Place): number {
    return this.canvas.pixel / half;
  }
}

/** Log-uniform. */
export function between(rng: Rng, low: number, high: number): number {
  return exp(rng.between(Math.log(low), Math.log(high)));
}

export function chance(rng: Rng, probability: number): boolean {
  return rng.uniform() < probability;
}
