/** Gradient of a convolution by its input; layouts and units are those of panels.ts. */
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
  const a1 = a0 + stride;
  const a2 = a1 + stride;
  const a3 = a2 + stride;
  const end = <usize>(depth << 2);
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
