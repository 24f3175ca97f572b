/**
 * The kernels of a target with a place for every tensor. Portable code takes as little memory as it can. The LX6 kernels are faster and need scratch, so
 * they get what the tensors would need without sharing places, and no more than internal memory has to give; within that, bands as large as fit.
 */
import type { Int8Graph } from "../../graph/types.js";
import { foldActivations } from "./activation.js";
import { bandBytes, bandWithin, isBanded, withBand } from "./bands.js";
import { splitOverCores } from "./cores.js";
import { type JoinedModel, type JoinLayers, joinLayers } from "./fuse.js";
import { type KernelCall, type LoweredModel, scratchOf } from "./kernel-call.js";
import { type KernelTarget, lowerGraph } from "./lower.js";
import { BAND_BYTES, LX6_HEADER } from "./lower-lx6.js";
import { ARENA_ALIGNMENT } from "./plan.js";
import { backward, windowOf } from "./rows.js";
import { assignStorage, leastPerCall, type Storage, unsharedPeak } from "./storage.js";

export interface PlaceOptions {
  readonly target: KernelTarget;
  readonly cores: 1 | 2;
  readonly fewestSplitProducts: number | undefined;
  readonly join: JoinLayers;
  /** Of the arena with LX6 kernels, in bytes; undefined: see above. */
  readonly arenaLimit: number | undefined;
}

export interface PlacedModel {
  readonly calls: readonly KernelCall[];
  readonly storage: Storage;
}

/** An arena that leaves the ESP32's internal memory (some 300 KB, in pieces) room for the camera's, the card's and the stacks' part, in bytes. */
const INTERNAL_BYTES = 96 * 1024;
/** Pixels in a band that a layer may raise the arena for: more would save less than one instruction in twenty (bench/xtensa.ts). */
const WANTED_PIXELS = 36;
/** Times that bands are made smaller because what seemed to fit left gaps. */
const TRIALS = 4;

export function placeModel(graph: Int8Graph, options: PlaceOptions): PlacedModel {
  const { target, cores, join } = options;
  if (cores === 2) {
    const split = splitOverCores(lowered(graph, target), options.fewestSplitProducts);
    return finish(joinLayers(graph, split, join));
  }
  if (join === "wherever-possible") return finish(joinLayers(graph, lowered(graph, target), join));
  const portable = joinLayers(graph, lowered(graph, "portable"), join);
  return finish(target === "lx6" ? placeLx6(graph, portable, options.arenaLimit) : portable);
}

function lowered(graph: Int8Graph, target: KernelTarget, portable?: ReadonlySet<number>): LoweredModel {
  return foldActivations(graph, lowerGraph(graph, target, portable));
}

function finish({ model, storage }: JoinedModel): PlacedModel {
  const calls = model.calls.map((call, index) => (storage.goesBackward(index) ? backward(call) : call));
  return { calls, storage };
}

/** Operators whose scratch does not fit stay with portable kernels, from the one that needs most. */
function placeLx6(graph: Int8Graph, portable: JoinedModel, given: number | undefined): JoinedModel {
  const unshared = Math.min(unsharedPeak(graph, lowered(graph, "portable")), INTERNAL_BYTES);
  const limit = Math.max(portable.storage.plan.bytes, given ?? unshared);
  const left = new Set<number>();
  for (;;) {
    const smallest = withBands(lowered(graph, "lx6", left), () => 0);
    const joined = joinLayers(graph, smallest, "to-save-memory", limit);
    if (joined.storage.plan.bytes <= limit) return widenBands(graph, joined, limit, given !== undefined);
    const demanding = mostDemanding(graph, joined.model);
    if (demanding.length === 0) return portable;
    for (const operator of demanding) left.add(operator);
  }
}

/** Operators of the call that needs most memory among those with LX6 kernels. */
function mostDemanding(graph: Int8Graph, model: LoweredModel): number[] {
  const needs = leastPerCall(graph, model);
  const operators = model.calls.map((call) =>
    (call.rows?.stages ?? [call]).flatMap(({ header, operator }) => (header === LX6_HEADER ? [operator] : [])),
  );
  const most = Math.max(...needs.filter((_, step) => operators[step].length > 0));
  return operators.find((list, step) => list.length > 0 && needs[step] === most) ?? [];
}

/** `bytes`: of scratch for a call, at most, unless its smallest band takes more. */
function withBands(model: LoweredModel, bytes: (step: number) => number): LoweredModel {
  const calls = model.calls.map((call, step) =>
    isBanded(call) ? withBand(call, bandWithin(call.bands, Math.min(bytes(step), BAND_BYTES))) : call,
  );
  return { ...model, calls };
}

/** Bands for the scratch wanted, and for what other calls need anyway (`all`: for all there is); the smallest where that does not fit. */
function widenBands(graph: Int8Graph, smallest: JoinedModel, limit: number, all: boolean): JoinedModel {
  const { model, storage } = smallest;
  const wanted = Math.max(
    ...leastPerCall(
      graph,
      withBands(model, (step) => wantedBytes(model.calls[step])),
    ),
    0,
  );
  const most = all ? limit : Math.min(limit, Math.max(storage.plan.bytes, align(wanted)));
  const needs = leastPerCall(graph, model).map((need, step) => need - scratchOf(model.calls[step]));
  let room = most;
  for (let trial = 0; trial < TRIALS; trial++) {
    const wide = withBands(model, (step) => room - needs[step]);
    const widened = assignStorage(graph, wide);
    if (widened.plan.bytes <= most) return { model: wide, storage: widened };
    room -= widened.plan.bytes - most;
  }
  return smallest;
}

function wantedBytes(call: KernelCall): number {
  const width = windowOf(call)?.out_width ?? 1;
  if (!isBanded(call)) return 0;
  const band = call.bands.unit === "lines" ? Math.ceil(WANTED_PIXELS / width) : WANTED_PIXELS;
  return bandBytes(call.bands, Math.min(band, call.bands.count));
}

function align(bytes: number): number {
  return Math.ceil(bytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
}
