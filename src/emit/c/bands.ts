/** Bands of output that a kernel takes at a time: large ones bring weights into form less often, small ones need less scratch. */
import { type Bands, type KernelCall, literal, scratch, scratchOf } from "./kernel-call.js";

/** `count` in as few bands of at most `largest` as can be, at least of 1, and these alike: each band widens the weights anew. */
export function evenBand(count: number, largest: number): number {
  const bands = Math.ceil(count / Math.max(1, Math.floor(largest)));
  return Math.ceil(count / bands);
}

/** The band whose scratch is at most `bytes`, or the smallest. */
export function bandWithin({ count, fixedBytes, bytesEach }: Bands, bytes: number): number {
  return evenBand(count, (bytes - fixedBytes) / bytesEach);
}

export function bandBytes({ fixedBytes, bytesEach }: Bands, band: number): number {
  return fixedBytes + band * bytesEach;
}

export function bandOf(call: KernelCall & { readonly bands: Bands }): number {
  return (scratchOf(call) - call.bands.fixedBytes) / call.bands.bytesEach;
}

export function isBanded(call: KernelCall): call is KernelCall & { readonly bands: Bands } {
  return call.bands !== undefined;
}

export function withScratch(call: KernelCall, bytes: number): KernelCall {
  return { ...call, arguments: call.arguments.map((a) => (a.kind === "scratch" ? scratch(bytes) : a)) };
}

/** The same call with another band; `bands` when its output is another one's part. */
export function withBand(
  call: KernelCall & { readonly bands: Bands },
  band: number,
  bands: Bands = call.bands,
): KernelCall {
  const input = call.arguments.findIndex(({ kind }) => kind === "read");
  const resized = call.arguments.map((argument, position) => (position === input - 1 ? literal(band) : argument));
  return withScratch({ ...call, bands, arguments: resized }, bandBytes(bands, band));
}
