/**
 * Per-channel statistics and affine maps: batch norm, bias and ReLU6, forward and backward.
 *
 * Layer sums z are [pictures][pixels][channels] without a border; activations and their gradients have one and are addressed by row and
 * picture strides (bytes). Sums run in float32 over one picture and in float64 over pictures.
 */

function relu6(x: v128): v128 {
  // pmax/pmin keep a NaN in the first operand, so a diverged network is noticed.
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(0)), f32x4.splat(6));
}

/** Adds the 4 lanes to 4 consecutive float64. */
function addLanes(sums: usize, lanes: v128): void {
  store<f64>(sums, load<f64>(sums) + <f64>f32x4.extract_lane(lanes, 0));
  store<f64>(sums, load<f64>(sums, 8) + <f64>f32x4.extract_lane(lanes, 1), 8);
  store<f64>(sums, load<f64>(sums, 16) + <f64>f32x4.extract_lane(lanes, 2), 16);
  store<f64>(sums, load<f64>(sums, 24) + <f64>f32x4.extract_lane(lanes, 3), 24);
}

/** Sum and sum of squares of every channel as float64: sums[channels], then squares[channels]. */
export function channelSums(z: usize, pictures: i32, pixels: i32, channels: i32, sums: usize): void {
  const squares = sums + (channels << 3);
  memory.fill(sums, 0, channels << 4);
  const stride = <usize>(channels << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    let c = 0;
    for (; c + 8 <= channels; c += 8) sumChannels8(z + (c << 2), pixels, stride, sums + (c << 3), squares + (c << 3));
    for (; c < channels; ++c) sumChannel(z + (c << 2), pixels, stride, sums + (c << 3), squares + (c << 3));
    z += pixels * stride;
  }
}

function sumChannels8(z: usize, pixels: i32, stride: usize, sums: usize, squares: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let q0 = f32x4.splat(0);
  let q1 = f32x4.splat(0);
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const v0 = v128.load(z);
    const v1 = v128.load(z, 16);
    s0 = f32x4.add(s0, v0);
    s1 = f32x4.add(s1, v1);
    q0 = f32x4.add(q0, f32x4.mul(v0, v0));
    q1 = f32x4.add(q1, f32x4.mul(v1, v1));
    z += stride;
  }
  addLanes(sums, s0);
  addLanes(sums + 32, s1);
  addLanes(squares, q0);
  addLanes(squares + 32, q1);
}

function sumChannel(z: usize, pixels: i32, stride: usize, sums: usize, squares: usize): void {
  let sum: f32 = 0;
  let square: f32 = 0;
  for (let pixel = 0; pixel < pixels; ++pixel) {
    const value = load<f32>(z);
    sum += value;
    square += value * value;
    z += stride;
  }
  store<f64>(sums, load<f64>(sums) + <f64>sum);
  store<f64>(squares, load<f64>(squares) + <f64>square);
}

/** out = z * factor + offset per channel, then ReLU6 if `clamp`. */
export function affineForward(
  z: usize,
  out: usize,
  factors: usize,
  offsets: usize,
  pictures: i32,
  height: i32,
  width: i32,
  channels: i32,
  outRow: i32,
  outPicture: i32,
  clamp: bool,
): void {
  const vectors = channels & ~3;
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      let to = out + picture * outPicture + y * outRow;
      for (let x = 0; x < width; ++x) {
        let c = 0;
        for (; c < vectors; c += 4) {
          const at = <usize>(c << 2);
          let value = f32x4.add(f32x4.mul(v128.load(z + at), v128.load(factors + at)), v128.load(offsets + at));
          if (clamp) value = relu6(value);
          v128.store(to + at, value);
        }
        for (; c < channels; ++c) {
          const at = <usize>(c << 2);
          let value = load<f32>(z + at) * load<f32>(factors + at) + load<f32>(offsets + at);
          if (clamp) value = value < 0 ? 0 : value > 6 ? 6 : value;
          store<f32>(to + at, value);
        }
        z += <usize>(channels << 2);
        to += <usize>(channels << 2);
      }
    }
  }
}

/** Gradient through an activation with ends: kept where the output lies strictly between them. */
function through(gradient: v128, activation: v128, low: v128, high: v128): v128 {
  return v128.and(gradient, v128.and(f32x4.gt(activation, low), f32x4.lt(activation, high)));
}

/**
 * First pass of the gradient: with g the gradient before the activation, sums of g and of g * (z - mean) per channel as float64:
 * sums[channels], then products[channels]. `gradient` and `activation` may have different borders. With `clamp` a gradient
 * counts only where the activation lies strictly between `low` and `high`.
 */
export function affineSums(
  z: usize,
  gradient: usize,
  activation: usize,
  means: usize,
  pictures: i32,
  height: i32,
  width: i32,
  channels: i32,
  gradientRow: i32,
  gradientPicture: i32,
  activationRow: i32,
  activationPicture: i32,
  clamp: bool,
  low: f32,
  high: f32,
  sums: usize,
): void {
  const products = sums + (channels << 3);
  memory.fill(sums, 0, channels << 4);
  for (let picture = 0; picture < pictures; ++picture) {
    const g = gradient + picture * gradientPicture;
    const a = activation + picture * activationPicture;
    let c = 0;
    for (; c + 4 <= channels; c += 4) {
      const at = <usize>(c << 2);
      sumGradients4(
        z + at,
        g + at,
        a + at,
        v128.load(means + at),
        height,
        width,
        <usize>(channels << 2),
        gradientRow,
        activationRow,
        clamp,
        low,
        high,
        sums + (at << 1),
        products + (at << 1),
      );
    }
    for (; c < channels; ++c) {
      const at = <usize>(c << 2);
      sumGradients(
        z + at,
        g + at,
        a + at,
        load<f32>(means + at),
        height,
        width,
        <usize>(channels << 2),
        gradientRow,
        activationRow,
        clamp,
        low,
        high,
        sums + (at << 1),
        products + (at << 1),
      );
    }
    z += <usize>((height * width * channels) << 2);
  }
}

function sumGradients4(
  z: usize,
  gradient: usize,
  activation: usize,
  mean: v128,
  height: i32,
  width: i32,
  stride: usize,
  gradientRow: i32,
  activationRow: i32,
  clamp: bool,
  low: f32,
  high: f32,
  sums: usize,
  products: usize,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  let sum = f32x4.splat(0);
  let product = f32x4.splat(0);
  for (let y = 0; y < height; ++y) {
    let at: usize = 0;
    for (let x = 0; x < width; ++x) {
      let g = v128.load(gradient + at);
      if (clamp) g = through(g, v128.load(activation + at), lows, highs);
      sum = f32x4.add(sum, g);
      product = f32x4.add(product, f32x4.mul(g, f32x4.sub(v128.load(z), mean)));
      z += stride;
      at += stride;
    }
    gradient += gradientRow;
    activation += activationRow;
  }
  addLanes(sums, sum);
  addLanes(products, product);
}

function sumGradients(
  z: usize,
  gradient: usize,
  activation: usize,
  mean: f32,
  height: i32,
  width: i32,
  stride: usize,
  gradientRow: i32,
  activationRow: i32,
  clamp: bool,
  low: f32,
  high: f32,
  sums: usize,
  products: usize,
): void {
  let sum: f32 = 0;
  let product: f32 = 0;
  for (let y = 0; y < height; ++y) {
    let at: usize = 0;
    for (let x = 0; x < width; ++x) {
      const a = load<f32>(activation + at);
      const g: f32 = clamp && !(a > low && a < high) ? 0 : load<f32>(gradient + at);
      sum += g;
      product += g * (load<f32>(z) - mean);
      z += stride;
      at += stride;
    }
    gradient += gradientRow;
    activation += activationRow;
  }
  store<f64>(sums, load<f64>(sums) + <f64>sum);
  store<f64>(products, load<f64>(products) + <f64>product);
}

/** Second pass, in place of z: z = g * factor + constant + (z - mean) * slope, per channel. */
export function affineBackward(
  z: usize,
  gradient: usize,
  activation: usize,
  factors: usize,
  constants: usize,
  means: usize,
  slopes: usize,
  pictures: i32,
  height: i32,
  width: i32,
  channels: i32,
  gradientRow: i32,
  gradientPicture: i32,
  activationRow: i32,
  activationPicture: i32,
  clamp: bool,
  low: f32,
  high: f32,
): void {
  const vectors = channels & ~3;
  const stride = <usize>(channels << 2);
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      let g = gradient + picture * gradientPicture + y * gradientRow;
      let a = activation + picture * activationPicture + y * activationRow;
      for (let x = 0; x < width; ++x) {
        let c = 0;
        for (; c < vectors; c += 4) {
          const at = <usize>(c << 2);
          let value = v128.load(g + at);
          if (clamp) value = through(value, v128.load(a + at), lows, highs);
          value = f32x4.add(f32x4.mul(value, v128.load(factors + at)), v128.load(constants + at));
          const centred = f32x4.sub(v128.load(z + at), v128.load(means + at));
          v128.store(z + at, f32x4.add(value, f32x4.mul(centred, v128.load(slopes + at))));
        }
        for (; c < channels; ++c) {
          const at = <usize>(c << 2);
          const output = load<f32>(a + at);
          let value: f32 = clamp && !(output > low && output < high) ? 0 : load<f32>(g + at);
          value = value * load<f32>(factors + at) + load<f32>(constants + at);
          store<f32>(z + at, value + (load<f32>(z + at) - load<f32>(means + at)) * load<f32>(slopes + at));
        }
        z += stride;
        g += stride;
        a += stride;
      }
    }
  }
}
