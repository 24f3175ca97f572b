/** Forward convolution; layouts and units are those of panels.ts. */
/** 4 patches x 8 columns: `depth` rows of `run` floats each, `skip` bytes from the end of a run to the next. */
function multiply4x8(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  skip: i32,
  depth: i32,
  run: i32,
  b: usize,
  out: usize,
  outStride: usize,
): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let s: v128;
  let b0: v128;
  let b1: v128;
  const end = <usize>(run << 2);
  for (let ky = 0; ky < depth; ++ky) {
    for (let at: usize = 0; at < end; at += 4) {
      b0 = v128.load(b, 0);
      b1 = v128.load(b, 16);
      s = v128.load32_splat(a0 + at, 0);
      c00 = f32x4.add(c00, f32x4.mul(s, b0));
      c01 = f32x4.add(c01, f32x4.mul(s, b1));
      s = v128.load32_splat(a1 + at, 0);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      c11 = f32x4.add(c11, f32x4.mul(s, b1));
      s = v128.load32_splat(a2 + at, 0);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      c21 = f32x4.add(c21, f32x4.mul(s, b1));
      s = v128.load32_splat(a3 + at, 0);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      c31 = f32x4.add(c31, f32x4.mul(s, b1));
      b += 32;
    }
    a0 += end + skip;
    a1 += end + skip;
    a2 += end + skip;
    a3 += end + skip;
  }
  v128.store(out, c00, 0);
  v128.store(out, c01, 16);
  out += outStride;
  v128.store(out, c10, 0);
  v128.store(out, c11, 16);
  out += outStride;
  v128.store(out, c20, 0);
  v128.store(out, c21, 16);
  out += outStride;
  v128.store(out, c30, 0);
  v128.store(out, c31, 16);
}

/** 4 patches x 4 columns: `depth` rows of `run` floats each, `skip` bytes from the end of a run to the next. */
function multiply4x4(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  skip: i32,
  depth: i32,
  run: i32,
  b: usize,
  out: usize,
  outStride: usize,
): void {
  let c00 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let s: v128;
  let b0: v128;
  for (let ky = 0; ky < depth; ++ky) {
    for (let t = run >> 1; t > 0; --t) {
      b0 = v128.load(b, 0);
      s = v128.load32_splat(a0, 0);
      c00 = f32x4.add(c00, f32x4.mul(s, b0));
      s = v128.load32_splat(a1, 0);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      s = v128.load32_splat(a2, 0);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      s = v128.load32_splat(a3, 0);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      b0 = v128.load(b, 16);
      s = v128.load32_splat(a0, 4);
      c00 = f32x4.add(c00, f32x4.mul(s, b0));
      s = v128.load32_splat(a1, 4);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      s = v128.load32_splat(a2, 4);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      s = v128.load32_splat(a3, 4);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      a0 += 8;
      a1 += 8;
      a2 += 8;
      a3 += 8;
      b += 32;
    }
    if (run & 1) {
      b0 = v128.load(b, 0);
      s = v128.load32_splat(a0, 0);
      c00 = f32x4.add(c00, f32x4.mul(s, b0));
      s = v128.load32_splat(a1, 0);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      s = v128.load32_splat(a2, 0);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      s = v128.load32_splat(a3, 0);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += 16;
    }
    a0 += skip;
    a1 += skip;
    a2 += skip;
    a3 += skip;
  }
  v128.store(out, c00, 0);
  out += outStride;
  v128.store(out, c10, 0);
  out += outStride;
  v128.store(out, c20, 0);
  out += outStride;
  v128.store(out, c30, 0);
}

function multiply4x1(
  a0: usize,
  a1: usize,
  a2: usize,
  a3: usize,
  skip: i32,
  depth: i32,
  run: i32,
  b: usize,
  out: usize,
  outStride: usize,
): void {
  let c0: f32 = 0;
  let c1: f32 = 0;
  let c2: f32 = 0;
  let c3: f32 = 0;
  for (let ky = 0; ky < depth; ++ky) {
    for (let t = 0; t < run; ++t) {
      const weight = load<f32>(b);
      c0 += load<f32>(a0) * weight;
      c1 += load<f32>(a1) * weight;
      c2 += load<f32>(a2) * weight;
      c3 += load<f32>(a3) * weight;
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += 4;
    }
    a0 += skip;
    a1 += skip;
    a2 += skip;
    a3 += skip;
  }
  store<f32>(out, c0);
  store<f32>(out + outStride, c1);
  store<f32>(out + 2 * outStride, c2);
  store<f32>(out + 3 * outStride, c3);
}

/**
 * output[pixel][filter] = sum over the patch of input * kernel.
 *
 * @param output [blocks * tiles * 4][filters], without a border
 * @param tiles groups of 4 pixels in a block of pictures
 * @param blockStride from one block of pictures to the next in the input
 * @param rowStride from one picture row to the next in the input
 */
export function convForward(
  input: usize,
  output: usize,
  panels: usize,
  offsets: usize,
  blocks: i32,
  tiles: i32,
  blockStride: i32,
  rowStride: i32,
  kernel: i32,
  run: i32,
  filters: i32,
): void {
  const skip = rowStride - (run << 2);
  const depth = kernel * run;
  const outStride = <usize>(filters << 2);
  for (let block = 0; block < blocks; ++block) {
    let panel = panels;
    let column = 0;
    while (column < filters) {
      const left = filters - column;
      const width = left >= 8 ? 8 : left >= 4 ? 4 : 1;
      let out = output + (column << 2);
      let offset = offsets;
      for (let tile = 0; tile < tiles; ++tile) {
        const a0 = input + load<i32>(offset);
        const a1 = input + load<i32>(offset, 4);
        const a2 = input + load<i32>(offset, 8);
        const a3 = input + load<i32>(offset, 12);
        if (width == 8) multiply4x8(a0, a1, a2, a3, skip, kernel, run, panel, out, outStride);
        else if (width == 4) multiply4x4(a0, a1, a2, a3, skip, kernel, run, panel, out, outStride);
        else multiply4x1(a0, a1, a2, a3, skip, kernel, run, panel, out, outStride);
        offset += 16;
        out += outStride << 2;
      }
      panel += (depth * width) << 2;
      column += width;
    }
    input += blockStride;
    output += (tiles << 2) * outStride;
  }
}
