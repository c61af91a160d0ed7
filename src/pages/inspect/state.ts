/** Which sample is looked at and how, and the network's answer to it. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { LookRequest, LookView, MapRequest, SplitName, TokenGrid, WhatIf } from "../../train/inspect/types";
import { messageOf, type Store } from "../store";
import { ViewerState } from "../viewer/state";
import { type StageName, sampleAddress } from "./address";

/** What is drawn over pictures. */
export interface Overlays {
  readonly mesh: boolean;
  readonly truth: boolean;
  readonly predicted: boolean;
  /** Depth in place of colour. */
  readonly depth: boolean;
  /** The mesh in the colours of its errors. */
  readonly heat: boolean;
}

/** Which feature map is looked at: one figure over all channels, or the channels of a group. */
export interface MapChoice {
  readonly scale: number;
  readonly figure: "mean" | "max" | "norm" | "channels";
  /** The first channel of the group is this times `GROUP`. */
  readonly group: number;
}

/** Channels that are shown beside each other. */
export const GROUP = 12;

/** All that an answer depends on besides the weights; answers to the same question may be joined. */
interface Question {
  readonly split: SplitName;
  readonly index: number;
  readonly epoch: number | undefined;
  readonly whatIf: WhatIf | undefined;
  readonly checkpoint: number | undefined;
}

const FIRST_MAP: readonly MapRequest[] = [{ scale: 0, channel: "norm" }];

/** One sample under the inspector: what was chosen, and the last answer of the rank. */
export class InspectState {
  readonly split = signal<SplitName>("val");
  readonly index = signal(0);
  readonly stage = signal<StageName>("crop");
  /** Epoch in whose augmentation a training sample is shown; undefined as it is. */
  readonly epoch = signal<number | undefined>(undefined);
  /** Step of the checkpoint whose weights are looked at; undefined: the current ones. */
  readonly checkpoint = signal<number | undefined>(undefined);
  readonly checkpoints = signal<readonly number[]>([]);
  readonly whatIf = signal<WhatIf>({});
  /** undefined: the last block. */
  readonly block = signal<number | undefined>(undefined);
  /** undefined: the mean of all heads. */
  readonly head = signal<number | undefined>(undefined);
  /** The token whose attention is shown. */
  readonly token = signal(0);
  readonly map = signal<MapChoice>({ scale: 0, figure: "norm", group: 0 });
  readonly overlays = signal<Overlays>({ mesh: false, truth: true, predicted: true, depth: false, heat: false });
  readonly view = signal<LookView | undefined>(undefined);
  readonly problem = signal<string | undefined>(undefined);
  readonly isLoading = signal(false);
  /** Joint under the pointer, in whichever picture or table. */
  readonly joint = signal<number | undefined>(undefined);
  /** What is chosen in the 3D view, whichever sample is in it. */
  readonly viewer = new ViewerState();
  /** Places of the samples as the table of samples shows them: what is next and what was before. */
  readonly order = signal<{ readonly split: SplitName; readonly places: readonly number[] } | undefined>(undefined);
  /** The address asks for one sample; else for the table of samples. */
  readonly isSample = computed(() => {
    const { sample, look } = this.store.route.value;
    return sample !== undefined || Object.keys(look).some((name) => name !== "split");
  });
  private asked: Question | undefined;
  private tokens: TokenGrid | undefined;
  private channels: readonly number[] = [];
  private isStale = false;
  private ticket = 0;

  constructor(readonly store: Store) {
    // A new run has other samples and other weights.
    effect(() => {
      store.run.value;
      batch(() => {
        this.forget();
        this.index.value = 0;
        this.order.value = undefined;
        this.checkpoints.value = [];
        this.checkpoint.value = undefined;
        this.epoch.value = undefined;
        this.whatIf.value = {};
        this.block.value = undefined;
        this.head.value = undefined;
      });
    });
    effect(() => {
      const { page, sample, look } = store.route.value;
      const hasRun = store.run.value !== undefined;
      if (page !== "inspect") return;
      batch(() => {
        this.split.value = look.split ?? this.split.peek();
        this.index.value = look.index ?? this.index.peek();
        this.stage.value = look.stage ?? this.stage.peek();
        for (const name of ["epoch", "checkpoint", "block", "head"] as const) {
          if (look[name] !== undefined) this[name].value = look[name];
        }
        this.token.value = look.token ?? this.token.peek();
      });
      if (!hasRun) return;
      // What these read on their way is not what they follow.
      untracked(() => {
        if (sample !== undefined) void this.find(sample);
        else if (this.isSample.value) void this.load();
      });
    });
    effect(() => this.#writeAddress());
  }

  /** The address follows the view, so that it can be reloaded and shared; that is no step back. */
  #writeAddress(): void {
    const [split, index, stage] = [this.split.value, this.index.value, this.stage.value];
    const [epoch, checkpoint] = [this.epoch.value, this.checkpoint.value];
    const attention = { block: this.block.value, head: this.head.value, token: this.token.value || undefined };
    const hasRun = this.store.run.value !== undefined;
    const { page } = this.store.route.peek();
    // Before there is a run, the address is a wish that is not fulfilled yet.
    if (page !== "inspect" || !this.isSample.peek() || !hasRun) return;
    // Somebody has just gone elsewhere, and the route will follow.
    if (!location.hash.startsWith("#/inspect?")) return;
    const address = sampleAddress({ split, index, stage, epoch, checkpoint, ...(stage === "attention" && attention) });
    if (address !== location.hash) history.replaceState(history.state, "", address);
  }

  private forget(): void {
    this.view.value = undefined;
    this.problem.value = undefined;
    this.asked = undefined;
    this.tokens = undefined;
    this.channels = [];
  }

  /** Goes to the sample of that id, by the splits that the run has written. */
  async find(id: string): Promise<void> {
    try {
      const run = this.store.run.peek()!.name;
      const files = await this.store.rank.readFiles(run, ["splits/train.txt", "splits/val.txt"]);
      for (const split of ["train", "val"] as const) {
        const file = files.find(({ path }) => path === `splits/${split}.txt`);
        const index = file === undefined ? -1 : new TextDecoder().decode(file.bytes).split("\n").indexOf(id);
        if (index < 0) continue;
        this.split.value = split;
        return this.goTo(index);
      }
      this.problem.value = `The sample "${id}" is in neither split of the run.`;
    } catch (error) {
      this.problem.value = `The sample "${id}" could not be looked up: ${messageOf(error)}`;
    }
  }

  /** Samples in the chosen split; 0 without a run. */
  size(): number {
    const run = this.store.run.value;
    if (run === undefined) return 0;
    return this.split.value === "train" ? run.trainSamples : run.valSamples;
  }

  /** The first sample of a split; asks for it where samples are shown one by one. */
  choose(split: SplitName, isAsked = true): void {
    batch(() => {
      this.split.value = split;
      this.index.value = 0;
      if (split === "val") this.epoch.value = undefined;
    });
    if (isAsked) this.load();
  }

  /** The place of the sample in the table's order and how many are in it; undefined where it is not among them. */
  inOrder(): { readonly at: number; readonly places: readonly number[] } | undefined {
    const order = this.order.value;
    if (order === undefined || order.split !== this.split.value) return undefined;
    const at = order.places.indexOf(this.index.value);
    return at < 0 ? undefined : { at, places: order.places };
  }

  /** The sample `by` further in the table's order, else in that of the split; undefined at the end. */
  neighbour(by: 1 | -1): number | undefined {
    const order = this.inOrder();
    if (order !== undefined) return order.places[order.at + by];
    const to = this.index.value + by;
    return to >= 0 && to < this.size() ? to : undefined;
  }

  /** Goes to the next sample or the one before. */
  move(by: 1 | -1): void {
    const to = this.neighbour(by);
    if (to !== undefined) this.goTo(to);
  }

  /** Goes to sample `index`, held within the split. */
  goTo(index: number): void {
    const last = this.size() - 1;
    if (last < 0) return;
    this.index.value = Math.max(0, Math.min(last, index));
    this.load();
  }

  /** Changes what is looked at, and asks the rank when the answer at hand does not hold it. */
  show(change: () => void): void {
    batch(change);
    if (this.isMissing()) this.load();
  }

  goToStage(stage: StageName): void {
    this.show(() => {
      this.stage.value = stage;
    });
  }

  /** The block whose attention is shown; undefined before the first answer. */
  chosenBlock(): number | undefined {
    return this.tokens && Math.min(this.block.value ?? this.tokens.blocks - 1, this.tokens.blocks - 1);
  }

  /** The maps that the choice stands for; what is known of the network's channels limits them. */
  chosenMaps(): readonly MapRequest[] {
    const { scale, figure, group } = this.map.value;
    const channels = this.channels[scale];
    if (channels === undefined) return FIRST_MAP;
    if (figure !== "channels") return [{ scale, channel: figure }];
    const first = Math.min(group * GROUP, channels - 1);
    return Array.from({ length: Math.min(GROUP, channels - first) }, (_, i) => ({ scale, channel: first + i }));
  }

  /** Changes what is changed before the network sees the sample; {} changes nothing. */
  ask(whatIf: WhatIf): void {
    this.show(() => {
      this.whatIf.value = whatIf;
    });
  }

  /** Steps of the run's checkpoints, as the storage has them by now. */
  async findCheckpoints(): Promise<void> {
    const run = this.store.run.peek()?.name;
    if (run === undefined) return;
    try {
      this.checkpoints.value = await this.store.rank.checkpoints(run);
    } catch (error) {
      this.problem.value = `The checkpoints of "${run}" could not be listed: ${messageOf(error)}`;
    }
  }

  private question(): Question {
    const whatIf = Object.keys(this.whatIf.peek()).length === 0 ? undefined : this.whatIf.peek();
    const epoch = this.split.peek() === "val" ? undefined : this.epoch.peek();
    return {
      ...{ split: this.split.peek(), index: this.index.peek(), epoch, whatIf },
      checkpoint: this.checkpoint.peek(),
    };
  }

  private isAnswered(question: Question): boolean {
    const { asked } = this;
    if (asked === undefined) return false;
    return (["split", "index", "epoch", "whatIf", "checkpoint"] as const).every((key) => asked[key] === question[key]);
  }

  /** The answer at hand lacks something of what is looked at. */
  isMissing(): boolean {
    const view = this.view.peek();
    if (view === undefined || !this.isAnswered(this.question())) return true;
    const block = this.chosenBlock();
    const hasMap = ({ scale, channel }: MapRequest) =>
      view.maps.some((each) => each.scale === scale && each.channel === channel);
    return (
      !view.attention.some((each) => each.block === block) ||
      !this.chosenMaps().every(hasMap) ||
      (this.stage.peek() === "gradients" && view.gradients === undefined) ||
      view.frame === undefined ||
      (view.epoch !== undefined && view.steps.length === 0)
    );
  }

  private request({ split, index, epoch, whatIf, checkpoint }: Question): LookRequest {
    const view = this.view.peek();
    const isSame = this.isAnswered({ split, index, epoch, whatIf, checkpoint });
    const block = this.chosenBlock();
    const heads = block === undefined ? 0 : this.tokens!.heads;
    return {
      ...{ split, index, maps: this.chosenMaps() },
      ...(epoch !== undefined && { epoch }),
      ...(whatIf && { whatIf }),
      ...(block !== undefined && { attention: Array.from({ length: heads }, (_, head) => ({ block, head })) }),
      ...(this.stage.peek() === "gradients" && { gradients: true }),
      ...(!(isSame && view?.frame !== undefined) && { frame: true }),
      ...(epoch !== undefined && !(isSame && view?.steps.length) && { steps: true }),
    };
  }

  /** Asks the rank for what is chosen; when the choice changes meanwhile, once more for the last one. */
  async load(): Promise<void> {
    if (this.size() === 0) return;
    if (this.index.peek() >= this.size()) this.index.value = this.size() - 1;
    this.isStale = true;
    if (this.isLoading.peek()) return;
    this.ticket++;
    const { ticket } = this;
    this.isLoading.value = true;
    try {
      let isBlind = false;
      do {
        this.isStale = false;
        // Without the network's shape the first question cannot name the last block.
        isBlind = this.tokens === undefined;
        const question = this.question();
        const view = await this.store.rank.look(this.request(question), question.checkpoint);
        if (ticket !== this.ticket) return;
        this.take(view, question);
      } while (this.isStale || (isBlind && this.isMissing()));
    } catch (error) {
      if (ticket !== this.ticket) return;
      batch(() => {
        // Under the name of another sample the last answer would be taken for its own.
        if (!this.isAnswered(this.question())) this.view.value = undefined;
        const of = `${this.index.peek()} of ${this.split.peek() === "val" ? "validation" : "training"}`;
        this.problem.value = `Sample ${of} could not be shown: ${messageOf(error)}`;
      });
    }
    this.isLoading.value = false;
  }

  /** Takes an answer; parts of the last one that still hold stay. */
  private take(view: LookView, question: Question): void {
    const old = this.isAnswered(question) ? this.view.peek() : undefined;
    const gradients = view.gradients ?? (old?.step === view.step ? old.gradients : undefined);
    const frame = view.frame ?? old?.frame;
    const steps = view.steps.length > 0 ? view.steps : (old?.steps ?? []);
    this.asked = question;
    this.tokens = view.tokens;
    this.channels = view.sampling.map(({ channels }) => channels);
    batch(() => {
      this.view.value = { ...view, gradients, frame, steps };
      this.problem.value = undefined;
      this.token.value = Math.min(this.token.peek(), view.tokens.outputNorms.length - 1);
    });
  }

  /** Ends the question that is on its way, and goes back to what is shown. */
  cancel(): void {
    if (!this.isLoading.peek()) return;
    this.ticket++;
    // Whoever asked has gone on; the rank says no more than that it was cancelled.
    this.store.rank.cancelLook().catch(() => undefined);
    const { asked } = this;
    batch(() => {
      this.isLoading.value = false;
      if (asked === undefined) {
        this.problem.value = "The question to the rank was cancelled: Predict again asks once more.";
        return;
      }
      this.split.value = asked.split;
      this.index.value = asked.index;
      this.epoch.value = asked.epoch;
      this.checkpoint.value = asked.checkpoint;
      this.whatIf.value = asked.whatIf ?? {};
    });
  }
}
