/**
 * Mathematical functions by name. Drawing calls them hundreds of times a pixel, and finding them by way of the global object is slow where
 * that is not the engine's own, as in a test runner's sandbox.
 */
export const { abs, ceil, cos, exp, floor, hypot, imul, log, max, min, round, sign, sin, sqrt } = Math;
