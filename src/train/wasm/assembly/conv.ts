/**
 * Convolution as matrix products that read the patches in place.
 *
 * Activations are NHWC with a border of zeros as wide as the window needs, so the part of a patch that lies in one picture row is one run
 * of kernel * channels floats and no im2col copy is made. Products are computed in register tiles of 4 pixels by 8 (or 4, or 1) columns;
 * pixels come in groups of 4 pictures, so that their number is always a multiple of 4. Every sum has one fixed order.
 *
 * Column panels: a matrix of N columns is stored as floor(N / 8) panels [rows][8], then one panel [rows][4] if N & 4, then N & 3 panels
 * [rows][1]. `offsets` holds, for each pixel of a block of pictures, the byte offset of its patch's first float from the block's start.
 *
 * All pointers, strides and skips are in bytes; `run` is kernel * input channels, in floats.
 */

/** Rows [0, rows) x columns [0, columns) of a row-major matrix into column panels; returns the end of what was written. */
function packPanels(source: usize, rows: i32, columns: i32, rowStride: i32, columnStride: i32, target: usize): usize {
  let column = 0;
  while (column < columns) {
    const left = columns - column;
    const width = left >= 8 ? 8 : left >= 4 ? 4 : 1;
    for (let row = 0; row < rows; ++row) {
      for (let j = 0; j < width; ++j) {
        store<f32>(target, load<f32>(source + row * rowStride + (column + j) * columnStride));
        target += 4;
      }
    }
    column += width;
  }
  return target;
}

/** Kernel [kernel * run][filters] for {@link convForward}. */
export function packForward(kernels: usize, panels: usize, kernel: i32, run: i32, filters: i32): void {
  packPanels(kernels, kernel * run, filters, filters << 2, 4, panels);
}

/** Kernel [kernel * run][filters], transposed per kernel row, for {@link convGradInput}. */
export function packBackward(kernels: usize, panels: usize, kernel: i32, run: i32, filters: i32): void {
  for (let ky = 0; ky < kernel; ++ky) {
    panels = packPanels(kernels + ky * run * filters * 4, filters, run, 4, filters << 2, panels);
  }
}

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
  for (let ky = 0; ky < depth; ++ky) {
    for (let t = run >> 1; t > 0; --t) {
      b0 = v128.load(b, 0);
      b1 = v128.load(b, 16);
      s = v128.load32_splat(a0, 0);
      c00 = f32x4.add(c00, f32x4.mul(s, b0));
      c01 = f32x4.add(c01, f32x4.mul(s, b1));
      s = v128.load32_splat(a1, 0);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      c11 = f32x4.add(c11, f32x4.mul(s, b1));
      s = v128.load32_splat(a2, 0);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      c21 = f32x4.add(c21, f32x4.mul(s, b1));
      s = v128.load32_splat(a3, 0);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      c31 = f32x4.add(c31, f32x4.mul(s, b1));
      b0 = v128.load(b, 32);
      b1 = v128.load(b, 48);
      s = v128.load32_splat(a0, 4);
      c00 = f32x4.add(c00, f32x4.mul(s, b0));
      c01 = f32x4.add(c01, f32x4.mul(s, b1));
      s = v128.load32_splat(a1, 4);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      c11 = f32x4.add(c11, f32x4.mul(s, b1));
      s = v128.load32_splat(a2, 4);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      c21 = f32x4.add(c21, f32x4.mul(s, b1));
      s = v128.load32_splat(a3, 4);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      c31 = f32x4.add(c31, f32x4.mul(s, b1));
      a0 += 8;
      a1 += 8;
      a2 += 8;
      a3 += 8;
      b += 64;
    }
    if (run & 1) {
      b0 = v128.load(b, 0);
      b1 = v128.load(b, 16);
      s = v128.load32_splat(a0, 0);
      c00 = f32x4.add(c00, f32x4.mul(s, b0));
      c01 = f32x4.add(c01, f32x4.mul(s, b1));
      s = v128.load32_splat(a1, 0);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      c11 = f32x4.add(c11, f32x4.mul(s, b1));
      s = v128.load32_splat(a2, 0);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      c21 = f32x4.add(c21, f32x4.mul(s, b1));
      s = v128.load32_splat(a3, 0);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      c31 = f32x4.add(c31, f32x4.mul(s, b1));
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
      b += 32;
    }
    a0 += skip;
    a1 += skip;
    a2 += skip;
    a3 += skip;
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

/** As multiply4x8 over one run of `depth` gradients, but adds the rows of the result to four places that may overlap. */
function scatter4x8(a0: usize, stride: usize, depth: i32, b: usize, t0: usize, t1: usize, t2: usize, t3: usize): void {
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
  let a1 = a0 + stride;
  let a2 = a1 + stride;
  let a3 = a2 + stride;
  for (let t = depth >> 1; t > 0; --t) {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    s = v128.load32_splat(a0, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    c01 = f32x4.add(c01, f32x4.mul(s, b1));
    s = v128.load32_splat(a1, 0);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    c11 = f32x4.add(c11, f32x4.mul(s, b1));
    s = v128.load32_splat(a2, 0);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    c21 = f32x4.add(c21, f32x4.mul(s, b1));
    s = v128.load32_splat(a3, 0);
    c30 = f32x4.add(c30, f32x4.mul(s, b0));
    c31 = f32x4.add(c31, f32x4.mul(s, b1));
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    s = v128.load32_splat(a0, 4);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    c01 = f32x4.add(c01, f32x4.mul(s, b1));
    s = v128.load32_splat(a1, 4);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    c11 = f32x4.add(c11, f32x4.mul(s, b1));
    s = v128.load32_splat(a2, 4);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    c21 = f32x4.add(c21, f32x4.mul(s, b1));
    s = v128.load32_splat(a3, 4);
    c30 = f32x4.add(c30, f32x4.mul(s, b0));
    c31 = f32x4.add(c31, f32x4.mul(s, b1));
    a0 += 8;
    a1 += 8;
    a2 += 8;
    a3 += 8;
    b += 64;
  }
  if (depth & 1) {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    s = v128.load32_splat(a0, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    c01 = f32x4.add(c01, f32x4.mul(s, b1));
    s = v128.load32_splat(a1, 0);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    c11 = f32x4.add(c11, f32x4.mul(s, b1));
    s = v128.load32_splat(a2, 0);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    c21 = f32x4.add(c21, f32x4.mul(s, b1));
    s = v128.load32_splat(a3, 0);
    c30 = f32x4.add(c30, f32x4.mul(s, b0));
    c31 = f32x4.add(c31, f32x4.mul(s, b1));
  }
  v128.store(t0, f32x4.add(v128.load(t0, 0), c00), 0);
  v128.store(t0, f32x4.add(v128.load(t0, 16), c01), 16);
  v128.store(t1, f32x4.add(v128.load(t1, 0), c10), 0);
  v128.store(t1, f32x4.add(v128.load(t1, 16), c11), 16);
  v128.store(t2, f32x4.add(v128.load(t2, 0), c20), 0);
  v128.store(t2, f32x4.add(v128.load(t2, 16), c21), 16);
  v128.store(t3, f32x4.add(v128.load(t3, 0), c30), 0);
  v128.store(t3, f32x4.add(v128.load(t3, 16), c31), 16);
}

/** As multiply4x4 over one run of `depth` gradients, but adds the rows of the result to four places that may overlap. */
function scatter4x4(a0: usize, stride: usize, depth: i32, b: usize, t0: usize, t1: usize, t2: usize, t3: usize): void {
  let c00 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let s: v128;
  let b0: v128;
  let a1 = a0 + stride;
  let a2 = a1 + stride;
  let a3 = a2 + stride;
  for (let t = depth >> 1; t > 0; --t) {
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
  if (depth & 1) {
    b0 = v128.load(b, 0);
    s = v128.load32_splat(a0, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    s = v128.load32_splat(a1, 0);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    s = v128.load32_splat(a2, 0);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    s = v128.load32_splat(a3, 0);
    c30 = f32x4.add(c30, f32x4.mul(s, b0));
  }
  v128.store(t0, f32x4.add(v128.load(t0, 0), c00), 0);
  v128.store(t1, f32x4.add(v128.load(t1, 0), c10), 0);
  v128.store(t2, f32x4.add(v128.load(t2, 0), c20), 0);
  v128.store(t3, f32x4.add(v128.load(t3, 0), c30), 0);
}

function scatter4x1(a: usize, stride: usize, depth: i32, b: usize, t0: usize, t1: usize, t2: usize, t3: usize): void {
  let c0: f32 = 0;
  let c1: f32 = 0;
  let c2: f32 = 0;
  let c3: f32 = 0;
  for (let t = 0; t < depth; ++t) {
    const weight = load<f32>(b);
    c0 += load<f32>(a) * weight;
    c1 += load<f32>(a + stride) * weight;
    c2 += load<f32>(a + 2 * stride) * weight;
    c3 += load<f32>(a + 3 * stride) * weight;
    a += 4;
    b += 4;
  }
  store<f32>(t0, load<f32>(t0) + c0);
  store<f32>(t1, load<f32>(t1) + c1);
  store<f32>(t2, load<f32>(t2) + c2);
  store<f32>(t3, load<f32>(t3) + c3);
}

/**
 * gradInput += transposed convolution of gradOutput. Patches overlap, and what falls on the border is left there.
 *
 * @param gradOutput [blocks * tiles * 4][filters], without a border
 * @param panels from {@link packBackward}
 */
export function convGradInput(
  gradOutput: usize,
  gradInput: usize,
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
  const stride = <usize>(filters << 2);
  for (let block = 0; block < blocks; ++block) {
    let panel = panels;
    for (let ky = 0; ky < kernel; ++ky) {
      let column = 0;
      while (column < run) {
        const left = run - column;
        const width = left >= 8 ? 8 : left >= 4 ? 4 : 1;
        const target = gradInput + ky * rowStride + (column << 2);
        let from = gradOutput;
        let offset = offsets;
        for (let tile = 0; tile < tiles; ++tile) {
          const t0 = target + load<i32>(offset);
          const t1 = target + load<i32>(offset, 4);
          const t2 = target + load<i32>(offset, 8);
          const t3 = target + load<i32>(offset, 12);
          if (width == 8) scatter4x8(from, stride, filters, panel, t0, t1, t2, t3);
          else if (width == 4) scatter4x4(from, stride, filters, panel, t0, t1, t2, t3);
          else scatter4x1(from, stride, filters, panel, t0, t1, t2, t3);
          offset += 16;
          from += stride << 2;
        }
        panel += (filters * width) << 2;
        column += width;
      }
    }
    gradInput += blockStride;
    gradOutput += (tiles << 2) * stride;
  }
}

/** 4 kernel rows x 8 filters: adds the products over `pixels` pixels to gradKernel. */
function correlate4x8(
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  stride: usize,
): void {
  let to = gradKernel;
  let c00 = v128.load(to, 0);
  let c01 = v128.load(to, 16);
  to += stride;
  let c10 = v128.load(to, 0);
  let c11 = v128.load(to, 16);
  to += stride;
  let c20 = v128.load(to, 0);
  let c21 = v128.load(to, 16);
  to += stride;
  let c30 = v128.load(to, 0);
  let c31 = v128.load(to, 16);
  let s: v128;
  let b0: v128;
  let b1: v128;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const a = input + load<i32>(offsets);
    b0 = v128.load(gradOutput, 0);
    b1 = v128.load(gradOutput, 16);
    s = v128.load32_splat(a, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    c01 = f32x4.add(c01, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    c11 = f32x4.add(c11, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    c21 = f32x4.add(c21, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(s, b0));
    c31 = f32x4.add(c31, f32x4.mul(s, b1));
    offsets += 4;
    gradOutput += stride;
  }
  to = gradKernel;
  v128.store(to, c00, 0);
  v128.store(to, c01, 16);
  to += stride;
  v128.store(to, c10, 0);
  v128.store(to, c11, 16);
  to += stride;
  v128.store(to, c20, 0);
  v128.store(to, c21, 16);
  to += stride;
  v128.store(to, c30, 0);
  v128.store(to, c31, 16);
}

/** 4 kernel rows x 4 filters: adds the products over `pixels` pixels to gradKernel. */
function correlate4x4(
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  stride: usize,
): void {
  let to = gradKernel;
  let c00 = v128.load(to, 0);
  to += stride;
  let c10 = v128.load(to, 0);
  to += stride;
  let c20 = v128.load(to, 0);
  to += stride;
  let c30 = v128.load(to, 0);
  let s: v128;
  let b0: v128;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const a = input + load<i32>(offsets);
    b0 = v128.load(gradOutput, 0);
    s = v128.load32_splat(a, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    s = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    s = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    s = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(s, b0));
    offsets += 4;
    gradOutput += stride;
  }
  to = gradKernel;
  v128.store(to, c00, 0);
  to += stride;
  v128.store(to, c10, 0);
  to += stride;
  v128.store(to, c20, 0);
  to += stride;
  v128.store(to, c30, 0);
}

/** 3 kernel rows x 8 filters: adds the products over `pixels` pixels to gradKernel. */
function correlate3x8(
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  stride: usize,
): void {
  let to = gradKernel;
  let c00 = v128.load(to, 0);
  let c01 = v128.load(to, 16);
  to += stride;
  let c10 = v128.load(to, 0);
  let c11 = v128.load(to, 16);
  to += stride;
  let c20 = v128.load(to, 0);
  let c21 = v128.load(to, 16);
  let s: v128;
  let b0: v128;
  let b1: v128;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const a = input + load<i32>(offsets);
    b0 = v128.load(gradOutput, 0);
    b1 = v128.load(gradOutput, 16);
    s = v128.load32_splat(a, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    c01 = f32x4.add(c01, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    c11 = f32x4.add(c11, f32x4.mul(s, b1));
    s = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    c21 = f32x4.add(c21, f32x4.mul(s, b1));
    offsets += 4;
    gradOutput += stride;
  }
  to = gradKernel;
  v128.store(to, c00, 0);
  v128.store(to, c01, 16);
  to += stride;
  v128.store(to, c10, 0);
  v128.store(to, c11, 16);
  to += stride;
  v128.store(to, c20, 0);
  v128.store(to, c21, 16);
}

/** 3 kernel rows x 4 filters: adds the products over `pixels` pixels to gradKernel. */
function correlate3x4(
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  stride: usize,
): void {
  let to = gradKernel;
  let c00 = v128.load(to, 0);
  to += stride;
  let c10 = v128.load(to, 0);
  to += stride;
  let c20 = v128.load(to, 0);
  let s: v128;
  let b0: v128;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const a = input + load<i32>(offsets);
    b0 = v128.load(gradOutput, 0);
    s = v128.load32_splat(a, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    s = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(s, b0));
    s = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(s, b0));
    offsets += 4;
    gradOutput += stride;
  }
  to = gradKernel;
  v128.store(to, c00, 0);
  to += stride;
  v128.store(to, c10, 0);
  to += stride;
  v128.store(to, c20, 0);
}

/** 1 kernel row x 8 filters: adds the products over `pixels` pixels to gradKernel. */
function correlate1x8(
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  stride: usize,
): void {
  let c00 = v128.load(gradKernel, 0);
  let c01 = v128.load(gradKernel, 16);
  let s: v128;
  let b0: v128;
  let b1: v128;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const a = input + load<i32>(offsets);
    b0 = v128.load(gradOutput, 0);
    b1 = v128.load(gradOutput, 16);
    s = v128.load32_splat(a, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    c01 = f32x4.add(c01, f32x4.mul(s, b1));
    offsets += 4;
    gradOutput += stride;
  }
  v128.store(gradKernel, c00, 0);
  v128.store(gradKernel, c01, 16);
}

/** 1 kernel row x 4 filters: adds the products over `pixels` pixels to gradKernel. */
function correlate1x4(
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  stride: usize,
): void {
  let c00 = v128.load(gradKernel, 0);
  let s: v128;
  let b0: v128;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const a = input + load<i32>(offsets);
    b0 = v128.load(gradOutput, 0);
    s = v128.load32_splat(a, 0);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    offsets += 4;
    gradOutput += stride;
  }
  v128.store(gradKernel, c00, 0);
}

function correlate1x1(
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  stride: usize,
): void {
  let sum = load<f32>(gradKernel);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    sum += load<f32>(input + load<i32>(offsets)) * load<f32>(gradOutput);
    offsets += 4;
    gradOutput += stride;
  }
  store<f32>(gradKernel, sum);
}

/**
 * gradKernel[kernel * run][filters] += sum over pixels of input patch x gradOutput. Blocks are summed one after the other.
 *
 * @param pixels pixels in a block of pictures
 */
export function convGradKernel(
  input: usize,
  gradOutput: usize,
  gradKernel: usize,
  offsets: usize,
  blocks: i32,
  pixels: i32,
  blockStride: i32,
  rowStride: i32,
  kernel: i32,
  run: i32,
  filters: i32,
): void {
  const stride = <usize>(filters << 2);
  for (let block = 0; block < blocks; ++block) {
    for (let ky = 0; ky < kernel; ++ky) {
      let t = 0;
      while (t < run) {
        const rows = run - t >= 4 ? 4 : run - t == 3 ? 3 : 1;
        const from = input + ky * rowStride + (t << 2);
        const to = gradKernel + (ky * run + t) * stride;
        correlateRows(rows, from, gradOutput, offsets, pixels, to, filters);
        t += rows;
      }
    }
    input += blockStride;
    gradOutput += pixels * stride;
  }
}

function correlateRows(
  rows: i32,
  input: usize,
  gradOutput: usize,
  offsets: usize,
  pixels: i32,
  gradKernel: usize,
  filters: i32,
): void {
  const stride = <usize>(filters << 2);
  let column = 0;
  for (; column + 8 <= filters; column += 8) {
    const from = gradOutput + (column << 2);
    const to = gradKernel + (column << 2);
    if (rows == 4) correlate4x8(input, from, offsets, pixels, to, stride);
    else if (rows == 3) correlate3x8(input, from, offsets, pixels, to, stride);
    else correlate1x8(input, from, offsets, pixels, to, stride);
  }
  if (column + 4 <= filters) {
    const from = gradOutput + (column << 2);
    const to = gradKernel + (column << 2);
    if (rows == 4) correlate4x4(input, from, offsets, pixels, to, stride);
    else if (rows == 3) correlate3x4(input, from, offsets, pixels, to, stride);
    else correlate1x4(input, from, offsets, pixels, to, stride);
    column += 4;
  }
  for (; column < filters; ++column) {
    for (let row = 0; row < rows; ++row) {
      const to = gradKernel + row * stride + (column << 2);
      correlate1x1(input + (row << 2), gradOutput + (column << 2), offsets, pixels, to, stride);
    }
  }
}
