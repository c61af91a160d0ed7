import type { DataSummary } from "../../data/summary";
import { count, fixed, plural } from "../format";
import { Icon } from "../widgets/icons";
import { Scroll } from "./scroll";

/** Cameras that are listed; the rest is counted. */
const CAMERAS = 6;

const SIDES = { train: "training", validation: "validation", both: "both" } as const;

/** Cameras, split and sequences. */
export function Overview({ summary }: { readonly summary: DataSummary }) {
  const { camera, split, sequences, looked, recordings } = summary;
  const cameras = camera.cameras.slice(0, CAMERAS);
  const most = Math.max(...sequences.map(({ frames }) => frames));
  const all = split.train.frames + split.validation.frames;
  return (
    <Scroll label="Cameras and split" class="overview">
      <section aria-labelledby="split-title">
        <h4 id="split-title">
          Split <span class="unit">by {split.by}, as training will do it</span>
        </h4>
        <div class="split-bar" aria-hidden="true">
          <span data-side="train" style={{ width: `${(100 * split.train.frames) / all}%` }} />
          <span data-side="validation" style={{ width: `${(100 * split.validation.frames) / all}%` }} />
        </div>
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Side</th>
              <th scope="col">Frames</th>
              <th scope="col">Sequences</th>
              <th scope="col">Recordings</th>
            </tr>
          </thead>
          <tbody>
            {(["train", "validation"] as const).map((side) => (
              <tr key={side}>
                <th scope="row">
                  <span class="side-mark" data-side={side} />
                  {SIDES[side]}
                </th>
                <td>{count(split[side].frames)}</td>
                <td>{count(split[side].sequences)}</td>
                <td>{count(split[side].recordings)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="count-note" data-verdict={split.warning === undefined ? "good" : "look"}>
          <Icon name={split.warning === undefined ? "check" : "warn"} />
          {split.warning ?? "No recording has frames on both sides."}
        </p>
      </section>
      <section aria-labelledby="camera-title">
        <h4 id="camera-title">
          Cameras{" "}
          <span class="unit">
            {count(camera.distinct)} different in {plural(looked.length, "frame")}, pixels
          </span>
        </h4>
        <table class="plain">
          <thead>
            <tr>
              {["fx", "fy", "cx", "cy", "frames", "first"].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cameras.map(({ camera: each, frames, example }) => (
              <tr key={example}>
                {each.map((value, i) => (
                  <td key={i}>{fixed(value, 1)}</td>
                ))}
                <td>{count(frames)}</td>
                <td class="dim">{example}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {camera.distinct > cameras.length && <p class="hint">and {count(camera.distinct - cameras.length)} more</p>}
      </section>
      <section class="overview-sequences" aria-labelledby="sequences-title">
        <h4 id="sequences-title">
          Sequences{" "}
          <span class="unit">
            {count(sequences.length)} of {plural(recordings, "recording")}
          </span>
        </h4>
        <ul class="sequence-bars">
          {sequences.map(({ name, frames, side }) => (
            <li key={name}>
              <span class="sequence-name" title={name}>
                {name}
              </span>
              <span class="sequence-bar">
                <span data-side={side} style={{ width: `${(100 * frames) / most}%` }} />
              </span>
              <span class="num">{count(frames)}</span>
              <span class="hint">{SIDES[side]}</span>
            </li>
          ))}
        </ul>
      </section>
    </Scroll>
  );
}
