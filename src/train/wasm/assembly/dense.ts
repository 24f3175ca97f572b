/** Dense layer; kernel [inputs][units]. `mask` (0: none) multiplies the inputs: dropout, scaled by 1 / (1 - probability). */

export function denseForward(
  input: usize,
  mask: usize,
  kernels: usize,
  bias: usize,
  output: usize,
  pictures: i32,
  inputs: i32,
  units: i32,
): void {
  for (let picture = 0; picture < pictures; ++picture) {
    for (let u = 0; u < units; ++u) {
      let sum = load<f32>(bias + (u << 2));
      for (let i = 0; i < inputs; ++i) {
        let value = load<f32>(input + (i << 2));
        if (mask) value *= load<f32>(mask + (i << 2));
        sum += value * load<f32>(kernels + ((i * units + u) << 2));
      }
      store<f32>(output + (u << 2), sum);
    }
    input += <usize>(inputs << 2);
    output += <usize>(units << 2);
    if (mask) mask += <usize>(inputs << 2);
  }
}

/** Adds to the gradients of kernel, bias and input. */
export function denseBackward(
  input: usize,
  mask: usize,
  kernels: usize,
  gradOutput: usize,
  gradInput: usize,
  gradKernel: usize,
  gradBias: usize,
  pictures: i32,
  inputs: i32,
  units: i32,
): void {
  for (let picture = 0; picture < pictures; ++picture) {
    for (let i = 0; i < inputs; ++i) {
      const factor: f32 = mask ? load<f32>(mask + (i << 2)) : 1;
      const value = load<f32>(input + (i << 2)) * factor;
      let sum: f32 = 0;
      for (let u = 0; u < units; ++u) {
        const at = <usize>((i * units + u) << 2);
        const g = load<f32>(gradOutput + (u << 2));
        store<f32>(gradKernel + at, load<f32>(gradKernel + at) + value * g);
        sum += g * load<f32>(kernels + at);
      }
      store<f32>(gradInput + (i << 2), load<f32>(gradInput + (i << 2)) + sum * factor);
    }
    for (let u = 0; u < units; ++u) {
      const at = <usize>(u << 2);
      store<f32>(gradBias + at, load<f32>(gradBias + at) + load<f32>(gradOutput + at));
    }
    input += <usize>(inputs << 2);
    gradInput += <usize>(inputs << 2);
    gradOutput += <usize>(units << 2);
    if (mask) mask += <usize>(inputs << 2);
  }
}
