/** What was dropped on the training page, by its names alone: who is to read it. */

export type DroppedKind = "folder" | "config" | "hand" | "archive" | "log";

/** A single file of a kind that has a place of its own; all others are logs to be looked at. */
export function kindOfNames(names: readonly string[], isFolder = false): DroppedKind {
  if (isFolder) return "folder";
  const [name] = names;
  if (names.length === 1 && /\.ya?ml$/i.test(name)) return "config";
  if (names.length === 1 && /\.(pkl|pickle|npz)$/i.test(name)) return "hand";
  if (names.length === 1 && /\.zip$/i.test(name)) return "archive";
  return "log";
}

/** Of what a drop event holds; must be called within it. */
export function kindOfDrop(transfer: DataTransfer): DroppedKind {
  const isFolder = transfer.items[0]?.webkitGetAsEntry?.()?.isDirectory ?? false;
  return kindOfNames(
    [...transfer.files].map(({ name }) => name),
    isFolder,
  );
}

/** For a drop zone that leaves what has another place on the page to that place. */
export function isNoneOf(others: readonly DroppedKind[]): (transfer: DataTransfer) => boolean {
  return (transfer) => !others.includes(kindOfDrop(transfer));
}
