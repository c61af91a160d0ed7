import { fixed, significant } from "../format";
import type { StageProps } from "./stage";

/** The tokens in front of the patches, each with a number; a click chooses one. */
export function TokenList({
  state,
  view,
  values,
  unit,
}: StageProps & { readonly values: ArrayLike<number> | undefined; readonly unit: string }) {
  const { tokens } = view;
  const most = values === undefined ? 1 : Math.max(...tokens.front.map((_, i) => values[i]), 1e-12);
  return (
    <section class="token-list" aria-label={`Tokens in front of the patches, ${unit}`}>
      <h3>
        In front <span class="unit">{unit}</span>
      </h3>
      <ul>
        {tokens.front.map((name, i) => (
          <li key={name}>
            <button
              type="button"
              class="token"
              aria-pressed={state.token.value === i}
              data-lit={tokens.joints[i] !== undefined && tokens.joints[i] === state.joint.value}
              onClick={() => {
                state.token.value = i;
              }}
              onPointerEnter={() => {
                state.joint.value = tokens.joints[i];
              }}
              onPointerLeave={() => {
                state.joint.value = undefined;
              }}
            >
              <span class="token-bar" style={{ transform: `scaleX(${values === undefined ? 0 : values[i] / most})` }} />
              <span class="token-name">{name}</span>
              <span class="num">
                {values === undefined ? "" : unit === "%" ? fixed(100 * values[i], 1) : significant(values[i], 3)}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
