/** Gradient of a convolution by its kernel; layouts and units are those of panels.ts. */

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
