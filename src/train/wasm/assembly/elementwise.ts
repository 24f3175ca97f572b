/** Input, residual addition and global mean. Strides are in bytes; a "line" is the width * channels floats of one picture row. */

function relu6(x: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(0)), f32x4.splat(6));
}

/** Dequantizes int8 lines: out = (q - zeroPoint) * scale. Input lines are packed, output lines have strides. */
export function dequantize(
  input: usize,
  out: usize,
  pictures: i32,
  height: i32,
  line: i32,
  outRow: i32,
  outPicture: i32,
  scale: f32,
  zeroPoint: i32,
): void {
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      const to = out + picture * outPicture + y * outRow;
      for (let i = 0; i < line; ++i) {
        store<f32>(to + (i << 2), <f32>(<i32>load<i8>(input) - zeroPoint) * scale);
        ++input;
      }
    }
  }
}

/** out = a + b, then ReLU6 if `clamp`. */
export function addForward(
  a: usize,
  b: usize,
  out: usize,
  pictures: i32,
  height: i32,
  line: i32,
  aRow: i32,
  aPicture: i32,
  bRow: i32,
  bPicture: i32,
  outRow: i32,
  outPicture: i32,
  clamp: bool,
): void {
  const bytes = <usize>(line << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      const pa = a + picture * aPicture + y * aRow;
      const pb = b + picture * bPicture + y * bRow;
      const to = out + picture * outPicture + y * outRow;
      let at: usize = 0;
      for (; at + 16 <= bytes; at += 16) {
        let value = f32x4.add(v128.load(pa + at), v128.load(pb + at));
        if (clamp) value = relu6(value);
        v128.store(to + at, value);
      }
      for (; at < bytes; at += 4) {
        let value = load<f32>(pa + at) + load<f32>(pb + at);
        if (clamp) value = value < 0 ? 0 : value > 6 ? 6 : value;
        store<f32>(to + at, value);
      }
    }
  }
}

/** Zeroes the gradient, in place, where the activation is at or beyond `low` or `high`. */
export function limitBackward(
  gradient: usize,
  activation: usize,
  pictures: i32,
  height: i32,
  line: i32,
  gradientRow: i32,
  gradientPicture: i32,
  activationRow: i32,
  activationPicture: i32,
  low: f32,
  high: f32,
): void {
  const bytes = <usize>(line << 2);
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      const g = gradient + picture * gradientPicture + y * gradientRow;
      const a = activation + picture * activationPicture + y * activationRow;
      let at: usize = 0;
      for (; at + 16 <= bytes; at += 16) {
        const value = v128.load(a + at);
        const inside = v128.and(f32x4.gt(value, lows), f32x4.lt(value, highs));
        v128.store(g + at, v128.and(v128.load(g + at), inside));
      }
      for (; at < bytes; at += 4) {
        const value = load<f32>(a + at);
        if (!(value > low && value < high)) store<f32>(g + at, 0);
      }
    }
  }
}

/** Rounds values to int8 and back, in place: q = clamp(round(x / scale) + zeroPoint, -128, 127), x = (q - zeroPoint) * scale; halves to even. */
export function simulateInt8(
  values: usize,
  pictures: i32,
  height: i32,
  line: i32,
  row: i32,
  pictureStride: i32,
  scale: f32,
  zeroPoint: i32,
): void {
  const bytes = <usize>(line << 2);
  const inverse = <f32>1 / scale;
  const low: f32 = -128 - <f32>zeroPoint;
  const high: f32 = 127 - <f32>zeroPoint;
  const scales = f32x4.splat(scale);
  const inverses = f32x4.splat(inverse);
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      const to = values + picture * pictureStride + y * row;
      let at: usize = 0;
      for (; at + 16 <= bytes; at += 16) {
        const steps = f32x4.nearest(f32x4.mul(v128.load(to + at), inverses));
        // pmax/pmin keep a NaN in the first operand, so a diverged network is noticed.
        v128.store(to + at, f32x4.mul(f32x4.pmin(f32x4.pmax(steps, lows), highs), scales));
      }
      for (; at < bytes; at += 4) {
        let steps = nearest<f32>(load<f32>(to + at) * inverse);
        steps = steps < low ? low : steps > high ? high : steps;
        store<f32>(to + at, steps * scale);
      }
    }
  }
}

/** target += source, line by line. */
export function accumulate(
  source: usize,
  target: usize,
  pictures: i32,
  height: i32,
  line: i32,
  sourceRow: i32,
  sourcePicture: i32,
  targetRow: i32,
  targetPicture: i32,
): void {
  const bytes = <usize>(line << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      const from = source + picture * sourcePicture + y * sourceRow;
      const to = target + picture * targetPicture + y * targetRow;
      let at: usize = 0;
      for (; at + 16 <= bytes; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
      for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(from + at));
    }
  }
}

/** out[picture][channel] = mean over pixels. */
export function meanForward(
  input: usize,
  out: usize,
  pictures: i32,
  height: i32,
  width: i32,
  channels: i32,
  row: i32,
  pictureStride: i32,
): void {
  const factor = <f32>1 / <f32>(height * width);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let c = 0; c < channels; ++c) {
      let sum: f32 = 0;
      for (let y = 0; y < height; ++y) {
        let from = input + picture * pictureStride + y * row + (c << 2);
        for (let x = 0; x < width; ++x) {
          sum += load<f32>(from);
          from += <usize>(channels << 2);
        }
      }
      store<f32>(out, sum * factor);
      out += 4;
    }
  }
}

/** gradInput += gradOutput / pixels, at every pixel. */
export function meanBackward(
  gradOutput: usize,
  gradInput: usize,
  pictures: i32,
  height: i32,
  width: i32,
  channels: i32,
  row: i32,
  pictureStride: i32,
): void {
  const factor = <f32>1 / <f32>(height * width);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      let to = gradInput + picture * pictureStride + y * row;
      for (let x = 0; x < width; ++x) {
        for (let c = 0; c < channels; ++c) {
          store<f32>(to, load<f32>(to) + load<f32>(gradOutput + (c << 2)) * factor);
          to += 4;
        }
      }
    }
    gradOutput += <usize>(channels << 2);
  }
}
