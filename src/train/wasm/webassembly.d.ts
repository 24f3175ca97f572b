/** The part of the WebAssembly JavaScript interface that is used here; neither lib.es2023 nor @types/node 20 declares it. */
declare namespace WebAssembly {
  class Module {
    // A module is opaque; the brand keeps other objects out.
    private readonly brand: unique symbol;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
  }

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  function compile(bytes: Uint8Array): Promise<Module>;
}
