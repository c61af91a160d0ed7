import { assemble, finish, type ParsedConfig } from "./assemble";
import { nearest } from "./nearest";
import { PRESETS } from "./presets";
import { expandQuirks } from "./quirks";
import { ConfigError, type PresetName } from "./types";
import { readNumber } from "./values";
import { pyYamlFloat } from "./write";
import type { YamlNode } from "./yaml";

/** Reads the original UTNet's config.yaml. Every key that does nothing here and every converted value gives a sentence. */

type YamlMap = Extract<YamlNode, { kind: "map" }>;

const MILLIMETRE = 0.001;

/** Elements of a sample in the original's sums: 21 joints of two and of three coordinates. */
const ELEMENTS_2D = 42;
const ELEMENTS_3D = 63;

/** A new layer learns this much faster than the pretrained backbone. */
const HEAD_RATE = 10;

/** Keys without an effect here, and why. */
const UNUSED: Readonly<Record<string, string>> = {
  "dataset.name": "the data set is chosen when a run starts",
  "dataset.root_dir": "the data set is chosen when a run starts",
  "dataset.setup": "it belongs to DexYCB",
  "dataset.split": "the split is made by data.splitBy and data.valFraction",
  "dataset.version": "the folder itself tells HO-3D's version",
  "model.num_hand_joints": "the hand model tells it",
  "model.num_vertices": "the hand model tells it",
  "model.focal_length": "with model.camera metric the focal length comes from the data; pretend is 5000/256",
  "model.use_official_naf": "the original never read it either",
  "model.pretrained_weights": "pretrained weights are no part of a configuration",
  "mano.model_path": "the hand model is chosen when a run starts",
  "mano.mean_params_path": "the mean parameters come with the hand model",
  "mano.gender": "the original never read it either",
  "mano.num_hand_joints": "the hand model tells it",
  "detector.path": "crops come from the annotations",
  "detector.conf_threshold": "crops come from the annotations",
  "detector.iou_threshold": "crops come from the annotations",
  "training.num_workers": "data.threads counts the threads that make samples, and the machine decides by default",
  "training.learning_rate": "the original never read it either; optimizer.lr counts",
  "training.weight_decay": "the original never read it either; optimizer.weight_decay counts",
  "training.save_dir": "the run's folder is chosen when it starts",
  "training.log_dir": "the run's folder is chosen when it starts",
  "training.save_freq": "run.checkpointEvery counts steps; a checkpoint is written after every epoch",
  "training.test_freq": "the original never read it either; an evaluation follows every epoch",
  "scheduler.T_max": "the cosine spans the whole run",
  device: "the WebGPU adapter is used",
  "logging.log_freq": "every step is logged",
  "logging.tensorboard": "event files are always written",
};

const USED = [
  ...["dataset.img_size", "dataset.input_modal", "dataset.p_drop", "dataset.cube_size", "dataset.color_factor"],
  ...["model.img_size", "model.patch_size", "model.embed_dim", "model.vit_depth", "model.vit_num_heads"],
  ...["model.num_scales", "model.joint_rep_type"],
  ...["loss.w_2d", "loss.w_3d_joint", "loss.w_3d_vert", "loss.w_prior", "loss.w_aux"],
  ...["loss.use_vertex_loss", "loss.use_aux_loss"],
  ...["training.batch_size", "training.num_epochs", "training.warmup_epochs", "training.val_split_ratio"],
  ...["optimizer.type", "optimizer.lr", "optimizer.weight_decay", "optimizer.betas"],
  ...["scheduler.type", "scheduler.eta_min"],
  ...["augmentation.sigma_com", "augmentation.sigma_sc", "augmentation.rot_range"],
];

const KNOWN = [...USED, ...Object.keys(UNUSED)];

/** True when the file has sections or keys that only the original has. */
export function isOriginal(root: YamlMap): boolean {
  return root.entries.some(
    ({ key, node }) =>
      ["dataset", "training", "optimizer", "scheduler", "mano"].includes(key) ||
      (key === "model" && node.kind === "map" && node.entries.some((entry) => entry.key === "embed_dim")),
  );
}

/** Throws ConfigError for unknown keys and for values that cannot be converted. */
export function convertOriginal(root: YamlMap, quirkNames: readonly string[]): ParsedConfig {
  const reader = new Reader(root);
  const values = new Map<string, unknown>();
  const take = (key: string, path: string, convert: (x: number) => number = (x) => x, why = ""): number | undefined => {
    const found = reader.number(key);
    if (found === undefined) return undefined;
    const value = convert(found);
    values.set(path, value);
    if (why !== "") reader.say(key, `${found} becomes ${path} ${shown(value)}: ${why}`);
    return found;
  };

  const dim = take("model.embed_dim", "model.dim") ?? 1280;
  const preset: PresetName = dim >= 1280 ? "huge" : dim >= 768 ? "base" : dim >= 384 ? "small" : "tiny";
  take("model.patch_size", "model.patch");
  take("model.vit_depth", "model.depth");
  take("model.vit_num_heads", "model.heads");
  take("model.num_scales", "model.scales");
  const jointRep = reader.text("model.joint_rep_type", "6d", "aa") === "aa" ? "aa" : "6d";
  values.set("model.jointRep", jointRep);
  imageSize(reader, values);

  take("dataset.p_drop", "data.augment.dropDepth");
  if (reader.text("dataset.input_modal", "RGBD", "RGB") === "RGB") {
    values.set("data.augment.dropDepth", 1);
    reader.say("dataset.input_modal", "RGB becomes data.augment.dropDepth 1.0: no training sample shows its depth");
  }
  cube(reader, values);
  take("dataset.color_factor", "data.augment.brightness", (x) => x, "and contrast and saturation likewise");
  for (const name of ["contrast", "saturation"]) {
    const factor = values.get("data.augment.brightness");
    if (factor !== undefined) values.set(`data.augment.${name}`, factor);
  }
  const side = (values.get("data.depthCube") as number | undefined) ?? 0.28;
  take("augmentation.sigma_com", "data.augment.depthShift", (mm) => mm * MILLIMETRE, "metres instead of millimetres");
  take("augmentation.sigma_com", "data.augment.shift", (mm) => (mm * MILLIMETRE) / side, "a share of the crop");
  take("augmentation.sigma_sc", "data.augment.scale");
  take("augmentation.rot_range", "data.augment.rotation", (deg) => (deg * Math.PI) / 180, "radians instead of degrees");

  take("training.batch_size", "optim.batch", (x) => x, "of all ranks together; the original's was each GPU's own");
  take("training.num_epochs", "run.epochs");
  take("training.val_split_ratio", "data.valFraction");
  const warmup = reader.number("training.warmup_epochs");
  if (warmup !== undefined) {
    const { warmupSteps } = PRESETS[preset]().optim;
    reader.say(
      "training.warmup_epochs",
      `${warmup} is not converted: the warm-up is counted in steps here and optim.warmupSteps is ${warmupSteps}; the original had none`,
    );
  }
  optimizer(reader, values, take);
  const { quirks } = expandQuirks(quirkNames, jointRep);
  losses(reader, values, quirks.includes("loss-sum-mm"));

  const { problems, warnings } = reader.finish();
  if (problems.length > 0) throw new ConfigError(problems);
  return finish(assemble(PRESETS[preset](), values), quirkNames, warnings);
}

type Take = (key: string, path: string, convert?: (x: number) => number, why?: string) => number | undefined;

function imageSize(reader: Reader, values: Map<string, unknown>): void {
  const [height, width] = reader.numbers("model.img_size", 2) ?? [];
  const other = reader.numbers("dataset.img_size", 2);
  if (height !== undefined) {
    values.set("model.height", height);
    values.set("model.width", width);
  }
  if (other && height !== undefined && (other[0] !== height || other[1] !== width))
    reader.say("dataset.img_size", `[${other.join(", ")}] does nothing: model.img_size [${height}, ${width}] counts`);
}

function cube(reader: Reader, values: Map<string, unknown>): void {
  const sides = reader.numbers("dataset.cube_size", 3);
  if (!sides) return;
  if (sides.some((s) => s !== sides[2]))
    reader.fail("dataset.cube_size", `is [${sides.join(", ")}], expected three equal sides`);
  const metres = sides[2] * MILLIMETRE;
  values.set("data.depthCube", metres);
  reader.say("dataset.cube_size", `${sides[2]} mm becomes data.depthCube ${shown(metres)}: metres`);
}

function optimizer(reader: Reader, values: Map<string, unknown>, take: Take): void {
  reader.text("optimizer.type", "AdamW");
  reader.text("scheduler.type", "cosine");
  const lr = take("optimizer.lr", "optim.lrBackbone");
  if (lr !== undefined) {
    values.set("optim.lr", HEAD_RATE * lr);
    reader.say(
      "optimizer.lr",
      `${shown(lr)} becomes optim.lrBackbone, and optim.lr of the new layers is ${shown(HEAD_RATE * lr)}; the original moved both alike (quirk one-learning-rate)`,
    );
  }
  take("optimizer.weight_decay", "optim.weightDecay");
  take("scheduler.eta_min", "optim.minLr");
  const betas = reader.numbers("optimizer.betas", 2);
  if (betas) {
    values.set("optim.beta1", betas[0]);
    values.set("optim.beta2", betas[1]);
  }
}

/**
 * The original sums absolute errors over a batch; the weights were WiLoR's, for sums in metres. A mean over the elements
 * keeps a sample's share when the weight is multiplied by their number. With the quirk loss-sum-mm the weights stay.
 */
function losses(reader: Reader, values: Map<string, unknown>, keepsSums: boolean): void {
  const weigh = (key: string, path: string, elements: number, why: string): void => {
    const found = reader.number(key);
    if (found === undefined) return;
    const factor = keepsSums ? 1 : elements;
    values.set(path, factor * found);
    if (factor !== 1) reader.say(key, `${found} becomes ${path} ${shown(factor * found)}: ${why}`);
  };
  weigh("loss.w_2d", "loss.w2d", ELEMENTS_2D, `a mean over ${ELEMENTS_2D} coordinates instead of their sum`);
  weigh(
    "loss.w_3d_joint",
    "loss.w3dJoint",
    ELEMENTS_3D,
    `a mean over ${ELEMENTS_3D} coordinates in metres instead of their sum in millimetres, which made the term 1000 times larger than the weight was meant for (quirk loss-sum-mm)`,
  );
  weigh("loss.w_3d_vert", "loss.w3dVert", 1, "");
  weigh("loss.w_prior", "loss.wPrior", 1, "");
  weigh("loss.w_aux", "loss.wAux", 1, "");
  if (reader.flag("loss.use_vertex_loss") === false && values.get("loss.w3dVert") !== 0) {
    values.set("loss.w3dVert", 0);
    reader.say("loss.use_vertex_loss", "false becomes loss.w3dVert 0.0");
  }
  if (reader.flag("loss.use_aux_loss") === false) {
    values.set("loss.wAux", 0);
    reader.say("loss.use_aux_loss", "false becomes loss.wAux 0.0");
  }
}

const shown = (value: number): string =>
  Number.isInteger(value) ? String(value) : pyYamlFloat(Number(value.toPrecision(6)));

interface Leaf {
  readonly node: YamlNode;
  readonly line: number;
}

/** The file's leaves by path. Collects problems and sentences. */
class Reader {
  readonly #leaves = new Map<string, Leaf>();
  readonly #problems: string[] = [];
  readonly #warnings: { readonly line: number; readonly text: string }[] = [];

  constructor(root: YamlMap) {
    const sections = new Set(KNOWN.filter((path) => path.includes(".")).map((path) => path.split(".")[0]));
    for (const { key, line, node } of root.entries) {
      if (sections.has(key) && node.kind === "map") {
        for (const entry of node.entries) this.#add(`${key}.${entry.key}`, entry.line, entry.node);
      } else if (sections.has(key)) this.#problems.push(`line ${line}: ${key} holds no keys`);
      else this.#add(key, line, node);
    }
  }

  #add(path: string, line: number, node: YamlNode): void {
    this.#leaves.set(path, { node, line });
    if (Object.hasOwn(UNUSED, path)) this.say(path, `does nothing here: ${UNUSED[path]}`);
    else if (!USED.includes(path))
      this.#problems.push(
        `line ${line}: "${path}" is not a key of the original's config; did you mean "${nearest(path, KNOWN)}"?`,
      );
  }

  say(path: string, text: string): void {
    const line = this.#leaves.get(path)?.line ?? 0;
    const sentence = `${path} ${text}`;
    if (!this.#warnings.some((each) => each.text === sentence)) this.#warnings.push({ line, text: sentence });
  }

  fail(path: string, text: string): undefined {
    const sentence = `line ${this.#leaves.get(path)?.line ?? 0}: ${path} ${text}`;
    if (!this.#problems.includes(sentence)) this.#problems.push(sentence);
    return undefined;
  }

  number(path: string): number | undefined {
    const leaf = this.#leaves.get(path);
    return leaf && this.#number(path, leaf.node);
  }

  #number(path: string, node: YamlNode): number | undefined {
    if (node.kind !== "scalar") return this.fail(path, "expected a number");
    const { value, warning, problem } = readNumber(path, node);
    if (problem !== undefined) return this.fail(path, problem.slice(path.length + 1));
    if (typeof value !== "number" || !Number.isFinite(value))
      return this.fail(path, `is ${JSON.stringify(node.value)}, expected a finite number`);
    if (warning !== undefined) this.say(path, warning.slice(path.length + 1));
    return value;
  }

  numbers(path: string, count: number): number[] | undefined {
    const leaf = this.#leaves.get(path);
    if (!leaf) return undefined;
    if (leaf.node.kind !== "list" || leaf.node.items.length !== count)
      return this.fail(path, `expected ${count} numbers`);
    const values = leaf.node.items.map((item) => this.#number(path, item));
    return values.includes(undefined) ? undefined : (values as number[]);
  }

  text(path: string, ...choices: string[]): string | undefined {
    const leaf = this.#leaves.get(path);
    if (!leaf) return undefined;
    const value = leaf.node.kind === "scalar" ? leaf.node.value : undefined;
    if (typeof value === "string" && choices.includes(value)) return value;
    return this.fail(path, `is ${JSON.stringify(value)}, expected ${choices.join(" or ")}`);
  }

  flag(path: string): boolean | undefined {
    const leaf = this.#leaves.get(path);
    if (!leaf) return undefined;
    const value = leaf.node.kind === "scalar" ? leaf.node.value : undefined;
    return typeof value === "boolean" ? value : this.fail(path, `is ${JSON.stringify(value)}, expected true or false`);
  }

  /** Sentences in the order of the file. */
  finish(): { readonly problems: readonly string[]; readonly warnings: readonly string[] } {
    const sorted = [...this.#warnings].sort((a, b) => a.line - b.line);
    return { problems: this.#problems, warnings: sorted.map(({ line, text }) => `line ${line}: ${text}`) };
  }
}
