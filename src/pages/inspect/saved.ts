/** What a sample of a file has and lacks. Pure. */
import type { LookView, MapRequest } from "../../train/inspect/types";
import type { StageName } from "./address";
import { GROUP, type MapChoice } from "./map-choice";

/** The map that the file holds first; the usual choice where it holds none. */
export function keptMap({ maps }: Pick<LookView, "maps">): MapChoice {
  const [first] = maps;
  if (first === undefined) return { scale: 0, figure: "norm", group: 0 };
  const { scale, channel } = first;
  if (typeof channel === "number") return { scale, figure: "channels", group: Math.floor(channel / GROUP) };
  return { scale, figure: channel, group: 0 };
}

/** What is looked at of a sample. */
export interface Looked {
  readonly stage: StageName;
  readonly block: number | undefined;
  readonly head: number | undefined;
  readonly maps: readonly MapRequest[];
}

/** Why a stage of a saved sample cannot be shown as it is looked at, a sentence; undefined where it can. */
export function lackOf(view: LookView, { stage, block, head, maps }: Looked): string | undefined {
  switch (stage) {
    case "frame":
      return view.frame === undefined ? "The frame was not kept with this sample." : undefined;
    case "augmentation":
      if (view.steps.length > 0) return undefined;
      return view.epoch === undefined
        ? "This sample was kept as it is, without augmentation: the steps of an augmented one need the network's run."
        : "The steps of the augmentation were not kept with this sample.";
    case "attention": {
      const blocks = [...new Set(view.attention.map((each) => each.block))];
      if (blocks.length === 0) return "The attention was not kept with this sample: it needs the network.";
      if (block === undefined || !blocks.includes(block)) {
        return `The file holds the attention of block ${blocks.map((each) => each + 1).join(", ")}: that of another block needs the network.`;
      }
      const has = view.attention.some((each) => each.block === block && each.head === head);
      return head === undefined || has
        ? undefined
        : `The file holds other heads of block ${block + 1} than head ${head + 1}: that one needs the network.`;
    }
    case "maps": {
      if (view.maps.length === 0) return "No feature map was kept with this sample: they need the network.";
      const has = ({ scale, channel }: MapRequest): boolean =>
        view.maps.some((each) => each.scale === scale && each.channel === channel);
      return maps.every(has)
        ? undefined
        : `The file holds ${view.maps.map(mapName).slice(0, 6).join(", ")}: other maps need the network.`;
    }
    case "gradients":
      return view.gradients === undefined
        ? "The gradient was not computed when this sample was kept: it needs the network."
        : undefined;
    default:
      return undefined;
  }
}

const mapName = ({ scale, channel }: MapRequest): string =>
  typeof channel === "number" ? `channel ${channel + 1} of map ${scale + 1}` : `the ${channel} of map ${scale + 1}`;
