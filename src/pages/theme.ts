/** Light or dark: follows the system until the person chooses, then the choice is remembered. */
import { computed, effect, signal } from "@preact/signals";

export type Theme = "light" | "dark";

const KEY = "handloom.theme";
const media = matchMedia("(prefers-color-scheme: dark)");
const system = signal<Theme>(media.matches ? "dark" : "light");
media.addEventListener("change", (event) => {
  system.value = event.matches ? "dark" : "light";
});

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    // A page without storage still has a theme, it only cannot remember it.
    return undefined;
  }
}

const chosen = signal<Theme | undefined>(stored());

/** The theme in force. */
export const theme = computed<Theme>(() => chosen.value ?? system.value);

/** Sets the other theme and remembers it. */
export function toggleTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, chosen.value);
  } catch {
    // See `stored`.
  }
}

const colours = new Map<string, string>();

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  colours.clear();
});

/**
 * The colour that a custom property has in the theme in force, as a canvas understands it. A probe is needed because
 * `getPropertyValue` returns the text `light-dark(...)`, which a canvas does not know.
 */
export function cssColour(property: string): string {
  let colour = colours.get(property);
  if (colour === undefined) {
    const probe = document.createElement("span");
    probe.style.color = `var(${property})`;
    // Forced colours would be one for all lines of a chart; of the page's own, the system's light or dark ones are taken.
    probe.style.forcedColorAdjust = "none";
    document.body.append(probe);
    colour = getComputedStyle(probe).color;
    probe.remove();
    colours.set(property, colour);
  }
  return colour;
}
