/** GreedyMemoryPlanner of TFLite Micro, so that the plan computed here is the one the device makes (micro/memory_planner/greedy_memory_planner.cc). */

/** `first` and `last`: the scopes, both included, in which the buffer is in use. Size in bytes, > 0. */
export interface PlannedBuffer {
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

interface Entry {
  readonly offset: number;
  readonly buffer: PlannedBuffer;
}

/** Bytes the planner itself needs for each buffer while it plans: 4 arrays of int and 2 of structs of 4 and 3 ints. */
export const PLANNER_BYTES_PER_BUFFER = 40;

/** Offsets in the order of the buffers, and the highest end of a buffer (0 without buffers). */
export function planGreedily(buffers: readonly PlannedBuffer[]): {
  readonly offsets: number[];
  readonly bytes: number;
} {
  const offsets = new Array<number>(buffers.length).fill(0);
  /** In order of offset. */
  const placed: Entry[] = [];
  for (const index of placementOrder(buffers)) {
    const buffer = buffers[index];
    const offset = firstGap(placed, buffer);
    offsets[index] = offset;
    const next = placed.findIndex((entry) => entry.offset > offset);
    placed.splice(next < 0 ? placed.length : next, 0, { offset, buffer });
  }
  return { offsets, bytes: placed.reduce((most, { offset, buffer }) => Math.max(most, offset + buffer.size), 0) };
}

/** Largest first; of equal ones the last added first. */
function placementOrder(buffers: readonly PlannedBuffer[]): number[] {
  return buffers.map((_, index) => index).sort((a, b) => buffers[b].size - buffers[a].size || b - a);
}

/** The lowest offset at which the buffer fits between those placed that are alive at the same time. */
function firstGap(placed: readonly Entry[], wanted: PlannedBuffer): number {
  let candidate = 0;
  for (const { offset, buffer } of placed) {
    if (buffer.first > wanted.last || wanted.first > buffer.last) continue;
    if (offset - candidate >= wanted.size) break;
    candidate = Math.max(candidate, offset + buffer.size);
  }
  return candidate;
}
