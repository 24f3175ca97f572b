/** Kernels of the WebAssembly training backend. Memory is imported and shared; nothing here allocates or keeps state. */
export { convForward } from "./conv-forward";
export { convGradInput } from "./conv-grad-input";
export { convGradKernel } from "./conv-grad-kernel";
export { denseBackward, denseForward } from "./dense";
export { depthwiseForward, depthwiseGradInput, depthwiseGradKernel } from "./depthwise";
export {
  accumulate,
  addForward,
  dequantize,
  limitBackward,
  meanBackward,
  meanForward,
  simulateInt8,
} from "./elementwise";
export { affineBackward, affineForward, affineSums, channelSums } from "./normalize";
export { packBackward, packForward } from "./panels";
export { upsampleBackward, upsampleForward } from "./upsample";
