/**
 * Depthwise convolution, channel vectors at a time. `offsets` holds the byte offset of every pixel's patch from the picture's start (one
 * picture); kernels are [kernel][kernel][channels]. Strides are in bytes.
 */

/** output[pixel][channel] = sum over the window; output has no border. */
export function depthwiseForward(
  input: usize,
  output: usize,
  kernels: usize,
  offsets: usize,
  pictures: i32,
  pixels: i32,
  pictureStride: i32,
  rowStride: i32,
  kernel: i32,
  channels: i32,
): void {
  const stride = <usize>(channels << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let pixel = 0; pixel < pixels; ++pixel) {
      const patch = input + picture * pictureStride + load<i32>(offsets + (pixel << 2));
      let c = 0;
      for (; c + 4 <= channels; c += 4) {
        const at = <usize>(c << 2);
        let weight = kernels + at;
        let sum = f32x4.splat(0);
        for (let ky = 0; ky < kernel; ++ky) {
          let from = patch + ky * rowStride + at;
          for (let kx = 0; kx < kernel; ++kx) {
            sum = f32x4.add(sum, f32x4.mul(v128.load(from), v128.load(weight)));
            from += stride;
            weight += stride;
          }
        }
        v128.store(output + at, sum);
      }
      for (; c < channels; ++c) {
        const at = <usize>(c << 2);
        let weight = kernels + at;
        let sum: f32 = 0;
        for (let ky = 0; ky < kernel; ++ky) {
          let from = patch + ky * rowStride + at;
          for (let kx = 0; kx < kernel; ++kx) {
            sum += load<f32>(from) * load<f32>(weight);
            from += stride;
            weight += stride;
          }
        }
        store<f32>(output + at, sum);
      }
      output += stride;
    }
  }
}

/** gradInput += transposed depthwise convolution of gradOutput. */
export function depthwiseGradInput(
  gradOutput: usize,
  gradInput: usize,
  kernels: usize,
  offsets: usize,
  pictures: i32,
  pixels: i32,
  pictureStride: i32,
  rowStride: i32,
  kernel: i32,
  channels: i32,
): void {
  const stride = <usize>(channels << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let pixel = 0; pixel < pixels; ++pixel) {
      const patch = gradInput + picture * pictureStride + load<i32>(offsets + (pixel << 2));
      let weight = kernels;
      for (let ky = 0; ky < kernel; ++ky) {
        let to = patch + ky * rowStride;
        for (let kx = 0; kx < kernel; ++kx) {
          let c = 0;
          for (; c + 4 <= channels; c += 4) {
            const at = <usize>(c << 2);
            const product = f32x4.mul(v128.load(gradOutput + at), v128.load(weight + at));
            v128.store(to + at, f32x4.add(v128.load(to + at), product));
          }
          for (; c < channels; ++c) {
            const at = <usize>(c << 2);
            store<f32>(to + at, load<f32>(to + at) + load<f32>(gradOutput + at) * load<f32>(weight + at));
          }
          to += stride;
          weight += stride;
        }
      }
      gradOutput += stride;
    }
  }
}

/** gradKernel[kernel][kernel][channels] += sum over pixels of input window * gradOutput. */
export function depthwiseGradKernel(
  input: usize,
  gradOutput: usize,
  gradKernel: usize,
  offsets: usize,
  pictures: i32,
  pixels: i32,
  pictureStride: i32,
  rowStride: i32,
  kernel: i32,
  channels: i32,
): void {
  const stride = <usize>(channels << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let pixel = 0; pixel < pixels; ++pixel) {
      const patch = input + picture * pictureStride + load<i32>(offsets + (pixel << 2));
      let to = gradKernel;
      for (let ky = 0; ky < kernel; ++ky) {
        let from = patch + ky * rowStride;
        for (let kx = 0; kx < kernel; ++kx) {
          let c = 0;
          for (; c + 4 <= channels; c += 4) {
            const at = <usize>(c << 2);
            const product = f32x4.mul(v128.load(gradOutput + at), v128.load(from + at));
            v128.store(to + at, f32x4.add(v128.load(to + at), product));
          }
          for (; c < channels; ++c) {
            const at = <usize>(c << 2);
            store<f32>(to + at, load<f32>(to + at) + load<f32>(gradOutput + at) * load<f32>(from + at));
          }
          from += stride;
          to += stride;
        }
      }
      gradOutput += stride;
    }
  }
}
