/** Kernels of the WebAssembly training backend. Memory is imported and shared; nothing here allocates or keeps state. */
export { convForward, convGradInput, convGradKernel, packBackward, packForward } from "./conv";
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
