/**
 * How many bytes of arena TFLite Micro needs for a model: its allocator is replayed allocation by allocation. Persistent data grows down from the
 * arena's end (the tail); the plan of the tensors, requests and temporaries share its start (the head). Which moment needs most differs from model to
 * model: small ones need most while they are prepared, not while they run. Follows micro/micro_allocator.cc, micro_allocation_info.cc and
 * micro_interpreter.cc of esp-tflite-micro 1.4.0.
 */
import { type Int8Graph, type Operator, tensorBytes } from "../../graph/types.js";
import {
  builtinDataSize,
  intArrayBytes,
  opDataSize,
  roundUp,
  structSize,
  type TflmRuntime,
  type TflmStruct,
} from "./tflm-layout.js";
import { PLANNER_BYTES_PER_BUFFER, type PlannedBuffer, planGreedily } from "./tflm-planner.js";
import { scratchRequests } from "./tflm-scratch.js";

export interface TflmArena {
  /** The smallest arena that works, a multiple of 16; the arena itself must be aligned to 16. */
  readonly bytes: number;
  /** Of these the planned tensors and scratch buffers, and the persistent data. Their sum is smaller where preparing needs most. */
  readonly headBytes: number;
  readonly tailBytes: number;
}

/** MicroArenaBufferAlignment() */
const ALIGNMENT = 16;
/** kMaxScratchBuffersPerOp: room for so many requests is kept for the operator being prepared. */
const REQUESTS_PER_OPERATOR = 12;

/** For a graph whose tensors are those of the flatbuffer, in its order, without offline memory plan. */
export function tflmArena(graph: Int8Graph, runtime: TflmRuntime): TflmArena {
  return new ArenaReplay(graph, runtime).run();
}

class ArenaReplay {
  private head = 0;
  private temporary = 0;
  private tail = 0;
  private peak = 0;
  private requests = 0;
  private readonly pointer: number;

  constructor(
    private readonly graph: Int8Graph,
    private readonly runtime: TflmRuntime,
  ) {
    this.pointer = runtime.pointerBytes;
  }

  run(): TflmArena {
    const { operators, inputs, outputs } = this.graph;
    this.create();
    this.startModel();
    for (const operator of operators) this.prepare(operator);
    this.keep(this.requests * this.sizeOf("ScratchBufferHandle"), this.pointer);
    this.plan();
    for (const ends of [inputs, outputs]) {
      this.keep(this.pointer * ends.length, ALIGNMENT);
      for (const index of ends) this.tensor(index, (bytes, alignment) => this.keep(bytes, alignment));
    }
    return { bytes: roundUp(this.peak, ALIGNMENT), headBytes: this.head, tailBytes: this.tail };
  }

  /** MicroAllocator::Create */
  private create(): void {
    for (const name of ["SingleArenaBufferAllocator", "GreedyMemoryPlanner", "MicroAllocator"] as const) {
      this.keepStruct(name);
    }
    this.keep(this.runtime.allocatorBytes ?? 0, this.pointer);
  }

  /** MicroAllocator::StartModelAllocation, the flatbuffer's options, and the kernels' init functions. */
  private startModel(): void {
    const { tensors, operators } = this.graph;
    this.keepStruct("MicroBuiltinDataAllocator");
    this.reserveRequests();
    this.keepStruct("SubgraphAllocations");
    this.keepStruct("TfLiteEvalTensor", tensors.length);
    this.keepStruct("NodeAndRegistration", operators.length);
    for (const { kind } of operators) {
      const { size, alignment } = builtinDataSize(kind, this.runtime);
      this.keep(size, alignment);
    }
    for (const { kind } of operators) {
      const { size } = opDataSize(kind, this.runtime);
      if (size > 0) this.keep(size, ALIGNMENT);
    }
  }

  /** A kernel's prepare function. Its temporaries pile up until it is done. */
  private prepare(operator: Operator): void {
    const { before, perChannel, after } = preparation(this.graph, operator);
    for (const index of before) this.temporaryTensor(index);
    for (let array = 0; perChannel > 0 && array < 2; array++) this.keep(4 * perChannel, ALIGNMENT);
    for (const index of after) this.temporaryTensor(index);
    this.requests += scratchRequests(this.graph, operator, this.runtime).length;
    this.reserveRequests();
  }

  /** MicroAllocator::CommitStaticMemoryPlan: the planner's own arrays lie in the arena too. */
  private plan(): void {
    const buffers = plannedBuffers(this.graph, this.runtime);
    this.borrow(this.pointer, this.pointer);
    const infos = this.graph.tensors.length + this.requests;
    this.borrow(infos * this.sizeOf("AllocationInfo"), this.pointer);
    const planner = roundUp(this.temporary, ALIGNMENT) + PLANNER_BYTES_PER_BUFFER * buffers.length;
    this.note(planner + roundUp(this.tail, ALIGNMENT));
    this.resizeHead(planGreedily(buffers).bytes);
  }

  private sizeOf(name: TflmStruct): number {
    return structSize(name, this.runtime).size;
  }

  private keepStruct(name: TflmStruct, count = 1): void {
    const { size, alignment } = structSize(name, this.runtime);
    this.keep(size * count, alignment);
  }

  private temporaryTensor(index: number): void {
    if (index >= 0) this.tensor(index, (bytes, alignment) => this.borrow(bytes, alignment));
  }

  /** A TfLiteTensor and its quantization, which gets a copy of the zero points. */
  private tensor(index: number, allocate: (bytes: number, alignment: number) => void): void {
    allocate(this.sizeOf("TfLiteTensor"), this.pointer);
    const { quantization } = this.graph.tensors[index];
    if (quantization === undefined) return;
    allocate(this.sizeOf("TfLiteAffineQuantization"), this.pointer);
    allocate(intArrayBytes(quantization.scale.length), 4);
  }

  private reserveRequests(): void {
    this.resizeHead((this.requests + REQUESTS_PER_OPERATOR) * this.sizeOf("ScratchBufferRequest"));
  }

  private resizeHead(bytes: number): void {
    this.head = bytes;
    this.temporary = bytes;
    this.note(this.head + this.tail);
  }

  private borrow(bytes: number, alignment: number): void {
    this.temporary = roundUp(this.temporary, alignment) + bytes;
    this.note(this.temporary + this.tail);
  }

  /** The allocator only keeps clear of the head here, and would write over temporaries that are still read: they are counted too. */
  private keep(bytes: number, alignment: number): void {
    this.tail = roundUp(this.tail + bytes, alignment);
    this.note(this.temporary + this.tail);
  }

  private note(bytes: number): void {
    this.peak = Math.max(this.peak, bytes);
  }
}

interface Preparation {
  /** Tensors looked at, in order, before and after the arrays of per-channel multipliers and shifts are allocated; -1 for none. */
  readonly before: readonly number[];
  /** Length of these arrays; 0 when there are none. */
  readonly perChannel: number;
  readonly after: readonly number[];
}

function preparation({ tensors }: Int8Graph, operator: Operator): Preparation {
  const [input, second = -1, bias = -1] = operator.inputs;
  const [output] = operator.outputs;
  switch (operator.kind) {
    case "CONV_2D":
    case "DEPTHWISE_CONV_2D": {
      const perChannel = tensors[second].shape[operator.kind === "CONV_2D" ? 0 : 3];
      return { before: [output, input, second], perChannel, after: [input, second, bias, output] };
    }
    case "FULLY_CONNECTED": {
      const scales = tensors[second].quantization?.scale.length ?? 1;
      return { before: [input, second, bias, output], perChannel: scales > 1 ? scales : 0, after: [] };
    }
    case "MEAN":
      return { before: [input, output, second, input, second, output], perChannel: 0, after: [] };
    case "ADD":
    case "SUB":
    case "MUL":
    case "PAD":
    case "PADV2":
    case "EXPAND_DIMS":
    case "STRIDED_SLICE":
    case "TRANSPOSE":
    case "RESIZE_NEAREST_NEIGHBOR":
    case "RESIZE_BILINEAR":
      return { before: [...operator.inputs, output], perChannel: 0, after: [] };
    case "CONCATENATION":
      return { before: [input, output, ...operator.inputs], perChannel: 0, after: [] };
    case "TANH":
      return { before: [input, input, output], perChannel: 0, after: [] };
    case "RELU6":
      return { before: [input], perChannel: 0, after: [] };
    default:
      return { before: [input, output], perChannel: 0, after: [] };
  }
}

/** AllocationInfoBuilder: what is planned, with lifetimes counted in scopes: 0 before the first operator, n while operator n - 1 runs. */
function plannedBuffers(graph: Int8Graph, runtime: TflmRuntime): PlannedBuffer[] {
  const { tensors, operators, inputs, outputs } = graph;
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  const create = (tensor: number, scope: number) => first.set(tensor, first.get(tensor) ?? scope);
  for (const tensor of inputs) {
    create(tensor, 0);
    last.set(tensor, 0);
  }
  for (const [index, operator] of operators.entries()) {
    for (const tensor of operator.outputs) create(tensor, index + 1);
    for (const tensor of [...operator.inputs, ...operator.outputs]) last.set(tensor, index + 1);
  }
  for (const tensor of outputs) {
    create(tensor, operators.length);
    last.set(tensor, operators.length);
  }
  const planned = tensors.flatMap((tensor, index) => {
    const size = tensor.data === undefined ? roundUp(tensorBytes(tensor), ALIGNMENT) : 0;
    return size === 0 ? [] : [{ size, first: first.get(index) ?? -1, last: last.get(index) ?? -1 }];
  });
  const scratch = operators.flatMap((operator, index) =>
    scratchRequests(graph, operator, runtime).map((bytes) => ({
      size: roundUp(bytes, ALIGNMENT),
      first: index + 1,
      last: index + 1,
    })),
  );
  return [...planned, ...scratch];
}
