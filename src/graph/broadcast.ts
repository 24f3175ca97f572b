/** NumPy-style broadcasting, as TFLite's binary operators do it: shapes are aligned at their ends, a size of 1 repeats. */

/** The shape two shapes broadcast to; undefined when they do not fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    const sizeA = a[i - rank + a.length] ?? 1;
    const sizeB = b[i - rank + b.length] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) return undefined;
    shape.push(sizeA === 1 ? sizeB : sizeA);
  }
  return shape;
}

/** Elements to step in a tensor of `shape` for each dimension of `broadcast`; 0 where it repeats. */
export function broadcastStrides(shape: readonly number[], broadcast: readonly number[]): number[] {
  const strides = new Array<number>(broadcast.length).fill(0);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1) strides[i + broadcast.length - shape.length] = step;
    step *= shape[i];
  }
  return strides;
}

/** Writes f(i, j) for each element of the output, i and j being the elements of the inputs that meet there. */
export function mapBroadcast(
  shape: readonly number[],
  [stridesA, stridesB]: readonly [readonly number[], readonly number[]],
  output: Int8Array,
  f: (i: number, j: number) => number,
): void {
  for (let at = 0; at < output.length; at++) {
    let rest = at;
    let i = 0;
    let j = 0;
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      const size = shape[dimension];
      const position = rest % size;
      rest = (rest - position) / size;
      i += position * stridesA[dimension];
      j += position * stridesB[dimension];
    }
    output[at] = f(i, j);
  }
}
