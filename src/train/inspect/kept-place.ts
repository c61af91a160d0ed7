/** Names of samples that are kept: "val-12", as they stand in paths and in addresses. Pure, and small. */
import type { KeptPlace } from "./types";

const NAME = /^(train|val)-(0|[1-9]\d{0,8})$/;

/** "val-12". */
export const keptName = ({ split, index }: KeptPlace): string => `${split}-${index}`;

/** What `keptName` has named; undefined for anything else. */
export function keptPlace(name: string): KeptPlace | undefined {
  const [, split, index] = NAME.exec(name) ?? [];
  return split === "train" || split === "val" ? { split, index: Number(index) } : undefined;
}
