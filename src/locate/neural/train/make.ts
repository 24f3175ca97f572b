/** A detector from its recipe: scenes, training with mining, int8, threshold. Each step is kept in the store, so an interrupted run goes on after the last. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFile, writeJson } from "../../../files/write.js";
import { scoreGraph } from "../../../graph/score.js";
import type { Artifact } from "../../../pipeline/store.js";
import { inputQuantization } from "../../../preprocess/types.js";
import type { TrainingBackend } from "../../../train/backend.js";
import { threadCount } from "../../../train/evaluate.js";
import { loadFloatModel, saveFloatModel } from "../../../train/float-model.js";
import { initialParameters } from "../../../train/initialize.js";
import { macCount, type Network, parameterLayout } from "../../../train/network.js";
import { createWasmBackend } from "../../../train/wasm/backend.js";
import { composing, obtainScenes, type ScenesRequest } from "../../train/obtain-scenes.js";
import { ScenePool } from "../../train/scene-pool.js";
import { chooseConfidence, type OperatingPoint, type SearchedScene } from "../../train/threshold.js";
import { buildDetector } from "../architecture.js";
import { decodeTables } from "../box-code.js";
import { fitFrame } from "../canvas.js";
import { decodeMap } from "../decode.js";
import { decodeNeuralModel, encodeNeuralModel, type LocatorDescription, type NeuralModel } from "../model.js";
import { SceneBatches } from "./batches.js";
import { mineScenes } from "./mine.js";
import { quantizeDetector } from "./quantize.js";
import type { DetectorRecipe } from "./recipe.js";
import { type DetectorRequest, trainDetector } from "./train.js";

export interface MakeRequest extends ScenesRequest {
  readonly recipe: DetectorRecipe;
}

export interface MadeDetector {
  readonly model: NeuralModel;
  readonly bytes: Uint8Array;
  readonly macs: number;
  readonly parameters: number;
  /** Scenes trained on, mined ones included. */
  readonly scenes: number;
  /** On validation scenes, by the int8 network. */
  readonly validation: OperatingPoint & { readonly scenes: number };
  readonly cached: boolean;
}

/** Logit that the map begins with: faces are rare, and a network that knows it is not frightened by its first batch. */
const FIRST_LOGIT = -4;
const MODEL_FILE = "model.tflite";

export async function makeDetector(request: MakeRequest): Promise<MadeDetector> {
  const maker = new DetectorMaker(request);
  const scenes = await obtainScenes(request, "train");
  const trained = await maker.trained(scenes);
  const validation = await obtainScenes(request, "val");
  return maker.deployed(scenes, trained, validation);
}

interface TrainedMeta {
  readonly scenes: number;
  readonly losses: readonly number[];
}

class DetectorMaker {
  private readonly threads: number;
  private readonly network: Network;

  constructor(private readonly request: MakeRequest) {
    this.threads = threadCount(request.threads);
    this.network = buildDetector(request.recipe.canvas);
  }

  async trained(scenes: Artifact<unknown>): Promise<Artifact<TrainedMeta> & { readonly cached: boolean }> {
    const { recipe, store, context } = this.request;
    const { seed, canvas, normalize, mining, train } = recipe;
    return store.obtain<TrainedMeta>({
      stage: "locator-train",
      revision: 1,
      options: { seed, canvas, normalize, mining, train, network: this.network },
      inputs: [scenes.key],
      produce: async (dir) => {
        context.reporter.stage("train", `${train.epochs} epochs, ${macCount(this.network)} multiply-accumulates`);
        const pool = await ScenePool.load(scenes.dir, mining.keep * mining.after.length);
        const { parameters, losses } = await this.train(pool);
        await saveFloatModel({ network: this.network, parameters }, dir);
        await pool.save(dir);
        return { scenes: pool.count, losses };
      },
    });
  }

  private async train(pool: ScenePool): Promise<{ parameters: Float32Array; losses: number[] }> {
    const { train } = this.request.recipe;
    const { cropEpochs: epochs, cropSide: side } = train;
    const backend = await this.backend(this.network);
    const small = await this.backend(buildDetector({ width: side, height: side }));
    try {
      return await this.trainOn(pool, backend, { epochs, side, backend: small });
    } finally {
      await backend.dispose();
      await small.dispose();
    }
  }

  private backend(network: Network): Promise<TrainingBackend> {
    const { recipe } = this.request;
    const { batchSize } = recipe.train;
    const input = inputQuantization(recipe);
    return createWasmBackend({ network, batchSize, input, threads: this.threads, task: "detect" });
  }

  private async trainOn(
    pool: ScenePool,
    backend: TrainingBackend,
    crops: DetectorRequest["crops"] & {},
  ): Promise<{ parameters: Float32Array; losses: number[] }> {
    const { recipe, context } = this.request;
    const { mining, train, seed } = recipe;
    const losses: number[] = [];
    let first = recipe.scenes.train;
    const onEpoch = async (epoch: number, parameters: Float32Array, loss: number) => {
      losses.push(loss);
      context.reporter.info(`epoch ${epoch}/${train.epochs}: loss ${loss.toFixed(3)}, ${pool.count} scenes`);
      if (!mining.after.includes(epoch)) return;
      const request = { ...composing(this.request, "train", first, mining.look), ...mining, input: recipe, backend };
      const logit = await mineScenes({ ...request, first }, parameters, pool);
      first += mining.look;
      context.reporter.info(
        `mined ${mining.keep} of ${mining.look} scenes: false faces from logit ${logit.toFixed(2)}`,
      );
    };
    const parameters = await trainDetector({
      network: this.network,
      input: recipe,
      pool,
      options: { ...train, seed },
      initial: initialDetector(this.network, seed),
      backend,
      crops,
      context,
      onEpoch,
    });
    return { parameters, losses };
  }

  async deployed(
    scenes: Artifact<unknown>,
    trained: Artifact<TrainedMeta> & { readonly cached: boolean },
    validation: Artifact<unknown>,
  ): Promise<MadeDetector> {
    const { recipe, store } = this.request;
    const { seed, canvas, normalize, train, quantize, falseFaces, spread } = recipe;
    const result = await store.obtain<MadeDetector["validation"]>({
      stage: "locator-quantize",
      revision: 1,
      options: { seed, canvas, normalize, train, quantize, falseFaces, spread },
      inputs: [scenes.key, trained.key, validation.key],
      produce: async (dir) => {
        const { bytes, point } = await this.quantize(trained, validation);
        await writeFile(join(dir, MODEL_FILE), bytes);
        await writeJson(join(dir, "validation.json"), point);
        return point;
      },
    });
    const path = join(result.dir, MODEL_FILE);
    const bytes = await readFile(path);
    return {
      model: decodeNeuralModel(bytes, path),
      bytes,
      macs: macCount(this.network),
      parameters: parameterLayout(this.network).reduce((sum, { size }) => sum + size, 0),
      scenes: trained.meta.scenes,
      validation: result.meta,
      cached: trained.cached,
    };
  }

  private async quantize(trained: Artifact<TrainedMeta>, validation: Artifact<unknown>) {
    const { recipe, context } = this.request;
    const { canvas, normalize, quantize, train, seed } = recipe;
    context.reporter.stage("quantize", `int8, ${quantize.epochs} epochs with int8 simulated`);
    const pool = await ScenePool.load(trained.dir);
    const { graph } = await quantizeDetector({
      model: await loadFloatModel(trained.dir),
      input: recipe,
      pool,
      options: { ...train, seed },
      quantize,
      threads: this.threads,
      context,
      createBackend: createWasmBackend,
    });
    const tables = decodeTables(graph.tensors[graph.outputs[0]].quantization!);
    const { confidence, side, ...rest } = tables;
    const description: LocatorDescription = {
      formatVersion: 1,
      kind: "neural",
      canvas,
      normalize,
      tables: { confidence: [...confidence], side: [...side], ...rest },
      threshold: 1000,
      spread: recipe.spread,
    };
    const searched = await this.search(graph, description, await ScenePool.load(validation.dir));
    const point = chooseConfidence(searched, recipe.falseFaces);
    const bytes = encodeNeuralModel(graph, { ...description, threshold: point.threshold });
    return { bytes, point: { ...point, scenes: searched.length } };
  }

  /** Candidates of the int8 network in every scene of a pool. */
  private async search(
    graph: NeuralModel["graph"],
    { canvas, tables }: LocatorDescription,
    pool: ScenePool,
  ): Promise<SearchedScene[]> {
    const { recipe, context } = this.request;
    const batches = new SceneBatches(pool, recipe, recipe.seed);
    const { width, height } = fitFrame(canvas, pool.width, pool.height);
    function* inputs() {
      for (let i = 0; i < pool.count; i++) yield batches.plain([i]).inputs;
    }
    const maps = scoreGraph(graph, inputs(), pool.count, "validation", context);
    return maps.map((map, i) => ({
      scene: pool.scenes[i],
      candidates: decodeMap(map, tables, canvas, width, height),
    }));
  }
}

/** As every network's, but for the logits' bias. */
export function initialDetector(network: Network, seed: number): Float32Array {
  const parameters = initialParameters(network, seed);
  const bias = parameterLayout(network).at(-1)!;
  parameters[bias.offset] = FIRST_LOGIT;
  return parameters;
}
